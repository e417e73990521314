"""Finds the programs the stack starts, and fetches them from Debian packages where that works.

Order: the variable that names it → PATH → what an earlier call unpacked → Debian packages. A found
program is believed only when its `--version` names it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from stack import debian
from stack.settings import StackSettings

VERSION_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Tool:
    """A program: the names it goes by, how it announces itself, and where it comes from."""

    name: str
    variable: str
    binaries: tuple[str, ...]
    announces: str
    """What the output of `--version` starts with."""
    debian_package: str
    fedora: str
    macos: str
    libraries: bool = False
    """Whether the package's own dependencies must be unpacked with it."""
    releases: str = "https://prometheus.io/download/"

    def how_to_install(self) -> str:
        """What to type on the systems we know, one a line."""
        return (
            f"  Debian, Ubuntu: sudo apt-get install {self.debian_package}\n"
            f"                  (it starts as a service and takes the port; to stop that: "
            f"sudo systemctl disable --now {self.debian_package})\n"
            f"  Fedora:         {self.fedora}\n"
            f"  macOS:          {self.macos}\n"
            f"  anywhere:       unpack a release from {self.releases} "
            f"and set {self.variable} to its binary"
        )


PROMETHEUS = Tool(
    "Prometheus", "PROMETHEUS_BIN", ("prometheus",), "prometheus, version", "prometheus",
    "sudo dnf install golang-github-prometheus", "brew install prometheus",
)  # fmt: skip
ALERTMANAGER = Tool(
    "Alertmanager", "ALERTMANAGER_BIN", ("alertmanager", "prometheus-alertmanager"),
    "alertmanager, version", "prometheus-alertmanager",
    "sudo dnf install golang-github-prometheus-alertmanager", "brew install alertmanager",
)  # fmt: skip
PROMTOOL = Tool(
    "promtool", "PROMTOOL_BIN", ("promtool",), "promtool, version", "prometheus",
    PROMETHEUS.fedora, PROMETHEUS.macos,
)  # fmt: skip
AMTOOL = Tool(
    "amtool", "AMTOOL_BIN", ("amtool",), "amtool, version", "prometheus-alertmanager",
    ALERTMANAGER.fedora, ALERTMANAGER.macos,
)  # fmt: skip
REDIS = Tool(
    "Redis", "REDIS_BIN", ("redis-server",), "Redis server v=", "redis-server",
    "sudo dnf install redis", "brew install redis",
    libraries=True, releases="https://redis.io/downloads/",
)  # fmt: skip
"""Optional: without it caches keep their entries in memory alone."""
CHROMIUM = Tool(
    "Chromium", "CHROMIUM_BIN", ("chromium", "chromium-browser"), "Chromium", "chromium",
    "sudo dnf install chromium", "brew install --cask chromium",
    releases="https://www.chromium.org/getting-involved/download-chromium/",
)  # fmt: skip
"""For tests and benchmarks of the console; found, never fetched."""
TOOLS = (PROMETHEUS, ALERTMANAGER, PROMTOOL, AMTOOL, REDIS)


class ToolError(Exception):
    """A program that the user named cannot be used; the message names the variable."""


@dataclass(frozen=True, slots=True)
class Found:
    """A program that answered `--version`."""

    path: Path
    source: str
    """Where it was found: the variable's name, `PATH`, `unpacked` or `Debian package`."""
    version: str
    home: Path | None = None
    """Working folder from which it finds its own files; None when any will do."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A program that cannot be had here, and why."""

    tool: Tool
    reason: str

    def __str__(self) -> str:
        return (
            f"{self.tool.name} was not found and could not be fetched ({self.reason}).\n"
            f"Install it:\n{self.tool.how_to_install()}"
        )


def provision(
    tool: Tool, settings: StackSettings, say: Callable[[str], None] = lambda _: None
) -> Found | Missing:
    """Find the program or fetch it. Raises ToolError when the user's own choice cannot be used."""
    if (found := find(tool, settings.tools_dir, settings.environment)) is not None:
        return found
    say(f"Fetching {tool.name} from Debian packages, into {settings.tools_dir} only …")
    try:
        folder = debian.fetch(tool.debian_package, settings.tools_dir, libraries=tool.libraries)
    except debian.FetchError as error:
        return Missing(tool, str(error))
    return _in_folder(tool, folder, "Debian package") or Missing(
        tool, f"the binary of package {tool.debian_package} does not run here"
    )


def for_the_demo(settings: StackSettings, say: Callable[[str], None]) -> dict[str, Found]:
    """What the demo can use, by name; what cannot be had is told, and the demo goes on without it.

    A Redis of the user's own is used as it is. Raises ToolError.
    """
    tools = [PROMETHEUS, ALERTMANAGER]
    if settings.environment.get("REDIS_URL"):
        say("Redis: the one at REDIS_URL")
    else:
        tools.append(REDIS)
    found = {}
    for tool in tools:
        answer = provision(tool, settings, say)
        if isinstance(answer, Missing):
            say(f"{answer}\nGoing on without {tool.name}.")
        else:
            found[tool.name] = answer
            say(f"{tool.name} {answer.version} ({answer.source}: {answer.path})")
    return found


def find(tool: Tool, tools_dir: Path, env: Mapping[str, str] | None = None) -> Found | None:
    """Find the program without fetching it; None when it is nowhere.

    Raises ToolError when the variable names something that is not this program: silently taking
    another one would be worse.
    """
    env = os.environ if env is None else env
    if named := env.get(tool.variable):
        path = Path(named).expanduser()
        version = version_of(tool, path)
        if version is None:
            raise ToolError(f"{tool.variable}={named}: not {tool.name}, or it does not run")
        return Found(path, tool.variable, version)
    for binary in tool.binaries:
        on_path = shutil.which(binary, path=env.get("PATH", os.defpath))
        if on_path and (version := version_of(tool, Path(on_path))) is not None:
            return Found(Path(on_path), "PATH", version)
    return _in_folder(tool, debian.unpacked(tool.debian_package, tools_dir), "unpacked")


def version_of(tool: Tool, path: Path) -> str | None:
    """Version it announces (`2.42.0`), or None when it does not run or is another program."""
    try:
        answer = subprocess.run(
            [path, "--version"],
            capture_output=True, text=True, timeout=VERSION_SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    text = answer.stdout or answer.stderr  # Alertmanager before 0.27 writes to stderr
    if answer.returncode != 0 or not text.startswith(tool.announces):
        return None
    return (text.removeprefix(tool.announces).split() or ["unknown"])[0]


def _in_folder(tool: Tool, folder: Path, source: str) -> Found | None:
    for binary in tool.binaries:
        path = folder / "usr" / "bin" / binary
        if path.exists() and (version := version_of(tool, path)) is not None:
            return Found(path.resolve(), source, version, home=folder)
    return None
