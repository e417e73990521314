"""What a finished engine tells of its run: PnL, statistics, equity curve."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.model.identifiers import Venue

CURVE_POINTS = 1_000
"""Points of an equity curve at most; more would not show on a screen."""


@dataclass(frozen=True)
class RunReport:
    """The figures of one run that come from its account."""

    positions: int = 0
    """With those that were closed and opened again under the same id."""
    pnl: dict[str, float] = field(default_factory=dict)
    statistics: dict[str, Any] = field(default_factory=dict)
    equity_curve: list[tuple[int, float]] = field(default_factory=list)


def report(engine: BacktestEngine, venue: Venue) -> RunReport:
    """The report after `engine.end()`. The account's currency comes first in `pnl`."""
    account = engine.cache.account_for_venue(venue)
    starting = account.starting_balances()
    currencies = sorted(account.currencies(), key=lambda currency: currency not in starting)
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
        equity_curve=_equity_curve(account, currencies[0]),
    )


def thinned(curve: list[tuple[int, float]], most: int = CURVE_POINTS) -> list[tuple[int, float]]:
    """At most `most` points, first and last kept, the rest evenly spread."""
    if len(curve) <= most:
        return curve
    step = (len(curve) - 1) / (most - 1)
    return [curve[round(index * step)] for index in range(most)]


def _equity_curve(account: Any, currency: Any) -> list[tuple[int, float]]:
    """Balance of the account's currency wherever it changed; open positions not counted."""
    curve: list[tuple[int, float]] = []
    for state in account.events:
        for balance in state.balances:
            if balance.currency == currency:
                total = balance.total.as_double()
                if not curve or curve[-1][1] != total:
                    curve.append((state.ts_event, total))
    return thinned(curve)


def _numbers(statistics: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _number(value) if isinstance(value, float) else value
        for name, value in statistics.items()
    }


def _number(value: float) -> float | None:
    """JSON has no NaN and no infinity."""
    return value if math.isfinite(value) else None
