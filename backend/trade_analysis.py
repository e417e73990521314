"""NautilusTrader's analyzer of a portfolio, at a cost in proportion to the number of trades.

It copies its pandas series with every trade, so that their cost grows with the square of their
number: 3,000 take 1.231 over 20 s. Here trades are gathered, and the series are made once. What is
told is the same. Measured by `benchmarks.trades`.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from nautilus_trader.analysis import PortfolioAnalyzer
from nautilus_trader.core.datetime import unix_nanos_to_dt
from nautilus_trader.model.identifiers import PositionId
from nautilus_trader.model.objects import Currency, Money
from nautilus_trader.model.position import Position

RECORDS = hasattr(PortfolioAnalyzer, "record_trade")
"""Whether trades are recorded while the engine runs, and series keep each by id and time. 1.221 has
them from positions alone, by id."""


class TradeAnalyzer(PortfolioAnalyzer):  # type: ignore[misc]  # it is untyped
    """Takes the place of an engine's own analyzer (`gather_trades`)."""

    def reset(self) -> None:
        self.__dict__.pop("_gathered", None)
        super().reset()

    def add_positions(self, positions: list[Position]) -> None:
        """Trades and returns of positions; of those without any PnL as the original has it."""
        if len(self._realized_pnls) or len(self._own_returns()):
            super().add_positions(positions)
            return
        self._positions += positions
        counted = [one for one in positions if not RECORDS or one.realized_pnl is not None]
        trades = [(one.id.value, one.realized_pnl, one.ts_last) for one in counted]
        self._realized_pnls, timestamps = _series(trades)
        closed = [one for one in counted if not RECORDS or one.ts_closed > 0]
        returns = _returns(closed)
        if RECORDS:
            self._realized_pnl_timestamps = timestamps
            self._position_returns = returns
            self._sync_returns_alias()
        else:
            self._returns = returns

    def record_trade(
        self, position_id: PositionId, realized_pnl: Money, ts_event: int | None = None
    ) -> None:
        """A trade of the running engine, kept aside until somebody asks. Of use where RECORDS."""
        self.__dict__.setdefault("_gathered", []).append(
            (position_id.value, realized_pnl, ts_event)
        )

    def realized_pnls(self, currency: Currency | None = None) -> pd.Series | None:
        gathered = self.__dict__.pop("_gathered", None)
        if gathered:
            pnls, timestamps = _series(gathered)
            _extend(self._recorded_realized_pnls, pnls)
            _extend(self._recorded_realized_pnl_timestamps, timestamps)
        return super().realized_pnls(currency)

    def _own_returns(self) -> pd.Series:
        return self._position_returns if RECORDS else self._returns


def gather_trades(analyzer: PortfolioAnalyzer) -> None:
    """Make an engine's analyzer one of this kind; what is registered with it stays.

    By its class, since engines do not let their analyzer be replaced.
    """
    analyzer.__class__ = TradeAnalyzer


def give_back(analyzer: PortfolioAnalyzer) -> None:
    """Leave the analyzer of an engine that is over as it came, and empty: 1.221 keeps it."""
    analyzer.reset()
    analyzer._positions = []  # which its own reset() forgets (1.221)
    analyzer.__class__ = PortfolioAnalyzer


Trade = tuple[str, Money, int | None]


def _series(
    trades: list[Trade],
) -> tuple[dict[Currency, pd.Series], dict[Currency, pd.Series]]:
    """PnLs, and times in Unix ns, by currency and in order, each by the id of its position."""
    found: dict[Currency, list[Trade]] = {}
    for trade in trades:
        found.setdefault(trade[1].currency, []).append(trade)
    pnls, timestamps = {}, {}
    for currency, those in found.items():
        if not RECORDS:  # the last one of an id counts, in the place of the first
            those = list({trade[0]: trade for trade in those}.values())
        ids = [position_id for position_id, _, _ in those]
        amounts = [pnl.as_double() for _, pnl, _ in those]
        times = [None if ts is None else int(ts) for _, _, ts in those]
        pnls[currency] = pd.Series(amounts, index=ids, dtype="float64")
        timestamps[currency] = pd.Series(times, index=ids, dtype=object)
    return pnls, timestamps


def _returns(positions: list[Position]) -> pd.Series:
    """Summed where several closed at the same time."""
    sums: dict[Any, float] = {}
    for position in positions:
        closed = unix_nanos_to_dt(position.ts_closed)
        sums[closed] = sums.get(closed, 0.0) + float(position.realized_return)
    if not sums:
        return pd.Series(dtype="float64")
    return pd.Series(list(sums.values()), index=list(sums), dtype="float64")


def _extend(known: dict[Currency, pd.Series], more: dict[Currency, pd.Series]) -> None:
    for currency, series in more.items():
        known[currency] = pd.concat([known[currency], series]) if currency in known else series
