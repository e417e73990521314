"""What the wrappers around BacktestNode do.

`BacktestNode.run` swallows exceptions when told to, so the outcome of a run comes from `_run`.
Each configuration is a run of its own, which begins with `_run`; its engine is built before that,
for all configurations at once, so the run is parked until then.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from nautilus_instrumentation.nautilus.catalog import kind_hint
from nautilus_instrumentation.nautilus.facts import (
    kind_of,
    nanoseconds,
    requested_window,
    strategy_label,
)
from nautilus_instrumentation.nautilus.reads import StreamReads, reads_var
from nautilus_instrumentation.nautilus.runs import BacktestTelemetry, RunScope, current_run
from nautilus_instrumentation.patching import Body, Patch, Shape

Observer = Generator[None, Any, None]


@dataclass
class _Parked:
    """A run whose engine is built, and the error when it could not be."""

    scope: RunScope
    error: BaseException | None = None


class NodeObserver:
    """Bodies for the wrappers of BacktestNode's methods."""

    def __init__(self, backtests: BacktestTelemetry) -> None:
        self._runs = backtests
        self._parked: WeakKeyDictionary[Any, dict[str, _Parked]] = WeakKeyDictionary()

    def patches(self) -> tuple[Patch, ...]:
        def patch(name: str, shape: Shape, body: Body) -> Patch:
            return Patch("nautilus_trader.backtest.node", "BacktestNode", name, shape, body)

        return (
            patch("run", Shape.FUNCTION, self.run),
            patch("_create_engine", Shape.FUNCTION, self.create_engine),
            patch("_run", Shape.FUNCTION, self.run_one),
            patch("_run_streaming", Shape.FUNCTION, self.run_streaming),
            patch("load_data_config", Shape.CLASSMETHOD, self.load_data_config),
        )

    def run(self, node: Any) -> Observer:
        """Concludes what `_run` never came to: after an exception, or a build that failed."""
        try:
            yield
        finally:
            for parked in self._parked.pop(node, {}).values():
                if parked.error is not None:
                    parked.scope.begin()
                parked.scope.close(parked.error)

    def create_engine(self, node: Any, run_config_id: str) -> Observer:
        parked = None
        scope = current_run()
        if scope is None:
            parked = _Parked(RunScope(self._runs))
            self._parked.setdefault(node, {})[run_config_id] = parked
            scope = parked.scope
        data = node._configs[run_config_id].data
        kind = kind_of(data[0].data_type) if data else None
        scope.describe(kind=kind)
        token = kind_hint.set(kind)
        try:
            with self._runs.entered(scope), scope.stage("build"):
                yield
        except BaseException as error:
            if parked is not None:
                parked.error = error
            raise
        finally:
            kind_hint.reset(token)

    def run_one(
        self,
        node: Any,
        run_config_id: str,
        data_configs: Any = (),
        chunk_size: Any = None,
        dispose_on_completion: Any = True,
        start: Any = None,
        end: Any = None,
    ) -> Observer:
        around = current_run()
        parked = self._parked.get(node, {}).pop(run_config_id, None)
        scope = around or (parked.scope if parked is not None else RunScope(self._runs))
        engine = node.get_engine(run_config_id)
        with self._runs.guard("run.describe"):
            scope.describe(
                strategy=strategy_label(engine) if engine is not None else "",
                window=_window(data_configs, start, end),
            )
        scope.begin()
        try:
            with self._runs.entered(scope):
                yield
        except BaseException as error:
            if around is None:
                scope.close(error)
            else:
                around.finish("error", error)  # the node may be told to swallow it
            raise
        if around is None:
            scope.close()
            if engine is not None:
                state = self._runs.engines.of(engine)
                state.carrier = self._runs.tracing.carrier(scope.span)

    def run_streaming(self, *_args: Any, **_kwargs: Any) -> Observer:
        """Times the reading, which Rust does between the calls that are wrapped."""
        run = current_run()
        reads = StreamReads()
        token = reads_var.set(reads)
        before = _seconds(run)
        started = time.perf_counter()
        try:
            yield
        finally:
            reads_var.reset(token)
            reading = 0.0
            if run is not None and not run.in_stage:
                reading = max(0.0, time.perf_counter() - started - (_seconds(run) - before))
                run.charge("query", reading)
            reads.end(self._runs.recorder, reading)

    def load_data_config(self, cls: Any, config: Any, *_args: Any, **_kwargs: Any) -> Observer:
        token = kind_hint.set(kind_of(config.data_type))
        try:
            yield
        finally:
            kind_hint.reset(token)


def _seconds(run: RunScope | None) -> float:
    return sum(run.stages.values()) if run is not None else 0.0


def _window(data_configs: Any, start: Any, end: Any) -> str:
    """Window that the run and all of its data ask for; "" when it is open."""
    starts = [nanoseconds(config.start_time) for config in data_configs]
    ends = [nanoseconds(config.end_time) for config in data_configs]
    firsts = [] if None in starts else [moment for moment in starts if moment is not None]
    lasts = [] if None in ends else [moment for moment in ends if moment is not None]
    first, last = min(firsts, default=None), max(lasts, default=None)
    run_start, run_end = nanoseconds(start), nanoseconds(end)
    lows = [moment for moment in (first, run_start) if moment is not None]
    highs = [moment for moment in (last, run_end) if moment is not None]
    return requested_window(max(lows, default=None), min(highs, default=None))
