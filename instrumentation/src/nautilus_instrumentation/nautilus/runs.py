"""Backtest runs: one scope around each, which the wrapped calls inside it find and add to."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.trace import Span

from nautilus_instrumentation import metrics
from nautilus_instrumentation.guard import Guard
from nautilus_instrumentation.nautilus.facts import EngineStates
from nautilus_instrumentation.nautilus.scope import RunScope
from nautilus_instrumentation.recorder import NULL_RECORDER
from nautilus_instrumentation.runtime.process import rss_bytes
from nautilus_instrumentation.tracing import NULL_TRACING

if TYPE_CHECKING:
    from nautilus_instrumentation.recorder import Recorder
    from nautilus_instrumentation.runtime.gc import GcWatch
    from nautilus_instrumentation.runtime.ticker import Ticker
    from nautilus_instrumentation.tracing import Tracing

__all__ = ["NULL_BACKTESTS", "BacktestTelemetry", "RunScope", "current_run"]

_current: ContextVar[RunScope | None] = ContextVar("nautobs_run", default=None)


def current_run() -> RunScope | None:
    """The run that the calling context works for."""
    return _current.get()


class Entered:
    """Context in which a scope is current; a class, because chunks of a run pass here."""

    __slots__ = ("_scope", "_started", "_token", "_trace_token")

    def __init__(self, scope: RunScope) -> None:
        self._scope = scope
        self._token: Token[RunScope | None] | None = None
        self._trace_token: Token[Context] | None = None
        self._started = 0.0

    def __enter__(self) -> RunScope:
        scope = self._scope
        if _current.get() is not scope:
            self._token = _current.set(scope)
            if scope.span is not None:
                self._trace_token = attach(trace.set_span_in_context(scope.span))
            self._started = time.perf_counter()
        return scope

    def __exit__(self, *exception: object) -> None:
        if self._token is None:
            return
        self._scope.left(time.perf_counter() - self._started)
        if self._trace_token is not None:
            detach(self._trace_token)
        _current.reset(self._token)


class BacktestTelemetry:
    """Counts runs. A worker calls `run`; its parent `started`, `finished` and `lost`."""

    def __init__(
        self,
        *,
        guard: Guard,
        recorder: Recorder,
        tracing: Tracing,
        ticker: Ticker | None = None,
        gc: GcWatch | None = None,
        slot: int = 0,
    ) -> None:
        self.guard = guard
        self.recorder = recorder
        self.tracing = tracing
        self.ticker = ticker
        self.gc = gc
        self.slot = str(slot)
        self.engines = EngineStates()
        self._last_progress = recorder.gauge(metrics.BACKTEST_LAST_PROGRESS, self.slot)
        self._live = 0
        self._lock = threading.Lock()

    @contextmanager
    def run(
        self, *, strategy: str, window: str, run_id: str = "", kind: str | None = None
    ) -> Iterator[RunScope]:
        """One run, counted when the block ends: `error` when an exception passes, else `ok`.

        `window` is one of `metrics.WINDOWS`. `kind` (quote, trade or bar) says for which ticks the
        catalog is asked for instruments; without it the first data of the run tells.

        When the span that is current came from another process, that process owns the span
        `backtest run` and the in-progress gauge; otherwise both belong to this scope.
        """
        scope = RunScope(self, strategy=strategy, window=window, run_id=run_id, kind=kind)
        scope.begin()
        try:
            with self.entered(scope):
                yield scope
        except BaseException as error:
            scope.close(error)
            raise
        scope.close()

    def entered(self, scope: RunScope) -> Entered:
        """Make the scope, and its span where it has one, current for the block."""
        return Entered(scope)

    def started(self) -> None:
        """A run is being worked on from now on; for the process that hands it to a worker."""
        self.recorder.gauge(metrics.BACKTEST_IN_PROGRESS).inc()

    def finished(self) -> None:
        """The run that `started` told of is over, however it ended."""
        self.recorder.gauge(metrics.BACKTEST_IN_PROGRESS).dec()

    def lost(
        self,
        *,
        strategy: str,
        window: str,
        status: str,
        seconds: float,
        exemplar: Mapping[str, str] | None = None,
    ) -> None:
        """Count a run whose worker could not: it died, was cancelled or timed out."""
        self.recorder.counter(metrics.BACKTEST_RUNS, strategy, status).inc(1.0, exemplar)
        self.recorder.histogram(metrics.BACKTEST_DURATION, strategy, window).observe(
            seconds, exemplar
        )

    def throughput(self, strategy: str, window: str, ratio: float) -> None:
        """Data points per second of the last run over the median of those like it."""
        self.recorder.gauge(metrics.BACKTEST_THROUGHPUT_RATIO, strategy, window).set(ratio)

    def progressed(self) -> None:
        """A run of this process moved on; a tick that comes after its end says nothing."""
        with self._lock:
            if self._live:
                self._last_progress.set(time.time())

    def close(self) -> None:
        """Close the runs of bare engines that are still open: nobody will be told of their end."""
        for scope in self.engines.take_scopes():
            scope.close()

    # For scopes ----------------------------------------------------------------------------------

    def entering(self, owned: bool) -> None:
        """A run begins in this process; `owned` runs are in no other process's gauge."""
        with self._lock:
            self._live += 1
        if owned:
            self.started()
        self.progressed()

    def leaving(self, owned: bool) -> None:
        """A run of this process ended; with the last one the slot has no run."""
        with self._lock:
            self._live -= 1
            if not self._live:
                self._last_progress.set(0)
        if owned:
            self.finished()

    def count(self, scope: RunScope, seconds: float, exemplar: Mapping[str, str] | None) -> None:
        """Publish everything that is known when a run of `seconds` ends."""
        recorder, window = self.recorder, scope.window
        recorder.counter(metrics.BACKTEST_RUNS, scope.strategy, scope.status).inc(1.0, exemplar)
        for spec, labels, value in (
            (metrics.BACKTEST_DURATION, (scope.strategy, window), seconds),
            (metrics.ENGINE_PEAK_MEMORY, (window,), scope.peak_memory_bytes),
            (metrics.ENGINE_GC_PAUSE, (window,), scope.gc_seconds),
        ):
            recorder.histogram(spec, *labels).observe(value, exemplar)
        for stage, spent in scope.stages.items():
            recorder.histogram(metrics.BACKTEST_STAGE_DURATION, stage).observe(spent, exemplar)
        self.retained_memory()

    def retained_memory(self) -> None:
        """Resident bytes now: at the end of a run, and again when its engine is disposed."""
        self.recorder.gauge(metrics.ENGINE_RETAINED_MEMORY, self.slot).set(rss_bytes())

    def fail(self, span: Span, error: BaseException) -> None:
        """Record on the span the exception that ended its run."""
        stack = "".join(traceback.format_exception(error))
        self.tracing.fail(span, type(error).__qualname__, str(error), stack)


NULL_BACKTESTS = BacktestTelemetry(guard=Guard(), recorder=NULL_RECORDER, tracing=NULL_TRACING)
"""Twin for a host that is not instrumented: scopes measure, nothing is published."""
