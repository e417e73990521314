"""`python -m benchmarks.profiles [--folder FOLDER]`: flame graphs of the areas' slowest paths.

py-spy attaches to a process that works; where it may not, that is said and nothing fails.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import sysconfig
import tempfile
import threading
from pathlib import Path

from rich.console import Console

from benchmarks.profiled import AREAS
from benchmarks.report.environment import ROOT
from benchmarks.report.flame import flame_graph
from benchmarks.report.page import sentence
from benchmarks.report.publishing import PROFILES
from benchmarks.report.results import Profile
from benchmarks.report.stacks import fold, own_shares, part_shares

SECONDS = 6
RATE = 200
WAITING_COUNTS = {
    "catalog": "Waiting for the catalog's threads of Rust counts, which py-spy does not see."
}
"""Areas in which a thread that waits is sampled too, and why."""
TIMEOUT_SECONDS = 240


def record(folder: Path) -> tuple[Profile, ...]:
    """Profile every area and write its flame graph below `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for area, (_, title) in AREAS.items():
        Console().rule(f"profile: {title}")
        profile = _profile(area, title, folder)
        Console().print(profile.failed or profile.skipped or sentence(profile), highlight=False)
        found.append(profile)
    for stale in set(folder.glob("*.svg")) - {folder / each.image for each in found}:
        stale.unlink()
    return tuple(found)


def _profile(area: str, title: str, folder: Path) -> Profile:
    worker = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.profiled", area],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert worker.stdout is not None
    # Work that hangs must not hold up the report; ended so, it counts as failed.
    overdue = threading.Timer(TIMEOUT_SECONDS, worker.kill)
    overdue.start()
    try:
        lines = iter(worker.stdout.readline, "")
        if not any(line == "ready\n" for line in lines):
            return _ended(area, title, worker.wait())
        with tempfile.TemporaryDirectory() as scratch:
            raw = Path(scratch) / "raw"
            refusal = _sample(worker.pid, raw, area in WAITING_COUNTS)
            if refusal:
                return Profile(area, title, skipped=refusal)
            stacks = fold(raw.read_text(), waiting=area in WAITING_COUNTS)
    finally:
        worker.communicate()  # ends its input
        overdue.cancel()
    if worker.returncode:
        return _ended(area, title, worker.returncode)
    image = f"{area}.svg"
    (folder / image).write_text(flame_graph(stacks, title))
    return Profile(
        area, title, stacks.total(), image, own_shares(stacks), part_shares(stacks),
        note=WAITING_COUNTS.get(area, ""),
    )  # fmt: skip


def _ended(area: str, title: str, code: int) -> Profile:
    return Profile(area, title, failed=f"the work to profile ended with {code}")


def _sample(pid: int, raw: Path, waiting: bool) -> str:
    """Write the samples to `raw`; why it could not be done, else nothing."""
    program = Path(sysconfig.get_path("scripts")) / "py-spy"
    if not program.exists():
        return "py-spy is not installed"
    command = [
        str(program), "record", "--pid", str(pid), "--duration", str(SECONDS), "--rate", str(RATE),
        "--format", "raw", "--function", "--output", str(raw),
    ]  # fmt: skip
    command += ["--native"] if sys.platform == "linux" else []
    command += ["--idle"] if waiting else []
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode or not raw.exists() or not raw.read_text().strip():
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[0]
        return f"py-spy could not attach ({said})"
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / PROFILES)
    return int(any(each.failed for each in record(parser.parse_args().folder)))


if __name__ == "__main__":
    sys.exit(main())
