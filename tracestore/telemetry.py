"""The store's own metrics, on a registry of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from nautilus_instrumentation.metrics import (
    TRACESTORE_QUERY_DURATION,
    TRACESTORE_SIZE,
    TRACESTORE_SPANS,
    MetricSpec,
)


def _closed_values(spec: MetricSpec) -> tuple[str, ...]:
    values = spec.labels[0].values
    return values if isinstance(values, tuple) else ()


class Telemetry:
    """Counts spans, times queries, and reads the size of the database when asked."""

    def __init__(self, database: Path, clock: Callable[[], float] = time.perf_counter) -> None:
        self.registry = CollectorRegistry()
        self._clock = clock
        self._database = database
        spans = Counter(
            TRACESTORE_SPANS.family,
            TRACESTORE_SPANS.help,
            TRACESTORE_SPANS.label_names,
            registry=self.registry,
        )
        self._stored, self._rejected = (
            spans.labels(outcome) for outcome in _closed_values(TRACESTORE_SPANS)
        )
        queries = Histogram(
            TRACESTORE_QUERY_DURATION.family,
            TRACESTORE_QUERY_DURATION.help,
            TRACESTORE_QUERY_DURATION.label_names,
            registry=self.registry,
            buckets=TRACESTORE_QUERY_DURATION.buckets,
        )
        self._queries = {
            endpoint: queries.labels(endpoint)
            for endpoint in _closed_values(TRACESTORE_QUERY_DURATION)
        }
        size = Gauge(TRACESTORE_SIZE.family, TRACESTORE_SIZE.help, registry=self.registry)
        size.set_function(self.size)

    def count_spans(self, stored: int, rejected: int) -> None:
        """Spans of a commit: those that were new, and those that were refused."""
        self._stored.inc(stored)
        self._rejected.inc(rejected)

    @contextmanager
    def query(self, endpoint: str) -> Iterator[None]:
        """Time a query, whether it succeeds or not."""
        start = self._clock()
        try:
            yield
        finally:
            self._queries[endpoint].observe(self._clock() - start)

    def size(self) -> int:
        """Bytes on disk of the database and its write-ahead log."""
        return sum(
            path.stat().st_size
            for path in (self._database, Path(f"{self._database}-wal"))
            if path.exists()
        )
