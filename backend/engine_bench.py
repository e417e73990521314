"""Keeps the engine of a sweep between its runs: built once, loaded once, reset for each run."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.identifiers import StrategyId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.trading.strategy import Strategy

from backend.engine_setup import build_market, let_go_of, release
from backend.models import BacktestRequest
from backend.strategies import registry


@dataclass(frozen=True)
class _Kept:
    """An engine without a strategy, that has not run since it was made or reset."""

    engine: BacktestEngine
    market: dict[str, Any]
    instrument: Instrument
    ticks: list[Any]
    subscriptions: list[Any]
    """Those of the engine's own parts."""

    def suits(self, market: dict[str, Any], instrument: Instrument, ticks: list[Any]) -> bool:
        # The same objects: caches give new ones where files have changed.
        same_data = self.instrument is instrument and self.ticks is ticks
        return same_data and self.market == market


class EngineBench:
    """At most one engine, loaded with ticks, that the runs of a worker use in turn.

    `take` it with a run's strategy; `put_back` when the run went well, else `scrap` it.
    """

    def __init__(self) -> None:
        self._kept: _Kept | None = None

    def take(
        self,
        request: BacktestRequest,
        instrument: Instrument,
        ticks: list[Any],
        logging: LoggingConfig,
        building: AbstractContextManager[Any] | None = None,
    ) -> BacktestEngine:
        """An engine as new, that holds these ticks, with the request's strategy.

        `building` is entered while one is made, not while it is loaded. Raises Invalid that names
        the field of the request.
        """
        return self.take_for([request], instrument, ticks, logging, building)

    def take_for(
        self,
        requests: Sequence[BacktestRequest],
        instrument: Instrument,
        ticks: list[Any],
        logging: LoggingConfig,
        building: AbstractContextManager[Any] | None = None,
    ) -> BacktestEngine:
        """As `take`, with the strategies of requests that differ in nothing but parameters.

        The ids of the one at place n end in n, of three digits.
        """
        strategies = [
            registry.build(
                request.strategy, request.params, instrument, request.kind, request.bar_type
            )
            for request in requests
        ]
        request = requests[0]
        shared = len(requests) > 1
        market = _market(request, shared)
        if self._kept is None or not self._kept.suits(market, instrument, ticks):
            self.scrap()
            with building or nullcontext():
                engine = build_market(request, instrument, logging, shared)
            try:
                engine.add_data(ticks)
                own = engine.kernel.msgbus.subscriptions()
            except BaseException:
                release(engine)
                raise
            self._kept = _Kept(engine, market, instrument, ticks, own)
        engine = self._kept.engine
        for place, strategy in enumerate(strategies):
            if place:
                _number(strategy, place)
            engine.add_strategy(strategy)
        return engine

    def put_back(self) -> None:
        """Take the run out of the engine, and let go of all that it left.

        The engine of a strategy that listens to a pattern of topics is not used again.
        """
        assert self._kept is not None
        engine, own = self._kept.engine, self._kept.subscriptions
        # Neither reset() nor dispose() of a strategy ends its subscriptions, or those of the bar
        # aggregators that were made for it: they would go on to be called with every tick.
        bus = engine.kernel.msgbus
        left = [subscription for subscription in bus.subscriptions() if subscription not in own]
        if any("*" in subscription.topic for subscription in left):
            # 1.221 would not match this strategy's patterns with topics that it knows from before.
            self.scrap()
            return
        for subscription in left:
            bus.unsubscribe(subscription.topic, subscription.handler)
        engine.reset()
        # The analyzer's own reset() forgets them, these excepted (1.221).
        engine.portfolio.analyzer._positions = []
        strategies = engine.trader.strategies()
        engine.clear_strategies()
        let_go_of(strategies)

    def scrap(self) -> None:
        """Let go of the engine, if there is one."""
        kept, self._kept = self._kept, None
        if kept is not None:
            release(kept.engine)


def _number(strategy: Strategy, place: int) -> None:
    """Tell the strategy from others of its class, and its orders from theirs."""
    tag = f"{place:03}"
    strategy.change_id(StrategyId(f"{type(strategy).__name__}-{tag}"))
    strategy.change_order_id_tag(tag)


def _market(request: BacktestRequest, shared: bool) -> dict[str, Any]:
    """What an engine without strategy and data is made of."""
    made_of = request.model_dump(include={"kind", "starting_balances", "venue"})
    return {**made_of, "shared": shared}
