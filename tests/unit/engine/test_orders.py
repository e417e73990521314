"""The orders of a run, against the engine's cache and NautilusTrader's own reports."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from nautilus_trader.config import LoggingConfig

from backend import backtest_engine
from backend.backtest_engine import execute_backtest, workshop
from backend.catalog_manager import CatalogManager
from backend.engine_setup import account_currency, build_engine, release
from backend.models import unix_ns
from backend.orders.models import OrderRow
from backend.orders.record import record
from backend.reporting import EquityCurve
from backend.result_store import ResultStore
from backend.settings import Settings
from nautilus_instrumentation import current_session

MAKER = {"half_spread_bps": 0.1, "requote_ticks": 1, "min_quote_life": 0}
CROSSING = {"fast_ema_period": 2, "slow_ema_period": 3}


@pytest.fixture(autouse=True)
def _no_engine_left(settings: Settings) -> Iterator[None]:
    """Engines of sweeps are kept by the worker, which is this process."""
    yield
    workshop(settings, current_session()).bench.scrap()


def kept(settings: Settings, run_id: str = "run-1") -> dict[str, Any]:
    store = ResultStore(settings.results_dir)
    try:
        table: dict[str, Any] = json.loads(store.orders(run_id, 0, 10_000))
    finally:
        store.close()
    return table


def rows(table: dict[str, Any]) -> list[OrderRow]:
    return [OrderRow(*row) for row in table["rows"]]


@pytest.mark.parametrize("sweep_id", [None, "sweep-1"])
def test_a_run_keeps_its_orders(
    settings: Settings, make_request: Any, make_context: Any, sweep_id: str | None
) -> None:
    """All of them, in the order of their making, with what their trades realized."""
    request = make_request("ema_cross", 30, params=CROSSING)
    result, _ = execute_backtest(request, make_context(sweep_id=sweep_id))
    table = kept(settings)
    orders = rows(table)
    assert table["total"] == table["kept"] == len(orders) == result.orders > 5
    assert [order.created_ns for order in orders] == sorted(order.created_ns for order in orders)
    assert {order.status for order in orders} == {"FILLED"}
    assert sum(order.pnl or 0.0 for order in orders) == pytest.approx(result.pnl["USD"], abs=0.02)
    assert table["note"] is None


def test_runs_on_one_engine_keep_their_own_orders(
    settings: Settings, make_request: Any, make_context: Any
) -> None:
    """The second run of a sweep has nothing of the first."""
    request = make_request("ema_cross", 30, params=CROSSING)
    execute_backtest(request, make_context(1, sweep_id="sweep-1"))
    execute_backtest(request, make_context(2, sweep_id="sweep-1"))
    assert rows(kept(settings, "run-2")) == rows(kept(settings, "run-1"))


def test_orders_are_what_the_engine_has(settings: Settings, make_request: Any) -> None:
    """Side, sizes, prices, times, commissions and states, order by order."""
    request = make_request("market_maker", 10, params=MAKER)
    catalog = CatalogManager(settings)
    instrument = catalog.instrument(request.instrument_id)
    engine = build_engine(request, instrument, LoggingConfig(bypass_logging=True))
    try:
        curve = EquityCurve(engine, instrument, account_currency(request, instrument))
        window = unix_ns(request.start), unix_ns(request.end)
        engine.add_data(catalog.query(request.instrument_id, request.kind, *window))
        engine.run()
        made = sorted(engine.cache.orders(), key=lambda order: -order.ts_init)
        log = record(made, instrument, curve.trades.pnl_by_order)
        theirs = {order.client_order_id.value: order.to_dict() for order in engine.cache.orders()}
    finally:
        release(engine)
    assert log.about == {"currency": "USD", "price_precision": 5, "size_precision": 0}
    assert {row.order_id for row in log.rows} == set(theirs)
    assert [row.created_ns for row in log.rows] == sorted(row.created_ns for row in log.rows)
    assert {row.status for row in log.rows} >= {"FILLED", "CANCELED"}
    for row in log.rows:
        order = theirs[row.order_id]
        assert (row.side, row.type, row.status) == (order["side"], order["type"], order["status"])
        assert row.time_in_force == order["time_in_force"]
        assert (row.quantity, row.filled) == (float(order["quantity"]), float(order["filled_qty"]))
        assert row.price == (float(order["price"]) if "price" in order else None)
        assert row.created_ns == order["ts_init"]
        if row.filled:
            assert row.average_price == pytest.approx(float(order["avg_px"]))
            assert order["commissions"] == [f"{row.commission:.2f} {row.commission_currency}"]
            assert row.filled_ns is not None
            assert row.filled_ns >= row.created_ns
        else:
            assert (row.average_price, row.commission, row.filled_ns) == (None, None, None)
    assert any(row.pnl is not None for row in log.rows)


def test_of_too_many_orders_those_with_fills_are_kept(
    settings: Settings, make_request: Any
) -> None:
    """Then the earliest of the others; what is kept stays in order, and is said to be a part."""
    request = make_request("market_maker", 10, params=MAKER)
    catalog = CatalogManager(settings)
    instrument = catalog.instrument(request.instrument_id)
    engine = build_engine(request, instrument, LoggingConfig(bypass_logging=True))
    try:
        window = unix_ns(request.start), unix_ns(request.end)
        engine.add_data(catalog.query(request.instrument_id, request.kind, *window))
        engine.run()
        whole = record(engine.cache.orders(), instrument, {}).rows
        filled = [row for row in whole if row.filled]
        part = record(engine.cache.orders(), instrument, {}, most=len(filled) + 2)
    finally:
        release(engine)
    others = [row for row in whole if not row.filled]
    assert part.total == len(whole) > len(part.rows)
    assert part.rows == [row for row in whole if row in filled or row in others[:2]]


def test_orders_that_cannot_be_taken_hide_no_failure(
    make_request: Any, make_context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the strategy raised is what people must see."""

    def odd(*_: Any) -> Any:
        raise KeyError("no such order")

    monkeypatch.setattr(backtest_engine, "record", odd)
    result, _ = execute_backtest(make_request("faulty", 30), make_context())
    assert result.error is not None
    assert result.error.type == "ValueError"


def test_a_run_that_failed_keeps_its_orders(
    settings: Settings, make_request: Any, make_context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may tell why it failed."""
    from backend.strategies.ema_cross import EmaCross

    def fail(self: Any, event: Any) -> None:
        raise ValueError("closed for the day")

    monkeypatch.setattr(EmaCross, "on_position_closed", fail, raising=False)
    result, _ = execute_backtest(make_request("ema_cross", 30, params=CROSSING), make_context())
    assert result.status == "error"
    assert len(kept(settings)["rows"]) == result.orders > 0


def test_a_run_without_orders_leaves_no_file(
    settings: Settings, make_request: Any, make_context: Any
) -> None:
    """Its table is empty, and nothing is missing from it."""
    execute_backtest(make_request("idle", 5), make_context())
    table = kept(settings)
    assert (table["total"], table["kept"], table["rows"], table["note"]) == (0, 0, [], None)
    assert not (settings.results_dir / "orders").exists()
