"""What the conversion owes to its batch size, its times, its mapping of columns, and bars."""

from __future__ import annotations

import datetime as dt
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.conversion_data import DAY, KINDS, raw_file
from benchmarks.measuring import ratios

BATCHES = (10_000, 65_536, 1_000_000)
REPEATS = 5
BARS = ("1-MINUTE-BID", "5-MINUTE-BID", "1-HOUR-BID")
_PLAIN_ROWS = 100_000
"""Rows of the plain ways, which go row by row."""


def convert(root: Path, catalog: Path, kind: str) -> int:
    """Convert the day's file of a kind; the number of rows."""
    from backend.data_converter import Converter
    from backend.settings import Settings
    from nautilus_instrumentation import current_session

    settings = Settings(
        raw_tick_dir=root / "raw", datasets_file=root / "datasets.toml", catalog_dir=catalog
    )
    converter = Converter(settings, current_session())
    report = converter.convert_day(dt.date.fromisoformat(DAY), [f"{kind}s.parquet"])
    if report.failed:
        raise SystemExit(report.failed[0].error)
    return report.files[0].rows_written


def parts(root: Path) -> list[dict[str, Any]]:
    """Rows of the report: CPU nanoseconds per row, where there is one also of the plain way."""
    found = []
    for kind in KINDS:
        found += [_pipeline(root, kind, rows) for rows in BATCHES]
    found.append(_pipeline(root, "quote", BATCHES[1], BARS))
    return [*found, _times(root), *(_mapping(root, kind) for kind in KINDS), _bars(root)]


def _cpu_ns(work: Callable[[], object], rows: int) -> float:
    started = time.process_time()
    work()
    return (time.process_time() - started) / rows * 1e9


def _compared(
    name: str, ours: Callable[[], object], rows: int, plain: Callable[[], object], plain_rows: int
) -> dict[str, Any]:
    pairs = [(_cpu_ns(plain, plain_rows), _cpu_ns(ours, rows)) for _ in range(REPEATS)]
    slow, fast = [a for a, _ in pairs], [b for _, b in pairs]
    return {
        "name": name, "ns": statistics.median(fast), "plain_ns": statistics.median(slow),
        "ratio": ratios(slow, fast),
    }  # fmt: skip


def _pipeline(root: Path, kind: str, batch_rows: int, bars: tuple[str, ...] = ()) -> dict[str, Any]:
    """Read, decode, write and check, in batches of a size, and with bars made of them."""
    from backend import datasets
    from backend.conversion import bar_types
    from backend.conversion.pipeline import Pipeline
    from backend.conversion.rejects import Rejects
    from nautilus_instrumentation import current_session

    source, scratch = raw_file(root, kind), root / "batches"
    dataset = datasets.load(root / "datasets.toml").find(source.name)
    dataset = replace(dataset, bars=tuple(bar_types.parse(bar, kind) for bar in bars))
    pipeline = Pipeline(
        source, dataset, dt.date.fromisoformat(DAY), scratch, current_session(), 0.0,
        batch_rows=batch_rows,
    )  # fmt: skip
    rows = pipeline.run(Rejects()).rows  # once for the machine's caches
    found = [_cpu_ns(lambda: pipeline.run(Rejects()), rows) for _ in range(REPEATS)]
    name = f"{kind}s in batches of {batch_rows:,}" + (f", with {len(bars)} bars" if bars else "")
    return {"name": name, "ns": statistics.median(found)}


def _times(root: Path) -> dict[str, Any]:
    """Times of a file, against the wranglers' way of calling a function for each."""
    import pandas as pd
    import pyarrow.parquet as pq
    from nautilus_trader.core.datetime import dt_to_unix_nanos

    from backend.conversion import times
    from backend.conversion.layout import BATCH_ROWS

    batches = pq.read_table(raw_file(root, "quote"), columns=["ts"]).to_batches(BATCH_ROWS)
    rows = sum(batch.num_rows for batch in batches)
    spec, day = times.TimeSpec("ns"), dt.date.fromisoformat(DAY)
    index = pd.DatetimeIndex(batches[0].column("ts").to_numpy(), tz="UTC")[:_PLAIN_ROWS]
    return _compared(
        "timestamp conversion",
        lambda: [times.decode(batch.column("ts"), spec, day) for batch in batches], rows,
        lambda: [dt_to_unix_nanos(moment) for moment in index], len(index),
    )  # fmt: skip


def _mapping(root: Path, kind: str) -> dict[str, Any]:
    """Columns to the catalog's names and types, against pandas and the wrangler."""
    import pyarrow.parquet as pq

    from backend import datasets
    from backend.conversion.decode import Decoder
    from backend.conversion.layout import BATCH_ROWS
    from backend.conversion.rejects import Rejects
    from benchmarks.baseline_conversion import BATCH_ROWS as PLAIN_BATCH_ROWS
    from benchmarks.baseline_conversion import ticks_of, wrangler_of

    source = raw_file(root, kind)
    dataset = datasets.load(root / "datasets.toml").find(source.name)
    table = pq.read_table(source, read_dictionary=["side"])
    decoder = Decoder(dataset, dt.date.fromisoformat(DAY), table.schema.names, Rejects())
    batches = table.to_batches(BATCH_ROWS)
    plainly = pq.read_table(source).slice(0, _PLAIN_ROWS).to_batches(PLAIN_BATCH_ROWS)
    wrangler = wrangler_of(kind)
    return _compared(
        f"column mapping, all columns of {kind}s",
        lambda: [decoder.decode(batch, 0) for batch in batches], table.num_rows,
        lambda: [ticks_of(wrangler, batch, kind) for batch in plainly],
        sum(batch.num_rows for batch in plainly),
    )  # fmt: skip


def _bars(root: Path) -> dict[str, Any]:
    """1-minute bars of decoded trades, against pandas on a frame of them."""
    import pandas as pd
    import pyarrow.parquet as pq

    from backend import datasets
    from backend.conversion import bar_types
    from backend.conversion.bars import Aggregator
    from backend.conversion.decode import Decoder
    from backend.conversion.layout import BATCH_ROWS
    from backend.conversion.rejects import Rejects

    source = raw_file(root, "trade")
    dataset = datasets.load(root / "datasets.toml").find(source.name)
    table = pq.read_table(source, read_dictionary=["side"])
    decoder = Decoder(dataset, dt.date.fromisoformat(DAY), table.schema.names, Rejects())
    batches = [
        part for batch in table.to_batches(BATCH_ROWS) for _, part in decoder.decode(batch, 0)
    ]
    index = pd.DatetimeIndex(table["ts"].to_numpy(), tz="UTC")
    frame = pd.DataFrame({name: table[name].to_numpy() for name in ("price", "size")}, index=index)

    def ours() -> int:
        making = Aggregator([bar_types.parse("1-MINUTE", "trade")], 5, 0)
        made = [list(making.add(batch)) for batch in batches]
        return len(made) + len(list(making.finish()))

    def plainly() -> Any:
        resampled = frame.resample("1min", label="right", closed="left")
        bars = resampled["price"].ohlc()
        bars["volume"] = resampled["size"].sum()
        return bars.dropna()

    rows = table.num_rows
    return _compared("1-minute bars of trades", ours, rows, plainly, rows)
