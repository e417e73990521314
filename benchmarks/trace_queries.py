"""What people ask a trace store, through HTTP, timed."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import numpy as np

from nautilus_instrumentation import attributes as a

QUERIES = 300


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


def ask(client: Client, count: int) -> dict[str, dict[str, float]]:
    """Query: {"p50_ms", "p99_ms"} of `count` times."""
    queries = (
        client.slowest_runs, client.slowest_spans, client.slow_spans, client.errors, client.one_run,
    )  # fmt: skip
    return {query.__name__: _percentiles(query, count) for query in queries}
