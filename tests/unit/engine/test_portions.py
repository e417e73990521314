"""Strategies side by side in one engine: each must be what it would be alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.orders import Order

from backend.catalog_manager import CatalogManager
from backend.data_converter import Converter
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
ROOT = Path(__file__).resolve().parents[3]
RAW = ROOT.parent / "shared" / "data" / "raw_tick_data"
DESCRIPTION = ROOT / "tests" / "data" / "shared_datasets.toml"
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
def catalog(request: pytest.FixtureRequest) -> CatalogManager:
    return CatalogManager(request.getfixturevalue("settings"))


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


@st.composite
def sets_of_one_interval(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Two to five sets that may share: any periods and sizes, the same bars."""
    interval = draw(st.sampled_from(["10s", "30s", "1m"]))

    def one() -> dict[str, Any]:
        fast = draw(st.integers(1, 8))
        return {
            "interval": interval, "fast_ema_period": fast,
            "slow_ema_period": fast + draw(st.integers(1, 8)),
            "trade_notional": draw(st.sampled_from([2e3, 1e4, 3e6])),
        }  # fmt: skip

    return [one() for _ in range(draw(st.integers(2, 5)))]


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(sets=sets_of_one_interval(), kind=st.sampled_from(["quote", "trade"]), data=st.data())
def test_any_sets_in_one_engine_do_what_they_do_alone(
    catalog: CatalogManager, bench: EngineBench, make_request: Requests, tick_catalog: Any,
    sets: list[dict[str, Any]], kind: str, data: st.DataObject,
) -> None:  # fmt: skip
    """Whatever their parameters; those that say so are not taken."""
    name = data.draw(st.sampled_from([tick_catalog.fx, tick_catalog.perpetual]))
    requests = [
        make_request("ema_cross", 5, kind=kind, instrument_id=name, params=params)
        for params in sets
    ]
    same(catalog, bench, requests)


def same(catalog: CatalogManager, bench: EngineBench, requests: list[BacktestRequest]) -> None:
    ticks = ticks_of(catalog, requests[0])
    found = together(bench, catalog, requests, ticks)
    for request, (portion, one) in zip(requests, found, strict=True):
        assert portion.trouble or one == alone(catalog, request, ticks)
    assert not all(portion.trouble for portion, _ in found)


REAL = [
    ("EUR/USD.FXCM", "quote", "2014-05-08T12:00", "fxcm_EURUSD_quotes"),
    ("EUR/USD.OANDA", "quote", "2014-05-08T12:00", "oanda_EURUSD_quotes"),
    ("BTCUSDT-PERP.BINANCE", "trade", "2024-08-08T23:00", "binance-usdm_BTCUSDT_trades"),
]


@pytest.mark.skipif(not RAW.is_dir(), reason="the shared ticks are not here")
@pytest.mark.parametrize(("instrument_id", "kind", "start", "name"), REAL)
def test_a_real_hour_gives_what_separate_runs_give(
    tmp_path: Path, bench: EngineBench, instrument_id: str, kind: str, start: str, name: str
) -> None:
    """Ticks of brokers and exchanges, with bursts, pauses and equal prices."""
    settings = Settings(
        raw_tick_dir=RAW, datasets_file=DESCRIPTION, catalog_dir=tmp_path / "catalog",
        results_dir=tmp_path / "results",
    )  # fmt: skip
    begin = datetime.fromisoformat(start).replace(tzinfo=UTC)
    path = next(str(each.relative_to(RAW)) for each in sorted(
        RAW.glob(f"by_date/day-{begin:%Y-%m-%d}/**/{name}.parquet")))  # fmt: skip
    done = Converter(settings, current_session()).convert_day(begin.date(), [path.split("/", 2)[2]])
    assert not done.failed
    catalog = CatalogManager(settings)
    held = ticks_of(catalog, _hour(instrument_id, kind, begin, {}))
    assert len(held) > 1_000
    same(
        catalog,
        bench,
        [_hour(instrument_id, kind, begin, params | {"interval": "10s"}) for params in CROSS[:3]],
    )


def _hour(
    instrument_id: str, kind: str, begin: datetime, params: dict[str, Any]
) -> BacktestRequest:
    return BacktestRequest.model_validate({
        "instrument_id": instrument_id, "kind": kind, "start": begin,
        "end": begin + timedelta(hours=1), "strategy": "ema_cross", "params": params,
    })  # fmt: skip
