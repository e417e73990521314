"""The exporter as a program."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from nautilus_instrumentation import metrics
from nautilus_instrumentation.recorder import Recorder


class Exporter:
    """A running exporter on a free port."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        self.said = process.stdout.readline()
        found = re.match(r"http://127\.0\.0\.1:(\d+)/metrics", self.said)
        assert found, self.said
        self.port = int(found[1])

    def get(self, path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        body = response.read().decode()
        connection.close()
        return response.status, body


@pytest.fixture
def command(folder: Path) -> list[str]:
    return [
        sys.executable, "-m", "nautilus_instrumentation.exposition",
        "--directory", str(folder), "--port", "0",
    ]  # fmt: skip


@pytest.fixture
def start(command: list[str]) -> Iterator[Callable[[], Exporter]]:
    with ExitStack() as stack:

        def begin() -> Exporter:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            stack.enter_context(process)
            stack.callback(process.kill)
            return Exporter(process)

        yield begin


def test_it_serves_metrics_health_and_help(start: Callable[[], Exporter]) -> None:
    """On the port that it printed; other paths are 404 and say where to look."""
    exporter = start()
    assert exporter.get("/metrics?x=1")[0] == 200
    assert exporter.get("/-/healthy") == (200, "healthy\n")
    assert exporter.get("/")[0] == 200
    assert "/metrics" in exporter.get("/")[1]
    assert exporter.get("/nothing")[0] == 404
    assert exporter.get("/metrics", "HEAD") == (200, "")
    assert exporter.get("/metrics", "POST")[0] == 501


def test_exemplars_are_served_to_those_who_ask_for_openmetrics(
    start: Callable[[], Exporter], process: Callable[..., Recorder], parsed: Callable[[str], Any]
) -> None:
    """Recorded in another process than the one that answers."""
    process().counter(metrics.BACKTEST_RUNS, "x", "ok").inc(exemplar={"trace_id": "abc"})
    exporter = start()
    text = exporter.get("/metrics", Accept="application/openmetrics-text")[1]
    sample = parsed(text).sample(metrics.BACKTEST_RUNS.name, strategy="x", status="ok")
    assert sample.exemplar.labels == {"trace_id": "abc"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_well_when_told_to(start: Callable[[], Exporter], number: signal.Signals) -> None:
    """With 0, also while a client keeps a connection open."""
    exporter = start()
    with socket.create_connection(("127.0.0.1", exporter.port)) as silent:
        silent.send(b"GET /metrics HTTP/1.1\r\n")
        exporter.process.send_signal(number)
        assert exporter.process.wait(timeout=30) == 0


def test_silent_clients_do_not_hold_up_others(start: Callable[[], Exporter]) -> None:
    """Each connection has its own thread."""
    exporter = start()
    with ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(socket.create_connection(("127.0.0.1", exporter.port)))
        assert exporter.get("/-/healthy")[0] == 200


def test_stopped_workers_do_not_hold_up_a_scrape(
    start: Callable[[], Exporter], worker: Callable[..., Any]
) -> None:
    """The exporter reads files and asks nobody."""
    stopped = worker("""
recorder.counter(metrics.ENGINE_ORDERS, "x").inc()
say("ready")
sys.stdin.readline()
""")
    stopped.heard()
    os.kill(stopped.pid, signal.SIGSTOP)
    assert f'{metrics.ENGINE_ORDERS.name}{{strategy="x"}} 1.0' in start().get("/metrics")[1]


def _fails(command: list[str], **environment: str) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **environment}, timeout=60
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_a_port_in_use_is_one_clear_line(command: list[str]) -> None:
    """It names the address."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"127.0.0.1:{port}" in _fails([*command, "--port", str(port)])


def test_a_missing_folder_setting_is_one_clear_line(command: list[str]) -> None:
    """It names the variable."""
    assert "NAUTOBS_METRICS_DIR" in _fails(command[:3], NAUTOBS_METRICS_DIR="")


def test_a_port_that_is_none_is_one_clear_line(command: list[str]) -> None:
    """It names the setting."""
    assert "metrics_port='many'" in _fails([*command, "--port", "many"])
