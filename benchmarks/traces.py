"""The trace store under load: `python -m benchmarks.traces [--seconds 30]`.

Two senders post OTLP batches of 512 spans, encoded beforehand, at 20,000 spans a second, and then
as fast as they can. Queries go through HTTP, on a store with 100,000 spans, idle and while the
senders are at work. Store, senders and queries share the machine's cores.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import os
import random
import re
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import psutil
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from nautilus_instrumentation import attributes as a
from nautilus_instrumentation import metrics

BATCH = 512
RATE = 20_000
SENDERS = 2
STORED = 100_000
QUERIES = 300

_SPANS_OF_A_RUN = (
    "POST /api/backtest/run", a.JOB_QUEUE, a.BACKTEST_RUN, a.CATALOG_INSTRUMENTS, a.CATALOG_QUERY,
    a.ENGINE_BUILD, a.ENGINE_LOAD, a.ENGINE_SORT, a.ENGINE_RUN, a.ENGINE_REPORT, a.RESULT_PERSIST,
)  # fmt: skip


# Batches -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Template:
    """An encoded batch, and where in it ids and times stand: each sending gets new ones."""

    body: np.ndarray
    trace_ids: np.ndarray
    span_ids: np.ndarray
    starts: np.ndarray
    durations: np.ndarray

    def stamped(self, number: int, now: int) -> bytes:
        """The batch with ids of its own and spans that ended before `now`, ns."""
        body = self.body.copy()
        stamp = np.frombuffer(struct.pack(">I", number), np.uint8)
        for offsets in (self.trace_ids, self.span_ids):
            body[offsets[:, None] + np.arange(4)] = stamp
        ends = now - np.arange(len(self.durations), dtype=np.int64) * 1000
        for shift, times in ((0, ends - self.durations), (9, ends)):
            raw = times.astype("<i8").view(np.uint8).reshape(-1, 8)
            body[(self.starts + shift)[:, None] + np.arange(8)] = raw
        return body.tobytes()


def _attributes(span: Span, values: dict[str, Any]) -> None:
    for key, value in values.items():
        item = span.attributes.add()
        item.key = key
        if isinstance(value, str):
            item.value.string_value = value
        elif isinstance(value, int):
            item.value.int_value = value
        else:
            item.value.double_value = value


def _run_attributes(source: random.Random, name: str) -> dict[str, Any]:
    """What our spans carry, about."""
    values: dict[str, Any] = {a.RUN_ID: f"{source.getrandbits(64):016x}"}
    if name == a.BACKTEST_RUN:
        values |= {
            a.STRATEGY: source.choice(("ema_cross", "market_maker", "idle")),
            a.INSTRUMENT_ID: source.choice(("EUR/USD.FXCM", "BTCUSDT.BINANCE")),
            a.WINDOW: source.choice(metrics.WINDOWS),
            a.PEAK_MEMORY: source.randrange(10**9),
            a.DATA_POINTS: source.randrange(10**7),
            a.ORDERS: source.randrange(1000),
            a.GC_SECONDS: source.random(),
        }
    elif name.startswith("POST"):
        values |= {"http.request.method": "POST", "http.response.status_code": 202}
        values |= {"http.route": "/api/backtest/run", "url.scheme": "http"}
    else:
        values |= {a.KIND: "quote", a.ROWS: source.randrange(10**7)}
    return values


def make_template(seed: int) -> Template:
    """A batch of whole backtest traces, the last one cut off at the batch's end."""
    source = random.Random(seed)
    marker = 0
    request = ExportTraceServiceRequest()
    resource_spans = request.resource_spans.add()
    for key, value in (("service.name", "backend"), ("service.version", "0.1.0")):
        item = resource_spans.resource.attributes.add()
        item.key, item.value.string_value = key, value
    scope_spans = resource_spans.scope_spans.add()
    scope_spans.scope.name = "nautilus_instrumentation"
    durations = []
    trace_id = root = b""
    for number in range(BATCH):
        place = number % len(_SPANS_OF_A_RUN)
        if place == 0:
            trace_id = b"\xa5\x5a\xa5\x5a" + source.randbytes(12)
        span_id = b"\x5a\xa5\x5a\xa5" + source.randbytes(4)
        name = _SPANS_OF_A_RUN[place]
        duration = int(source.lognormvariate(17, 2)) + 1
        durations.append(duration)
        span = scope_spans.spans.add(
            trace_id=trace_id, span_id=span_id, parent_span_id=root if place else b"", name=name,
            kind=Span.SPAN_KIND_SERVER if place == 0 else Span.SPAN_KIND_INTERNAL, flags=256,
            start_time_unix_nano=2**62 + marker, end_time_unix_nano=2**62 + marker + 1,
        )  # fmt: skip
        marker += 2
        root = span_id if place == 0 else root
        if source.random() < 0.01:
            span.status.code = Status.STATUS_CODE_ERROR
        _attributes(span, _run_attributes(source, name))
    body = request.SerializeToString()

    def offsets(pattern: bytes) -> np.ndarray:
        return np.array([match.start() for match in re.finditer(re.escape(pattern), body)])

    first = np.array([body.index(struct.pack("<Q", 2**62 + 2 * number)) for number in range(BATCH)])
    return Template(
        np.frombuffer(body, np.uint8), offsets(b"\xa5\x5a\xa5\x5a"), offsets(b"\x5a\xa5\x5a\xa5"),
        first, np.array(durations, dtype=np.int64),
    )  # fmt: skip


# The store and its clients -----------------------------------------------------------------------


@contextmanager
def running_store(directory: Path) -> Iterator[tuple[int, int, psutil.Process]]:
    """(query port, OTLP port, process) of a store that is stopped at the end."""
    process = subprocess.Popen(
        [
            sys.executable, "-m", "tracestore", "--directory", str(directory), "--port", "0",
            "--otlp-port", "0",
        ],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        query, otlp = re.findall(r"port=(\d+)", process.stdout.readline())
        yield int(query), int(otlp), psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)


def post(connection: http.client.HTTPConnection, body: bytes) -> None:
    """Send a batch; anything but an acknowledgement raises."""
    connection.request("POST", "/v1/traces", body, {"Content-Type": "application/x-protobuf"})
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200 or content:
        raise RuntimeError(f"the store answered {answer.status}: {content!r}")


def send(port: int, sender: int, rate: float, seconds: float, first: int, sent: Any) -> None:
    """Post batches at `rate` spans a second (0: as fast as possible); puts (spans, seconds)."""
    templates = [make_template(1000 * sender + seed) for seed in range(8)]
    connection = http.client.HTTPConnection("127.0.0.1", port)
    start = time.monotonic()
    count = 0
    while (passed := time.monotonic() - start) < seconds:
        if rate and count * BATCH > passed * rate:
            time.sleep(count * BATCH / rate - passed)
        number = (sender << 28) + first + count
        post(connection, templates[count % len(templates)].stamped(number, time.time_ns()))
        count += 1
    sent.put((count * BATCH, time.monotonic() - start))


@contextmanager
def senders(port: int, rate: float, seconds: float, first: int) -> Iterator[dict[str, float]]:
    """Senders at work; their spans and rate are in the dictionary once the block is left."""
    context = multiprocessing.get_context("spawn")
    sent = context.Queue()
    processes = [
        context.Process(
            target=send, args=(port, number, rate / SENDERS, seconds, first, sent), daemon=True
        )
        for number in range(SENDERS)
    ]
    for process in processes:
        process.start()
    result: dict[str, float] = {}
    yield result
    reports = [sent.get(timeout=seconds + 60) for _ in processes]
    for process in processes:
        process.join()
    result["spans"] = sum(spans for spans, _ in reports)
    result["rate"] = sum(spans / took for spans, took in reports)


def counted(port: int) -> float:
    """Spans that the store says it stored."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    match = re.search(rf'^{metrics.TRACESTORE_SPANS.name}{{outcome="stored"}} (\S+)$', text, re.M)
    assert match is not None
    return float(match.group(1))


class Client:
    """Asks the store and times the answers."""

    def __init__(self, port: int, first_stored: int, last_stored: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port)
        self._range = {"start": first_stored // 10**9, "end": last_stored // 10**9 + 1}
        found = self._search('{ name = "backtest run" }', limit=QUERIES)["traces"]
        self._ids = [trace["traceID"] for trace in found]

    def _get(self, path: str) -> bytes:
        self._connection.request("GET", path)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {body!r}")
        return body

    def _search(self, query: str, limit: int = 20) -> dict[str, Any]:
        address = urlencode({"q": query, "limit": limit, **self._range})
        result: dict[str, Any] = json.loads(self._get(f"/api/search?{address}"))
        return result

    def slowest_runs(self, _: int) -> None:
        """The slowest 20 traces by their span `backtest run`."""
        found = self._search(f'{{ name = "{a.BACKTEST_RUN}" }} with (slowest=true)')
        assert len(found["traces"]) == 20

    def slowest_spans(self, _: int) -> None:
        """The slowest 20 traces by any of their spans."""
        assert len(self._search("{ } with (slowest=true)")["traces"]) == 20

    def slow_spans(self, _: int) -> None:
        """20 traces with spans above a duration, as Tempo's own language has it."""
        assert len(self._search("{ duration > 1s }")["traces"]) == 20

    def one_run(self, number: int) -> None:
        """One trace by id."""
        self._get(f"/api/traces/{self._ids[number % len(self._ids)]}")

    def errors(self, _: int) -> None:
        """20 traces with errors."""
        assert len(self._search("{ status = error }")["traces"]) == 20


def _percentiles(query: Callable[[int], None], count: int) -> dict[str, float]:
    times = []
    for number in range(count):
        start = time.perf_counter()
        query(number)
        times.append(time.perf_counter() - start)
    return {
        "p50_ms": float(np.percentile(times, 50) * 1e3),
        "p99_ms": float(np.percentile(times, 99) * 1e3),
    }


def _ask(client: Client, count: int) -> dict[str, dict[str, float]]:
    queries = (
        client.slowest_runs, client.slowest_spans, client.slow_spans, client.errors, client.one_run,
    )  # fmt: skip
    return {query.__name__: _percentiles(query, count) for query in queries}


def _fill(port: int) -> tuple[int, int]:
    """Store the first 100,000 spans; returns the times between which they lie, ns."""
    templates = [make_template(seed) for seed in range(8)]
    connection = http.client.HTTPConnection("127.0.0.1", port)
    # Well before what the senders send later.
    start = time.time_ns() - 4 * 3600 * 10**9
    batches = STORED // BATCH + 1
    for number in range(batches):
        now = start + number * 10**7
        post(connection, templates[number % len(templates)].stamped((9 << 28) + number, now))
    return start - 10**9, start + batches * 10**7


def measure(seconds: float = 30.0) -> dict[str, Any]:
    """All figures. Raises when a span was lost or a query failed."""
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        with running_store(directory) as (query_port, otlp_port, process):
            client = Client(query_port, *_fill(otlp_port))
            idle = _ask(client, QUERIES)
            before = counted(query_port)
            with senders(otlp_port, RATE, seconds, 0) as steady:
                # The senders first make their batches.
                while counted(query_port) == before:
                    time.sleep(0.05)
                writing = _ask(client, max(30, int(seconds * 4)))
            busy = sum(process.cpu_times()[:2])
            with senders(otlp_port, 0, seconds / 3, 2**24) as burst:
                pass
            busy = sum(process.cpu_times()[:2]) - busy
            sent = before + steady["spans"] + burst["spans"]
            acknowledged = counted(query_port)
        database = directory / "traces.db"
        with sqlite3.connect(database) as connection:
            stored = connection.execute("SELECT count(*) FROM spans").fetchone()[0]
        lost = sent - stored
        if lost or acknowledged != stored:
            raise RuntimeError(f"{sent} spans sent, {acknowledged} counted, {stored} stored")
        return {
            "cores": os.cpu_count(),
            "spans": stored,
            "lost": lost,
            "steady_spans_per_second": steady["rate"],
            "burst_spans_per_second": burst["rate"],
            "cpu_us_per_span": busy / burst["spans"] * 1e6,
            "bytes_per_span": os.path.getsize(database) / stored,
            "idle": idle,
            "writing": writing,
        }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="of steady writing")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    given = parser.parse_args()
    result = measure(given.seconds)
    if given.json:
        print(json.dumps(result, indent=2))
        return
    print(f"trace store on {result['cores']} cores, shared with senders and queries")
    print(f"  stored without a loss: {result['spans']:,} spans")
    print(f"  at {RATE:,} spans/s asked for: {result['steady_spans_per_second']:,.0f} spans/s")
    print(f"  as fast as possible:  {result['burst_spans_per_second']:,.0f} spans/s")
    print(f"  CPU of the store per span: {result['cpu_us_per_span']:.1f} us")
    print(f"  bytes per span: {result['bytes_per_span']:.0f}")
    print(f"  {'through HTTP, ms':24}{'idle p50':>10}{'p99':>8}{'writing p50':>14}{'p99':>8}")
    for name, idle in result["idle"].items():
        busy = result["writing"][name]
        print(
            f"  {name.replace('_', ' '):24}{idle['p50_ms']:10.2f}{idle['p99_ms']:8.2f}"
            f"{busy['p50_ms']:14.2f}{busy['p99_ms']:8.2f}"
        )


if __name__ == "__main__":
    main()
