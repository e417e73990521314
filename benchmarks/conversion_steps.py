"""What the conversion benchmark measures in processes of their own."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import shutil
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks import conversion_parts
from benchmarks.conversion_data import DAY, generate, raw_file, several
from benchmarks.measuring import timed

FILES = 4
WORKERS = 2
WAYS = ("one after the other", f"{WORKERS} threads", f"{WORKERS} processes")
REPEATS = 15


def take(step: str, root: Path, kind: str, rows: int) -> dict[str, Any]:
    """Do one step; `kind` is also the way of a step `parallel`."""
    if step in ("generate", "shuffle"):
        return generate(root, rows, shuffled=step == "shuffle")
    import_everything()
    if step == "baseline":
        return baseline(root, kind)
    if step == "ours":
        return ours(root, kind)
    if step == "parts":
        return {"parts": conversion_parts.parts(root)}
    return parallel(root, kind)


def import_everything() -> None:
    """What an idle worker has loaded, so that imports count for neither side."""
    for name in (
        "pandas",
        "pyarrow.parquet",
        "nautilus_trader.persistence.catalog",
        "nautilus_trader.persistence.wranglers",
        "nautilus_trader.test_kit.providers",
        "backend.data_converter",
    ):
        import_module(name)


def baseline(root: Path, kind: str) -> dict[str, Any]:
    """One conversion through wrangler and write_data."""
    from benchmarks.baseline_conversion import convert

    catalog = root / f"baseline-{kind}"
    shutil.rmtree(catalog, ignore_errors=True)
    found = timed(lambda: convert(raw_file(root, kind), catalog, kind))
    shutil.rmtree(catalog)
    return found


def ours(root: Path, kind: str) -> dict[str, Any]:
    """One conversion through the converter, and repeats of it: by others, and by the same."""
    catalog = root / f"ours-{kind}"
    shutil.rmtree(catalog, ignore_errors=True)
    first = timed(lambda: conversion_parts.convert(root, catalog, kind))
    day, files = dt.date.fromisoformat(DAY), [f"{kind}s.parquet"]
    strangers, kept = [], _converter(root, catalog)
    for converter in [*(_converter(root, catalog) for _ in range(REPEATS)), *[kept] * REPEATS]:
        started = time.perf_counter()
        report = converter.convert_day(day, files)
        strangers.append(time.perf_counter() - started)
        assert report.files[0].outcome == "cached"
    return {
        **first,
        "repeat_seconds": statistics.median(strangers[:REPEATS]),
        "kept_repeat_seconds": statistics.median(strangers[REPEATS:]),
    }


def _converter(root: Path, catalog: Path, threads: int | None = None) -> Any:
    from backend.data_converter import Converter
    from backend.settings import Settings
    from nautilus_instrumentation import current_session

    settings = Settings(
        raw_tick_dir=root / "raw", datasets_file=root / "datasets.toml", catalog_dir=catalog
    )
    return Converter(settings, current_session(), threads)


def convert_files(root: Path, catalog: Path, files: list[str], threads: int) -> int:
    """Convert files of the day of several; the number of rows."""
    converter = _converter(root / "day", catalog, threads)
    report = converter.convert_day(dt.date.fromisoformat(DAY), files)
    if report.failed:
        raise SystemExit(report.failed[0].error)
    return sum(file.rows_written for file in report.files)


def parallel(root: Path, way: str) -> dict[str, Any]:
    """Convert several files into one catalog in one of WAYS; starting workers is not counted."""
    names = several(root, FILES)
    if way == WAYS[2]:
        return _in_processes(root, names)
    threads = 1 if way == WAYS[0] else WORKERS
    with _catalog(root) as catalog:
        grown = timed(lambda: convert_files(root, catalog, names, threads))["memory_growth_bytes"]
    with _catalog(root) as catalog:
        found = timed(lambda: convert_files(root, catalog, names, threads))
    return {**found, "memory_growth_bytes": grown}  # of a worker that converts its first files


def _in_processes(root: Path, names: list[str]) -> dict[str, Any]:
    # A quote and a trade file each, as in a day's order.
    shares = [names[: FILES // 2], names[FILES // 2 :]]

    def convert(pool: ProcessPoolExecutor, catalog: Path) -> int:
        return sum(pool.map(convert_files, [root] * 2, [catalog] * 2, shares, [1] * 2))

    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(WORKERS, mp_context=spawn) as pool:
        with _catalog(root) as catalog:
            convert(pool, catalog)
        with _catalog(root) as catalog:
            before = _cpu_of_children()
            found = timed(lambda: convert(pool, catalog))
            found["cpu_seconds"] += _cpu_of_children() - before
    return found


@contextmanager
def _catalog(root: Path) -> Iterator[Path]:
    catalog = root / "parallel"
    shutil.rmtree(catalog, ignore_errors=True)
    yield catalog
    shutil.rmtree(catalog)


def _cpu_of_children() -> float:
    import psutil

    times = [child.cpu_times() for child in psutil.Process().children(recursive=True)]
    return sum(found.user + found.system for found in times)
