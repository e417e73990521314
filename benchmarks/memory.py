"""What runs take of a worker's memory, and what they leave behind.

    python -m benchmarks.memory [--rows 1000000] [--runs 50] [--json FILE]

Every figure is of a fresh process that does what a worker does, telemetry included. Peaks are the
resident memory of the whole process. The slope is that of a straight line through the resident
memory after each of the later runs (the first 40 % fill caches and pools), garbage collected.
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.section import (
    Measure,
    Plot,
    Recommendation,
    Section,
    Table,
    Target,
    emit,
    with_json,
)
from stack.ticks import DAY, SEED, write_day

ROWS = 1_000_000
RUNS = 50
WARM = 0.4
"""Share of the runs that the slope leaves out."""

LIMIT = 2 * 2**30
TIGHT = 512 * 2**20
MISSION_BYTES = 2e9

BUSY = datetime(DAY.year, DAY.month, DAY.day, 13, 30, tzinfo=UTC)
"""Start of the busiest hour of the generated day."""
SPANS = {"5m": timedelta(minutes=5), "1h": timedelta(hours=1), "1d": timedelta(days=1)}


@dataclass(frozen=True)
class Case:
    """A backtest: strategy, window, the worker's memory limit (bytes), and whether of a sweep."""

    strategy: str
    window: str
    limit: int = LIMIT
    sweep: bool = False

    @property
    def name(self) -> str:
        streamed = f", limit {self.limit // 2**20} MiB" if self.limit != LIMIT else ""
        return f"{self.strategy} {self.window}{streamed}{' in a sweep' if self.sweep else ''}"


PEAKS = (
    Case("idle", "1h"),
    Case("ema_cross", "1h"),
    Case("market_maker", "1h"),
    Case("idle", "1d"),
    Case("ema_cross", "1d"),
    Case("ema_cross", "1d", TIGHT),
)
LEAKS = (
    Case("ema_cross", "1h"),
    Case("ema_cross", "1h", sweep=True),
    Case("market_maker", "5m"),
)


def worker(folder: Path, case: Case, runs: int) -> dict[str, Any]:
    """Do the runs in this process; resident memory (bytes) before, after each, and their peaks."""
    import psutil
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    import backend.backtest_engine  # noqa: F401 - an idle worker has loaded it
    from nautilus_instrumentation import instrument

    exporter = InMemorySpanExporter()
    session = instrument(
        role="worker", metrics_dir=folder / "metrics", span_exporter=exporter,
        memory_limit_bytes=case.limit,
    )  # fmt: skip
    process = psutil.Process()
    idle = process.memory_info().rss
    after, peaks, seconds = [], [], []
    for result in _results(folder, case, runs, session):
        assert result.error is None, result.error
        peaks.append(result.peak_memory_bytes)
        seconds.append(result.duration_seconds)
        session.flush()
        exporter.clear()  # spans leave a worker
        gc.collect()
        after.append(process.memory_info().rss)
    session.close()
    return {"idle": idle, "after": after, "peaks": peaks, "seconds": seconds,
            "data_points": result.data_points, "orders": result.orders}  # fmt: skip


def _results(folder: Path, case: Case, runs: int, session: Any) -> Iterator[Any]:
    from backend.backtest_engine import execute_backtest
    from backend.context import JobContext
    from backend.models import BacktestRequest

    settings = _settings(folder, case.limit)
    start = BUSY if case.window != "1d" else BUSY.replace(hour=0, minute=0)
    for number in range(runs):
        context = JobContext(
            job_id=f"job-{number}", run_id=f"run-{number}", trace_id="", slot=0, session=session,
            settings=settings, sweep_id="sweep" if case.sweep else None,
        )  # fmt: skip
        request = BacktestRequest(
            instrument_id="EUR/USD.SIM", kind="quote", start=start,
            end=start + SPANS[case.window] - timedelta(microseconds=1), strategy=case.strategy,
        )  # fmt: skip
        yield execute_backtest(request, context)[0]


def _settings(folder: Path, limit: int = LIMIT) -> Any:
    from backend.settings import Settings

    return Settings(
        raw_tick_dir=folder / "raw", catalog_dir=folder / "catalog",
        results_dir=folder / "results", worker_memory_limit=limit,
    )  # fmt: skip


def convert(folder: Path) -> dict[str, Any]:
    """Convert the day, so that no run has to."""
    from backend.data_converter import Converter
    from nautilus_instrumentation import current_session

    done = Converter(_settings(folder), current_session()).convert_day(DAY)
    assert not done.failed
    return {}


def slope(after: list[float]) -> tuple[float, float, float]:
    """Bytes per run of the later runs: the line's slope, and its 95 % interval."""
    import numpy as np

    tail = np.array(after[int(len(after) * WARM) :], dtype=float)
    x = np.arange(len(tail))
    if len(tail) < 4:
        return float("nan"), float("nan"), float("nan")
    (found, _), covariance = np.polyfit(x, tail, 1, cov=True)
    error = 2 * float(np.sqrt(covariance[0, 0]))
    # Whole bytes: where nothing grows, the fit leaves crumbs.
    return float(round(found)), float(round(found - error)), float(round(found + error))


def measure(rows: int, runs: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Figures of single runs, and of many in one process, by name of the case."""
    with tempfile.TemporaryDirectory(prefix="memory-") as name:
        folder = Path(name)
        write_day(folder / "raw", seed=SEED, total_rows=rows)
        _in_process("convert", folder)
        peaks = {case.name: _in_process("worker", folder, case, 1) for case in PEAKS}
        leaks = {case.name: _in_process("worker", folder, case, runs) for case in LEAKS}
    return peaks, leaks


def _in_process(step: str, folder: Path, case: Case = LEAKS[0], runs: int = 1) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.memory", "--step", step, "--folder", str(folder)]
    command += [case.strategy, case.window, str(case.limit), str(int(case.sweep))]
    command += ["--runs", str(runs)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.strip().splitlines()[-1])  # type: ignore[no-any-return]


def section(rows: int, peaks: dict[str, Any], leaks: dict[str, Any]) -> Section:
    """The report's part."""
    import nautilus_trader

    found = {name: slope(figures["after"]) for name, figures in leaks.items()}
    measures = [
        Measure(f"peak, {name}", figures["peaks"][0], "B") for name, figures in peaks.items()
    ]
    measures += [
        Measure(f"slope, {name}", per_run, "B/run", (low, high))
        for name, (per_run, low, high) in found.items()
    ]
    whole, tight = (peaks[case.name] for case in PEAKS[-2:])
    measures.append(Measure("streamed / at once", tight["seconds"][0] / whole["seconds"][0], "x"))
    return Section(
        "memory",
        "Memory of runs",
        f"Backtests over a generated day of {rows:,} ticks, NautilusTrader "
        f"{nautilus_trader.__version__}, each in a fresh process. Peaks are of the whole process. "
        "Slopes are of its resident memory over the later runs of many, the same run again.",
        tables=(_peak_table(peaks), _leak_table(leaks, found)),
        measures=tuple(measures),
        targets=tuple(
            Target(
                f"memory of a typical run, {name}",
                f"peak, {name}",
                MISSION_BYTES,
                "at most",
                "B",
                "mission",
            )
            for name in peaks
        ),
        plots=(
            Plot(
                "Resident memory after each run",
                "line",
                "B",
                {
                    name: tuple(
                        (float(number + 1), used) for number, used in enumerate(figures["after"])
                    )
                    for name, figures in leaks.items()
                },
                x_label="runs in one worker",
            ),
        ),
        recommendations=(
            Recommendation(
                "Leave WORKER_MEMORY_LIMIT alone for days that do not fit: they are streamed, at "
                "{streamed / at once} of the time, and the peak falls from "
                f"{{peak, {PEAKS[-2].name}}} to {{peak, {PEAKS[-1].name}}}."
            ),
            Recommendation(
                "Workers that do little but many small runs can be replaced rarely "
                f"(JOBS_PER_WORKER): a run leaves {{slope, {LEAKS[0].name}}} behind."
            ),
        ),
    )


def _peak_table(peaks: dict[str, Any]) -> Table:
    return Table(
        "One run in a fresh worker",
        ("run", "ticks", "orders", "idle MB", "peak MB", "s"),
        tuple(
            (name, one["data_points"], one["orders"], one["idle"] / 1e6, one["peaks"][0] / 1e6,
             one["seconds"][0])
            for name, one in peaks.items()
        ),
    )  # fmt: skip


def _leak_table(leaks: dict[str, Any], found: dict[str, tuple[float, float, float]]) -> Table:
    return Table(
        "Many runs in one worker",
        ("run", "runs", "after the first MB", "after the last MB", "kB per run", "from", "to"),
        tuple(
            (name, len(one["after"]), one["after"][0] / 1e6, one["after"][-1] / 1e6,
             *(value / 1e3 for value in found[name]))
            for name, one in leaks.items()
        ),
    )  # fmt: skip


def main() -> None:
    parser = with_json(argparse.ArgumentParser(description=__doc__.splitlines()[0]))
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--runs", type=int, default=RUNS, help="in one process, for the slope")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("case", nargs="*", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step is None:
        emit(section(given.rows, *measure(given.rows, given.runs)), given.json)
    elif given.step == "convert":
        print(json.dumps(convert(given.folder)))
    else:
        strategy, window, limit, sweep = given.case
        case = Case(strategy, window, int(limit), bool(int(sweep)))
        print(json.dumps(worker(given.folder, case, given.runs)))


if __name__ == "__main__":
    main()
