"""The trace store under load: `python -m benchmarks.traces [--seconds 30]`."""

from __future__ import annotations

import argparse
import http.client
import multiprocessing
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

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
from benchmarks.trace_batches import BATCH, make_template
from benchmarks.trace_queries import QUERIES, Client, ask
from nautilus_instrumentation import metrics

TEXT = """
Two senders post OTLP batches of 512 spans, encoded beforehand, at 20,000 spans a second, and then
as fast as they can. Queries go through HTTP, on a store with 100,000 spans, idle and while the
senders are at work. Store, senders and queries share the machine's cores; a lost span fails the
benchmark.
"""
RATE = 20_000
SENDERS = 2
STORED = 100_000
STEADY, BURST = "spans taken of 20,000/s", "spans taken flat out"

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
            idle = ask(client, QUERIES)
            before = counted(query_port)
            with senders(otlp_port, RATE, seconds, 0) as steady:
                # The senders first make their batches.
                while counted(query_port) == before:
                    time.sleep(0.05)
                writing = ask(client, max(30, int(seconds * 4)))
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


def section(result: dict[str, Any]) -> Section:
    """The figures as a part of the report."""
    idle, writing = result["idle"], result["writing"]
    names = {query: query.replace("_", " ") for query in idle}
    return Section(
        "traces", "The trace store", TEXT,
        tables=(
            Table(
                "Queries through HTTP", ("query", "idle p50", "p99", "writing p50", "p99"),
                tuple(
                    (
                        name,
                        *(
                            shown(found[query][quantile] / 1e3, "s")
                            for found in (idle, writing)
                            for quantile in ("p50_ms", "p99_ms")
                        ),
                    )
                    for query, name in names.items()
                ),
            ),
        ),
        measures=(
            Measure("spans stored without a loss", result["spans"], "spans", better="higher"),
            Measure(STEADY, result["steady_spans_per_second"], "spans/s", better="higher"),
            Measure(BURST, result["burst_spans_per_second"], "spans/s", better="higher"),
            Measure("CPU of the store, a span", result["cpu_us_per_span"] / 1e6, "s"),
            Measure("size of a stored span", result["bytes_per_span"], "B"),
            *(
                Measure(f"{name}, p99", idle[query]["p99_ms"] / 1e3, "s")
                for query, name in names.items()
            ),
            *(
                Measure(f"{name}, writing, p99", writing[query]["p99_ms"] / 1e3, "s")
                for query, name in names.items()
            ),
        ),
        targets=(
            Target("spans asked for", STEADY, 0.99 * RATE, "at least", "spans/s", "issue"),
            Target("the slowest runs", "slowest runs, p99", 0.020, "at most", "s", "aim"),
            Target("the slowest of all spans", "slowest spans, p99", 0.020, "at most", "s", "aim"),
            Target("one trace", "one run, p99", 0.010, "at most", "s", "aim"),
        ),
        plots=(
            Plot(
                "Queries of the trace store at p99", "bar", "s",
                {
                    label: tuple((name, found[query]["p99_ms"] / 1e3)
                                 for query, name in names.items())
                    for label, found in (("idle", idle), ("while spans are written", writing))
                },
            ),
        ),
        recommendations=(
            Recommendation(
                "Name the span when you ask for the slowest: {slowest runs, p99} with a name, "
                "{slowest spans, p99} over all spans."
            ),
            Recommendation(
                f"One embedded store takes {{{BURST}}}; beyond that, send to Tempo or sample."
            ),
        ),
    )  # fmt: skip


def main() -> None:
    parser = with_json(argparse.ArgumentParser(description=__doc__))
    parser.add_argument("--seconds", type=float, default=30.0, help="of steady writing")
    given = parser.parse_args()
    emit(section(measure(given.seconds)), given.json)


if __name__ == "__main__":
    main()
