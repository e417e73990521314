"""The Dockerfile and what is let into its build."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy.lint import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()
IGNORE = (ROOT / ".dockerignore").read_text()
HADOLINT = Path(sys.executable).with_name("hadolint")


def hadolint(text: str) -> str:
    """What hadolint says of a Dockerfile."""
    done = subprocess.run(
        [HADOLINT, "--no-color", "-"], input=text, capture_output=True, text=True, check=False
    )
    assert not done.stderr, done.stderr
    return done.stdout


def test_hadolint_has_nothing_to_say() -> None:
    """The linter of Dockerfiles."""
    assert hadolint(DOCKERFILE) == ""


def test_hadolint_would_say_it() -> None:
    """An image without a version and a package without one."""
    said = hadolint("FROM python\nRUN pip install uv\n")
    assert "DL3006" in said
    assert "DL3013" in said


def test_the_image_runs_as_the_user_that_compose_names(parsed: Any) -> None:
    """A volume made at the first use belongs to that user."""
    (user,) = re.findall(r"^USER (\S+)$", DOCKERFILE, flags=re.MULTILINE)
    (made,) = re.findall(r"useradd --uid (\d+)", DOCKERFILE)
    assert user == f"{made}:{made}"
    ours = [each for each in parsed["services"].values() if "nautilus-monitoring" in each["image"]]
    assert {service["user"] for service in ours} == {user}


def test_the_image_is_built_from_its_part_of_the_lock() -> None:
    """With hashes, and nothing in it that requirements.lock does not pin in the same way."""
    assert "uv pip sync --python /opt/venv/bin/python --require-hashes" in DOCKERFILE
    part = pins((ROOT / "deploy" / "docker" / "requirements.lock").read_text())
    whole = pins((ROOT / "requirements.lock").read_text())
    assert len(part) > 50
    assert {name: found for name, found in part.items() if whole.get(name) != found} == {}


def test_the_image_holds_no_development_tools() -> None:
    """Small, and less to attack."""
    part = pins((ROOT / "deploy" / "docker" / "requirements.lock").read_text())
    assert not {"pytest", "mypy", "ruff", "hypothesis", "grafanalib", "mkdocs"} & part.keys()


def test_the_image_holds_the_console_and_not_what_built_it() -> None:
    """What is served, and the addresses it is served at; no sources, no Node.js."""
    final = DOCKERFILE.rpartition("\nFROM ")[2]
    brought = re.findall(r"^COPY --from=console (\S+) (\S+)$", final, flags=re.MULTILINE)
    assert brought == [(f"/app/{path}",) * 2 for path in ("frontend/pages.json", "frontend/dist")]
    assert "rm -r frontend" in DOCKERFILE
    lines = IGNORE.splitlines()
    assert {"frontend/dist", "**/node_modules"} <= set(lines)


def pins(lock: str) -> dict[str, set[str]]:
    """Package → hashes, of all its pins in a lock file."""
    found: dict[str, set[str]] = {}
    for entry in re.split(r"\n(?=[a-z0-9])", lock):
        name = re.match(r"([a-z0-9_.-]+)==", entry)
        if name:
            found.setdefault(name[1], set()).update(re.findall(r"--hash=(\S+)", entry))
    return found


def test_a_pin_with_another_hash_is_noticed() -> None:
    """The comparison above compares hashes, not only names."""
    assert pins("a==1 \\\n    --hash=sha256:x\nb==2 \\\n    --hash=sha256:y\n") == {
        "a": {"sha256:x"},
        "b": {"sha256:y"},
    }


@pytest.mark.parametrize("name", ["secrets", "var", ".git", ".env", "data_downloads", "tests"])
def test_what_is_private_or_large_stays_out_of_the_build(name: str) -> None:
    """Everything is left out, then let in by name."""
    lines = [line for line in IGNORE.splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    let_in = {line[1:].split("/")[0] for line in lines if line.startswith("!")}
    assert name not in let_in


def test_what_is_let_in_exists() -> None:
    """A folder that was renamed would be missing in the image only."""
    missing = [
        line for line in IGNORE.splitlines()
        if line.startswith("!") and not (ROOT / line[1:]).exists()
    ]  # fmt: skip
    assert missing == []
