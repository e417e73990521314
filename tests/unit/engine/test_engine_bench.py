"""Runs of a sweep share an engine; each must be what it would be in an engine of its own."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest
from nautilus_trader.config import LoggingConfig
from nautilus_trader.indicators import SimpleMovingAverage
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import OrderSide, PriceType

from backend.catalog_manager import CatalogManager
from backend.engine_bench import EngineBench
from backend.engine_setup import account_currency, build_engine, release
from backend.errors import Invalid
from backend.models import BacktestRequest, unix_ns
from backend.reporting import EquityCurve, report
from backend.settings import Settings
from backend.simulation import replay, simulate
from backend.strategies import registry
from backend.strategies.common import TickStrategy
from backend.strategies.spec import StrategyParams, StrategySpec
from backend.tick_source import Ticks
from nautilus_instrumentation import current_session

Requests = Callable[..., BacktestRequest]
LOGGING = LoggingConfig(bypass_logging=True)


class AverageParams(StrategyParams):
    """Period of the averages."""

    period: int = 5


class Averages(TickStrategy):
    """Has the engine feed its indicators, of bars and of ticks, and trades by them."""

    def __init__(self, instrument: Any, kind: Any, params: AverageParams) -> None:
        super().__init__(instrument, kind)
        self.of_bars = SimpleMovingAverage(params.period)
        price = PriceType.MID if kind == "quote" else PriceType.LAST
        self.of_ticks = SimpleMovingAverage(10 * params.period, price)

    def on_start(self) -> None:
        self.bars = BarType.from_str(
            f"{self.instrument.id}-10-SECOND-{'MID' if self.kind == 'quote' else 'LAST'}-INTERNAL"
        )
        self.register_indicator_for_bars(self.bars, self.of_bars)
        if self.kind == "quote":
            self.register_indicator_for_quote_ticks(self.instrument.id, self.of_ticks)
        else:
            self.register_indicator_for_trade_ticks(self.instrument.id, self.of_ticks)
        self.subscribe_bars(self.bars)
        self.subscribe_ticks()

    def on_bar(self, bar: Any) -> None:
        if self.indicators_initialized():
            rising = self.of_ticks.value > self.of_bars.value
            side = OrderSide.BUY if rising else OrderSide.SELL
            size = self.instrument.make_qty(1_000 if self.instrument.size_precision == 0 else 0.01)
            self.submit_order(self.order_factory.market(self.instrument.id, side, size))


SETS: list[tuple[str, dict[str, Any]]] = [
    ("ema_cross", {"fast_ema_period": 3, "slow_ema_period": 5}),
    ("ema_cross", {"fast_ema_period": 20, "slow_ema_period": 50, "interval": "tick"}),
    ("ema_cross", {"fast_ema_period": 2, "slow_ema_period": 7, "interval": "10s"}),
    ("market_maker", {}),
    ("market_maker", {"half_spread_bps": 0.1, "min_quote_life": 2.0}),
    ("averages", {"period": 3}),
    ("averages", {"period": 8}),
    ("idle", {}),
]


@pytest.fixture(autouse=True)
def averages(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = StrategySpec("averages", "Trades by indicators.", AverageParams, lambda: Averages)
    known = {**registry.specs(), "averages": spec}
    monkeypatch.setattr(registry, "specs", lambda: known)


@pytest.fixture
def catalog(settings: Settings) -> CatalogManager:
    return CatalogManager(settings)


def ticks_of(catalog: CatalogManager, request: BacktestRequest) -> list[Any]:
    window = unix_ns(request.start), unix_ns(request.end)
    return catalog.query(request.instrument_id, request.kind, *window)


def figures(engine: Any, curve: EquityCurve) -> dict[str, Any]:
    """Everything that a run leaves."""
    orders = [order.to_dict() for order in engine.cache.orders()]
    for order in orders:
        order.pop("init_id")  # random
    events = [
        [(type(event).__name__, event.ts_event) for event in order.events]
        for order in engine.cache.orders()
    ]
    (venue,) = engine.list_venues()
    return {
        "orders": orders, "events": events, "counted": engine.kernel.exec_engine.event_count,
        "iterations": engine.iteration, "report": asdict(report(engine, venue, curve)),
    }  # fmt: skip


def alone(catalog: CatalogManager, request: BacktestRequest, ticks: list[Any]) -> dict[str, Any]:
    """The run in an engine of its own."""
    instrument = catalog.instrument(request.instrument_id)
    engine = build_engine(request, instrument, LOGGING)
    try:
        curve = EquityCurve(engine, instrument, account_currency(request, instrument))
        with current_session().backtests.run(strategy="x", window="1h") as scope:
            source = Ticks(len(ticks), "catalog", iter([ticks]))
            simulate(engine, source, 20_000, scope, lambda _: None)
        return figures(engine, curve)
    finally:
        release(engine)


def shared(
    bench: EngineBench, catalog: CatalogManager, request: BacktestRequest, ticks: list[Any],
    chunk: int = 20_000,
) -> dict[str, Any]:  # fmt: skip
    """The run in the engine that others use too."""
    instrument = catalog.instrument(request.instrument_id)
    engine = bench.take(request, instrument, ticks, LOGGING)
    curve = EquityCurve(engine, instrument, account_currency(request, instrument))
    with current_session().backtests.run(strategy="x", window="1h") as scope:
        replay(engine, ticks, chunk, scope, lambda _: None)
    found = figures(engine, curve)
    bench.put_back()
    return found


@pytest.mark.parametrize("instrument", ["fx", "perpetual"])
@pytest.mark.parametrize("kind", ["quote", "trade"])
def test_a_shared_engine_changes_nothing(
    catalog: CatalogManager, make_request: Requests, tick_catalog: Any, kind: str, instrument: str
) -> None:
    """Orders, fills, PnL, statistics and curve are those of separate runs, in any order of sets."""
    name = getattr(tick_catalog, instrument)
    requests = [
        make_request(strategy, 10, params=params, kind=kind, instrument_id=name)
        for strategy, params in SETS
    ]
    ticks = ticks_of(catalog, requests[0])
    wanted = [alone(catalog, request, ticks) for request in requests]
    assert sum(bool(one["orders"]) for one in wanted) == len(SETS) - 1  # all but the idle one
    places = list(range(len(SETS))) * 2
    random.Random(f"{kind} {instrument}").shuffle(places)
    bench = EngineBench()
    for place in places:
        assert shared(bench, catalog, requests[place], ticks) == wanted[place], SETS[place]
    bench.scrap()


def test_parts_change_nothing(catalog: CatalogManager, make_request: Requests) -> None:
    """A replay that stops to look up, wherever it does, equals one that does not."""
    request = make_request("averages", 10)
    ticks = ticks_of(catalog, request)
    bench = EngineBench()
    whole, parts = (shared(bench, catalog, request, ticks, chunk) for chunk in (10**6, 333))
    bench.scrap()
    assert parts == whole


def test_nothing_of_a_run_stays_subscribed(catalog: CatalogManager, make_request: Requests) -> None:
    """Strategies and bar aggregators that are gone would still be called with every tick."""
    bench, counts = EngineBench(), []
    ticks = ticks_of(catalog, make_request())
    for strategy, params in SETS[:4]:
        request = make_request(strategy, params=params)
        engine = bench.take(request, catalog.instrument(request.instrument_id), ticks, LOGGING)
        counts.append(len(engine.kernel.msgbus.subscriptions("data.*")))
        engine.run()
        bench.put_back()
        counts.append(len(engine.kernel.msgbus.subscriptions("data.*")))
    assert len(set(counts)) == 1
    bench.scrap()


def test_one_engine_serves_all_sets(catalog: CatalogManager, make_request: Requests) -> None:
    """Parameters and strategies change; the engine and its data stay."""
    bench, engines = EngineBench(), []
    request = make_request()
    ticks, instrument = ticks_of(catalog, request), catalog.instrument(request.instrument_id)
    for strategy in ("idle", "market_maker", "idle"):
        engines.append(bench.take(make_request(strategy), instrument, ticks, LOGGING))
        bench.put_back()
    assert all(engine is engines[0] for engine in engines)
    bench.scrap()


@pytest.mark.parametrize("change", ["ticks", "venue", "balances"])
def test_another_market_gets_another_engine(
    catalog: CatalogManager, make_request: Requests, change: str
) -> None:
    """An engine is used again only for the same data, venue and balances."""
    bench, request = EngineBench(), make_request()
    ticks, instrument = ticks_of(catalog, request), catalog.instrument(request.instrument_id)
    first = bench.take(request, instrument, ticks, LOGGING)
    bench.put_back()
    if change == "ticks":
        ticks = list(ticks)
    else:
        fields = {"venue": {"oms_type": "HEDGING"}, "balances": ["5 USD"]}
        name = "starting_balances" if change == "balances" else "venue"
        request = make_request(**{name: fields[change]})
    assert bench.take(request, instrument, ticks, LOGGING) is not first
    bench.scrap()


def test_an_engine_for_several_is_not_used_for_one(
    catalog: CatalogManager, make_request: Requests
) -> None:
    """Its venue does not hold orders to reducing a position."""
    bench, request = EngineBench(), make_request()
    ticks, instrument = ticks_of(catalog, request), catalog.instrument(request.instrument_id)
    several = bench.take_for([request, request], instrument, ticks, LOGGING)
    bench.put_back()
    assert bench.take_for([request, request], instrument, ticks, LOGGING) is several
    bench.put_back()
    assert bench.take(request, instrument, ticks, LOGGING) is not several
    bench.scrap()


def test_a_bad_set_leaves_the_engine_alone(catalog: CatalogManager, make_request: Requests) -> None:
    """Parameters that the strategy refuses cost no engine."""
    bench, good = EngineBench(), make_request()
    ticks, instrument = ticks_of(catalog, good), catalog.instrument(good.instrument_id)
    first = bench.take(good, instrument, ticks, LOGGING)
    bench.put_back()
    with pytest.raises(Invalid):
        bench.take(make_request(params={"what": 1}), instrument, ticks, LOGGING)
    assert bench.take(good, instrument, ticks, LOGGING) is first
    bench.scrap()
