"""What a sweep costs: `python -m benchmarks.sweeps [--rows 200000] [--sets 50] [--json FILE]`.

The platform, through its API and with two workers, against the loop that one writes first
(baseline_sweep.py); then, in one process, what of the gain is due to loading once, to `reset()` and
to sets that share a pass of the engine.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import psutil

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
from benchmarks.sweep_data import (
    END,
    GENERATED,
    INSTRUMENT_ID,
    REAL,
    START,
    Hour,
    sets,
    write_catalog,
)
from tests.integration.service_process import Service, until

ROOT = Path(__file__).resolve().parents[1]
ROWS, SETS, NAIVE_SETS, ROUNDS, TRIPLES = 200_000, 50, 8, 2, 8
WORKERS = 2
ASIDE = (
    "new engine, new load", "new engine, loaded once", "reset, loaded once", "25 in one pass",
)  # fmt: skip
PASS = 25
REAL_RAW = ROOT.parent / "shared" / "data" / "raw_tick_data"
REAL_DESCRIPTION = ROOT / "tests" / "data" / "shared_datasets.toml"


@dataclass
class Side:
    """What one side took, by round: seconds of the wall, and CPU seconds."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def add(self, wall: float, cpu: float) -> None:
        self.wall.append(wall)
        self.cpu.append(cpu)


def naive(catalog: Path, count: int, kind: str = "generated") -> dict[str, Any]:
    """Seconds and PnLs of the plain loop's first sets, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "benchmarks.baseline_sweep", str(catalog),
         str(count), kind],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def service_of(folder: Path, catalog: Path, **environment: str) -> Service:
    """A service with two idle workers over that catalog, and without raw files."""
    raw = folder / "raw"
    raw.mkdir(parents=True)
    (raw / "datasets.toml").write_text("")
    service = Service(folder, raw, CATALOG_DIR=str(catalog), WORKERS=str(WORKERS), **environment)
    until(lambda: service.workers_are(*["idle"] * WORKERS))
    return service


def real_hour(folder: Path, count: int, naive_sets: int, rounds: int) -> tuple[Side, Side]:
    """Naive loop and sweep over an hour of real quotes, which the service converts before."""
    folder.mkdir()
    service = Service(folder, REAL_RAW, DATASETS_FILE=str(REAL_DESCRIPTION), WORKERS=str(WORKERS))
    plain, ours = Side(), Side()
    try:
        until(lambda: service.workers_are(*["idle"] * WORKERS))
        sweep(service, WORKERS, REAL)
        for _ in range(rounds):
            loop = naive(folder / "catalog", naive_sets, "real")
            plain.add(sum(loop["seconds"]) * count / naive_sets, median(loop["cpu"]) * count)
            seconds, cpu, ended = sweep(service, count, REAL)
            ours.add(seconds, cpu)
            _check_equal(loop["pnls"], ended)
    finally:
        service.close()
    return plain, ours


def sweep(
    service: Service, count: int, hour: Hour = GENERATED
) -> tuple[float, float, dict[str, Any]]:
    """Seconds until all results are stored, CPU seconds of the workers, and the sweep."""
    body = {
        "instrument_id": hour.instrument_id, "kind": "quote", "strategy": "ema_cross",
        "start": hour.start.isoformat(), "end": hour.end.isoformat(), "sets": sets(count),
    }  # fmt: skip
    cpu, began = _worker_seconds(service), time.perf_counter()
    answer = service.http.post("/backtest/sweep", json=body)
    assert answer.status_code == 202, answer.text
    address = f"/backtest/sweeps/{answer.json()['sweep_id']}"
    with service.http.stream("GET", f"{address}/events") as events:
        for _ in events.iter_lines():
            pass  # the stream ends with the sweep
    seconds, cpu = time.perf_counter() - began, _worker_seconds(service) - cpu
    found: dict[str, Any] = service.http.get(address).json()
    assert found["counts"] == {"ok": count}, found["counts"]
    return seconds, cpu, found


def _worker_seconds(service: Service) -> float:
    """CPU seconds that the workers have used."""
    times = [psutil.Process(worker["pid"]).cpu_times() for worker in service.workers()]
    return sum(each.user + each.system for each in times)


def aside(catalog_path: Path, rounds: int) -> list[tuple[float, ...]]:
    """CPU seconds of a set in each of the ways of `ASIDE`, in turn."""
    from nautilus_trader.config import LoggingConfig

    from backend.catalog_manager import CatalogManager
    from backend.engine_bench import EngineBench
    from backend.engine_setup import account_currency, build_engine, release
    from backend.models import BacktestRequest, unix_ns
    from backend.settings import Settings
    from backend.sharing.portion import Portions

    logging = LoggingConfig(log_level="ERROR")
    catalog = CatalogManager(Settings(catalog_dir=catalog_path))
    window = unix_ns(START), unix_ns(END)
    instrument = catalog.instrument(INSTRUMENT_ID)

    def load() -> list[Any]:
        return catalog.query(INSTRUMENT_ID, "quote", *window)

    ticks, bench, wide = load(), EngineBench(), EngineBench()

    def request(params: dict[str, Any]) -> BacktestRequest:
        return BacktestRequest(
            instrument_id=INSTRUMENT_ID, kind="quote", start=START, end=END,
            strategy="ema_cross", params=params,
        )  # fmt: skip

    def alone(params: dict[str, Any], data: Callable[[], list[Any]]) -> None:
        engine = build_engine(request(params), instrument, logging)
        engine.add_data(data())
        engine.run()
        release(engine)

    def shared(params: dict[str, Any]) -> None:
        bench.take(request(params), instrument, ticks, logging).run()
        bench.put_back()

    def together(_: dict[str, Any]) -> None:
        requests = [request(params) for params in sets(PASS)]
        engine = wide.take_for(requests, instrument, ticks, logging)
        currency = account_currency(requests[0], instrument)
        parts = Portions(engine, instrument, currency)
        engine.run()
        for portion in parts.take():
            assert not portion.trouble, portion.trouble
            portion.report(engine.portfolio.analyzer, currency, window)
        wide.put_back()

    ways = (
        (lambda p: alone(p, load), 1), (lambda p: alone(p, lambda: ticks), 1), (shared, 1),
        (together, PASS),
    )  # fmt: skip
    found = []
    for params in sets(rounds + 1):
        spent = []
        for way, count in ways:
            began = time.process_time()
            way(params)
            spent.append((time.process_time() - began) / count)
        found.append(tuple(spent))
    bench.scrap()
    wide.scrap()
    return found[1:]  # the first set pays for imports, and for the shared engine


def measure(rows: int, count: int, naive_sets: int, rounds: int, triples: int) -> Section:
    """Everything; naive loop and sweep take turns."""
    with tempfile.TemporaryDirectory() as folder:
        catalog = Path(folder) / "catalog"
        write_catalog(catalog, rows)
        service = service_of(Path(folder) / "service", catalog)
        quiet = service_of(Path(folder) / "quiet", catalog, NAUTILUS_LOG_LEVEL="OFF")
        plain, ours, silent = Side(), Side(), Side()
        loop: dict[str, Any] = {}
        ended: dict[str, Any] = {}
        try:
            sweep(service, WORKERS)
            sweep(quiet, WORKERS)
            for _ in range(rounds):
                loop = naive(catalog, naive_sets)
                plain.add(sum(loop["seconds"]) * count / naive_sets, median(loop["cpu"]) * count)
                seconds, cpu, ended = sweep(service, count)
                ours.add(seconds, cpu)
                silent.add(*sweep(quiet, count)[:2])
            _check_equal(loop["pnls"], ended)
        finally:
            service.close()
            quiet.close()
        parts = aside(catalog, triples)
        real = (
            real_hour(Path(folder) / "real", count, naive_sets, rounds)
            if REAL_RAW.is_dir() else None
        )  # fmt: skip
    return _section(rows, count, naive_sets, plain, ours, silent, parts, real)


def _check_equal(pnls: list[float], ended: dict[str, Any]) -> None:
    """Raises AssertionError where the two sides did not trade the same."""
    for pnl, run in zip(pnls, ended["runs"], strict=False):
        assert abs(pnl - run["figures"]["pnl"]) < 1e-6, (pnl, run)


def _section(
    rows: int, count: int, naive_sets: int, plain: Side, ours: Side, silent: Side,
    parts: list[tuple[float, ...]], real: tuple[Side, Side] | None,
) -> Section:  # fmt: skip
    gain, quiet = ratios(plain.wall, ours.wall), ratios(ours.cpu, silent.cpu)
    whole, loaded, reset, sharing = ([row[place] for row in parts] for place in range(4))
    by_load, by_both, by_reset = ratios(whole, loaded), ratios(whole, reset), ratios(loaded, reset)
    measures = (
        _ratio("sweep over naive loop", gain),
        _ratio("CPU of naive loop over sweep", ratios(plain.cpu, ours.cpu)),
        Measure("sweep", median(ours.wall), "s", (min(ours.wall), max(ours.wall))),
        Measure("naive loop", median(plain.wall), "s", (min(plain.wall), max(plain.wall))),
        _ratio("loaded once, one process", by_load),
        _ratio("reset, one process", by_reset),
        _ratio("loaded once and reset, one process", by_both),
        _ratio("sharing a pass, one process", ratios(reset, sharing)),
        _ratio("sweep without NautilusTrader's log", quiet),
    )
    if real:
        measures += (
            _ratio("sweep over naive loop, real hour", ratios(real[0].wall, real[1].wall)),
            Measure("sweep, real hour", median(real[1].wall), "s"),
            Measure("naive loop, real hour", median(real[0].wall), "s"),
        )
    spent = [median(column) for column in zip(*parts, strict=True)]
    return Section(
        "sweeps",
        "Sweeps",
        f"{count} sets of parameters of ema_cross over an hour of {rows:,} quotes. The plain loop"
        f" makes an engine and loads the catalog for each set, in one process; {naive_sets} of its"
        f" sets are timed and scaled to {count}, since each costs the same. The platform takes the"
        f" sweep by its API and runs it in {WORKERS} workers, with traces, metrics and stored"
        " results; PnLs are compared. Most of what a set costs alone is the engine's work on each"
        f" tick, which up to {PASS} sets share: they run side by side in one engine, each as if it"
        " were alone. Apart: CPU time of a set in one process, without anything of the platform's"
        " around it; what `reset()` gives, and what sharing gives.",
        tables=(
            Table(
                f"{count} sets", ("", "seconds", "CPU seconds", "CPU seconds of a set"),
                tuple(
                    (name, f"{median(side.wall):.1f}", f"{median(side.cpu):.1f}",
                     f"{median(side.cpu) / count:.3f}")
                    for name, side in (
                        ("plain loop", plain), (f"sweep, {WORKERS} workers", ours),
                        ("sweep, NAUTILUS_LOG_LEVEL=OFF", silent),
                        *(
                            (("plain loop, real hour", real[0]), ("sweep, real hour", real[1]))
                            if real else ()
                        ),
                    )
                ),
            ),
            Table(
                "One process, CPU seconds of a set", ("", "seconds", "gain over the first"),
                tuple(
                    (name, f"{seconds:.3f}", f"{spent[0] / seconds:.2f}x")
                    for name, seconds in zip(ASIDE, spent, strict=True)
                ),
            ),
        ),
        measures=measures,
        targets=(
            Target(f"{count} sets over an hour", "sweep over naive loop", 5.0, "at least", "x",
                   "issue"),
        ),
        plots=(
            Plot("CPU seconds of a set in one process", "bar", "s",
                 {"a set": tuple(zip(ASIDE, spent, strict=True))}),
        ),
        recommendations=(
            Recommendation(
                "Run many sets as a sweep: {sweep over naive loop} over a loop of separate engines,"
                " {reset, one process} of it by resetting instead of building, and"
                " {sharing a pass, one process} by sets that share a pass of the engine. A strategy"
                " of your own shares it when its StrategySpec says that it may (`shares`)."
            ),
            Recommendation(
                "NAUTILUS_LOG_LEVEL=OFF makes sweeps {sweep without NautilusTrader's log} as fast:"
                " with any level, the engine writes a line for each tick and throws it away."
            ),
        ),
    )  # fmt: skip


def _ratio(name: str, found: dict[str, float]) -> Measure:
    return Measure(name, found["median"], "x", (found["lowest"], found["highest"]), "higher")


def main() -> None:
    parser = with_json(argparse.ArgumentParser(description=__doc__.splitlines()[0]))
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--sets", type=int, default=SETS)
    parser.add_argument("--naive-sets", type=int, default=NAIVE_SETS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--triples", type=int, default=TRIPLES)
    given = parser.parse_args()
    section = measure(given.rows, given.sets, given.naive_sets, given.rounds, given.triples)
    emit(section, given.json)


if __name__ == "__main__":
    main()
