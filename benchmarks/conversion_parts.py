"""What the conversion owes to its batch size, its times and its mapping of columns; parallelism."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import shutil
import statistics
import time
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.conversion_data import DAY, KINDS, raw_file
from benchmarks.measuring import ratios, timed

BATCHES = (10_000, 65_536, 1_000_000)
REPEATS = 5
FILES = 4
WORKERS = 2
WAYS = ("one after the other", f"{WORKERS} threads", f"{WORKERS} processes")
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
    return [*found, _times(root), *(_mapping(root, kind) for kind in KINDS)]


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


def _pipeline(root: Path, kind: str, batch_rows: int) -> dict[str, Any]:
    """Read, decode, write and check, in batches of a size."""
    from backend import datasets
    from backend.conversion.pipeline import Pipeline
    from backend.conversion.rejects import Rejects
    from nautilus_instrumentation import current_session

    source, scratch = raw_file(root, kind), root / "batches"
    dataset = datasets.load(root / "datasets.toml").find(source.name)
    pipeline = Pipeline(
        source, dataset, dt.date.fromisoformat(DAY), scratch, current_session(), 0.0,
        batch_rows=batch_rows,
    )  # fmt: skip
    rows = pipeline.run(Rejects()).rows  # once for the machine's caches
    found = [_cpu_ns(lambda: pipeline.run(Rejects()), rows) for _ in range(REPEATS)]
    return {"name": f"{kind}s in batches of {batch_rows:,}", "ns": statistics.median(found)}


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


def parallel(root: Path, way: str) -> dict[str, Any]:
    """Convert several files in one of WAYS; starting the workers is not counted."""
    tasks = [
        (root, root / "parallel" / str(n), kind)
        for n, kind in zip(range(FILES), KINDS * FILES, strict=False)
    ]
    shutil.rmtree(root / "parallel", ignore_errors=True)
    for n, kind in enumerate(KINDS * 2):  # workers that have converted before
        convert(root, root / "parallel" / f"warm-{n}", kind)
    if way == WAYS[0]:
        return timed(lambda: sum(convert(*task) for task in tasks))
    spawn = multiprocessing.get_context("spawn")
    pool: Executor = (
        ThreadPoolExecutor(WORKERS)
        if way == WAYS[1]
        else ProcessPoolExecutor(WORKERS, mp_context=spawn)
    )
    with pool:
        warm = [(root, root / "parallel" / f"pool-{n}", task[2]) for n, task in enumerate(tasks)]
        list(pool.map(convert, *zip(*warm, strict=True)))
        before = _cpu_of_children()
        found = timed(lambda: sum(pool.map(convert, *zip(*tasks, strict=True))))
        found["cpu_seconds"] += _cpu_of_children() - before
    return found


def _cpu_of_children() -> float:
    import psutil

    times = [child.cpu_times() for child in psutil.Process().children(recursive=True)]
    return sum(found.user + found.system for found in times)
