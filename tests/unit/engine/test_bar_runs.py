"""Backtests over bars: from raw ticks to results."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from backend.backtest_engine import execute_backtest
from backend.context import JobContext
from backend.errors import Invalid
from backend.models import BacktestRequest, BacktestResult
from backend.settings import Settings
from backend.strategies import registry

START = datetime(2024, 1, 2, tzinfo=UTC)
MINUTES = 240
DATASETS = """
[[dataset]]
match = "*.parquet"
kind = "quote"
instrument_id = "EUR/USD.SIM"
instrument = "currency_pair"
quote_currency = "USD"
price_precision = 5
size_precision = 0
bars = ["1-MINUTE-MID", "5-MINUTE-MID", "1-MINUTE-BID"]
columns = { ts_event = "ts", bid_price = "bid", ask_price = "ask" }
defaults = { bid_size = "10000000", ask_size = "10000000" }
time = { unit = "ns" }
"""
QUICK = {"fast_ema_period": 2, "slow_ema_period": 4, "trade_size": 1_000.0}

Run = Callable[..., BacktestResult]


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four hours of quotes, one a second."""
    folder = tmp_path_factory.mktemp("raw")
    day = folder / "by_date" / "day-2024-01-02"
    day.mkdir(parents=True)
    times = int(START.timestamp()) * 10**9 + np.arange(MINUTES * 60) * 10**9
    steps = np.random.default_rng(3).choice([-3, 0, 3], len(times))
    bid = np.round(1.1 + np.cumsum(steps) * 1e-5, 5)
    table = pa.table({"ts": times, "bid": bid, "ask": np.round(bid + 4e-5, 5)})
    pq.write_table(table, day / "quotes.parquet")
    (folder / "datasets.toml").write_text(DATASETS)
    return folder


@pytest.fixture
def run(
    raw: Path, settings: Settings, make_context: Callable[..., JobContext], tmp_path: Path
) -> Run:
    """Runs over a catalog of this test alone, which is empty at first."""
    own = settings.model_copy(update={"raw_tick_dir": raw, "catalog_dir": tmp_path / "catalog"})

    def run(strategy: str = "ema_cross", n: int = 1, **fields: Any) -> BacktestResult:
        values = {
            "instrument_id": "EUR/USD.SIM", "kind": "bar", "bar_type": "1-MINUTE-MID",
            "start": START, "end": START + timedelta(minutes=MINUTES), "strategy": strategy,
        }  # fmt: skip
        sweep = fields.pop("sweep_id", None)
        request = BacktestRequest.model_validate(values | fields)
        result, _ = execute_backtest(request, make_context(n, settings=own, sweep_id=sweep))
        return result

    return run


def traded(result: BacktestResult) -> tuple[Any, ...]:
    assert result.error is None, result.error
    return result.orders, result.positions, result.pnl, result.trading, result.equity_curve


def test_a_window_of_bars_is_converted_and_run(run: Run) -> None:
    """One data point for each bar; orders are filled at its prices."""
    result = run(params=QUICK)
    assert result.data_points == MINUTES
    assert {"convert", "query", "run"} <= set(result.stages)
    assert result.trading is not None
    assert (result.orders > 20, result.trading.fills) == (True, result.orders)
    assert result.cache_source == "catalog"
    again = run(n=2, params=QUICK)
    assert again.cache_source == "memory"
    assert traded(again) == traded(result)


@pytest.mark.parametrize("interval", ["tick", "10s", "1m"])
def test_bars_that_are_long_enough_are_taken_one_by_one(run: Run, interval: str) -> None:
    """An interval of their length or less asks for each of them."""
    assert traded(run(params={**QUICK, "interval": interval})) == traded(run(n=2, params=QUICK))


def test_longer_intervals_are_made_of_the_bars(run: Run) -> None:
    """Five minutes made of one-minute bars trade as five-minute bars do."""
    made = run(params={**QUICK, "interval": "5m"})
    given = run(n=2, bar_type="5-MINUTE-MID", params=QUICK)
    assert (made.data_points, given.data_points) == (MINUTES, MINUTES / 5)
    assert made.orders > 5
    assert (made.orders, made.pnl) == (given.orders, given.pnl)
    assert [equity for _, equity in made.equity_curve] == [e for _, e in given.equity_curve]


def test_a_sweep_over_bars_is_as_separate_runs(run: Run) -> None:
    """The engine that is reset between the runs gives the same orders and PnL."""
    sets = [{**QUICK, "interval": "5m"}, QUICK, {**QUICK, "interval": "15m"}, QUICK]
    alone = [run(n=place, params=params) for place, params in enumerate(sets)]
    swept = [run(n=place + 10, params=p, sweep_id="sweep-1") for place, p in enumerate(sets)]
    assert [traded(result) for result in swept] == [traded(result) for result in alone]


@pytest.mark.parametrize("bar_type", ["1-MINUTE-BID", "5-MINUTE-MID"])
@pytest.mark.parametrize("strategy", ["idle", "faulty"])
def test_what_places_no_orders_runs_on_every_bar(run: Run, strategy: str, bar_type: str) -> None:
    """Each bar counts as a tick; the one that fails is not done."""
    params = {} if strategy == "idle" else {"fail_after_ticks": 7}
    result = run(strategy, bar_type=bar_type, params=params)
    if strategy == "idle":
        assert result.error is None
    else:
        assert result.error is not None
        assert (result.error.type, result.data_points) == ("ValueError", 6)


@pytest.mark.parametrize(
    ("strategy", "bar_type", "field", "hint"),
    [
        ("market_maker", "1-MINUTE-MID", "kind", "ema_cross, idle, faulty"),
        ("ema_cross", "1-MINUTE-BID", "bar_type", "MID or LAST"),
    ],
)
def test_what_cannot_run_on_bars_says_so(
    strategy: str, bar_type: str, field: str, hint: str
) -> None:
    """Before the work, naming the field and what could stand there."""
    with pytest.raises(Invalid, match="cannot run on") as refused:
        registry.check_bars(strategy, bar_type)
    assert refused.value.field == field
    assert hint in str(refused.value.hint)
