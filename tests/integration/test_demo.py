"""The demo as a user runs it: real services, real Prometheus, real work."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from nautilus_instrumentation import metrics
from stack.monitor import JOB, MUST_MOVE, Prometheus
from stack.provision import ALERTMANAGER, PROMETHEUS, Missing, provision
from stack.settings import load_settings
from stack.ticks import ensure_ticks
from tests.gone import all_gone
from tests.ports import free_ports

ROOT = Path(__file__).resolve().parents[2]
SHARED_DATA = ROOT.parent / "shared" / "data" / "raw_tick_data"
SHARED_DESCRIPTION = ROOT / "tests" / "data" / "shared_datasets.toml"
START_SECONDS = 600.0
WORK_SECONDS = 600.0
SMALL_DAY = 20_000
WITH_EXEMPLARS = (
    metrics.BACKTEST_DURATION, metrics.BACKTEST_STAGE_DURATION, metrics.CONVERSION_DURATION,
    metrics.CATALOG_QUERY_DURATION, metrics.HTTP_REQUEST_DURATION, metrics.JOB_QUEUE_WAIT,
    metrics.JOB_DURATION,
)  # fmt: skip
"""Histograms of work that the demo does for certain."""

pytestmark = pytest.mark.timeout(1800)


@dataclass
class Run:
    """A demo in a process of its own; `output` is what it has printed so far."""

    process: subprocess.Popen[bytes]
    log: Path
    ports: dict[str, int]

    @property
    def output(self) -> str:
        return self.log.read_text()

    def tree(self) -> list[psutil.Process]:
        """All processes below the demo, with theirs."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def until(self, condition: Callable[[], object], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.2)

    def until_working(self) -> None:
        self.until(lambda: "Driving work" in self.output, START_SECONDS)

    def exit_code(self, seconds: float = 300.0) -> int:
        return self.process.wait(seconds)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def start(*arguments: str, **env: str) -> Run:
        ports = free_ports()
        log = tmp_path / "output.txt"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "stack.demo", *arguments],
                cwd=ROOT, stdout=output, stderr=subprocess.STDOUT,
                env={**os.environ, **{name: str(port) for name, port in ports.items()},
                     "VAR_DIR": str(tmp_path / "var"), "WORKERS": "2", "COLUMNS": "160", **env},
            )  # fmt: skip
        runs.append(Run(process, log, ports))
        return runs[-1]

    yield start
    for run in runs:
        if run.process.poll() is None:
            run.process.send_signal(signal.SIGTERM)
            run.process.wait(120)


@pytest.fixture
def alone(demo: Callable[..., Run], tmp_path: Path) -> Callable[..., Run]:
    """The demo on a small day, on a machine without Prometheus and without apt."""
    raw = ensure_ticks(tmp_path / "ticks", total_rows=SMALL_DAY)
    nothing = tmp_path / "nothing"
    nothing.mkdir()

    def start(*arguments: str, **env: str) -> Run:
        return demo(
            *arguments, RAW_TICK_DIR=str(raw.folder), DATASETS_FILE=str(raw.datasets_file),
            PATH=str(nothing), TOOLS_DIR=str(tmp_path / "tools"), **env,
        )  # fmt: skip

    return start


@pytest.fixture(scope="module")
def real_monitors() -> None:
    """Prometheus and Alertmanager are there, or can be fetched."""
    settings = load_settings(root=ROOT)
    for tool in (PROMETHEUS, ALERTMANAGER):
        if isinstance(answer := provision(tool, settings), Missing):
            pytest.skip(str(answer))


@pytest.mark.usefixtures("real_monitors")
def test_prometheus_sees_the_platform_work(demo: Callable[..., Run]) -> None:
    """Every family of the proof grows, all others are known, exemplars lead to traces."""
    run = demo("--duration", "1500", RAW_TICK_DIR="", DATASETS_FILE="")
    run.until_working()
    prometheus = Prometheus(f"http://127.0.0.1:{run.ports['PROMETHEUS_PORT']}")
    first = prometheus.read(MUST_MOVE)
    still: list[str] = []

    def all_moved() -> bool:
        now = prometheus.read(MUST_MOVE)
        still[:] = [name for name, value in now.items() if value <= first[name]]
        return not still

    try:
        run.until(all_moved, WORK_SECONDS)
    except AssertionError as error:
        raise AssertionError(f"no growth of {still}") from error

    known = {entry["metric"] for entry in metadata(prometheus)}
    # Prometheus 3 lists a counter without, Prometheus 2 with `_total`, by the exposition format.
    missing = [spec.name for spec in metrics.ALL if not {spec.name, spec.family} & known]
    assert missing == []
    assert prometheus.get("alertmanagers")["activeAlertmanagers"]
    lead_to_traces(run, prometheus)
    assert f"TEMPO_URL=http://127.0.0.1:{run.ports['TEMPO_PORT']} " in run.output

    processes = run.tree()
    run.process.send_signal(signal.SIGINT)
    assert run.exit_code() == 0, run.output
    assert "All parts worked" in run.output
    for heading in ("What ran", "slowest run", "cache hits", "points/s", "/alerts/notifications"):
        assert heading in run.output
    assert re.search(r"slowest run .*?trace [0-9a-f]{32}", run.output, re.DOTALL)
    assert all_gone(processes)


@pytest.mark.usefixtures("real_monitors")
def test_a_demo_with_a_token_works_throughout(demo: Callable[..., Run], tmp_path: Path) -> None:
    """The load and Alertmanager bring it, and others are refused."""
    raw = ensure_ticks(tmp_path / "ticks", total_rows=SMALL_DAY)
    token = tmp_path / "token"
    token.write_text("a-token-of-many-letters\n")
    run = demo(
        "--duration", "40", RAW_TICK_DIR=str(raw.folder), DATASETS_FILE=str(raw.datasets_file),
        API_TOKEN_FILE=str(token), WATCHDOG_INTERVAL="2",
    )  # fmt: skip
    run.until_working()
    url = f"http://127.0.0.1:{run.ports['BACKEND_PORT']}/api/alerts/notifications"
    assert httpx.post(url, json={}, timeout=60, trust_env=False).status_code == 401
    assert run.exit_code() == 0, run.output
    summary = json.loads((tmp_path / "var" / "demo" / "summary.json").read_text())
    assert summary["alerting"]["watchdog_arrived"]


def metadata(prometheus: Prometheus) -> list[dict]:
    return prometheus.get("targets/metadata", match_target=f'{{job=~"{JOB}|tracestore"}}')  # type: ignore


def lead_to_traces(run: Run, prometheus: Prometheus) -> None:
    """Every exemplar that Prometheus holds is one of a trace in the store."""
    found = {
        trace_id
        for spec in metrics.ALL
        if spec.exemplars
        for trace_id in trace_ids(prometheus, spec.sample_names[0])
    }
    for spec in WITH_EXEMPLARS:
        assert trace_ids(prometheus, spec.sample_names[0]), spec.name
    traces = f"http://127.0.0.1:{run.ports['TEMPO_PORT']}/api/v2/traces"
    store = httpx.Client(base_url=traces, timeout=60)
    left = set(found)

    def all_open() -> bool:
        # Spans leave a second after they end; those of a run in progress are still to come.
        left.difference_update({one for one in left if store.get(one).status_code == 200})
        return not left

    with store:
        run.until(all_open, START_SECONDS)


def trace_ids(prometheus: Prometheus, sample: str) -> set[str]:
    """Trace ids of a metric's exemplars."""
    series = prometheus.get(
        "query_exemplars", query=sample, start=str(time.time() - 600), end=str(time.time())
    )
    found = {e["labels"]["trace_id"] for one in series for e in one["exemplars"]}
    assert all(re.fullmatch("[0-9a-f]{32}", trace_id) for trace_id in found)
    return found


def test_without_prometheus_the_demo_goes_on(alone: Callable[..., Run]) -> None:
    """It says what to install, reads the exporter, ends at DURATION and exits with 0."""
    run = alone("--duration", "3")
    processes: list[psutil.Process] = []
    run.until_working()
    processes = run.tree()
    assert run.exit_code() == 0, run.output
    for word in ("apt-get install", "dnf install", "brew install", "metric (exporter)"):
        assert word in run.output
    assert all_gone(processes)


def test_a_service_that_dies_makes_the_demo_fail(alone: Callable[..., Run]) -> None:
    """The dead service is named with its last lines, the rest is stopped, the exit code is 1."""
    run = alone()
    run.until_working()
    processes = run.tree()
    (exporter,) = [p for p in processes if "nautilus_instrumentation.exposition" in p.cmdline()]
    exporter.kill()
    assert run.exit_code() == 1, run.output
    assert "exporter ended by itself (SIGKILL)" in run.output
    assert all_gone(processes)


@pytest.mark.skipif(sys.platform != "linux", reason="relies on Linux's parent-death signal")
def test_nothing_outlives_a_killed_demo(alone: Callable[..., Run]) -> None:
    """Services and workers end even when the demo is killed outright."""
    run = alone()
    run.until_working()
    processes = run.tree()
    assert len(processes) >= 5  # trace store, exporter, backend, two workers
    run.process.kill()
    run.process.wait(60)
    deadline = time.monotonic() + 300
    while not all_gone(processes):
        assert time.monotonic() < deadline, [p.cmdline() for p in processes if p.is_running()]
        time.sleep(0.1)


def test_a_port_in_use_is_named(alone: Callable[..., Run]) -> None:
    """Exit code 2, port and variable, and nothing left running."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        run = alone(METRICS_PORT=str(port))
        assert run.exit_code() == 2, run.output
    assert f"port {port}" in run.output
    assert "METRICS_PORT" in run.output


def test_two_demos_do_not_share_a_folder(alone: Callable[..., Run]) -> None:
    """The second demo is refused instead of removing the data of the first."""
    first = alone()
    first.until_working()
    log = first.log.read_text()
    second = alone()
    assert second.exit_code() == 2
    assert "another demo is running" in second.output
    assert first.process.poll() is None, log


@pytest.mark.skipif(
    not (SHARED_DATA.is_dir() and SHARED_DESCRIPTION.is_file()), reason="no shared data here"
)
def test_real_data_of_many_shapes_work(demo: Callable[..., Run], tmp_path: Path) -> None:
    """The days from five venues are converted and backtested without a failure."""
    run = demo(
        "--duration", "12", RAW_TICK_DIR=str(SHARED_DATA), DATASETS_FILE=str(SHARED_DESCRIPTION),
        PATH=str(tmp_path), TOOLS_DIR=str(tmp_path / "tools"),
    )  # fmt: skip
    assert run.exit_code(START_SECONDS) == 0, run.output
