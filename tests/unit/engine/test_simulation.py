"""Feeding an engine in chunks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from nautilus_trader.config import LoggingConfig

from backend.catalog_manager import CatalogManager
from backend.engine_setup import account_currency, build_engine
from backend.models import BacktestRequest, unix_ns
from backend.reporting import EquityCurve, RunReport, report
from backend.settings import Settings
from backend.simulation import chunks, simulate
from backend.tick_source import Ticks
from nautilus_instrumentation import current_session

STRATEGIES = [
    ("ema_cross", {"fast_ema_period": 3, "slow_ema_period": 5}),
    ("ema_cross", {"fast_ema_period": 20, "slow_ema_period": 50, "interval": "tick"}),
    ("ema_cross", {"fast_ema_period": 3, "slow_ema_period": 5, "interval": "10s"}),
    ("market_maker", {}),
    ("idle", {}),
]


@dataclass(frozen=True)
class Tick:
    """As much of a tick as parting a list needs."""

    ts_init: int


def lists(*times: list[int]) -> Iterator[list[Tick]]:
    return iter([[Tick(time) for time in part] for part in times])


def parted(size: int, *times: list[int]) -> list[list[int]]:
    return [[tick.ts_init for tick in part] for part in chunks(lists(*times), size)]


def test_chunks_hold_every_tick_once() -> None:
    """Lists are cut to size, in order, and never joined."""
    assert parted(2, [1, 2, 3, 4, 5], [6]) == [[1, 2], [3, 4], [5], [6]]


def test_equal_times_stay_together() -> None:
    """A chunk ends only where time moves on."""
    assert parted(2, [1, 2, 2, 2, 3]) == [[1, 2, 2, 2], [3]]


@pytest.fixture
def ticks_of(settings: Settings) -> Callable[[BacktestRequest], list[Any]]:
    catalog = CatalogManager(settings)

    def read(request: BacktestRequest) -> list[Any]:
        window = unix_ns(request.start), unix_ns(request.end)
        return catalog.query(request.instrument_id, request.kind, *window)

    return read


def outcome(
    request: BacktestRequest, settings: Settings, run: Callable[[Any], None]
) -> tuple[RunReport, list[dict[str, Any]], int]:
    """Report, all orders with all their events, and data points of a run."""
    instrument = CatalogManager(settings).instrument(request.instrument_id)
    engine = build_engine(request, instrument, LoggingConfig(bypass_logging=True))
    curve = EquityCurve(engine, instrument, account_currency(request, instrument))
    try:
        run(engine)
        orders = [order.to_dict() for order in engine.cache.orders()]
        for order in orders:
            order.pop("init_id")  # random
        return report(engine, instrument.id.venue, curve), orders, engine.iteration
    finally:
        engine.dispose()


@pytest.mark.parametrize("kind", ["quote", "trade"])
@pytest.mark.parametrize(("strategy", "params"), STRATEGIES)
@pytest.mark.parametrize("size", [1_000, 777])
def test_chunks_change_no_order_and_no_pnl(
    settings: Settings, make_request: Callable[..., BacktestRequest], ticks_of: Any,
    strategy: str, params: dict[str, Any], kind: str, size: int,
) -> None:  # fmt: skip
    """A run in chunks, cut on the minute or anywhere, equals a run of everything at once."""
    request = make_request(strategy, 10, kind=kind, params=params)
    ticks = ticks_of(request)

    def at_once(engine: Any) -> None:
        engine.add_data(ticks)
        engine.run()

    def in_chunks(engine: Any) -> None:
        source = Ticks(len(ticks), "catalog", iter([ticks]))
        with current_session().backtests.run(strategy=strategy, window="1h") as scope:
            simulate(engine, source, size, scope, lambda _: None)

    whole = outcome(request, settings, at_once)
    parts = outcome(request, settings, in_chunks)
    assert (strategy == "idle") == (whole[1] == [])
    assert parts[1] == whole[1]
    assert parts[0].equity_curve == whole[0].equity_curve
    assert parts[0].pnl == whole[0].pnl
    assert parts[2] == whole[2] == len(ticks)
