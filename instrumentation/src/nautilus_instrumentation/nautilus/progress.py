"""How far the engines of a run have come, published while they work."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nautilus_instrumentation import attributes, metrics
from nautilus_instrumentation.nautilus.facts import (
    EngineState,
    Facts,
    isoformat,
    read_facts,
    simulated_ns,
)
from nautilus_instrumentation.nautilus.spans import Thinning

if TYPE_CHECKING:
    from nautilus_instrumentation.nautilus.runs import BacktestTelemetry

ProgressCallback = Callable[[int, int], None]


class RunProgress:
    """Counts what the engines of one run did, as deltas over what was published before.

    Engines are held only while they are watched. `tick` may come from any thread.
    """

    def __init__(self, telemetry: BacktestTelemetry, labels: Callable[[], tuple[str, str]]) -> None:
        self._telemetry = telemetry
        self._labels = labels
        self._engines: dict[EngineState, Any] = {}
        self._lock = threading.Lock()
        self._thinning = Thinning()
        self.totals = Facts()
        self.callbacks: list[ProgressCallback] = []
        self.exemplar: dict[str, str] | None = None
        self.span: Any = None
        """The open span `engine run`, which takes the progress events."""

    def watch(self, engine: Any, state: EngineState) -> None:
        """Follow the engine from now on."""
        with self._lock:
            self._engines[state] = engine

    def watches(self, state: EngineState) -> bool:
        """True when the engine is followed."""
        return state in self._engines

    def forget(self, state: EngineState) -> None:
        """Let go of the engine; its counters must have been settled."""
        with self._lock:
            self._engines.pop(state, None)

    def release(self) -> None:
        """Let go of all engines: the run is over."""
        with self._lock:
            self._engines.clear()
        self.callbacks.clear()
        self.span = None

    def tick(self) -> None:
        """Publish data points; when some came, say so to span, gauge and callbacks."""
        with self._lock:
            engines = list(self._engines.items())
            moved = sum(self._advance(engine, state) for state, engine in engines)
        if moved:
            self._tell(engines[-1][1], self._thinning.due(time.monotonic()))

    def settle(self, engine: Any, state: EngineState) -> None:
        """Publish all facts of the engine: after `end()`, a failed `run()`, before a reset."""
        with self._lock:
            facts = read_facts(engine)
            self._publish(facts.since(state.published))
            state.published = facts
        self._tell(engine, True)

    def _advance(self, engine: Any, state: EngineState) -> int:
        facts = state.published._replace(data_points=engine.iteration)
        grown = facts.since(state.published)
        self._publish(grown)
        state.published = facts
        return grown.data_points

    def _publish(self, grown: Facts) -> None:
        strategy, window = self._labels()
        recorder = self._telemetry.recorder
        self.totals = Facts(*(a + b for a, b in zip(self.totals, grown, strict=True)))
        if grown.data_points:
            recorder.counter(metrics.ENGINE_DATA_POINTS, strategy, window).inc(
                grown.data_points, self.exemplar
            )
        if grown.events:
            recorder.counter(metrics.ENGINE_EVENTS, strategy).inc(grown.events)
        if grown.orders:
            recorder.counter(metrics.ENGINE_ORDERS, strategy).inc(grown.orders)

    def _tell(self, engine: Any, event_due: bool) -> None:
        self._telemetry.progressed()
        now_ns = simulated_ns(engine)
        if event_due and self.span is not None:
            self.span.add_event(
                attributes.PROGRESS_EVENT,
                {
                    attributes.ITERATION: self.totals.data_points,
                    attributes.SIMULATED_TIME: isoformat(now_ns),
                },
            )
        for callback in self.callbacks:
            self._telemetry.guard.call("run.on_progress", callback, self.totals.data_points, now_ns)
