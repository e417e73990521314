"""Strategies side by side in one engine: each must be what it would be alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import pytest
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.orders import Order

from backend.catalog_manager import CatalogManager
from backend.engine_bench import EngineBench
from backend.engine_setup import account_currency, build_engine, release
from backend.models import BacktestRequest, unix_ns
from backend.reporting import EquityCurve, report
from backend.settings import Settings
from backend.sharing.portion import Portion, Portions
from backend.simulation import replay, simulate
from backend.tick_source import Ticks
from nautilus_instrumentation import current_session

Requests = Callable[..., BacktestRequest]
LOGGING = LoggingConfig(bypass_logging=True)
VENUE_S_OWN = {"init_id", "venue_order_id", "last_trade_id", "trade_ids", "event_id", "trade_id"}
"""Random, or numbered by the venue, which numbers the orders of all strategies in one row."""

CROSS = [
    {"fast_ema_period": 2, "slow_ema_period": 3},
    {"fast_ema_period": 3, "slow_ema_period": 9},
    {"fast_ema_period": 2, "slow_ema_period": 3},  # the same again: both trade at the same times
    {"fast_ema_period": 1, "slow_ema_period": 2, "trade_notional": 5e6},  # beyond the best price
]


@pytest.fixture
def catalog(settings: Settings) -> CatalogManager:
    return CatalogManager(settings)


@pytest.fixture
def bench() -> Iterator[EngineBench]:
    bench = EngineBench()
    yield bench
    bench.scrap()


def order_of(order: Order, place: int) -> dict[str, Any]:
    """The order and its events, with the ids of a strategy that is alone."""
    dicts = [order.to_dict(), *(type(event).to_dict(event) for event in order.events)]
    kept = [{name: one[name] for name in one if name not in VENUE_S_OWN} for one in dicts]
    text = json.dumps(kept, default=str, sort_keys=True)
    name = order.strategy_id.value.removesuffix(f"{place:03}")
    text = text.replace(f"{name}{place:03}", f"{name}000")
    return {"order": text.replace(f"-001-{place:03}-", "-001-000-")}  # 001: the trader


def alone(catalog: CatalogManager, request: BacktestRequest, ticks: list[Any]) -> dict[str, Any]:
    """The run in an engine of its own."""
    instrument = catalog.instrument(request.instrument_id)
    engine = build_engine(request, instrument, LOGGING)
    try:
        currency = account_currency(request, instrument)
        curve = EquityCurve(engine, instrument, currency, window_of(request))
        with current_session().backtests.run(strategy="x", window="1h") as scope:
            simulate(engine, Ticks(len(ticks), "catalog", iter([ticks])), 20_000, scope, ignore)
        orders = sorted(engine.cache.orders(), key=lambda order: (order.ts_init, str(order)))
        return {
            "orders": sorted(order_of(order, 0)["order"] for order in orders),
            "events": engine.kernel.exec_engine.event_count, "ticks": engine.iteration,
            "report": asdict(report(engine, instrument.id.venue, curve)),
        }  # fmt: skip
    finally:
        release(engine)


def ignore(_: int) -> None:
    """Nobody watches."""


def together(
    bench: EngineBench, catalog: CatalogManager, requests: list[BacktestRequest], ticks: list[Any]
) -> list[tuple[Portion, dict[str, Any]]]:
    """All runs in one engine, with what each came to."""
    instrument = catalog.instrument(requests[0].instrument_id)
    currency = account_currency(requests[0], instrument)
    engine = bench.take_for(requests, instrument, ticks, LOGGING)
    parts = Portions(engine, instrument, currency)
    with current_session().backtests.run(strategy="x", window="1h") as scope:
        replay(engine, ticks, 20_000, scope, ignore)
    portions = parts.take()
    bench.put_back()
    return [
        (portion, {
            "orders": sorted(order_of(order, place)["order"] for order in portion.orders),
            "events": portion.events, "ticks": portion.data_points,
            "report": asdict(
                portion.report(engine.portfolio.analyzer, currency, window_of(requests[place]))
            ),
        })
        for place, portion in enumerate(portions)
    ]  # fmt: skip


def window_of(request: BacktestRequest) -> tuple[int, int]:
    return unix_ns(request.start), unix_ns(request.end)


def ticks_of(catalog: CatalogManager, request: BacktestRequest) -> list[Any]:
    return catalog.query(request.instrument_id, request.kind, *window_of(request))


@pytest.mark.parametrize("interval", ["10s", "1m", "tick"])
@pytest.mark.parametrize("instrument", ["fx", "perpetual"])
@pytest.mark.parametrize("kind", ["quote", "trade"])
def test_strategies_in_one_engine_do_what_they_do_alone(
    catalog: CatalogManager, bench: EngineBench, make_request: Requests, tick_catalog: Any,
    kind: str, instrument: str, interval: str,
) -> None:  # fmt: skip
    """Orders with their events, positions, PnL, statistics, curve and trading are the same."""
    name = getattr(tick_catalog, instrument)
    requests = [
        make_request(
            "ema_cross", 2 if interval == "tick" else 10, kind=kind, instrument_id=name,
            params={**params, "interval": interval},
        )
        for params in CROSS
    ]  # fmt: skip
    ticks = ticks_of(catalog, requests[0])
    for _ in range(2):  # a second time in the engine that was reset
        found = together(bench, catalog, requests, ticks)
        for request, (portion, one) in zip(requests, found, strict=True):
            wanted = alone(catalog, request, ticks)
            assert not portion.trouble
            assert wanted["orders"]
            assert one == wanted
