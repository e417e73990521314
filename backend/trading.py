"""What the fills and positions of a run come to."""

from __future__ import annotations

import math

from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.model.events import OrderFilled, PositionClosed, PositionEvent, PositionOpened
from nautilus_trader.model.identifiers import StrategyId
from nautilus_trader.model.instruments import Instrument

from backend.models import Trading


class TradeLog:
    """Follows the positions of an engine that has its strategy and has not run yet.

    It listens, because the cache of 1.221 forgets a position that one fill closed and opened the
    other way round: it takes no snapshot then, and its own statistics leave that trade out.
    """

    def __init__(
        self, engine: BacktestEngine, instrument: Instrument, only: StrategyId | None = None
    ) -> None:
        """`only`: of several strategies, the one to follow."""
        self._instrument, self._cache, self._clock = instrument, engine.cache, engine.kernel.clock
        self._only = only
        self._open: dict[str, int] = {}
        self._held: list[tuple[int, int]] = []
        self._pnls: list[float] = []
        self.pnl_by_order: dict[str, float] = {}
        """What the positions that an order closed realized, by the order's id."""
        # By name: an engine that has run before would not match a pattern (1.221).
        for strategy_id in engine.trader.strategy_ids() if only is None else (only,):
            engine.kernel.msgbus.subscribe(f"events.position.{strategy_id}", self._changed)

    def _changed(self, event: PositionEvent) -> None:
        if isinstance(event, PositionOpened):
            self._open[event.position_id.value] = event.ts_event
        elif isinstance(event, PositionClosed):
            begin = self._open.pop(event.position_id.value, event.ts_opened)
            self._held.append((begin, event.ts_event))
            pnl = event.realized_pnl.as_double()
            self._pnls.append(pnl)
            order_id = event.closing_order_id.value
            self.pnl_by_order[order_id] = self.pnl_by_order.get(order_id, 0.0) + pnl

    def record(self) -> Trading:
        """The sums, after `engine.end()`."""
        fills = [
            event
            for order in self._cache.orders(strategy_id=self._only)
            for event in order.events
            if isinstance(event, OrderFilled)
        ]
        values = [self._instrument.notional_value(fill.last_qty, fill.last_px) for fill in fills]
        currency = self._instrument.get_cost_currency()
        end = self._clock.timestamp_ns()
        still_held = [(begin, end) for begin in self._open.values()]
        return Trading(
            currency=currency.code,
            fills=len(fills),
            traded_value=(
                math.fsum(value.as_double() for value in values)
                if all(value.currency == currency for value in values)  # a quanto's are not
                else None
            ),
            exposed_seconds=covered_ns([*self._held, *still_held]) / 1e9,
            closed=len(self._pnls),
            won=sum(pnl > 0 for pnl in self._pnls),
            gross_profit=math.fsum(pnl for pnl in self._pnls if pnl > 0),
            gross_loss=-math.fsum(pnl for pnl in self._pnls if pnl < 0) or 0.0,  # no -0.0
        )


def covered_ns(spans: list[tuple[int, int]]) -> int:
    """Time that is inside of one span (begin, end) or more."""
    covered, until = 0, 0
    for begin, end in sorted(spans):
        covered += max(0, end - max(begin, until))
        until = max(until, end)
    return covered
