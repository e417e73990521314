"""The hour that sweeps are measured over, and their sets of parameters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
START = datetime(2026, 1, 5, 12, tzinfo=UTC)
START_NS = int(START.timestamp()) * 10**9
END = datetime(2026, 1, 5, 12, 59, 59, 999_999, tzinfo=UTC)
INSTRUMENT_ID = "EUR/USD.SIM"


@dataclass(frozen=True)
class Hour:
    """The ticks that the sets run over."""

    instrument_id: str
    start: datetime
    end: datetime
    """The last moment that belongs to it."""

    @property
    def window_ns(self) -> tuple[int, int]:
        """First and last moment, Unix ns."""
        first, last = ((moment - EPOCH) // timedelta(microseconds=1) for moment in
                       (self.start, self.end))  # fmt: skip
        return first * 1_000, last * 1_000


GENERATED = Hour(INSTRUMENT_ID, START, END)
REAL = Hour(
    "EUR/USD.FXCM",
    datetime(2014, 5, 8, 12, tzinfo=UTC),
    datetime(2014, 5, 8, 12, 59, 59, 999_999, tzinfo=UTC),
)
FAST, SLOW = (2, 3, 4, 5, 6), (8, 9, 10, 11, 12, 13, 14, 15, 16, 17)


def sets(count: int) -> list[dict[str, Any]]:
    """Periods of two averages over bars of a minute, 50 sets and then the same again."""
    pairs = list(product(FAST, SLOW))
    return [
        {"fast_ema_period": fast, "slow_ema_period": slow}
        for fast, slow in (pairs[number % len(pairs)] for number in range(count))
    ]


def write_catalog(path: Path, rows: int) -> None:
    """A catalog of one instrument with `rows` quotes in the hour, as NautilusTrader writes it."""
    import numpy as np
    import pandas as pd
    from nautilus_trader.persistence.catalog.parquet import ParquetDataCatalog
    from nautilus_trader.persistence.wranglers import QuoteTickDataWrangler
    from nautilus_trader.test_kit.providers import TestInstrumentProvider

    instrument = TestInstrumentProvider.default_fx_ccy("EUR/USD")
    random = np.random.default_rng(1)
    times = START_NS + np.sort(random.integers(0, 3_599 * 10**9, rows))
    mid = 1.1 + np.cumsum(random.normal(0, 2e-5, rows))
    quotes = pd.DataFrame(
        {
            "bid_price": (mid - 5e-5).round(5), "ask_price": (mid + 5e-5).round(5),
            "bid_size": 1e6, "ask_size": 1e6,
        },
        index=pd.to_datetime(times, utc=True),
    )  # fmt: skip
    catalog = ParquetDataCatalog(str(path))
    catalog.write_data([instrument])
    catalog.write_data(QuoteTickDataWrangler(instrument).process(quotes))
