"""One backtest from request to stored result."""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nautilus_trader
import psutil
import pytest
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.model.orders import Order

from backend import result_store
from backend.backtest_engine import execute_backtest, workshop
from backend.context import JobContext
from backend.models import BacktestRequest, BacktestResult
from backend.result_store import ResultStore
from backend.settings import Settings
from backend.strategies import faulty, registry
from backend.strategies.common import TickStrategy
from backend.strategies.spec import StrategyParams, StrategySpec
from nautilus_instrumentation import attributes, metrics

Requests = Callable[..., BacktestRequest]
Contexts = Callable[..., JobContext]

TEN_MINUTES = {
    "idle": ({}, 0, 0),
    "ema_cross": ({"fast_ema_period": 2, "slow_ema_period": 3}, 1, 20),
    "market_maker": ({}, 500, 3_000),
}
"""Strategy: parameters, fewest and most orders in ten minutes of the small catalog."""


def stored(settings: Settings, run_id: str = "run-1") -> BacktestResult:
    store = ResultStore(settings.results_dir)
    try:
        return store.get(run_id)
    finally:
        store.close()


@pytest.mark.parametrize("instrument", ["fx", "spot", "perpetual"])
@pytest.mark.parametrize("kind", ["quote", "trade"])
@pytest.mark.parametrize("strategy", sorted(TEN_MINUTES))
def test_every_strategy_runs_on_every_instrument(
    tick_catalog: Any, make_request: Requests, make_context: Contexts,
    strategy: str, kind: str, instrument: str,
) -> None:  # fmt: skip
    """Quotes and trades of a currency pair, a spot coin and a perpetual all give a good result."""
    params, fewest, most = TEN_MINUTES[strategy]
    name = getattr(tick_catalog, instrument)
    request = make_request(strategy, 10, instrument_id=name, kind=kind, params=params)
    result, _ = execute_backtest(request, make_context())
    assert result.error is None
    assert result.data_points == tick_catalog.rows // 6 + 1
    assert fewest <= result.orders <= most
    assert list(result.pnl) == ["USD" if instrument == "fx" else "USDT"]


def test_trades_alone_fill_limit_orders(
    tick_catalog: Any, make_request: Requests, make_context: Contexts
) -> None:
    """Without quotes, a market maker still trades."""
    request = make_request("market_maker", 10, kind="trade", instrument_id=tick_catalog.spot)
    result, _ = execute_backtest(request, make_context())
    assert result.positions > 0


def test_five_minutes_hold_hundreds_of_quotes_of_a_market_maker(
    make_request: Requests, make_context: Contexts
) -> None:
    """A short window is a load of orders too."""
    result, _ = execute_backtest(make_request("market_maker", minutes=5), make_context())
    assert result.orders >= 300


def test_the_result_is_stored_as_returned(
    settings: Settings, make_request: Requests, make_context: Contexts
) -> None:
    """The file holds all that the run told, under its run id."""
    result, _ = execute_backtest(make_request("ema_cross"), make_context())
    assert stored(settings) == result
    assert (result.run_id, result.job_id, result.trace_id) == ("run-1", "job-1", f"{1:032x}")
    assert result.window == "1h"
    assert result.versions["nautilus_trader"] == nautilus_trader.__version__


def test_stages_and_rates_are_measured(make_request: Requests, make_context: Contexts) -> None:
    """The stages that ran have their seconds, and the rate is over the stage `run`."""
    result, carried = execute_backtest(make_request(), make_context())
    assert {"query", "build", "load", "run", "report"} <= set(result.stages)
    assert set(result.stages) <= set(metrics.STAGES)
    assert result.data_points_per_second == result.data_points / result.stages["run"]
    assert sum(result.stages.values()) <= result.duration_seconds
    assert result.peak_memory_bytes > 0
    assert carried[attributes.stage_seconds("persist")] > 0
    assert carried[attributes.DATA_POINTS] == result.data_points
    assert carried[attributes.STATUS] == "ok"


def test_the_equity_curve_leads_from_the_balance_to_the_pnl(
    make_request: Requests, make_context: Contexts
) -> None:
    """It begins with the starting balance and ends where PnL says."""
    request = make_request("ema_cross", starting_balances=["500000 USD"])
    result, _ = execute_backtest(request, make_context())
    (first_ns, first), (last_ns, last) = result.equity_curve[0], result.equity_curve[-1]
    assert first == 500_000.0
    assert last == pytest.approx(500_000.0 + result.pnl["USD"])
    assert result.pnl["USD"] != 0.0
    assert first_ns < last_ns


def test_coins_on_a_cash_account_count_as_equity(
    tick_catalog: Any, make_request: Requests, make_context: Contexts
) -> None:
    """Buying a coin moves money into it; equity stays about the same."""
    request = make_request(
        "ema_cross", instrument_id=tick_catalog.spot, venue={"account_type": "CASH"}
    )
    result, _ = execute_backtest(request, make_context())
    assert result.orders > 0
    assert min(equity for _, equity in result.equity_curve) > 999_000.0


def test_a_stored_result_is_plain_json(
    settings: Settings, make_request: Requests, make_context: Contexts
) -> None:
    """Statistics that are not numbers become null, whatever parser reads them."""
    execute_backtest(make_request("ema_cross"), make_context())

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} in JSON")

    text = (settings.results_dir / "run-1.json").read_text()
    statistics = json.loads(text, parse_constant=refuse)["statistics"]
    assert set(statistics) == {"pnls", "returns", "general"}
    assert None in statistics["returns"].values()


def test_progress_moves_without_a_python_callback(
    make_request: Requests, make_context: Contexts
) -> None:
    """An idle strategy's run is seen to move, up to the last data point."""
    context = make_context()
    execute_backtest(make_request("idle", chunk_size=1_000), context)
    seen = [call for call in context.progress.calls if call[0] == "run"]  # type: ignore[attr-defined]
    points = [data_points for _, _, data_points in seen]
    assert points[0] == 0
    assert points[-1] == 12_000
    assert points == sorted(points)
    assert len(set(points)) == 13
    assert [fraction for _, fraction, _ in seen] == [count / 12_000 for count in points]


def test_stages_are_announced_in_order(make_request: Requests, make_context: Contexts) -> None:
    """Whoever watches the job sees what it is doing."""
    context = make_context()
    execute_backtest(make_request(), context)
    calls: list[str] = [call[0] for call in context.progress.calls]  # type: ignore[attr-defined]
    assert list(dict.fromkeys(calls)) == ["query", "build", "run", "report", "persist"]


def test_a_second_run_takes_its_ticks_from_memory(
    make_request: Requests, make_context: Contexts
) -> None:
    """The worker keeps decoded ticks, for every window within those it has seen."""
    sources = [
        execute_backtest(make_request(minutes=minutes), make_context(n))[0].cache_source
        for n, minutes in enumerate((30, 30, 60, 10))
    ]
    assert sources == ["catalog", "memory", "catalog", "memory"]


def test_ticks_beyond_the_memory_budget_stream(
    settings: Settings, make_request: Requests, make_context: Contexts
) -> None:
    """A window that must not be held at once gives the same orders and PnL in slices."""
    whole, _ = execute_backtest(make_request("ema_cross"), make_context(1))
    tight = settings.model_copy(update={"worker_memory_limit": 3_000 * 200 * 4})
    parts, _ = execute_backtest(make_request("ema_cross"), make_context(2, settings=tight))
    again, _ = execute_backtest(make_request("ema_cross"), make_context(3, settings=tight))
    assert (parts.data_points, parts.orders) == (whole.data_points, whole.orders)
    assert (parts.pnl, parts.equity_curve) == (whole.pnl, whole.equity_curve)
    assert (parts.cache_source, again.cache_source) == ("catalog", "catalog")


REFUSED = [
    ({"strategy": "no_such"}, "Invalid", "no_such"),
    ({"strategy": "ema_cross", "params": {"fast_ema_period": "ten"}}, "Invalid", "fast_ema_period"),
    ({"instrument_id": "XAU/USD.SIM"}, "NotFound", "XAU/USD.SIM.*BTCUSDT"),
    ({"start": "2020-01-01T00:00", "end": "2020-01-02T00:00"}, "Invalid", "2026-01-05"),
    ({"starting_balances": ["1000 ZZZ"]}, "Invalid", "ZZZ"),
    ({"starting_balances": ["5 USD", "6 USD"]}, "Invalid", "twice"),
    ({"starting_balances": ["5 EUR"]}, "Invalid", "no USD"),
    ({"starting_balances": ["99999999999999999999999 USD"]}, "Invalid", "too large"),
    (
        {"starting_balances": ["5 USD", "5 EUR"], "venue": {"base_currency": "USD"}},
        "Invalid",
        "one",
    ),
    ({"venue": {"base_currency": "ZZZ"}}, "Invalid", "ZZZ"),
    (
        {"instrument_id": "BTCUSDT-PERP.BINANCE", "venue": {"account_type": "CASH"}},
        "Invalid",
        "CASH",
    ),
    ({"strategy": "ema_cross", "params": {"trade_size": 1e-9}}, "Invalid", "trade_size"),
]


@pytest.mark.parametrize(("fields", "error", "message"), REFUSED)
def test_what_cannot_run_leaves_a_result_that_says_why(
    settings: Settings, make_request: Requests, make_context: Contexts,
    fields: dict[str, Any], error: str, message: str,
) -> None:  # fmt: skip
    """Bad requests end as stored errors that name the thing."""
    result, carried = execute_backtest(make_request(**fields), make_context())
    assert result.status == "error"
    assert result.error is not None
    assert result.error.type == error
    assert re.search(message, result.error.message)
    assert carried[attributes.STATUS] == "error"
    assert stored(settings) == result


def test_a_strategy_that_fails_leaves_what_it_did(
    settings: Settings, make_request: Requests, make_context: Contexts
) -> None:
    """The error of a callback is stored with its stack, the stage and the work until then."""
    request = make_request("faulty", params={"fail_after_ticks": 50, "message": "boom"})
    result, carried = execute_backtest(request, make_context())
    assert result.error is not None
    assert (result.error.type, result.error.message) == ("ValueError", "boom")
    assert "faulty.py" in result.error.stacktrace
    assert result.last_stage == "run"
    assert result.data_points == 49
    assert carried[attributes.LAST_STAGE] == "persist"
    assert stored(settings) == result


def test_a_strategy_can_fill_memory_before_it_fails(
    make_request: Requests, make_context: Contexts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As much as asked for is resident while it waits for somebody to notice; then it fails."""
    resident: list[int] = []
    monkeypatch.setattr(
        faulty.time, "sleep", lambda _: resident.append(psutil.Process().memory_info().rss)
    )
    params = {"fail_after_ticks": 1, "fill_memory_mib": 512, "message": "boom"}
    result, _ = execute_backtest(make_request("faulty", params=params), make_context())
    assert result.error is not None
    assert result.error.message == "boom"
    assert resident[-1] - resident[0] > 400 * 2**20


def test_a_worker_goes_on_after_a_failure(make_request: Requests, make_context: Contexts) -> None:
    """The run after a failed one is not touched by it."""
    before, _ = execute_backtest(make_request("ema_cross"), make_context(1))
    execute_backtest(make_request("faulty"), make_context(2))
    after, _ = execute_backtest(make_request("ema_cross"), make_context(3))
    assert (after.orders, after.pnl) == (before.orders, before.pnl)


def engines() -> set[int]:
    gc.collect()
    return {id(one) for one in gc.get_objects() if isinstance(one, BacktestEngine)}


@pytest.mark.skipif(nautilus_trader.__version__ == "1.221.0", reason="1.221 keeps every engine")
@pytest.mark.parametrize("strategy", ["ema_cross", "faulty"])
def test_no_engine_is_left_behind(
    make_request: Requests, make_context: Contexts, strategy: str
) -> None:
    """Good or bad, a run's engine can be collected."""
    before = engines()  # that other tests' workers keep for their sweeps
    execute_backtest(make_request(strategy), make_context())
    assert engines() <= before


def test_no_orders_are_left_behind(make_request: Requests, make_context: Contexts) -> None:
    """Even 1.221, which keeps the engine, lets go of what filled it."""

    def orders() -> int:
        gc.collect()
        return sum(isinstance(one, Order) for one in gc.get_objects())

    before = orders()
    result, _ = execute_backtest(make_request("market_maker", 10), make_context())
    assert result.orders > 500
    assert orders() - before < 10


def test_a_result_that_cannot_be_stored_raises(
    settings: Settings, make_request: Requests, make_context: Contexts,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Where even the error cannot be written, the parent must hear of it."""

    def full(self: ResultStore, *_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(ResultStore, "save", full)
    with pytest.raises(OSError, match="No space"):
        execute_backtest(make_request(), make_context())


def test_throughput_is_reported_once_enough_runs_are_alike(
    make_request: Requests, make_context: Contexts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fourth run of a kind is compared with the three before it."""
    monkeypatch.setattr(result_store, "PACE_SECONDS", 0.0)
    context = make_context()
    told: list[tuple[str, str, float]] = []
    monkeypatch.setattr(
        context.session.backtests, "throughput", lambda *values: told.append(values)
    )
    for n in range(4):
        execute_backtest(make_request(), make_context(n))
    ((strategy, window, ratio),) = told
    assert (strategy, window) == ("idle", "1h")
    assert ratio > 0


def offer(monkeypatch: pytest.MonkeyPatch, on_price: Callable[[Any, float, int], None]) -> None:
    """Offer the strategy `own`, which does that with each price."""

    class Own(TickStrategy):
        def on_start(self) -> None:
            self.subscribe_ticks()

    Own.on_price = on_price  # type: ignore[method-assign]
    spec = StrategySpec(
        "own", "", StrategyParams, lambda: lambda instrument, kind, _: Own(instrument, kind)
    )
    offered = {**registry.specs(), "own": spec}
    monkeypatch.setattr(registry, "specs", lambda: offered)


def test_a_message_that_is_no_text_can_be_stored(
    settings: Settings, make_request: Requests, make_context: Contexts,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A strategy's error with broken characters does not lose the result."""

    def fail(self: Any, price: float, ts_init: int) -> None:
        raise ValueError("bad \udc80 name")

    offer(monkeypatch, fail)
    result, _ = execute_backtest(make_request("own"), make_context())
    assert result.error is not None
    assert result.error.message == "bad ? name"
    assert stored(settings) == result


def test_a_strategy_that_stops_the_run_is_no_success(
    make_request: Requests, make_context: Contexts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What did not see all of its data says so."""

    def stop(self: Any, price: float, ts_init: int) -> None:
        self.shutdown_system("enough")

    offer(monkeypatch, stop)
    result, _ = execute_backtest(make_request("own", chunk_size=1_000), make_context())
    assert result.error is not None
    assert result.error.type == "StrategyStopped"
    assert 1 <= result.data_points <= 1_000


def test_tools_are_made_once_in_a_process(settings: Settings, make_context: Contexts) -> None:
    """Runs with the same settings share the cache of ticks."""
    context = make_context()
    assert workshop(settings, context.session) is workshop(settings, context.session)
    assert Path(settings.results_dir).is_dir()
