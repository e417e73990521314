"""What a finished engine tells of its run: PnL, statistics, equity curve."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.model.enums import AccountType
from nautilus_trader.model.events import AccountState
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Currency
from nautilus_trader.model.position import Position

from backend.evaluation.curve import deepest_fall
from backend.models import Trading

CURVE_POINTS = 1_000
"""Points of an equity curve at most; more would not show on a screen."""

T = TypeVar("T")


@dataclass(frozen=True)
class RunReport:
    """The figures of one run that come from its account."""

    positions: int = 0
    """With those that were closed and opened again under the same id."""
    pnl: dict[str, float] = field(default_factory=dict)
    statistics: dict[str, Any] = field(default_factory=dict)
    equity_curve: list[tuple[int, float]] = field(default_factory=list)
    trading: Trading | None = None


class EquityCurve:
    """Follows the account through a run: (Unix ns, equity in `currency`) wherever it changed.

    It listens, because states that the account keeps are changed by later commissions. Coins on a
    cash account count at the price of their time; open positions on a margin account do not count.
    """

    def __init__(self, engine: BacktestEngine, instrument: Instrument, currency: Currency) -> None:
        self.points: list[tuple[int, float]] = []
        self.currency = currency
        self.instrument = instrument
        self._cache = engine.cache
        engine.kernel.msgbus.subscribe("events.account.*", self._changed)

    def _changed(self, state: AccountState) -> None:
        totals = {b.currency: b.total.as_double() for b in state.balances}
        equity = totals.get(self.currency, 0.0)
        base = self.instrument.base_currency
        if state.account_type == AccountType.CASH and base in totals and base != self.currency:
            equity += totals[base] * self._price()
        if not self.points or self.points[-1][1] != equity:
            self.points.append((state.ts_event, equity))

    def _price(self) -> float:
        quote = self._cache.quote_tick(self.instrument.id)
        if quote is not None:
            return (quote.bid_price.as_double() + quote.ask_price.as_double()) / 2
        trade = self._cache.trade_tick(self.instrument.id)
        return trade.price.as_double() if trade is not None else 0.0


def report(engine: BacktestEngine, venue: Venue, curve: EquityCurve) -> RunReport:
    """The report after `engine.end()`. The account's currency comes first in `pnl`."""
    account = engine.cache.account_for_venue(venue)
    currencies = sorted(account.currencies(), key=lambda currency: currency != curve.currency)
    open_pnl = engine.portfolio.unrealized_pnls(venue) if account.is_margin_account else {}
    positions = engine.cache.positions() + engine.cache.position_snapshots()
    analyzer = engine.portfolio.analyzer
    analyzer.calculate_statistics(account, positions)
    return RunReport(
        positions=len(positions),
        pnl={c.code: _number(analyzer.total_pnl(c, open_pnl.get(c))) or 0.0 for c in currencies},
        statistics={
            "pnls": {c.code: _numbers(analyzer.get_performance_stats_pnls(c)) for c in currencies},
            "returns": _numbers(analyzer.get_performance_stats_returns()),
            "general": _numbers(analyzer.get_performance_stats_general()),
        },
        equity_curve=kept(curve.points),
        trading=trading(positions, curve.instrument, engine.kernel.clock.timestamp_ns()),
    )


def trading(positions: list[Position], instrument: Instrument, end_ns: int) -> Trading:
    """Sums over the fills and positions of a run that ended at `end_ns` (Unix ns).

    `positions` are those of the cache and the snapshots of those that were opened again.
    """
    currency = instrument.get_cost_currency()
    fills = [fill for position in positions for fill in position.events]
    values = [instrument.notional_value(fill.last_qty, fill.last_px) for fill in fills]
    trades = [position for position in positions if position.is_closed]
    pnls = [position.realized_pnl.as_double() for position in trades]
    held = [(p.ts_opened, p.ts_closed if p.is_closed else end_ns) for p in positions]
    return Trading(
        currency=currency.code,
        fills=len(fills),
        traded_value=(
            math.fsum(value.as_double() for value in values)
            if all(value.currency == currency for value in values)  # a quanto's are not
            else None
        ),
        exposed_seconds=covered_ns(held) / 1e9,
        closed=len(trades),
        won=sum(pnl > 0 for pnl in pnls),
        gross_profit=math.fsum(pnl for pnl in pnls if pnl > 0),
        gross_loss=-math.fsum(pnl for pnl in pnls if pnl < 0) or 0.0,  # no -0.0
    )


def covered_ns(spans: list[tuple[int, int]]) -> int:
    """Time that is inside of one span (begin, end) or more."""
    covered, until = 0, 0
    for begin, end in sorted(spans):
        covered += max(0, end - max(begin, until))
        until = max(until, end)
    return covered


def kept(curve: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """The curve, thinned, with both ends of its deepest fall: the drawdown stays what it was."""
    if len(curve) <= CURVE_POINTS:
        return curve
    ends = deepest_fall([equity for _, equity in curve])
    places = {*ends, *thinned(range(len(curve)), CURVE_POINTS - len(ends))}
    return [curve[place] for place in sorted(places)]


def thinned(curve: Sequence[T], most: int = CURVE_POINTS) -> Sequence[T]:
    """At most `most` points, first and last kept, the rest evenly spread."""
    if len(curve) <= most:
        return curve
    step = (len(curve) - 1) / (most - 1)
    return [curve[round(index * step)] for index in range(most)]


def _numbers(statistics: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _number(value) if isinstance(value, float) else value
        for name, value in statistics.items()
    }


def _number(value: float) -> float | None:
    """JSON has no NaN and no infinity."""
    return value if math.isfinite(value) else None
