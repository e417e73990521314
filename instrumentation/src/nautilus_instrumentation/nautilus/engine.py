"""What the wrappers around BacktestEngine do.

A call inside a run adds to that run. An engine that is used bare gets a run of its own: parked at
the first `add_data`, begun by the first `run`, closed by the end of a one-shot run, by `end()` of a
streaming one, or at the latest by `reset()` or `dispose()`.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from nautilus_instrumentation import attributes, metrics
from nautilus_instrumentation.nautilus.facts import (
    DataSeen,
    EngineState,
    kind_of,
    read_facts,
    requested_window,
    strategy_label,
)
from nautilus_instrumentation.nautilus.reads import current_reads
from nautilus_instrumentation.nautilus.runs import BacktestTelemetry, RunScope, current_run
from nautilus_instrumentation.patching import Patch, Shape

if TYPE_CHECKING:
    from nautilus_instrumentation.patching import Body

Observer = Generator[None, Any, None]


class EngineObserver:
    """Bodies for the wrappers of BacktestEngine's methods.

    They take any arguments: to refuse wrong ones is the engine's business.
    """

    def __init__(self, backtests: BacktestTelemetry) -> None:
        self._runs = backtests
        self._engines = backtests.engines

    def patches(self) -> tuple[Patch, ...]:
        bodies: dict[str, Body] = {
            "add_data": self.add_data,
            "sort_data": self.sort_data,
            "clear_data": self.clear_data,
            "run": self.run,
            "end": self.end,
            "reset": self.reset,
            "dispose": self.dispose,
        }
        return tuple(
            Patch("nautilus_trader.backtest.engine", "BacktestEngine", name, Shape.CYTHON_DEF, body)
            for name, body in bodies.items()
        )

    def add_data(self, engine: Any, data: Any = None, *_args: Any, **_kwargs: Any) -> Observer:
        # What is no list the host refuses, and so it does without data; neither is our error.
        items = data if isinstance(data, list) else []
        values: dict[str, Any] = {attributes.ROWS: len(items)}
        state = self._engines.of(engine)
        scope = self._scope(state)
        kind = kind_of(type(items[0])) if items else None
        if kind:
            values[attributes.KIND] = kind
        with (
            self._runs.entered(scope),
            scope.timed("load"),
            scope.spans.span(attributes.ENGINE_LOAD, values),
        ):
            yield
        if items:
            scope.describe(kind=kind)
            state.data.add_items(items)
            if scope.bare:
                scope.data.include(state.data)
        reads = current_reads()
        if reads is not None:
            reads.rows += len(items)

    def sort_data(self, engine: Any, *_args: Any, **_kwargs: Any) -> Observer:
        scope = self._scope(self._engines.of(engine))
        with (
            self._runs.entered(scope),
            scope.timed("sort"),
            scope.spans.span(attributes.ENGINE_SORT),
        ):
            yield

    def clear_data(self, engine: Any, *_args: Any, **_kwargs: Any) -> Observer:
        """The next run starts without data; one that has begun keeps what it has seen."""
        state = self._engines.of(engine)
        yield
        state.data = DataSeen()
        parked = state.scope
        if parked is not None and not parked.progress.watches(state):
            parked.data = DataSeen()

    def run(
        self,
        engine: Any,
        start: Any = None,
        end: Any = None,
        run_config_id: Any = None,
        streaming: bool = False,
        *_args: Any,
        **_kwargs: Any,
    ) -> Observer:
        state = self._engines.of(engine)
        scope = self._scope(state)
        if not scope.progress.watches(state):
            self._begin(scope, state, engine, start, end)
        if scope is not state.scope:
            self._close(state.scope, state)  # was loaded bare, is run inside a scope
        state.running, state.ended = True, False
        before = engine.iteration
        try:
            with (
                self._runs.entered(scope),
                scope.timed("run"),
                scope.spans.span(attributes.ENGINE_RUN) as span,
            ):
                scope.progress.span = span
                try:
                    yield
                except BaseException:
                    self._settle(scope, state, engine)
                    raise
                finally:
                    scope.progress.span = None
                    span.set_attribute(attributes.DATA_POINTS, engine.iteration - before)
        except BaseException as error:
            self._close(scope, state, error)
            raise
        finally:
            state.running = False
        scope.between_chunks()
        # A forced stop ends a streaming run too.
        if state.ended or not streaming:
            self._close(scope, state)

    def end(self, engine: Any, *_args: Any, **_kwargs: Any) -> Observer:
        state = self._engines.of(engine)
        state.ended = True
        scope = state.scope or current_run()
        if scope is None:
            yield
            return
        with (
            self._runs.entered(scope),
            scope.timed("run"),
            scope.spans.span(attributes.ENGINE_END) as span,
        ):
            yield
            # Here, because 1.231 clears them in dispose() before get_result() reads them.
            self._settle(scope, state, engine)
            facts = state.published
            span.set_attributes(
                {
                    attributes.DATA_POINTS: facts.data_points,
                    attributes.EVENTS: facts.events,
                    attributes.ORDERS: facts.orders,
                    attributes.POSITIONS: facts.positions,
                }
            )
        if not state.running:
            self._close(scope, state)

    def reset(self, engine: Any, *_args: Any, **_kwargs: Any) -> Observer:
        state = self._engines.of(engine)
        scope = state.scope or current_run()
        strategy = scope.strategy if scope is not None else strategy_label(engine)
        self._settle(scope, state, engine)
        with self._after_run(state, attributes.ENGINE_RESET):
            yield
        self._close(state.scope, state)
        state.published = read_facts(engine)
        self._runs.recorder.counter(metrics.ENGINE_RESETS, strategy).inc()

    def dispose(self, engine: Any, *_args: Any, **_kwargs: Any) -> Observer:
        state = self._engines.of(engine)
        self._settle(state.scope or current_run(), state, engine)
        with self._after_run(state, attributes.ENGINE_DISPOSE):
            yield
        self._close(state.scope, state)
        run = current_run()
        if run is not None:
            run.progress.forget(state)
        self._engines.drop(engine)
        self._runs.retained_memory()

    # ---------------------------------------------------------------------------------------------

    def _scope(self, state: EngineState) -> RunScope:
        """The run this call belongs to; a bare engine gets a parked one."""
        scope = current_run() or state.scope
        if scope is None:
            scope = state.scope = RunScope(self._runs)
        return scope

    def _begin(
        self, scope: RunScope, state: EngineState, engine: Any, start: Any, end: Any
    ) -> None:
        scope.begin()
        with self._runs.guard("run.describe"):
            scope.progress.watch(engine, state)
            if scope.bare:
                if not state.data:  # loaded while nobody watched
                    state.data.add_items(engine.data)
                scope.data.include(state.data)
            scope.describe(strategy=strategy_label(engine), window=requested_window(start, end))

    def _settle(self, scope: RunScope | None, state: EngineState, engine: Any) -> None:
        """Publish what the engine is about to forget, if this run has seen the engine."""
        if scope is not None and scope.progress.watches(state):
            with self._runs.guard("run.settle"):
                scope.progress.settle(engine, state)

    def _close(
        self, scope: RunScope | None, state: EngineState, error: BaseException | None = None
    ) -> None:
        """Close the run if it is the engine's own."""
        if scope is None or scope is not state.scope:
            return
        state.scope = None
        state.carrier = self._runs.tracing.carrier(scope.span)
        scope.close(error)

    def _after_run(self, state: EngineState, name: str) -> Any:
        """Span of what is done to an engine, in the trace of its last run when it was bare."""
        scope = current_run() or state.scope
        if scope is not None:
            return scope.spans.span(name)
        return self._runs.tracing.span(name, parent=state.carrier or None)
