"""Run benchmarks, each in a process of its own, and collect what they found."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
from pydantic import ValidationError

from benchmarks.report.results import Outcome
from benchmarks.section import QUICK, SECTION, Section

TIMEOUT_SECONDS = 900


def run(
    name: str, arguments: Sequence[str] = (), *, quick: bool = False,
    timeout_seconds: float = TIMEOUT_SECONDS, package: str = "benchmarks",
) -> Outcome:  # fmt: skip
    """Run `python -m <package>.<name>`; what it prints goes to this process's console."""
    before, started = os.getloadavg(), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "section.json"
        command = [sys.executable, "-m", f"{package}.{name}", *arguments, "--json", str(path)]
        failed = _run(command, {**os.environ, QUICK: "1" if quick else ""}, timeout_seconds)
        section = None if failed else _read(path)
    if isinstance(section, str):
        section, failed = None, section
    return Outcome(
        name, round(time.monotonic() - started, 1), before, os.getloadavg(), section, failed
    )


def _run(command: list[str], environment: dict[str, str], timeout_seconds: float) -> str:
    """Why it failed; nothing when it did not."""
    process = subprocess.Popen(command, env=environment)
    try:
        code = process.wait(timeout_seconds)
    except subprocess.TimeoutExpired:
        return f"did not end within {timeout_seconds:g} s"
    finally:
        _end(process)
    return f"ended with {code}" if code else ""


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what still runs, with all that it started."""
    if process.poll() is not None:
        return
    parent = psutil.Process(process.pid)
    for each in [*parent.children(recursive=True), parent]:
        try:
            each.kill()
        except psutil.NoSuchProcess:
            continue
    process.wait()


def _read(path: Path) -> Section | str:
    try:
        return SECTION.validate_json(path.read_bytes())
    except OSError:
        return "wrote no section"
    except ValidationError as error:
        return f"its section is not one: {error.errors()[0]['msg']}"
