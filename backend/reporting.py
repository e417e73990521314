"""What a finished engine tells of its run: PnL, statistics, equity curve."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from nautilus_trader.accounting.accounts.base import Account
from nautilus_trader.analysis import PortfolioAnalyzer
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.model.enums import AccountType
from nautilus_trader.model.events import AccountState
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Currency, Money
from nautilus_trader.model.position import Position

from backend.evaluation.curve import deepest_fall, points_of_returns
from backend.models import Trading
from backend.trading import TradeLog

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
    The window (Unix ns) is what the run's figures will be of.
    """

    def __init__(
        self,
        engine: BacktestEngine,
        instrument: Instrument,
        currency: Currency,
        window: tuple[int, int] | None = None,
    ) -> None:
        self.points: list[tuple[int, float]] = []
        self.currency = currency
        self.window = window
        self._instrument = instrument
        self._cache = engine.cache
        self.trades = TradeLog(engine, instrument)
        # By name: an engine that has run before would not match a pattern (1.221).
        account = f"{instrument.id.venue}-001"  # as NautilusTrader names a simulated venue's
        engine.kernel.msgbus.subscribe(f"events.account.{account}", self._changed)

    def _changed(self, state: AccountState) -> None:
        totals = {b.currency: b.total.as_double() for b in state.balances}
        equity = totals.get(self.currency, 0.0)
        base = self._instrument.base_currency
        if state.account_type == AccountType.CASH and base in totals and base != self.currency:
            equity += totals[base] * self._price()
        if not self.points or self.points[-1][1] != equity:
            self.points.append((state.ts_event, equity))

    def _price(self) -> float:
        quote = self._cache.quote_tick(self._instrument.id)
        if quote is not None:
            return (quote.bid_price.as_double() + quote.ask_price.as_double()) / 2
        trade = self._cache.trade_tick(self._instrument.id)
        if trade is not None:
            return trade.price.as_double()
        for bar_type in self._cache.bar_types(self._instrument.id):
            return self._cache.bar(bar_type).close.as_double()
        return 0.0


def report(engine: BacktestEngine, venue: Venue, curve: EquityCurve) -> RunReport:
    """The report after `engine.end()`. The account's currency comes first in `pnl`."""
    account = engine.cache.account_for_venue(venue)
    open_pnl = engine.portfolio.unrealized_pnls(venue) if account.is_margin_account else {}
    positions = engine.cache.positions() + engine.cache.position_snapshots()
    return report_of(
        engine.portfolio.analyzer, account, positions, curve.currency, curve.points, curve.window,
        curve.trades.record(), open_pnl,
    )  # fmt: skip


def report_of(
    analyzer: PortfolioAnalyzer,
    account: Account,
    positions: list[Position],
    currency: Currency,
    points: list[tuple[int, float]],
    window: tuple[int, int] | None,
    trading: Trading,
    open_pnl: Mapping[Currency, Money],
) -> RunReport:
    """The report of what these come to; `open_pnl` is that of positions still open."""
    currencies = sorted(account.currencies(), key=lambda one: one != currency)
    analyzer.calculate_statistics(account, positions)
    return RunReport(
        positions=len(positions),
        pnl={c.code: _number(analyzer.total_pnl(c, open_pnl.get(c))) or 0.0 for c in currencies},
        statistics={
            "pnls": {c.code: _numbers(analyzer.get_performance_stats_pnls(c)) for c in currencies},
            "returns": _numbers(analyzer.get_performance_stats_returns()),
            "general": _numbers(analyzer.get_performance_stats_general()),
        },
        equity_curve=kept(points, window),
        trading=trading,
    )


def kept(
    curve: list[tuple[int, float]], window: tuple[int, int] | None = None
) -> list[tuple[int, float]]:
    """The curve, thinned, with the points that its figures need: they stay what they were.

    Those are both ends of the deepest fall and, with the window (Unix ns), the ends of periods,
    unless these are so many that nothing would be left to draw between them.
    """
    if len(curve) <= CURVE_POINTS:
        return curve
    needed = set(deepest_fall([equity for _, equity in curve]))
    ends = points_of_returns(curve, *window) if window else set()
    if len(ends) <= CURVE_POINTS // 2:
        needed |= ends
    needed.update(thinned(range(len(curve)), CURVE_POINTS - len(needed)))
    return [curve[place] for place in sorted(needed)]


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
