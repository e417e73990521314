"""What the wrappers around the data catalog do: only the outermost call makes a span.

`catalog.instruments()` alone calls `query()` 14 times, and `query()` calls `backend_session()`.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any

from nautilus_instrumentation import attributes, metrics
from nautilus_instrumentation.nautilus.facts import kind_of, nanoseconds
from nautilus_instrumentation.nautilus.footers import FILES_PER_QUERY, Footers, Pruning
from nautilus_instrumentation.nautilus.reads import Stream, StreamReads, current_reads
from nautilus_instrumentation.nautilus.runs import BacktestTelemetry, RunScope, current_run
from nautilus_instrumentation.patching import Body, Patch, Shape
from nautilus_instrumentation.tracing import INVALID_SPAN

Observer = Generator[None, Any, None]

_PARQUET = "nautilus_trader.persistence.catalog.parquet"
_BASE = "nautilus_trader.persistence.catalog.base"
_CONSOLIDATIONS = (
    "consolidate_catalog",
    "consolidate_data",
    "consolidate_catalog_by_period",
    "consolidate_data_by_period",
)

kind_hint: ContextVar[str | None] = ContextVar("nautobs_kind_hint", default=None)
"""Kind of the ticks for which a node asks the catalog for instruments."""


class _Call:
    """The outermost call of a catalog that is going on."""

    def __init__(self, kind: str | None, run: RunScope | None) -> None:
        self.kind = kind
        self.run = run
        self.span: Any = INVALID_SPAN
        self.files: list[str] = []
        self.seconds = 0.0
        self.pruning = Pruning()

    @contextmanager
    def timed(self, stage: str = "") -> Iterator[None]:
        """Time the host's call alone; footers are read after it."""
        with self.run.timed(stage) if self.run is not None and stage else nullcontext():
            started = time.perf_counter()
            yield
            self.seconds = time.perf_counter() - started


_call_var: ContextVar[_Call | None] = ContextVar("nautobs_catalog_call", default=None)


def _outermost(body: Body) -> Body:
    """Let the body observe only calls that no other call of a catalog makes."""

    @functools.wraps(body)
    def guarded(*args: Any, **kwargs: Any) -> Observer:
        if _call_var.get() is None:
            yield from body(*args, **kwargs)
        else:
            yield

    return guarded


class CatalogObserver:
    """Bodies for the wrappers of ParquetDataCatalog's methods."""

    def __init__(self, backtests: BacktestTelemetry) -> None:
        self._runs = backtests
        self._footers = Footers()

    def patches(self) -> tuple[Patch, ...]:
        function = Shape.FUNCTION
        parquet = "ParquetDataCatalog"
        return (
            Patch(_BASE, "BaseDataCatalog", "instruments", function, self.instruments),
            Patch(_PARQUET, parquet, "query", function, self.query),
            Patch(_PARQUET, parquet, "backend_session", function, self.backend_session),
            Patch(_PARQUET, parquet, "_query_files", function, self.query_files),
            Patch(_PARQUET, parquet, "write_data", function, self.write_data),
            *(
                Patch(_PARQUET, parquet, name, function, self.consolidate)
                for name in _CONSOLIDATIONS
            ),
        )

    @_outermost
    def instruments(self, catalog: Any, *_args: Any, **_kwargs: Any) -> Observer:
        run = current_run()
        kind = kind_hint.get() or (run.kind if run is not None else None)
        with self._call(attributes.CATALOG_INSTRUMENTS, "instruments", kind) as call:
            with call.timed("query"):
                found = yield
            call.span.set_attribute(attributes.ROWS, len(found))

    @_outermost
    def query(
        self,
        catalog: Any,
        data_cls: Any = None,
        identifiers: Any = None,
        start: Any = None,
        end: Any = None,
        where: Any = None,
        files: Any = None,
        *_args: Any,
        **_kwargs: Any,
    ) -> Observer:
        with self._call(attributes.CATALOG_QUERY, "query", kind_of(data_cls)) as call:
            with call.timed("query"):
                rows = yield
            call.span.set_attribute(attributes.ROWS, len(rows))
            if call.kind:
                self._runs.recorder.counter(metrics.CATALOG_QUERY_ROWS, call.kind).inc(len(rows))
            self._prune(call, catalog, files, start, end)

    def backend_session(
        self,
        catalog: Any,
        data_cls: Any = None,
        identifiers: Any = None,
        start: Any = None,
        end: Any = None,
        where: Any = None,
        session: Any = None,
        files: Any = None,
        *_args: Any,
        **_kwargs: Any,
    ) -> Observer:
        if (call := _call_var.get()) is not None:
            call.files.extend(files or ())  # given, so that `_query_files` is not asked
            yield
            return
        reads = current_reads()
        with self._call(attributes.CATALOG_QUERY, "stream", kind_of(data_cls), reads) as call:
            with call.timed("query"):
                yield
            self._prune(call, catalog, files, start, end)

    def query_files(self, *_args: Any, **_kwargs: Any) -> Observer:
        """Listens which files the catalog opens, so that it need not be asked again."""
        files = yield
        call = _call_var.get()
        if call is not None:
            call.files.extend(files)

    @_outermost
    def write_data(self, catalog: Any, data: Any = None, *_args: Any, **_kwargs: Any) -> Observer:
        # Other iterables would be used up by looking; what is none, the catalog refuses.
        items = data if isinstance(data, list | tuple) else None
        kind = kind_of(type(items[0])) if items else None
        with self._call(attributes.CATALOG_WRITE, "write", kind) as call:
            if items is not None:
                call.span.set_attribute(attributes.ROWS, len(items))
            with call.timed():
                yield

    @_outermost
    def consolidate(
        self, catalog: Any, subject: Any = None, *_args: Any, **kwargs: Any
    ) -> Observer:
        # `consolidate_catalog` concerns all kinds; the class comes first in `consolidate_data`.
        kind = kind_of(kwargs.get("data_cls", subject))
        with self._call(attributes.CATALOG_CONSOLIDATE, "consolidate", kind) as call, call.timed():
            yield

    @contextmanager
    def _call(
        self, name: str, operation: str, kind: str | None, reads: StreamReads | None = None
    ) -> Iterator[_Call]:
        """Span and duration of an outermost call; a stream's are left open for its reads."""
        run = current_run()
        values: dict[str, Any] = {attributes.OPERATION: operation}
        if kind:
            values[attributes.KIND] = kind
        call = _Call(kind, run)
        token = _call_var.set(call)
        try:
            if reads is not None:
                yield from self._stream(call, name, values, reads)
                return
            with (self._runs.tracing if run is None else run.spans).span(name, values) as span:
                call.span = span
                yield call
                exemplar = self._runs.tracing.exemplar(run.run_id if run else None)
        finally:
            _call_var.reset(token)
        if kind:
            self._runs.recorder.histogram(metrics.CATALOG_QUERY_DURATION, kind, operation).observe(
                call.seconds, exemplar
            )

    def _stream(
        self, call: _Call, name: str, values: dict[str, Any], reads: StreamReads
    ) -> Iterator[_Call]:
        tracing = self._runs.tracing
        call.span = tracing.start(name, values)
        try:
            yield call
        except BaseException as error:
            self._runs.fail(call.span, error)
            call.span.end()
            raise
        reads.streams.append(
            Stream(
                span=call.span,
                kind=call.kind,
                seconds=call.seconds,
                bytes_read=call.pruning.bytes_read,
                exemplar=tracing.exemplar(call.run.run_id if call.run else None, call.span),
            )
        )

    def _prune(
        self, call: _Call, catalog: Any, files: list[str] | None, start: Any, end: Any
    ) -> None:
        """Row groups and bytes on span and counters."""
        files = files or call.files
        call.span.set_attribute(attributes.FILES, len(files))
        if catalog.fs_protocol != "file" or len(files) > FILES_PER_QUERY:
            return
        with self._runs.guard("catalog.footers"):
            pruning = self._footers.pruning(files, nanoseconds(start), nanoseconds(end))
            call.pruning = pruning
            call.span.set_attributes(
                {
                    attributes.ROW_GROUPS_READ: pruning.groups_read,
                    attributes.ROW_GROUPS_PRUNED: pruning.groups_pruned,
                    attributes.BYTES_READ: pruning.bytes_read,
                    attributes.BYTES_PRUNED: pruning.bytes_pruned,
                }
            )
            if call.run is not None and pruning.span_ns is not None:
                call.run.data.add(*pruning.span_ns)
            if call.kind:
                self._count(call.kind, pruning)

    def _count(self, kind: str, pruning: Pruning) -> None:
        for spec, read, pruned in (
            (metrics.CATALOG_ROW_GROUPS, pruning.groups_read, pruning.groups_pruned),
            (metrics.CATALOG_BYTES, pruning.bytes_read, pruning.bytes_pruned),
        ):
            self._runs.recorder.counter(spec, kind, "read").inc(read)
            self._runs.recorder.counter(spec, kind, "pruned").inc(pruned)
