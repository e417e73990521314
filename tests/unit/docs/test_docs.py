"""The pages: links resolve, generated ones are current, and every command they show exists."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs"
PAGES = sorted(
    path for path in [*DOCS.rglob("*.md"), *ROOT.glob("*.md"), *ROOT.glob("*/README.md")]
    if not path.relative_to(ROOT).parts[0].startswith(".")
)  # fmt: skip
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z0-9-]+):", MAKEFILE, flags=re.MULTILINE))
FENCE = re.compile(r"^( *)```[a-z]*\n(.*?)^\1```", flags=re.MULTILINE | re.DOTALL)
COMMAND = re.compile(
    r"(?:^|(?<=[\s`$;(]))(?:make ([a-z0-9-]+)|(?:\.venv/bin/)?nautobs ([a-z]+)"
    r"|(?:\.venv/bin/)?python -m ([\w.]+))"
)


def unknown_commands(text: str) -> Iterator[str]:
    """Commands of ours in code, fenced or inline, that do not exist."""
    subcommands = {point.name for point in entry_points(group="nautobs.commands")} | {"exporter"}
    code = [found[2] for found in FENCE.finditer(text)] + re.findall(r"`([^`\n]+)`", text)
    for snippet in code:
        for target, subcommand, module in COMMAND.findall(snippet):
            if target and target not in TARGETS:
                yield f"make {target}"
            elif subcommand and subcommand not in subcommands:
                yield f"nautobs {subcommand}"
            elif module and find_spec(module) is None:
                yield f"python -m {module}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_on_the_page_exists(page: Path) -> None:
    """Targets of the Makefile, subcommands of nautobs, modules that Python can run."""
    assert list(unknown_commands(page.read_text())) == []


def test_a_command_that_does_not_exist_is_found() -> None:
    """In fenced code and inline; words that only look like one are left alone."""
    text = (
        "```console\n$ make nothing DURATION=1\n```\n`nautobs nope` make it\n`python -m stack.no`"
    )
    assert list(unknown_commands(text)) == ["make nothing", "nautobs nope", "python -m stack.no"]


def test_the_reference_is_what_the_sources_give() -> None:
    """`make docs` writes it."""
    done = subprocess.run(
        [sys.executable, DOCS / "generate.py", "--check"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def built(folder: Path, config: Path) -> str:
    """What the strict build complains about; nothing when it is content.

    Not with --quiet, which hides the warnings from --strict as well.
    """
    done = subprocess.run(
        [Path(sys.executable).with_name("mkdocs"), "build", "--strict",
         "--config-file", config, "--site-dir", folder],
        cwd=ROOT, capture_output=True, text=True, check=False, env={"NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    return done.stderr if done.returncode else ""


def test_the_site_builds_and_every_link_resolves(tmp_path: Path) -> None:
    """Pages, anchors and the navigation; and nothing is loaded from elsewhere."""
    assert built(tmp_path, ROOT / "mkdocs.yml") == ""
    elsewhere = re.compile(r'<(?:script|link|img)[^>]*(?:src|href)="http[^"]+')
    loaded = {
        tag for page in tmp_path.rglob("*.html") for tag in elsewhere.findall(page.read_text())
    }
    assert loaded == set()


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    """The strict build says so."""
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "index.md").write_text("[gone](gone.md)")
    config = tmp_path / "mkdocs.yml"
    text = (ROOT / "mkdocs.yml").read_text()
    config.write_text(text[: text.index("nav:")].replace("  nav:\n    omitted_files: ignore\n", ""))
    assert "gone.md" in built(tmp_path / "site", config)


def test_links_between_files_of_the_repository_resolve() -> None:
    """READMEs are read where the code is, outside of the site."""
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in PAGES
        if DOCS not in page.parents
        for target in re.findall(r"\]\((?!https?://|#)([^)#\s]+)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert broken == []
