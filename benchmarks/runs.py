"""Backtests and conversions as a user has them: through the service, in its worker processes.

    python -m benchmarks.runs [--rows 1000000] [--repeats 3] [--jobs 24] [--json FILE]

A generated day of realistic density (and the real days of ../shared/data where they are), a service
of its own with two workers. Seconds are of the wall, from the request to the stored result.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measuring import ratios
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
from nautilus_instrumentation import metrics
from stack.ticks import DAY, SEED, write_day
from tests.integration.service_process import Service, until

ROWS = 1_000_000
REPEATS = 3
JOBS = 24
ROUNDS = 2
"""In turn: once, twice and four times at once, and again."""
WORKERS = 2
AT_ONCE = (1, 2, 4)
ROOT = Path(__file__).resolve().parents[1]
REAL_RAW = ROOT.parent / "shared" / "data" / "raw_tick_data"
REAL_DESCRIPTION = ROOT / "tests" / "data" / "shared_datasets.toml"

SPANS = {"5m": timedelta(minutes=5), "1h": timedelta(hours=1), "1d": timedelta(days=1)}
LIMITS = {"5m": 10.0, "1h": 60.0, "1d": 300.0}
"""Seconds that the mission allows for a run over each window."""
REPEAT_LIMIT = 10.0
"""Per cent of the first conversion's time that a repeat may take."""

SAME = ("data_points", "events", "orders", "positions", "pnl", "statistics", "equity_curve")
"""What of a result must not depend on what ran beside it."""


@dataclass(frozen=True)
class Day:
    """Raw ticks and a moment of theirs at which much happens."""

    title: str
    raw: Path
    description: Path
    instrument_id: str
    busy: datetime

    @property
    def date(self) -> str:
        return self.busy.date().isoformat()


RUNS = (
    ("idle", "5m"), ("ema_cross", "5m"), ("market_maker", "5m"),
    ("idle", "1h"), ("ema_cross", "1h"), ("market_maker", "1h"),
    ("idle", "1d"), ("ema_cross", "1d"),
)  # fmt: skip
"""Strategies and windows; a market maker has more orders in a day than anyone looks at."""

MIXED = (("ema_cross", "1h"), ("market_maker", "5m"))
"""What runs side by side."""


def days(folder: Path, rows: int) -> list[Day]:
    """The generated day, and a real one where there is one."""
    write_day(folder / "raw", seed=SEED, total_rows=rows)
    found = [
        Day(
            f"generated, {rows:,} ticks", folder / "raw", folder / "raw" / "datasets.toml",
            "EUR/USD.SIM", datetime(DAY.year, DAY.month, DAY.day, 13, 30, tzinfo=UTC),
        )
    ]  # fmt: skip
    if REAL_RAW.is_dir():
        moment = datetime(2014, 5, 8, 12, 0, tzinfo=UTC)
        found.append(Day("real, EUR/USD of FXCM", REAL_RAW, REAL_DESCRIPTION,
                         "EUR/USD.FXCM", moment))  # fmt: skip
    return found


def service_of(day: Day, folder: Path) -> Service:
    """A running service with an empty catalog."""
    folder.mkdir()
    service = Service(folder, day.raw, DATASETS_FILE=str(day.description), WORKERS=str(WORKERS))
    until(lambda: service.workers_are(*["idle"] * WORKERS))
    return service


def request(day: Day, strategy: str, window: str, shift: timedelta = timedelta()) -> dict[str, Any]:
    """A run over that window from the busy moment; a day from its midnight."""
    start = day.busy.replace(hour=0, minute=0) if window == "1d" else day.busy + shift
    return {
        "instrument_id": day.instrument_id, "kind": "quote", "start": start.isoformat(),
        "end": (start + SPANS[window] - timedelta(microseconds=1)).isoformat(),
        "strategy": strategy,
    }  # fmt: skip


def run(service: Service, body: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    """Seconds until the result is there, and the result."""
    began = time.perf_counter()
    answer = service.http.post("/backtest/run", params={"wait": 100}, json=body)
    seconds = time.perf_counter() - began
    assert answer.status_code == 200, answer.text
    result = answer.json()
    assert result["status"] == "ok", result["error"]
    return seconds, result


def conversions(service: Service, day: Day, repeats: int) -> dict[str, Any]:
    """Seconds of the first conversion of the day and of repeats, whole jobs; rows written."""

    def convert() -> tuple[float, dict[str, Any]]:
        began = time.perf_counter()
        job_id = service.http.post("/datasets/convert", json={"date": day.date}).json()["job_id"]
        with service.http.stream("GET", f"/jobs/{job_id}/events") as events:
            for _ in events.iter_lines():
                pass  # the stream ends with the job; asking again and again would be late
        seconds = time.perf_counter() - began
        job = service.job(job_id)
        assert job["status"] == "ok", job["error"]
        return seconds, job["result"]

    first, report = convert()
    again = [convert()[0] for _ in range(2 * repeats + 1)]
    rows = sum(file["rows_written"] for file in report["files"])
    return {"first": first, "again": again, "rows": rows}


def windows(service: Service, day: Day, repeats: int) -> dict[tuple[str, str], dict[str, Any]]:
    """Seconds of each run and its last result, by strategy and window."""
    found = {}
    for strategy, window in RUNS:
        taken = [run(service, request(day, strategy, window)) for _ in range(repeats)]
        found[strategy, window] = {"seconds": [one[0] for one in taken], "result": taken[-1][1]}
    return found


def concurrent(service: Service, day: Day, jobs: int) -> dict[str, Any]:
    """The same runs with so many at once: seconds, and what differs, is lost or counted wrongly."""
    bodies = [
        request(day, *MIXED[number % 2], timedelta(minutes=5 * (number // 2 % 6)))
        for number in range(jobs)
    ]
    serial = [run(service, body)[1] for body in bodies]  # warm, and what the others must equal
    found: dict[str, Any] = {"jobs": jobs, "differing": 0, "lost": 0, "counted": 0}
    found["seconds"] = {many: [] for many in AT_ONCE}
    for many in AT_ONCE * ROUNDS:
        before = service.metrics()
        began = time.perf_counter()
        with ThreadPoolExecutor(many) as pool:
            results = [one for _, one in pool.map(lambda body: run(service, body), bodies)]
        found["seconds"][many].append(time.perf_counter() - began)
        after = service.metrics()
        found["differing"] += sum(map(differ, serial, results))
        found["lost"] += jobs - len({one["run_id"] for one in results} & stored(service))
        ended = after(metrics.BACKTEST_RUNS) - before(metrics.BACKTEST_RUNS)
        timed = after(metrics.BACKTEST_DURATION) - before(metrics.BACKTEST_DURATION)
        found["counted"] += abs(ended - jobs) + abs(timed - jobs)
    return found


def differ(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return any(one[name] != other[name] for name in SAME)


def stored(service: Service) -> set[str]:
    """Ids of all stored results, by walking the list."""
    found: set[str] = set()
    parameters: dict[str, Any] = {"limit": 100}
    while True:
        page = service.http.get("/backtest/results", params=parameters).json()
        found |= {item["run_id"] for item in page["items"]}
        if not page.get("next_cursor"):
            return found
        parameters["cursor"] = page["next_cursor"]


def section(rows: int, repeats: int, jobs: int) -> Section:
    """Measure everything; the report's part."""
    measures: list[Measure] = []
    tables: list[Table] = []
    left_out = () if REAL_RAW.is_dir() else ("real days: no ../shared/data here",)
    with tempfile.TemporaryDirectory(prefix="runs-") as name:
        for number, day in enumerate(days(Path(name), rows)):
            with closing(service_of(day, Path(name) / f"service-{number}")) as service:
                converted = conversions(service, day, repeats)
                ran = windows(service, day, repeats)
                together = concurrent(service, day, jobs) if number == 0 else None
            kind = day.title.split(",")[0]
            measures += _conversion_measures(kind, converted)
            measures += _run_measures(kind, ran)
            tables.append(_table(day, ran))
            if together:
                measures += _concurrent_measures(together)
                tables.append(_concurrent_table(together))
    return Section(
        "runs",
        "Backtests and conversions through the service",
        f"From the request to the stored result, by HTTP, {WORKERS} worker processes, telemetry "
        f"on; medians of {repeats}, the first of which reads the catalog and the others the "
        "worker's memory where the window is kept there. Runs side by side must equal those made "
        "one after another, be counted once each, and all be listed.",
        tables=tuple(tables),
        measures=tuple(measures),
        targets=tuple(_targets({measure.name for measure in measures})),
        plots=(_plot(measures),),
        recommendations=(
            Recommendation(
                "Let as many runs wait as you like, but expect the pace of the cores: "
                f"{{{WORKERS} at once}} of one at a time with {WORKERS} workers, "
                f"{{{AT_ONCE[-1]} at once}} with {AT_ONCE[-1]} requests for them."
            ),
            Recommendation(
                "Ask for conversions as often as you like: one that changes nothing takes "
                "{repeat / first, generated} of the first."
            ),
        ),
        left_out=left_out,
    )


def _conversion_measures(kind: str, converted: dict[str, Any]) -> Iterable[Measure]:
    first, again = converted["first"], converted["again"]
    yield Measure(f"first conversion, {kind}", first, "s")
    yield Measure(f"repeated conversion, {kind}", median(again), "s", (min(again), max(again)))
    shares = [100 * seconds / first for seconds in again]
    yield Measure(f"repeat / first, {kind}", median(shares), "%", (min(shares), max(shares)))
    yield Measure(f"conversion, {kind}", converted["rows"] / first, "rows/s", better="higher")


def _run_measures(kind: str, ran: dict[tuple[str, str], dict[str, Any]]) -> Iterable[Measure]:
    for (strategy, window), one in ran.items():
        seconds = one["seconds"]
        yield Measure(
            f"{strategy} {window}, {kind}", median(seconds), "s", (min(seconds), max(seconds))
        )


def _concurrent_measures(together: dict[str, Any]) -> Iterable[Measure]:
    seconds, jobs = together["seconds"], together["jobs"]
    for many in AT_ONCE:
        paces = [jobs / took for took in seconds[many]]
        yield Measure(
            f"throughput, {many} at once", median(paces), "runs/s", (min(paces), max(paces)),
            better="higher",
        )  # fmt: skip
        if many > 1:
            found = ratios(seconds[1], seconds[many])
            spread = found["lowest"], found["highest"]
            yield Measure(f"{many} at once", found["median"], "x", spread, better="higher")
    yield Measure("runs that differ from serial ones", together["differing"])
    yield Measure("runs lost", together["lost"])
    yield Measure("runs counted wrongly", together["counted"])


def _targets(measured: set[str]) -> Iterable[Target]:
    for kind in ("generated", "real"):
        for strategy, window in RUNS:
            name = f"{strategy} {window}, {kind}"
            if name in measured:
                yield Target(f"run of {name}", name, LIMITS[window], "at most", "s", "mission")
        name = f"repeat / first, {kind}"
        # What takes a second of which most is the way to the worker shows no ratio.
        if kind == "generated":
            yield Target("a repeated conversion", name, REPEAT_LIMIT, "at most", "%", "mission")
    for name in ("runs that differ from serial ones", "runs lost", "runs counted wrongly"):
        yield Target(name, name, 0, "at most", "", "mission")


def _table(day: Day, ran: dict[tuple[str, str], dict[str, Any]]) -> Table:
    return Table(
        f"Runs, {day.title}",
        ("run", "ticks", "orders", "s", "in the engine s", "ticks/s there", "peak MB"),
        tuple(
            (f"{strategy} {window}", one["result"]["data_points"], one["result"]["orders"],
             median(one["seconds"]), one["result"]["stages"]["run"],
             one["result"]["data_points_per_second"], one["result"]["peak_memory_bytes"] / 1e6)
            for (strategy, window), one in ran.items()
        ),
    )  # fmt: skip


def _concurrent_table(together: dict[str, Any]) -> Table:
    return Table(
        f"{together['jobs']} runs of two strategies side by side, {WORKERS} workers",
        ("requests at once", "s", "runs/s"),
        tuple(
            (str(many), median(took), together["jobs"] / median(took))
            for many, took in together["seconds"].items()
        ),
    )


def _plot(measures: list[Measure]) -> Plot:
    by_name = {measure.name: measure.value for measure in measures}
    return Plot(
        "Seconds from request to result, generated day", "bar", "s",
        {
            strategy: tuple(
                (window, by_name[f"{strategy} {window}, generated"])
                for one, window in RUNS if one == strategy
            )
            for strategy in dict.fromkeys(strategy for strategy, _ in RUNS)
        },
        x_label="window", log_y=True,
    )  # fmt: skip


def main() -> None:
    parser = with_json(argparse.ArgumentParser(description=__doc__.splitlines()[0]))
    parser.add_argument("--rows", type=int, default=ROWS, help="ticks of the generated day")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="of each run")
    parser.add_argument("--jobs", type=int, default=JOBS, help="of the concurrent part")
    given = parser.parse_args()
    emit(section(given.rows, given.repeats, given.jobs), given.json)


if __name__ == "__main__":
    main()
