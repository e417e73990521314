"""Parts for tests on a real NautilusTrader: telemetry in memory, engines, catalogs, nodes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from nautilus_trader.backtest.config import (
    BacktestDataConfig,
    BacktestEngineConfig,
    BacktestRunConfig,
    BacktestVenueConfig,
)
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.backtest.node import BacktestNode
from nautilus_trader.config import ImportableStrategyConfig, LoggingConfig
from nautilus_trader.model.data import QuoteTick, TradeTick
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Currency, Money, Quantity
from nautilus_trader.persistence.catalog.parquet import ParquetDataCatalog
from nautilus_trader.persistence.wranglers import QuoteTickDataWrangler, TradeTickDataWrangler
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy, StrategyConfig
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from nautilus_instrumentation.exposition.cells import MemoryStore
from nautilus_instrumentation.guard import Guard
from nautilus_instrumentation.metrics import MetricSpec
from nautilus_instrumentation.nautilus.conversion import ConversionTelemetry
from nautilus_instrumentation.nautilus.hooks import nautilus_patches
from nautilus_instrumentation.nautilus.runs import BacktestTelemetry
from nautilus_instrumentation.recorder import Recorder
from nautilus_instrumentation.runtime.gc import GcWatch
from nautilus_instrumentation.runtime.ticker import Ticker
from nautilus_instrumentation.tracing import Tracing

INSTRUMENT = TestInstrumentProvider.default_fx_ccy("EUR/USD")
START = pd.Timestamp("2024-01-02", tz="UTC")
# Not `bypass_logging`: with that, 1.221 aborts the process when a node logs an exception.
LOGGING = LoggingConfig(log_level="OFF")
_log_guards: list[Any] = []
"""The first engine of a process owns the logging of all; it must outlive them."""


class Telemetry:
    """Telemetry whose spans and values a test can look at."""

    def __init__(self) -> None:
        self.guard = Guard(strict=True)
        self.recorder = Recorder(MemoryStore(self.guard), self.guard)
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracing = Tracing(provider, self.guard, lambda seconds: None)
        self.ticker = Ticker(0.005, self.guard)
        self.gc = GcWatch(self.recorder, "worker")
        self.backtests = BacktestTelemetry(
            guard=self.guard,
            recorder=self.recorder,
            tracing=self.tracing,
            ticker=self.ticker,
            gc=self.gc,
            slot=3,
        )
        self.conversion = ConversionTelemetry(
            guard=self.guard, recorder=self.recorder, tracing=self.tracing
        )
        self.patches = nautilus_patches(self.backtests, self.conversion)

    def spans(self, name: str = "") -> list[ReadableSpan]:
        """Ended spans of that name, in the order in which they ended."""
        return [span for span in self.exporter.get_finished_spans() if name in ("", span.name)]

    def names(self) -> list[str]:
        return sorted(span.name for span in self.spans())

    def value(self, spec: MetricSpec, *labels: str) -> float:
        """Value of a counter or gauge, number of observations of a histogram."""
        child = getattr(self.recorder, spec.kind)(spec, *labels)
        values = child.values()
        return sum(values[:-1]) if spec.kind == "histogram" else values[0]

    def total(self, spec: MetricSpec) -> float:
        """The same, summed over all labels."""
        return sum(
            sum(child.values()[:-1]) if spec.kind == "histogram" else child.values()[0]
            for child in self.recorder.store.children  # type: ignore[attr-defined]
            if child.spec is spec
        )


@pytest.fixture
def uninstalled() -> Iterator[Telemetry]:
    """Telemetry that wraps nothing yet; what a test installs is undone."""
    made = Telemetry()
    made.gc.install()
    yield made
    made.patches.undo()
    made.gc.uninstall()
    made.ticker.stop()


@pytest.fixture
def telemetry(uninstalled: Telemetry) -> Telemetry:
    """Telemetry with NautilusTrader wrapped."""
    uninstalled.patches.install()
    return uninstalled


def quote_frame(count: int, seconds: float) -> pd.DataFrame:
    times = START + pd.to_timedelta(np.linspace(0, seconds * 1e9, count).astype("int64"), unit="ns")
    mid = 1.1 + 0.0001 * np.sin(np.arange(count) / 7)
    return pd.DataFrame(
        {
            "bid_price": (mid - 0.00005).round(5),
            "ask_price": (mid + 0.00005).round(5),
            "bid_size": 1e6,
            "ask_size": 1e6,
        },
        index=times,
    )


def make_quotes(count: int = 1000, seconds: float = 3600) -> list[QuoteTick]:
    """Quotes evenly spread over `seconds` from START."""
    return QuoteTickDataWrangler(INSTRUMENT).process(quote_frame(count, seconds))


def make_trades(count: int = 100) -> list[TradeTick]:
    frame = pd.DataFrame(
        {"price": 1.1, "quantity": 1000.0, "buyer_maker": False, "trade_id": range(count)},
        index=START + pd.to_timedelta(np.arange(count), unit="s"),
    )
    return TradeTickDataWrangler(INSTRUMENT).process(frame)


class BuyerConfig(StrategyConfig, frozen=True):
    """`fail_at`: the tick at which the strategy raises; 0: never."""

    fail_at: int = 0


class Buyer(Strategy):
    """Buys on its first tick, sees every tick."""

    def __init__(self, config: BuyerConfig | None = None) -> None:
        super().__init__(config or BuyerConfig())
        self.ticks = 0
        self.hook: Callable[[int], None] | None = None

    def on_start(self) -> None:
        self.subscribe_quote_ticks(INSTRUMENT.id)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        self.ticks += 1
        if self.ticks == 1:
            size = Quantity.from_int(1000)
            self.submit_order(self.order_factory.market(INSTRUMENT.id, OrderSide.BUY, size))
        if self.hook is not None:
            self.hook(self.ticks)
        if self.ticks == self.config.fail_at:
            raise ArithmeticError("the strategy failed")

    def on_reset(self) -> None:
        self.ticks = 0


def make_engine(data: list[Any] | None = None, strategy: Strategy | None = None) -> BacktestEngine:
    engine = BacktestEngine(config=BacktestEngineConfig(logging=LOGGING, run_analysis=False))
    _log_guards.append(engine.get_log_guard())
    usd = Currency.from_str("USD")
    engine.add_venue(
        venue=Venue("SIM"),
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        base_currency=usd,
        starting_balances=[Money(1_000_000, usd)],
    )
    engine.add_instrument(INSTRUMENT)
    if data:
        engine.add_data(data)
    if strategy is not None:
        engine.add_strategy(strategy)
    return engine


def make_catalog(path: Path, quotes: list[QuoteTick]) -> ParquetDataCatalog:
    """Catalog with the instrument and the quotes."""
    path.mkdir(parents=True, exist_ok=True)
    catalog = ParquetDataCatalog(str(path))
    catalog.write_data([INSTRUMENT])
    catalog.write_data(quotes)
    return catalog


def make_node(
    path: Path, fail_at: int = 0, strategy_path: str = f"{__name__}:Buyer", **options: Any
) -> BacktestNode:
    """Node with one configuration: quotes of the catalog at `path` for a Buyer."""
    strategy = ImportableStrategyConfig(
        strategy_path=strategy_path,
        config_path=f"{Buyer.__module__}:BuyerConfig",
        config={"fail_at": fail_at},
    )
    return BacktestNode(
        [
            BacktestRunConfig(
                engine=BacktestEngineConfig(
                    logging=LOGGING, strategies=[strategy], run_analysis=False
                ),
                venues=[
                    BacktestVenueConfig(
                        name="SIM",
                        oms_type="NETTING",
                        account_type="MARGIN",
                        base_currency="USD",
                        starting_balances=["1000000 USD"],
                    )
                ],
                data=[
                    BacktestDataConfig(
                        catalog_path=str(path),
                        data_cls=QuoteTick,
                        instrument_id=INSTRUMENT.id,
                    )
                ],
                **options,
            )
        ]
    )


class Host:
    """NautilusTrader as the tests use it."""

    instrument = INSTRUMENT
    start = START
    Buyer = Buyer
    BuyerConfig = BuyerConfig
    quotes = staticmethod(make_quotes)
    quote_frame = staticmethod(quote_frame)
    trades = staticmethod(make_trades)
    engine = staticmethod(make_engine)
    catalog = staticmethod(make_catalog)
    node = staticmethod(make_node)


@pytest.fixture(scope="session")
def host() -> type[Host]:
    make_engine().dispose()
    return Host


@pytest.fixture(scope="session")
def wait_until() -> Callable[..., None]:
    def wait(condition: Callable[[], object], seconds: float = 10.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "the condition did not come true in time"
            threading.Event().wait(0.002)

    return wait
