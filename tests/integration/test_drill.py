"""One fault of the drill, end to end: real services, a real fault, a real notification."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from stack.provision import ALERTMANAGER, PROMETHEUS, Missing, provision
from stack.settings import load_settings
from tests.gone import all_gone

ROOT = Path(__file__).resolve().parents[2]
DRILL_SECONDS = 540.0
"""The start, up to three minutes of quiet, the fault and its end."""

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(sys.platform != "linux", reason="counts the processes that are left"),
]


@pytest.fixture(scope="module")
def tools() -> Path:
    """Folder in which Prometheus and Alertmanager are found."""
    settings = load_settings(root=ROOT)
    for tool in (PROMETHEUS, ALERTMANAGER):
        if isinstance(answer := provision(tool, settings), Missing):
            pytest.skip(str(answer))
    return settings.tools_dir


Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def drill(tmp_path: Path, tools: Path) -> Iterator[Start]:
    """Starts drills whose output goes to `output.txt`; ended after the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        with (tmp_path / "output.txt").open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-u", "-m", "stack.drill", *arguments],
                cwd=ROOT, stdout=output, stderr=subprocess.STDOUT,
                env={**os.environ, "VAR_DIR": str(tmp_path / "var"), "TOOLS_DIR": str(tools)},
            )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(120)


def test_a_dropped_trace_store_is_told_and_resolved(drill: Start, tmp_path: Path) -> None:
    """The right alert arrives, and is resolved, in the time that rules and routes allow."""
    process = drill("--only", "drop-trace-store")
    assert process.wait(DRILL_SECONDS) == 0, (tmp_path / "output.txt").read_text()
    summary = json.loads((tmp_path / "var" / "drill" / "summary.json").read_text())
    (fault,) = summary["faults"]
    (told,) = fault["notifications"]
    assert told["alert"] == "TargetDown{job=tracestore}"
    assert told["fired"]["seconds"] <= told["fired"]["expected"] + summary["slack_seconds"]
    assert told["resolved"]["seconds"] <= told["resolved"]["expected"] + summary["slack_seconds"]
    output = (tmp_path / "output.txt").read_text()
    assert "drop-trace-store" in output
    assert "told after" in output


def test_an_interrupted_drill_stops_what_it_started(drill: Start, tmp_path: Path) -> None:
    """Ctrl-C in the middle of a fault: exit code 130, the table so far, and no process left."""
    process = drill("--only", "drop-trace-store")
    deadline = time.monotonic() + DRILL_SECONDS
    while "trace store is killed" not in (tmp_path / "output.txt").read_text():
        assert process.poll() is None, (tmp_path / "output.txt").read_text()
        assert time.monotonic() < deadline, (tmp_path / "output.txt").read_text()
        time.sleep(0.2)
    services = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    assert process.wait(120) == 130
    assert services
    assert all_gone(services)
    assert (tmp_path / "var" / "drill" / "summary.json").is_file()
