"""Faults in the data: the catalog's files, the raw files, the caches of both."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stack.drill.fault import Expectation, Fault
from stack.drill.world import DrillError, World
from stack.targets import backtest

TOUCH_EVERY = 0.05
SLOW_SECONDS = 12.0
"""A run of five minutes may take 10 s (alerts/objectives.toml); this one takes longer."""
PATIENCE_SECONDS = 180.0
FIRST_FRAGMENTS = 1_000
MOST_FRAGMENTS = 256_000
STEEPEST = 3.0
"""Most that the number of files grows at a time: queries get slower faster than it does."""
BAD_ROWS = 50
GOOD_ROWS = 9_950
"""Half of MAX_REJECTED, so that the file is converted and its bad rows are left out."""

BAD_DATASET = """
[[dataset]]
match = "drill_*_quotes.parquet"
kind = "quote"
instrument_id = "DRILL/USD.SIM"
instrument = "currency_pair"
base_currency = "EUR"
quote_currency = "USD"
price_precision = 5
size_precision = 0
[dataset.columns]
ts_event = "time"
bid_price = "bid"
ask_price = "ask"
[dataset.defaults]
bid_size = "1000000"
ask_size = "1000000"
[dataset.time]
unit = "us"
origin = "epoch"
"""
"""Describes the bad file; it stands in the drill's datasets file from the start."""


def tick_files(world: World) -> list[Path]:
    """Tick files of the target, in its folder of the catalog."""
    name = world.target().instrument_id.replace("/", "")
    return sorted((world.catalog / "data" / "quote_tick" / name).glob("*.parquet"))


@contextmanager
def touched(world: World) -> Iterator[None]:
    """Files of the catalog change again and again, so that nothing cached of them holds."""
    places = [path for path in (world.catalog / "data").rglob("*") if path.is_dir()]
    files = [*tick_files(world), *places]

    def touch() -> None:
        for path in files:
            os.utime(path)

    with world.repeating(touch, TOUCH_EVERY):
        yield


@contextmanager
def fragmented(world: World) -> Iterator[None]:
    """Thousands of tiny files, each of which every query must open: what happens without
    consolidation. Their number grows until a run is slow on this machine, however fast it is.

    Each holds the day's last tick and claims the whole day in its name, as files do that are
    appended to out of order; no answer changes.
    """
    (whole,) = tick_files(world)
    folder = whole.parent
    seed = folder / "fragment.seed"
    pq.write_table(pq.ParquetFile(whole).read()[-1:], seed)
    count = 0

    def slow_run() -> None:
        """One that finds the catalog too fast, as when something else leaves the machine alone
        again, adds to it."""
        nonlocal count
        took = _slow_run(world)
        if took < SLOW_SECONDS:
            more = min(1.1 * SLOW_SECONDS / took, STEEPEST)
            count = _fragments(whole, seed, count, int(count * more) + 1)

    try:
        count = _fragments(whole, seed, 0, FIRST_FRAGMENTS)
        # Another keeps the second worker busy, so that what is found holds for both.
        with world.repeating(lambda: _slow_run(world), 0.0):
            before = 0
            while before < count:
                before = count
                slow_run()
            with world.repeating(slow_run, 0.0):
                yield
    finally:
        for path in folder.iterdir():
            if path != whole:
                path.unlink()


def _fragments(whole: Path, seed: Path, have: int, want: int) -> int:
    """Add hard links to the seed until there are so many; their names overlap the whole file's.

    Raises DrillError where even MOST_FRAGMENTS are too few.
    """
    if want > MOST_FRAGMENTS:
        raise DrillError(f"{have} files do not slow a run to {SLOW_SECONDS:.0f} s")
    first, last = whole.stem.split("_")
    day_time, _, _ = first.rpartition("-")
    for number in range(have, want):
        # Only the nanoseconds differ; the catalog reads each name as a span of time.
        os.link(seed, whole.with_name(f"{day_time}-{number:09d}Z_{last}.parquet"))
    return want


def _slow_run(world: World) -> float:
    """Seconds of a run over five minutes that no cache can answer."""
    target = world.target()
    # No two windows alike: a day has enough milliseconds.
    moment = dt.timedelta(hours=9, milliseconds=time.monotonic_ns() // 1_000_000 % 3_600_000)
    request = backtest(target, "idle", target.midnight + moment, "5m")
    began = time.monotonic()
    world.until_finished(world.api.post("/backtest/run", request)["job_id"], PATIENCE_SECONDS)
    return time.monotonic() - began


@contextmanager
def bad_rows(world: World) -> Iterator[None]:
    """A raw file of which some rows cannot be held is converted."""
    target = world.target()
    folder = world.raw / "by_date" / f"day-{target.day}"
    path = folder / "drill_bad_quotes.parquet"
    rows = GOOD_ROWS + BAD_ROWS
    start = int(target.midnight.timestamp()) * 1_000_000
    bids = [1.1] * GOOD_ROWS + [float("nan")] * BAD_ROWS
    pq.write_table(
        pa.table({
            "time": pa.array([start + 1000 * row for row in range(rows)]),
            "bid": pa.array(bids),
            "ask": pa.array([1.2] * rows),
        }),
        path,
    )  # fmt: skip
    try:
        job = world.api.post("/datasets/convert", {"date": target.day, "files": [path.name]})
        done = world.until_finished(job["job_id"], 60.0)
        if done["status"] != "ok":
            raise DrillError(f"the bad file was not converted: {done['error']}")
        yield
    finally:
        path.unlink()


def raw_folder(source: Path, described: Path, folder: Path) -> None:
    """A raw folder of the drill's own: links to the ticks of `source`, and the bad file's table."""
    shutil.rmtree(folder, ignore_errors=True)
    for path in sorted((source / "by_date").rglob("*.parquet")):
        place = folder / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(path)
    (folder / "datasets.toml").write_text(described.read_text() + BAD_DATASET)


__all__ = ["FAULTS", "raw_folder"]

FAULTS = (
    Fault(
        "empty-cache",
        "The catalog's files are touched 20 times a second: no cache entry holds",
        touched,
        (Expectation("CacheHitRateCollapsed", {"cache": "catalog"}),),
        {"CacheHitRateCollapsed": "decoded ticks of files that change do not hold either"},
    ),
    Fault(
        "bad-rows",
        "A raw file with unusable rows is converted",
        bad_rows,
        (Expectation("RowsRejected", {"kind": "quote"}),),
        {},
    ),
    Fault(
        "slow-catalog",
        "Thousands of tiny files in the catalog: every query takes seconds",
        fragmented,
        (
            Expectation(
                "BacktestDurationBudgetBurn",
                {"objective": "backtest_5m", "severity": "page"},
                lead=120.0,
                mend=60.0,
            ),
        ),
        {
            "BacktestDurationBudgetBurn": "the slow runs also show in the longer windows",
            "BacktestRunStuck": "a query shows no progress for the 20 s that are left of minutes",
            "EventLoopLagging": "the API reads the footers of the same files",
            "GarbageCollectionExcessive": "every query makes and drops thousands of them",
            "RetainedMemoryRising": "workers keep some of them, within the shortened hour",
        },
    ),
)
