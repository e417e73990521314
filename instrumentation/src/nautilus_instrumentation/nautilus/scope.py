"""The scope of one backtest run: stages, progress, memory and collections charged to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from opentelemetry import trace

from nautilus_instrumentation import attributes, metrics
from nautilus_instrumentation.nautilus.facts import DataSeen
from nautilus_instrumentation.nautilus.progress import ProgressCallback, RunProgress
from nautilus_instrumentation.nautilus.share import Share
from nautilus_instrumentation.nautilus.spans import SpanBudget
from nautilus_instrumentation.nautilus.stages import Stages
from nautilus_instrumentation.runtime.process import PeakMemory

if TYPE_CHECKING:
    from nautilus_instrumentation.nautilus.runs import BacktestTelemetry

_STAGE_SPANS = {
    "build": attributes.ENGINE_BUILD,
    "report": attributes.ENGINE_REPORT,
    "persist": attributes.RESULT_PERSIST,
}
"""Stages whose span `RunScope.stage` opens; the spans of the others come from wrapped calls."""

TICK_SECONDS = 0.25
"""Chunks that follow each other faster than this do not each publish."""

_PARKED, _LIVE, _CLOSED = "parked", "live", "closed"


class RunScope:
    """One run. Made by `BacktestTelemetry.run`, or by a wrapped call that finds none.

    Figures are those so far; after the scope they are final. `data_points`, `events`, `orders` and
    `positions` add up over all engines and resets inside the scope.

    A scope is parked until `begin()`: what prepares a bare engine (building, loading) belongs to
    its run, but only a run that begins is counted.
    """

    def __init__(
        self,
        telemetry: BacktestTelemetry,
        *,
        strategy: str = "",
        window: str = "",
        run_id: str = "",
        kind: str | None = None,
    ) -> None:
        self._telemetry = telemetry
        self.run_id = run_id
        self.kind = kind
        self._strategy = strategy
        self._window = window
        self.bare = not strategy
        """Whoever opens a run by hand knows what it asked for; of a bare one the data tells."""
        self.data = DataSeen()
        self._stages = Stages(telemetry.guard, self._border)
        self.timed = self._stages.timed
        """Charge a block to a stage, without a span."""
        self.charge = self._stages.charge
        self._ticked = 0.0
        self.progress = RunProgress(telemetry, lambda: (self.strategy, self.window))
        self.spans = SpanBudget(telemetry.tracing)
        self._state = _PARKED
        self._began = 0.0
        self._carried = 0.0
        self._status = ""
        self._error: BaseException | None = None
        self._memory: PeakMemory | None = None
        self._peak_memory = 0
        self._gc_start = self._gc_seconds = 0.0
        self._stop_ticks: Callable[[], None] | None = None
        remote = trace.get_current_span().get_span_context().is_remote
        self.span: trace.Span | None = (
            None
            if remote
            else telemetry.tracing.start(
                attributes.BACKTEST_RUN, {attributes.RUN_ID: run_id} if run_id else None
            )
        )
        """The span `backtest run`, unless another process owns it."""
        self._owner = self.span or trace.get_current_span()
        self._exemplar = telemetry.tracing.exemplar(run_id or None, self._owner)

    # For the host --------------------------------------------------------------------------------

    @property
    def strategy(self) -> str:
        """Value of the label `strategy`."""
        return self._strategy or "none"

    @property
    def window(self) -> str:
        """Value of the label `window`; from the data seen so far when none was requested."""
        return self._window or self.data.window

    @property
    def status(self) -> str:
        """Outcome: as told by `finish`, else `ok`."""
        return self._status or "ok"

    @property
    def stages(self) -> dict[str, float]:
        """Seconds by stage."""
        return self._stages.seconds

    @property
    def last_stage(self) -> str:
        """The stage that was entered last."""
        return self._stages.last

    @property
    def in_stage(self) -> bool:
        """True inside a stage, which takes the time of everything within."""
        return self._stages.inside

    @property
    def peak_memory_bytes(self) -> int:
        """Highest resident memory of the process during the run; 0 before it began."""
        memory = self._memory
        if memory is not None:
            peak = self._telemetry.guard.call("run.memory", memory.peak_bytes)
            self._peak_memory = max(peak or 0, self._peak_memory)
        return self._peak_memory

    @property
    def seconds(self) -> float:
        """Seconds that the run took, with its part of what was done for several."""
        if self._state == _LIVE:
            return self._carried + time.perf_counter() - self._began
        return self._carried

    @property
    def gc_seconds(self) -> float:
        """Seconds the garbage collector paused the process during the run."""
        return self._gc_now() - self._gc_start if self._state == _LIVE else self._gc_seconds

    @property
    def data_points(self) -> int:
        return self.progress.totals.data_points

    @property
    def events(self) -> int:
        return self.progress.totals.events

    @property
    def orders(self) -> int:
        return self.progress.totals.orders

    @property
    def positions(self) -> int:
        return self.progress.totals.positions

    @contextmanager
    def stage(self, name: str) -> Iterator[Any]:
        """Charge the block to stage `name` of `metrics.STAGES`, with the contract's span for it."""
        span_name = _STAGE_SPANS.get(name)
        with self.timed(name):
            if span_name is None:
                yield trace.get_current_span()
            else:
                with self.spans.span(span_name) as span:
                    yield span

    def on_progress(self, callback: ProgressCallback) -> None:
        """Call `callback(data points so far, simulated ns)` once a second, from any thread."""
        self.progress.callbacks.append(callback)

    def on_stage(self, callback: Callable[[str], None]) -> None:
        """Call `callback(stage)` when the run enters a stage, also that of a wrapped call."""
        self._stages.callbacks.append(callback)

    def tick(self) -> None:
        """Publish the counters now, for hosts that run chunk by chunk."""
        self._ticked = time.monotonic()
        with self._telemetry.guard("run.tick"):
            self.progress.tick()
            self._sample_memory()

    def finish(self, status: str = "ok", error: BaseException | None = None) -> None:
        """Set the outcome where the host swallowed the exception itself."""
        self._status, self._error = status, error

    def share(self, runs: int) -> Share:
        """All so far was done for `runs` runs: keep a part of it, for the others to `take` theirs.

        What the engine counted (data points, events, orders) stays with this run.
        """
        so_far, collecting = self.seconds, self.gc_seconds
        part = Share(
            runs,
            so_far / runs,
            {stage: seconds / runs for stage, seconds in self.stages.items()},
            collecting / runs,
            self.peak_memory_bytes,
        )
        self._stages.seconds = dict(part.stages)
        self._carried -= so_far - part.seconds
        self._gc_start += collecting - part.gc_seconds
        return part

    def take(self, part: Share) -> None:
        """Charge this run, which has begun, with its part of what was done before."""
        for stage, seconds in part.stages.items():
            self.charge(stage, seconds)
        self._carried += part.seconds
        self._gc_start -= part.gc_seconds
        self._peak_memory = max(self._peak_memory, part.peak_memory_bytes)

    def attributes(self) -> dict[str, Any]:
        """Everything the span `backtest run` must carry, for the process that owns it."""
        carried: dict[str, Any] = {
            attributes.SLOT: int(self._telemetry.slot),
            attributes.STRATEGY: self.strategy,
            attributes.WINDOW: self.window,
            attributes.STATUS: self.status,
            attributes.LAST_STAGE: self.last_stage,
            attributes.PEAK_MEMORY: self.peak_memory_bytes,
            attributes.GC_SECONDS: self.gc_seconds,
            attributes.DATA_POINTS: self.data_points,
            attributes.EVENTS: self.events,
            attributes.ORDERS: self.orders,
            attributes.POSITIONS: self.positions,
        }
        for key, value in ((attributes.RUN_ID, self.run_id), (attributes.KIND, self.kind)):
            if value:
                carried[key] = value
        if self.bare:
            carried.update(self.data.attributes())
        for name, seconds in self.stages.items():
            carried[attributes.stage_seconds(name)] = seconds
        return carried

    # For the wrapped calls -----------------------------------------------------------------------

    def begin(self) -> None:
        """Count from here: the run has begun."""
        if self._state != _PARKED:
            return
        self._state = _LIVE
        self._began = time.perf_counter()
        self.progress.exemplar = self._exemplar
        with self._telemetry.guard("run.begin"):
            self._telemetry.entering(owned=self.span is not None)
            self._gc_start = self._gc_now()
            self._memory = PeakMemory()
            if self._telemetry.ticker is not None:
                self._stop_ticks = self._telemetry.ticker.add(self.tick)

    def between_chunks(self) -> None:
        """Publish after a chunk, where the last tick is a while ago.

        Without Python callbacks in the engine these are the only moments for it.
        """
        if time.monotonic() - self._ticked > TICK_SECONDS:
            self.tick()

    def close(self, error: BaseException | None = None) -> None:
        """End and count the run; once, and only if it began."""
        if self._state == _CLOSED:
            return
        began, self._carried, self._state = self._state == _LIVE, self.seconds, _CLOSED
        if error is not None and not self._status:
            self.finish("error", error)
        guard = self._telemetry.guard
        if self._stop_ticks is not None:
            self._stop_ticks()
        if began:
            seconds = self._carried
            self._gc_seconds = self._gc_now() - self._gc_start
            self._peak_memory, self._memory = self.peak_memory_bytes, None
            self._telemetry.leaving(owned=self.span is not None)
            guard.call("run.keep", self._keep_what_matters, seconds)
            guard.call("run.count", self._telemetry.count, self, seconds, self._exemplar)
        elif not self._status:
            self._status = "cancelled"
        guard.call("run.spans", self._end_spans)
        self.progress.release()

    def left(self, seconds: float) -> None:
        """Preparing a parked run took so long; waiting for its start does not count."""
        if self._state == _PARKED:
            self._carried += seconds

    def describe(self, *, strategy: str = "", window: str = "", kind: str | None = None) -> None:
        """Fill in what the host did not say."""
        self._strategy = self._strategy or strategy
        self._window = self._window or window
        self.kind = self.kind or kind

    # -----------------------------------------------------------------------------------------

    def _border(self) -> None:
        self._telemetry.progressed()
        self._sample_memory()

    def _sample_memory(self) -> None:
        memory = self._memory  # a tick may come while the run closes
        if memory is not None:
            memory.sample()

    def _gc_now(self) -> float:
        return self._telemetry.gc.seconds_total if self._telemetry.gc is not None else 0.0

    def _keep_what_matters(self, seconds: float) -> None:
        """Failed and slow runs are what people look for: their traces are sent in any case."""
        tracing = self._telemetry.tracing
        went_well = self.status in ("ok", "cancelled")
        if not went_well or metrics.is_slow(self.window, seconds):
            tracing.keep(self._owner)
        self._exemplar = self._exemplar or tracing.exemplar(self.run_id or None, self._owner)

    def _end_spans(self) -> None:
        self.spans.close()
        if self.span is None:
            return
        self.span.set_attributes(self.attributes())
        if self._error is not None:
            self._telemetry.fail(self.span, self._error)
        elif self.status not in ("ok", "cancelled"):
            self.span.set_status(trace.Status(trace.StatusCode.ERROR, self.status))
        self.span.end()
