"""A small catalog that NautilusTrader itself wrote, for tests that need ticks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
START_NS = int(START.timestamp()) * 10**9


@dataclass(frozen=True)
class TickCatalog:
    """`rows` quotes and trades of three instruments, evenly spread over an hour from `start`."""

    path: Path
    start: datetime
    start_ns: int
    rows: int
    fx: str
    spot: str
    perpetual: str


def _walk(seed: int, rows: int, price: float, step: float) -> np.ndarray[Any, Any]:
    return price + np.cumsum(np.random.default_rng(seed).normal(0, step, rows))


@pytest.fixture(scope="session")
def tick_catalog(tmp_path_factory: pytest.TempPathFactory) -> TickCatalog:
    import pandas as pd
    from nautilus_trader.model.identifiers import InstrumentId
    from nautilus_trader.persistence.catalog.parquet import ParquetDataCatalog
    from nautilus_trader.persistence.wranglers import QuoteTickDataWrangler, TradeTickDataWrangler
    from nautilus_trader.test_kit.providers import TestInstrumentProvider as Instruments

    path = tmp_path_factory.mktemp("catalog")
    rows = 12_000
    catalog = ParquetDataCatalog(str(path))
    fx = Instruments.default_fx_ccy("EUR/USD")
    spot, perpetual = Instruments.btcusdt_binance(), Instruments.btcusdt_perp_binance()
    times = START_NS + np.arange(rows) * (3_600 * 10**9 // rows)
    index = pd.to_datetime(times, utc=True)
    for seed, instrument in enumerate((fx, spot, perpetual)):
        assert isinstance(instrument.id, InstrumentId)
        price, step, half = (1.1, 2e-5, 5e-5) if instrument is fx else (60_000.0, 2.0, 0.5)
        size = 1e6 if instrument is fx else 0.5
        mid = _walk(seed, rows, price, step)
        quotes = pd.DataFrame(
            {"bid_price": mid - half, "ask_price": mid + half, "bid_size": size, "ask_size": size},
            index=index,
        )
        trades = pd.DataFrame(
            {
                "price": mid,
                "quantity": size,
                "buyer_maker": np.arange(rows) % 2 == 0,
                "trade_id": np.arange(rows).astype(str),
            },
            index=index,
        )
        catalog.write_data([instrument])
        catalog.write_data(QuoteTickDataWrangler(instrument).process(quotes))
        catalog.write_data(TradeTickDataWrangler(instrument).process(trades))
    return TickCatalog(path, START, START_NS, rows, str(fx.id), str(spot.id), str(perpetual.id))
