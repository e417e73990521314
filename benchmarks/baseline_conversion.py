"""The baseline: conversion as NautilusTrader offers it, wranglers and `write_data`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

BATCH_ROWS = 10_000


def convert(source: Path, catalog: Path, kind: str) -> int:
    """Convert a raw file of the benchmark in batches; the number of rows."""
    import pyarrow.parquet as pq
    from nautilus_trader.persistence.catalog import ParquetDataCatalog

    wrangler = wrangler_of(kind)
    target = ParquetDataCatalog(str(catalog))
    rows = 0
    with pq.ParquetFile(source) as file:
        for batch in file.iter_batches(BATCH_ROWS):
            ticks = ticks_of(wrangler, batch, kind)
            # Batches may share a time at their border; the check would refuse them.
            target.write_data(ticks, skip_disjoint_check=True)
            rows += len(ticks)
    return rows


def wrangler_of(kind: str) -> Any:
    """The wrangler for the benchmark's instrument."""
    from nautilus_trader.persistence.wranglers import QuoteTickDataWrangler, TradeTickDataWrangler
    from nautilus_trader.test_kit.providers import TestInstrumentProvider

    instrument = TestInstrumentProvider.default_fx_ccy("EUR/USD")
    return (QuoteTickDataWrangler if kind == "quote" else TradeTickDataWrangler)(instrument)


def ticks_of(wrangler: Any, batch: Any, kind: str) -> list[Any]:
    """Ticks of a batch of the raw file."""
    return wrangler.process(_frame(batch.to_pandas(), kind))


def _frame(frame: Any, kind: str) -> Any:
    """What the wranglers expect: indexed by time, their own column names."""
    import pandas as pd

    frame.index = pd.DatetimeIndex(frame.pop("ts"), tz="UTC")
    if kind == "trade":
        frame = frame.rename(columns={"size": "quantity"})
        frame["side"] = frame["side"].str.upper()
        frame["trade_id"] = frame["trade_id"].astype(str)
    return frame
