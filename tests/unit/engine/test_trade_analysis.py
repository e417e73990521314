"""The analyzer that gathers trades tells what NautilusTrader's own does."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from nautilus_trader.analysis import PortfolioAnalyzer, ProfitFactor, WinRate
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.currencies import EUR, USD
from nautilus_trader.model.identifiers import PositionId
from nautilus_trader.model.objects import Money

from backend.catalog_manager import CatalogManager
from backend.engine_setup import build_engine, release
from backend.models import BacktestRequest
from backend.settings import Settings
from backend.trade_analysis import RECORDS, TradeAnalyzer, gather_trades

TICKS = 1_000
"""Some hundreds of trades come of them."""
POSITIONS = st.builds(
    lambda number, amount, currency, last, closed, gain: SimpleNamespace(
        id=PositionId(f"P-{number}"),
        realized_pnl=Money(amount, currency),
        ts_last=last,
        ts_closed=closed,
        realized_return=gain,
    ),
    number=st.integers(1, 6),
    amount=st.integers(-500, 500),
    currency=st.sampled_from([USD, EUR]),
    last=st.integers(0, 3),
    closed=st.sampled_from([0, 10**9, 2 * 10**9, 2 * 10**9 + 1]),
    gain=st.floats(-1, 1),
)


def told(analyzer: PortfolioAnalyzer) -> dict[str, Any]:
    """Its series by name, and what its statistics make of them."""
    names = ("returns", "position_returns") if RECORDS else ("returns",)
    series = {name: getattr(analyzer, name)() for name in names}
    for currency in (USD, EUR):
        series[f"pnls {currency}"] = analyzer.realized_pnls(currency)
    return series


def pair() -> tuple[PortfolioAnalyzer, PortfolioAnalyzer]:
    """NautilusTrader's own, and ours."""
    plain, ours = PortfolioAnalyzer(), PortfolioAnalyzer()
    for analyzer in (plain, ours):
        analyzer.register_statistic(WinRate())
        analyzer.register_statistic(ProfitFactor())
    gather_trades(ours)
    return plain, ours


def assert_same(plain: PortfolioAnalyzer, ours: PortfolioAnalyzer) -> None:
    expected, found = told(plain), told(ours)
    for name, series in expected.items():
        if series is None:
            assert found[name] is None, name
        else:
            pd.testing.assert_series_equal(found[name], series, obj=name)


@hypothesis_settings(max_examples=50)
@given(st.lists(POSITIONS, max_size=12), st.lists(POSITIONS, max_size=4))
@example([], [])
def test_positions_come_to_the_same_series(positions: list[Any], more: list[Any]) -> None:
    """Of any order, several at a time, under one id, in two currencies; also when some follow."""
    plain, ours = pair()
    for analyzer in (plain, ours):
        analyzer.add_positions(positions)
    assert_same(plain, ours)
    for analyzer in (plain, ours):
        analyzer.add_positions(more)
    assert_same(plain, ours)


@pytest.mark.skipif(not RECORDS, reason="this NautilusTrader records no trades")
@hypothesis_settings(max_examples=50)
@given(st.lists(st.tuples(st.booleans(), POSITIONS), max_size=12), st.lists(POSITIONS, max_size=6))
def test_trades_of_the_running_engine_come_to_the_same(
    recorded: list[tuple[bool, Any]], positions: list[Any]
) -> None:
    """With and without a time, and looked at in between; a reset forgets them."""
    plain, ours = pair()
    for look, one in recorded:
        for analyzer in (plain, ours):
            analyzer.record_trade(one.id, one.realized_pnl, one.ts_last or None)
        if look:
            assert_same(plain, ours)
    for analyzer in (plain, ours):
        analyzer.add_positions(positions)
    assert_same(plain, ours)
    for analyzer in (plain, ours):
        analyzer.record_trade(PositionId("P-1"), Money(1, USD))
        analyzer.reset()
    assert_same(plain, ours)


def test_a_run_tells_the_same(
    settings: Settings, make_request: Callable[..., BacktestRequest]
) -> None:
    """Of an engine with hundreds of trades, by the statistics of its report."""
    request = make_request(
        "ema_cross", params={"fast_ema_period": 2, "slow_ema_period": 3, "interval": "tick"}
    )
    catalog = CatalogManager(settings)
    instrument = catalog.instrument(request.instrument_id)
    engine = build_engine(request, instrument, LoggingConfig(bypass_logging=True))
    assert isinstance(engine.portfolio.analyzer, TradeAnalyzer)
    engine.add_data(catalog.query(request.instrument_id, "quote", 0, 2**62)[:TICKS])
    engine.run()
    engine.end()
    positions = engine.cache.positions() + engine.cache.position_snapshots()
    account = engine.cache.account_for_venue(instrument.id.venue)
    ours = engine.portfolio.analyzer
    plain = PortfolioAnalyzer()
    for statistic in ours._statistics.values():
        plain.register_statistic(statistic)
    if RECORDS:
        for name in ("_recorded_realized_pnls", "_recorded_realized_pnl_timestamps"):
            assert not getattr(ours, name), "NautilusTrader reads what is gathered here"
        for trade in ours.__dict__["_gathered"]:
            plain.record_trade(PositionId(trade[0]), *trade[1:])
    for analyzer in (plain, ours):
        analyzer.calculate_statistics(account, positions)
    assert len(positions) > 100
    assert_same(plain, ours)
    for name in ("get_performance_stats_returns", "get_performance_stats_general"):
        assert numbers(getattr(ours, name)()) == numbers(getattr(plain, name)())
    assert numbers(ours.get_performance_stats_pnls(USD)) == numbers(
        plain.get_performance_stats_pnls(USD)
    )
    release(engine)


def numbers(found: dict[str, Any]) -> dict[str, str]:
    """Comparable, where some are no numbers at all."""
    return {
        name: "nan" if isinstance(value, float) and math.isnan(value) else repr(value)
        for name, value in found.items()
    }
