"""What a run records of its fills and positions, against NautilusTrader's own reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from nautilus_trader.analysis import ReportProvider
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import LoggingConfig

from backend.backtest_engine import execute_backtest
from backend.catalog_manager import CatalogManager
from backend.engine_setup import account_currency, build_engine, release
from backend.evaluation.performance import evaluate
from backend.models import BacktestRequest, Trading, unix_ns
from backend.reporting import EquityCurve, RunReport, report
from backend.settings import Settings
from backend.trading import covered_ns

RUNS = [
    ("ema_cross", {"fast_ema_period": 2, "slow_ema_period": 3}),
    ("ema_cross", {"fast_ema_period": 20, "slow_ema_period": 50, "interval": "tick"}),
    ("market_maker", {"half_spread_bps": 0.1, "requote_ticks": 1, "min_quote_life": 0}),
]


@pytest.fixture
def engine_of(settings: Settings) -> Iterator[Callable[..., tuple[BacktestEngine, RunReport]]]:
    """Runs a request; gives its engine, ended, and the report."""
    engines = []

    def run(request: BacktestRequest) -> tuple[BacktestEngine, RunReport]:
        catalog = CatalogManager(settings)
        instrument = catalog.instrument(request.instrument_id)
        engine = build_engine(request, instrument, LoggingConfig(bypass_logging=True))
        engines.append(engine)
        curve = EquityCurve(engine, instrument, account_currency(request, instrument))
        window = unix_ns(request.start), unix_ns(request.end)
        engine.add_data(catalog.query(request.instrument_id, request.kind, *window))
        engine.run()
        return engine, report(engine, instrument.id.venue, curve)

    yield run
    for engine in engines:
        release(engine)


def traded(run: RunReport) -> Trading:
    assert run.trading is not None
    return run.trading


@pytest.mark.parametrize("instrument", ["fx", "perpetual"])
@pytest.mark.parametrize(("strategy", "params"), RUNS)
def test_the_record_is_what_the_fills_tell(
    engine_of: Any, make_request: Any, tick_catalog: Any,
    strategy: str, params: dict[str, Any], instrument: str,
) -> None:  # fmt: skip
    """Value, trades and time in the market, replayed from NautilusTrader's report of fills."""
    name = getattr(tick_catalog, instrument)
    engine, run = engine_of(make_request(strategy, 10, instrument_id=name, params=params))
    found = traded(run)
    fills = ReportProvider.generate_fills_report(engine.cache.orders())
    fills = fills.sort_values("ts_event", kind="stable")
    quantity = fills["last_qty"].astype(float)
    value = (quantity * fills["last_px"].astype(float)).sum()
    assert found.fills == len(fills) > 1
    assert found.traded_value == pytest.approx(value, rel=1e-4)  # amounts are rounded to cents
    signed = quantity.where(fills["order_side"] == "BUY", -quantity)
    held = np.sign(signed.cumsum().round(6)).to_numpy()
    before = np.concatenate([[0.0], held[:-1]])
    assert found.closed == ((before != 0) & (held != before)).sum()
    times = pd.to_datetime(fills["ts_event"], utc=True).astype("datetime64[ns, UTC]").astype(int)
    spans = np.diff([*times, engine.kernel.clock.timestamp_ns()])
    assert found.exposed_seconds == pytest.approx(spans[held != 0].sum() / 1e9)


def test_trades_sum_up_to_the_change_of_the_balance(engine_of: Any, make_request: Any) -> None:
    """Also one that a fill ended that began the next: the cache of 1.221 does not know it."""
    request = make_request("market_maker", 10, params=RUNS[2][1])
    engine, run = engine_of(request)
    found = traded(run)
    assert not engine.cache.positions_open()
    assert found.closed == 3 >= len(engine.cache.positions() + engine.cache.position_snapshots())
    assert found.gross_profit - found.gross_loss == pytest.approx(run.pnl["USD"], abs=0.02)
    assert found.won == 1


def test_the_win_rate_of_a_run_is_nautilus_trader_s(make_request: Any, make_context: Any) -> None:
    """Where no position is open at the end, both count the same trades."""
    params = {"fast_ema_period": 2, "slow_ema_period": 3}
    result, _ = execute_backtest(make_request("ema_cross", 30, params=params), make_context())
    assert result.trading is not None
    assert result.trading.closed == result.positions > 5
    theirs = result.statistics["pnls"]["USD"]["Win Rate"]
    assert evaluate(result).performance.win_rate == pytest.approx(theirs)


def test_an_idle_run_has_traded_nothing(engine_of: Any, make_request: Any) -> None:
    """Zeros, not an absent record."""
    _, run = engine_of(make_request("idle", 5))
    assert run.trading == Trading(
        currency="USD", fills=0, traded_value=0.0, exposed_seconds=0.0, closed=0, won=0,
        gross_profit=0.0, gross_loss=0.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("spans", "covered"),
    [([], 0), ([(5, 8)], 3), ([(5, 8), (8, 9)], 4), ([(5, 8), (6, 7)], 3), ([(6, 9), (5, 8)], 4),
     ([(1, 2), (5, 6)], 2), ([(1, 9), (2, 3), (4, 8)], 8)],
)  # fmt: skip
def test_time_in_the_market_counts_once(spans: list[tuple[int, int]], covered: int) -> None:
    """However many positions are open at a time."""
    assert covered_ns(spans) == covered
