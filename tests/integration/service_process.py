"""The real service, exporter and trace receiver as separate processes, for tests."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from prometheus_client.parser import text_string_to_metric_families

from backend.routes.backtests import LONGEST_WAIT
from nautilus_instrumentation.metrics import MetricSpec
from tests.http_server import HttpServer, Request
from tests.ports import free_port

DEADLINE_SECONDS = 600
"""Workers are nice: work of others on the machine slows them tenfold."""
DAY = "2024-01-02"
ROWS = 200_000
DATASETS = """
[[dataset]]
match = "quotes.parquet"
kind = "quote"
instrument_id = "EUR/USD.SIM"
instrument = "currency_pair"
quote_currency = "USD"
price_precision = 5
size_precision = 0
columns = { ts_event = "ts", bid_price = "bid", ask_price = "ask" }
defaults = { bid_size = "1000000", ask_size = "1000000" }
time = { unit = "ns", origin = "epoch" }
"""


def until(condition: Callable[[], Any], seconds: float = DEADLINE_SECONDS) -> Any:
    """Poll until the condition is true; returns what it gave."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


def write_raw_day(folder: Path) -> None:
    """A day of quotes that wander, one every 0.43 s, and their description."""
    day = folder / "by_date" / f"day-{DAY}"
    day.mkdir(parents=True)
    start = np.datetime64(DAY, "ns").astype(np.int64)
    ts = start + np.linspace(0, 86_399e9, ROWS).astype(np.int64)
    steps = np.random.default_rng(7).choice([-1, 0, 1], ROWS)
    bid = np.round(1.1 + np.cumsum(steps) * 1e-5, 5)
    columns = {"ts": ts, "bid": bid, "ask": np.round(bid + 2e-5, 5)}
    pq.write_table(pa.table(columns), day / "quotes.parquet")
    (folder / "datasets.toml").write_text(DATASETS)


class TraceReceiver(HttpServer):
    """An OTLP/HTTP endpoint that keeps the spans it is sent."""

    def __init__(self) -> None:
        self._spans: list[Span] = []
        super().__init__()

    def answer(self, request: Request) -> tuple[int, bytes]:
        zipped = request.headers.get("Content-Encoding") == "gzip"
        sent = ExportTraceServiceRequest.FromString(
            gzip.decompress(request.body) if zipped else request.body
        )
        self._spans += [
            span
            for resource in sent.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
        return 200, b""

    def trace(self, trace_id: str) -> list[Span]:
        return [span for span in list(self._spans) if span.trace_id.hex() == trace_id]


class Service:
    """`python -m backend` on a free port, with an exporter beside it on demand."""

    def __init__(self, folder: Path, raw: Path, **environment: str) -> None:
        self.folder, self.port = folder, free_port()
        self.metrics_dir = folder / "metrics"
        environment = {
            "RAW_TICK_DIR": str(raw),
            "CATALOG_DIR": str(folder / "catalog"),
            "RESULTS_DIR": str(folder / "results"),
            "NAUTOBS_METRICS_DIR": str(self.metrics_dir),
            "BACKEND_PORT": str(self.port),
            "WORKERS": "2",
            "OTEL_TRACES_EXPORTER": "none",
            **environment,
        }
        keep = {
            name: os.environ[name]
            for name in ("PATH", "PYTHONPATH", "TMPDIR")
            if name in os.environ
        }
        self._environment = {**keep, **environment}
        self.log = folder / "service.log"
        self.process = self._run("backend", log=self.log)
        self._exporter: subprocess.Popen[bytes] | None = None
        self._exporter_port = 0
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}/api", timeout=DEADLINE_SECONDS
        )

    def _run(self, module: str, *arguments: str, log: Path) -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=self.folder,
                env=self._environment,
                stdout=output,
                stderr=output,
            )

    def until_ready(self) -> Service:
        """Wait until all workers are idle."""
        until(lambda: self.workers_are("idle", "idle"))
        return self

    def workers_are(self, *states: str) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return tuple(worker["state"] for worker in self.workers()) == states
        except httpx.TransportError:
            return False

    def workers(self) -> list[dict[str, Any]]:
        return self.http.get("/ready").json()["workers"]

    def request(self, strategy: str = "idle", hours: float = 1, **params: Any) -> dict[str, Any]:
        minutes = round(hours * 60)
        return {
            "instrument_id": "EUR/USD.SIM",
            "kind": "quote",
            "start": f"{DAY}T00:00:00Z",
            "end": f"{DAY}T{(minutes - 1) // 60:02}:{(minutes - 1) % 60:02}:59Z",
            "strategy": strategy,
            "params": params,
        }

    def run(self, strategy: str = "idle", hours: float = 1, **params: Any) -> dict[str, Any]:
        """Submit a backtest; returns what the API answered."""
        response = self.http.post("/backtest/run", json=self.request(strategy, hours, **params))
        assert response.status_code == 202, response.text
        return response.json()

    def result(self, request: dict[str, Any]) -> dict[str, Any]:
        """Submit a backtest and wait for its result, as long as the API waits."""
        response = self.http.post("/backtest/run", params={"wait": LONGEST_WAIT}, json=request)
        assert response.status_code == 200, response.text
        return response.json()

    def run_long(self) -> dict[str, Any]:
        """Submit a backtest that takes minutes."""
        return self.run("market_maker", 23, requote_ticks=1, min_quote_life=0)

    def job(self, job_id: str) -> dict[str, Any]:
        return self.http.get(f"/jobs/{job_id}").json()

    def ended(self, job_id: str) -> dict[str, Any]:
        """The job, once it has ended."""
        return until(lambda: (job := self.job(job_id))["finished_at"] and job)

    def in_stage(self, job_id: str, stage: str) -> dict[str, Any]:
        """The job, once it is in that stage."""
        return until(lambda: (job := self.job(job_id))["stage"] == stage and job)

    def metrics(self) -> Callable[..., float]:
        """Reads the exporter now; the result gives a family's sum over the labels named."""
        if self._exporter is None:
            self._exporter_port = free_port()
            self._exporter = self._run(
                "nautilus_instrumentation.exposition",
                *("--directory", str(self.metrics_dir)),
                *("--host", "127.0.0.1", "--port", str(self._exporter_port)),
                log=self.folder / "exporter.log",
            )
        samples: dict[str, list[Any]] = defaultdict(list)
        for family in text_string_to_metric_families(until(self._scrape)):
            for sample in family.samples:
                samples[sample.name].append(sample)

        def value(spec: MetricSpec, **labels: str) -> float:
            name = f"{spec.family}_count" if spec.kind == "histogram" else spec.name
            return sum(
                sample.value for sample in samples[name] if labels.items() <= sample.labels.items()
            )

        return value

    @property
    def metrics_url(self) -> str:
        """Of the exporter, once `metrics` was called."""
        return f"http://127.0.0.1:{self._exporter_port}/metrics"

    def _scrape(self) -> str:
        assert self._exporter is not None
        assert self._exporter.poll() is None, (self.folder / "exporter.log").read_text()
        try:
            return httpx.get(self.metrics_url, timeout=60).text
        except httpx.TransportError:
            return ""

    def descendants(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def errors(self) -> list[str]:
        """Lines of the log that speak of errors inside the instrumentation."""
        return re.findall(r".*Telemetry error.*", self.log.read_text())

    def close(self) -> None:
        self.http.close()
        for process in (self.process, self._exporter):
            if process is not None and process.poll() is None:
                process.terminate()
        for process in (self.process, self._exporter):
            if process is not None:
                try:
                    process.wait(60)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
