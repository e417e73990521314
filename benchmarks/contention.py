"""How long /metrics and the API take while engines keep every core busy."""

from __future__ import annotations

import argparse
import http.client
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.figures import shown
from benchmarks.section import (
    Measure,
    Plot,
    Recommendation,
    Section,
    Table,
    Target,
    emit,
    with_json,
)
from stack.ticks import DAY, ensure_ticks

TEXT = """
The service with a worker per core and the exporter, both as in earnest; requests one after the
other over a kept connection: first with idle workers, then with a backtest running in each. The
client is one more process that wants a core.
"""
ROWS = 300_000
PAUSE_SECONDS = 0.01
DEADLINE_SECONDS = 180
AIM_RATIO = 5.0
AIM_SECONDS = {"/metrics": 0.050, "GET /api/health": 0.030}


@dataclass(frozen=True)
class Stack:
    """Ports of the running processes, all on loopback."""

    api: int
    exporter: int

    @property
    def calls(self) -> dict[str, tuple[int, str]]:
        return {
            "/metrics": (self.exporter, "/metrics"),
            "GET /api/health": (self.api, "/api/health"),
        }


def measure(requests: int = 300) -> dict[str, Any]:
    """Seconds by call and load: `{call: {"idle": {"p50", "p99"}, "busy": ..., "ratio": ...}}`.

    `ratio` is busy over idle at p99. Raises RuntimeError when the engines did not stay busy.
    """
    cores = os.cpu_count() or 1
    with (
        tempfile.TemporaryDirectory(prefix="nautobs-contention-") as folder,
        running(Path(folder), cores) as stack,
    ):
        client = httpx.Client(base_url=f"http://127.0.0.1:{stack.api}/api", timeout=120)
        _convert(client)
        _until(lambda: _idle(client))
        idle = {call: _latencies(*where, requests) for call, where in stack.calls.items()}
        jobs = [_start_long_run(client) for _ in range(cores)]
        _until(lambda: all(_stage(client, job) == "run" for job in jobs))
        busy = {call: _latencies(*where, requests) for call, where in stack.calls.items()}
        if not all(_stage(client, job) == "run" for job in jobs):
            raise RuntimeError("a backtest ended before the requests did; use fewer requests")
        for job in jobs:
            client.delete(f"/jobs/{job}")
    return {
        call: {
            "idle": _quantiles(idle[call]),
            "busy": _quantiles(busy[call]),
            "ratio": _quantiles(busy[call])["p99"] / _quantiles(idle[call])["p99"],
        }
        for call in idle
    }


@contextmanager
def running(folder: Path, workers: int) -> Iterator[Stack]:
    """The service and the exporter, ready, with generated ticks."""
    ticks = ensure_ticks(folder / "ticks", total_rows=ROWS)
    stack = Stack(_free_port(), _free_port())
    environment = {
        **os.environ,
        "RAW_TICK_DIR": str(ticks.folder),
        "DATASETS_FILE": str(ticks.datasets_file),
        "CATALOG_DIR": str(folder / "catalog"),
        "RESULTS_DIR": str(folder / "results"),
        "NAUTOBS_METRICS_DIR": str(folder / "metrics"),
        "BACKEND_PORT": str(stack.api),
        "METRICS_PORT": str(stack.exporter),
        "WORKERS": str(workers),
        "OTEL_TRACES_EXPORTER": "none",
    }
    exporter = ["nautilus_instrumentation.exposition", "--directory", str(folder / "metrics")]
    exporter += ["--host", "127.0.0.1", "--port", str(stack.exporter)]
    started: list[subprocess.Popen[bytes]] = []
    try:
        with (folder / "log").open("wb") as log:
            for module in (["backend"], exporter):
                started.append(
                    subprocess.Popen(
                        [sys.executable, "-m", *module], env=environment, stdout=log, stderr=log
                    )
                )
        for port, path in ((stack.api, "/api/ready"), (stack.exporter, "/metrics")):
            _until(lambda port=port, path=path: _answers(started, port, path, folder / "log"))
        yield stack
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(30)


def _latencies(port: int, path: str, requests: int) -> list[float]:
    """Seconds from the request to the last byte, over one kept connection, as Prometheus does."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {
        "Accept": "application/openmetrics-text;version=1.0.0",
        "Accept-Encoding": "gzip",
    }
    seconds = []
    for _ in range(requests):
        started = time.perf_counter()
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        response.read()
        seconds.append(time.perf_counter() - started)
        if response.status != 200:
            raise RuntimeError(f"{path} answered {response.status}")
        time.sleep(PAUSE_SECONDS)  # a neighbour that never rests would measure itself
    connection.close()
    return seconds


def _quantiles(seconds: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return {"p50": cuts[49], "p99": cuts[98]}


def _request(strategy: str, hours: int, **params: Any) -> dict[str, Any]:
    return {
        "instrument_id": "EUR/USD.SIM",
        "kind": "quote",
        "start": f"{DAY}T00:00:00Z",
        "end": f"{DAY}T{hours - 1:02}:59:59Z",
        "strategy": strategy,
        "params": params,
    }


def _convert(client: httpx.Client) -> None:
    answer = client.post("/backtest/run", params={"wait": 120}, json=_request("idle", 24))
    if answer.status_code != 200 or answer.json()["status"] != "ok":
        raise RuntimeError(f"the first run failed: {answer.text[:500]}")


def _start_long_run(client: httpx.Client) -> str:
    """A run of minutes: an order or two at every tick."""
    request = _request("market_maker", 24, requote_ticks=1, min_quote_life=0)
    job_id: str = client.post("/backtest/run", json=request).raise_for_status().json()["job_id"]
    return job_id


def _stage(client: httpx.Client, job_id: str) -> str | None:
    job = client.get(f"/jobs/{job_id}").json()
    if job["finished_at"] is not None:
        return None
    stage: str | None = job["stage"]
    return stage


def _idle(client: httpx.Client) -> bool:
    return all(worker["state"] == "idle" for worker in client.get("/ready").json()["workers"])


def _answers(started: list[subprocess.Popen[bytes]], port: int, path: str, log: Path) -> bool:
    if any(process.poll() is not None for process in started):
        raise RuntimeError(f"a process ended:\n{log.read_text()[-2000:]}")
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}").is_success
    except httpx.TransportError:
        return False


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError("the service did not get there in time")
        time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def section(measured: dict[str, Any], requests: int) -> Section:
    """The figures as a part of the report."""
    measures, targets = [], []
    for call, found in measured.items():
        busy, ratio = f"{call}, busy, p99", f"{call}, busy against idle, p99"
        measures += [Measure(busy, found["busy"]["p99"], "s"), Measure(ratio, found["ratio"], "x")]
        targets += [
            Target(f"{call} while engines run", busy, AIM_SECONDS[call], "at most", "s", "aim"),
            Target(f"{call} against idle", ratio, AIM_RATIO, "at most", "x", "aim"),
        ]
    return Section(
        "contention", "The service while engines keep every core busy", TEXT,
        tables=(
            Table(
                f"{requests} requests of each, one after the other",
                ("call", "idle p50", "idle p99", "busy p50", "busy p99", "busy/idle p99"),
                tuple(
                    (
                        call,
                        *(
                            shown(found[load][quantile], "s")
                            for load in ("idle", "busy")
                            for quantile in ("p50", "p99")
                        ),
                        shown(found["ratio"], "x"),
                    )
                    for call, found in measured.items()
                ),
            ),
        ),
        measures=tuple(measures),
        targets=tuple(targets),
        plots=(
            Plot(
                "Latency at p99, engines idle and busy", "bar", "s",
                {
                    load: tuple((call, found[load]["p99"]) for call, found in measured.items())
                    for load in ("idle", "busy")
                },
            ),
        ),
        recommendations=(
            Recommendation(
                "Keep engines out of the process that is scraped: with every core busy `/metrics` "
                "answers in {/metrics, busy, p99} (p99), {/metrics, busy against idle, p99} of "
                "idle."
            ),
        ),
    )  # fmt: skip


def main() -> None:
    parser = with_json(argparse.ArgumentParser(description=__doc__))
    parser.add_argument("--requests", type=int, default=300)
    given = parser.parse_args()
    emit(section(measure(given.requests), given.requests), given.json)


if __name__ == "__main__":
    main()
