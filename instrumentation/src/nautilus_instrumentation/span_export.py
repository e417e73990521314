"""Exporters of spans: OTLP over HTTP, its silenced log, and the hand-over for tests."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, attach, detach, set_value
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

if TYPE_CHECKING:
    from nautilus_instrumentation.guard import Guard

OTLP_LOGGER = "opentelemetry.exporter.otlp.proto.http.trace_exporter"

Count = Callable[[int], None]


def otlp_exporter(request_seconds: float) -> SpanExporter:
    """OTLP/HTTP exporter; endpoint, headers, TLS and compression by OpenTelemetry's variables."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    exporter = OTLPSpanExporter(timeout=request_seconds)
    # The sender pauses and tries again itself, interruptibly; an exporter that sleeps between its
    # own attempts would hold up each flush while nothing listens. Older ones sleep all the same.
    client = getattr(exporter, "_client", None)
    if client is not None and hasattr(client, "_compute_backoff"):
        client._compute_backoff = lambda retry: float("inf")
    return exporter


class Outage(logging.Filter):
    """Keeps the OTLP exporter's own log lines back; remembers the last as the reason.

    The exporter logs each failed batch, which is a line every few seconds while an endpoint is
    away; the sender logs one line per outage instead.
    """

    def __init__(self) -> None:
        super().__init__()
        self.reason = ""
        self._thread = 0

    def filter(self, record: logging.LogRecord) -> bool:
        if threading.get_ident() != self._thread:
            return True
        self.reason = record.getMessage()
        return False

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Filter what this thread logs; other exporters of the host keep their lines."""
        self._thread = threading.get_ident()
        target = logging.getLogger(OTLP_LOGGER)
        target.addFilter(self)
        try:
            yield
        finally:
            target.removeFilter(self)


class HandOver(SpanProcessor):
    """Span processor that hands each span to an exporter in the thread that ends it."""

    def __init__(
        self, exporter: SpanExporter, *, exported: Count, dropped: Count, guard: Guard
    ) -> None:
        self._exporter = exporter
        self._guard = guard
        self._exported = exported
        self._dropped = dropped

    def on_end(self, span: ReadableSpan) -> None:
        token = attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))
        try:
            sent = self._exporter.export((span,)) is SpanExportResult.SUCCESS
        except Exception as error:
            self._guard.failed("spans.export", error)
            sent = False
        finally:
            detach(token)
        (self._exported if sent else self._dropped)(1)

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int | None = None) -> bool:
        return True
