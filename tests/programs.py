"""Prometheus's programs in two versions: the usual ones, which the stack takes, and newer ones.

Rules, dashboards and notifications are promised for Prometheus 2.42 and 3, Alertmanager 0.25 and
later. The newer programs are those that `NEWER_PROMETHEUS_BIN`, `NEWER_PROMTOOL_BIN`,
`NEWER_ALERTMANAGER_BIN` and `NEWER_AMTOOL_BIN` name, else packages of Debian's suite `sid`, which
the first test that wants one unpacks under var/tools/debian-newer. They come from the mirror that
apt's own sources name; on other systems and without a network, tests of newer versions are skipped.
`NEWER_PROGRAMS=0` leaves them out: `make test` needs them once, not on each line of Python.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from stack import debian
from stack.provision import PROMETHEUS, PROMTOOL, Found, Tool, find, provision
from stack.settings import load_settings

ROOT = Path(__file__).resolve().parents[1]
NEWER_TOOLS = ROOT / "var" / "tools" / "debian-newer"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

USUAL, NEWER = "usual", "newer"
VERSIONS = (USUAL,) if os.environ.get("NEWER_PROGRAMS") == "0" else (USUAL, NEWER)


def of_version(tool: Tool, version: str) -> Found:
    """`tool` in that version, one of VERSIONS; the test that asks is skipped where it is not."""
    answer = _newer(tool) if version == NEWER else provision(tool, load_settings(root=ROOT))
    return answer if isinstance(answer, Found) else pytest.skip(str(answer))


@cache
def _newer(tool: Tool) -> Found | str:
    """The program, or why there is none."""
    wanted = replace(
        tool,
        variable=f"NEWER_{tool.variable}",
        # In newer suites it is a package of its own.
        debian_package="promtool" if tool is PROMTOOL else tool.debian_package,
    )
    # What is on PATH may be of any version.
    env = {"PATH": "", wanted.variable: os.environ.get(wanted.variable, "")}
    found = find(wanted, NEWER_TOOLS, env)
    if found is None:
        if reason := _fetched(wanted.debian_package):
            return f"no newer {tool.name}: {reason}; {wanted.variable} may name one"
        found = find(wanted, NEWER_TOOLS, env)
    if found is None:
        return f"Debian's newer {tool.name} does not run here; {wanted.variable} may name one"
    if tool in (PROMETHEUS, PROMTOOL) and found.version.startswith("2."):
        return f"the newer {tool.name} is {found.version}, not 3 or later"
    return found


def _fetched(package: str) -> str:
    """Unpack the package of `sid`; why that failed, or nothing."""
    try:
        debian.fetch(package, NEWER_TOOLS, _sid())
    except debian.FetchError as error:
        return str(error)
    return ""


@cache
def _sid() -> str:
    """The suite `sid` of this machine's mirrors, as lines of a sources.list."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    if release.get("ID") != "debian":
        raise debian.FetchError("this is not Debian")
    codename = release.get("VERSION_CODENAME", "")
    try:
        # Prints what an update would read, also where none was made yet, and does nothing.
        answer = subprocess.run(
            ["apt-get", "--print-uris", "update"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise debian.FetchError(f"apt names no sources: {error}") from error
    mirrors = sorted(set(re.findall(rf"'(\S+)/dists/{codename}/main/binary-", answer.stdout)))
    signed = f"[signed-by={KEYRING}] " if KEYRING.is_file() else ""
    if not mirrors:
        raise debian.FetchError(f"apt's sources name no mirror of {codename}")
    return "".join(f"deb {signed}{mirror} sid main\n" for mirror in mirrors)
