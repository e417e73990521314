"""Conversions of raw ticks: spans and metrics of days, files and batches."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from nautilus_instrumentation import attributes, metrics
from nautilus_instrumentation.guard import Guard
from nautilus_instrumentation.nautilus.facts import KINDS
from nautilus_instrumentation.nautilus.runs import current_run
from nautilus_instrumentation.nautilus.spans import SpanBudget
from nautilus_instrumentation.patching import Body, Patch, Shape
from nautilus_instrumentation.recorder import NULL_RECORDER
from nautilus_instrumentation.tracing import INVALID_SPAN, NULL_TRACING

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from nautilus_instrumentation.recorder import Recorder
    from nautilus_instrumentation.tracing import Tracing

__all__ = ["NULL_CONVERSION", "BatchScope", "ConversionTelemetry", "FileScope"]

BATCH_SPANS = 100
"""Spans `conversion batch` that a file gets; later batches share one more, and keep metrics."""

FIRST_SECONDS_WORTH_A_RATIO = 0.5

_file: ContextVar[FileScope | None] = ContextVar("nautobs_conversion_file", default=None)
_in_batch: ContextVar[bool] = ContextVar("nautobs_conversion_batch", default=False)


class FileScope:
    """One raw file. Set `outcome` to `cached` when the manifest answers."""

    def __init__(self, telemetry: ConversionTelemetry, kind: str, span: Span) -> None:
        self._telemetry = telemetry
        self.kind = kind
        self.span = span
        self.outcome = "first"
        """`first`, `cached` or `failed`; an exception makes it `failed`."""
        self.spans = SpanBudget(telemetry.tracing, BATCH_SPANS)
        self._sums: dict[str, int] = {}

    def rows(self, written: int = 0, rejected: int = 0) -> None:
        """Count rows; adds up. A row is reported to its batch or to its file, never to both."""
        self._telemetry.rows(self.kind, written, rejected)
        self._add(attributes.ROWS, written)
        self._add(attributes.ROWS_REJECTED, rejected)

    def bytes(self, read: int = 0, written: int = 0) -> None:
        """Count bytes of files; adds up."""
        self._telemetry.bytes(read, written)
        self._add(attributes.BYTES_READ, read)
        self._add(attributes.BYTES_WRITTEN, written)

    def fail(self, error: BaseException) -> None:
        """The file failed, and the host swallowed the exception."""
        self.outcome = "failed"
        self._telemetry.tracing.fail(self.span, type(error).__qualname__, str(error))

    def _add(self, key: str, amount: int) -> None:
        if amount:
            self._sums[key] = self._sums.get(key, 0) + amount
            self.span.set_attribute(key, self._sums[key])


class BatchScope:
    """One batch of rows."""

    def __init__(self, telemetry: ConversionTelemetry, kind: str, file: FileScope | None) -> None:
        self._telemetry = telemetry
        self._kind = kind
        self._file = file
        self.span: Any = INVALID_SPAN

    def rows(self, written: int = 0, rejected: int = 0) -> None:
        """Count rows, also for the file; a row is reported to its batch or its file, not both."""
        if self._file is not None:
            self._file.rows(written, rejected)
        else:
            self._telemetry.rows(self._kind, written, rejected)
        self.span.set_attributes({attributes.ROWS: written, attributes.ROWS_REJECTED: rejected})


class ConversionTelemetry:
    """Spans and metrics of conversions; inside a run their time is the run's stage `convert`."""

    def __init__(self, *, guard: Guard, recorder: Recorder, tracing: Tracing) -> None:
        self.guard = guard
        self.recorder = recorder
        self.tracing = tracing

    @contextmanager
    def conversion(self, date: str, **values: Any) -> Iterator[Span]:
        """Span `conversion` of one day; `values` are attributes, named `nautilus.<name>`."""
        named = {f"nautilus.{name}": value for name, value in values.items()}
        run = current_run()
        with self.tracing.span(attributes.CONVERSION, {attributes.DATE: date, **named}) as span:
            if run is None:
                yield span
            else:
                with run.timed("convert"):
                    yield span

    @contextmanager
    def file(self, kind: str, path: str) -> Iterator[FileScope]:
        """Span `conversion file` and its duration by outcome. `kind` is quote, trade or bar."""
        values = {attributes.KIND: kind, attributes.FILE_PATH: path}
        started = time.perf_counter()
        with self.tracing.span(attributes.CONVERSION_FILE, values) as span:
            scope = FileScope(self, kind, span)
            token = _file.set(scope)
            try:
                yield scope
            except BaseException:
                scope.outcome = "failed"
                raise
            finally:
                _file.reset(token)
                scope.spans.close()
                span.set_attribute(attributes.CONVERSION_OUTCOME, scope.outcome)
                self.recorder.histogram(metrics.CONVERSION_DURATION, kind, scope.outcome).observe(
                    time.perf_counter() - started, self.tracing.exemplar(span=span)
                )

    @contextmanager
    def batch(self, kind: str) -> Iterator[BatchScope]:
        """Span `conversion batch` and its duration; spans are capped by file, durations not."""
        file = _file.get()
        scope = BatchScope(self, kind, file)
        spans = self.tracing if file is None else file.spans
        started = time.perf_counter()
        token = _in_batch.set(True)
        try:
            with spans.span(attributes.CONVERSION_BATCH, {attributes.KIND: kind}) as span:
                scope.span = span
                yield scope
                exemplar = self.tracing.exemplar()
        finally:
            _in_batch.reset(token)
        self.recorder.histogram(metrics.CONVERSION_BATCH_DURATION, kind).observe(
            time.perf_counter() - started, exemplar
        )

    def repeat(self, kind: str, first_seconds: float, repeat_seconds: float) -> None:
        """A repeated conversion against its first; firsts under 0.5 s say nothing."""
        if first_seconds >= FIRST_SECONDS_WORTH_A_RATIO:
            ratio = repeat_seconds / first_seconds
            self.recorder.gauge(metrics.CONVERSION_REPEAT_RATIO, kind).set(ratio)

    def rows(self, kind: str, written: int, rejected: int) -> None:
        """Count rows of conversions."""
        for outcome, amount in (("written", written), ("rejected", rejected)):
            if amount:
                self.recorder.counter(metrics.CONVERSION_ROWS, kind, outcome).inc(amount)

    def bytes(self, read: int, written: int) -> None:
        """Count bytes of conversions."""
        for direction, amount in (("read", read), ("written", written)):
            if amount:
                self.recorder.counter(metrics.CONVERSION_BYTES, direction).inc(amount)


def wrangler_patches(conversion: ConversionTelemetry) -> tuple[Patch, ...]:
    """Wrappers that make a batch of each wrangler's `process`."""
    return tuple(
        Patch(
            "nautilus_trader.persistence.wranglers",
            f"{data}DataWrangler",
            "process",
            Shape.CYTHON_DEF,
            _wrangled(conversion, kind),
        )
        for data, kind in KINDS.items()
    )


def _wrangled(conversion: ConversionTelemetry, kind: str) -> Body:
    def body(*_args: Any, **_kwargs: Any) -> Generator[None, Any, None]:
        if _in_batch.get():  # the converter already counts this batch
            yield
            return
        with conversion.batch(kind) as batch:
            ticks = yield
            batch.span.set_attribute(attributes.ROWS, len(ticks))

    return body


NULL_CONVERSION = ConversionTelemetry(guard=Guard(), recorder=NULL_RECORDER, tracing=NULL_TRACING)
"""Twin for a host that is not instrumented: nothing is published."""
