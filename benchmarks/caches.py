"""What a look-up costs: loaded, found in Redis, found in memory, and while Redis does not answer.

Real look-ups of the platform, their variants in turn in one run. Redis is a real server of its own;
without its program those rows are left out, which is said.
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from backend.cache import Cache, Codec, RedisStore
from backend.cache.breaker import Breaker
from backend.cache.redis_store import TIMEOUT_SECONDS
from backend.catalog_files import TickFile, row_groups
from backend.catalog_manager import CatalogInstrument, Holding, _holding, _read
from backend.conversion.layout import file_name
from backend.models import BacktestRequest, BacktestResult
from backend.result_pages import PAGE, ResultQuery
from backend.result_store import ResultStore
from nautilus_instrumentation import Session, instrument, uninstrument
from stack.provision import REDIS, Found, provision
from stack.redis_server import RedisServer
from stack.settings import load_settings

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
THREADS = 16
LOAD_SECONDS = 0.05
"""Of the load that threads share; it only waits, so that the number of loads decides."""

Case = tuple[Callable[[], Any], Codec[Any]]
Figures = dict[str, dict[str, float]]


def cases(folder: Path, instruments: int, results: int) -> Iterator[tuple[str, Case]]:
    """Name: a load, and how its value is shared."""
    folders = [_definition(folder / "data", number) for number in range(instruments)]
    yield f"{instruments} instruments", (
        lambda: _read(folders), Codec(dict[str, CatalogInstrument]),
    )  # fmt: skip

    path = folder / file_name(0, 10**9)
    ticks = pa.table({"ts_init": pa.array(range(1_000_000), pa.uint64())})
    pq.write_table(ticks, path, row_group_size=5_000)
    file = TickFile(path, 0, 10**9, 0, path.stat().st_size)

    def footer() -> Any:
        row_groups.cache_clear()
        return _holding([file])

    yield "200 row groups", (footer, Codec(Holding))

    store = ResultStore(folder / "results")
    for number in range(results):
        store.save(_result(number))
    yield f"50 of {results} results", (lambda: store.page(ResultQuery(50)), PAGE)
    store.close()


def measure(
    server: RedisServer | None, session: Session, rounds: int, instruments: int, results: int
) -> Figures:
    """Case: variant: wall seconds of a look-up (median of the rounds)."""
    figures: Figures = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, case in cases(Path(folder), instruments, results):
            seconds: dict[str, list[float]] = {}
            for turn in range(rounds + 1):
                for variant, took in _turn(case, server, session).items():
                    if turn:  # the first warms up
                        seconds.setdefault(variant, []).append(took)
            figures[name] = {
                variant: statistics.median(values) for variant, values in seconds.items()
            }
    return figures


def _turn(case: Case, server: RedisServer | None, session: Session) -> dict[str, float]:
    load, codec = case
    key = ("benchmark", codec.version)
    alone: Cache[Any] = Cache("config", session, 10)
    took = {"load": _seconds(load)}
    alone.get_or_load(key, load)
    took["from memory"] = _repeated(lambda: alone.get_or_load(key, load))
    if server is None:
        return took
    store = RedisStore(server.url)
    warm: Cache[Any] = Cache("config", session, 10, store=store)
    store.trouble()  # connects
    took["load, then into Redis"] = _seconds(lambda: warm.get_or_load(key, load, codec))
    fresh: Cache[Any] = Cache("config", session, 10, store=store)
    took["from Redis"] = _seconds(lambda: fresh.get_or_load(key, load, codec))
    server.client.flushall()
    store.close()
    return took


def outage(server: RedisServer, session: Session, lookups: int = 2_000) -> dict[str, float]:
    """Seconds of misses whose load costs nothing: without Redis, and while it is frozen or gone."""
    codec: Codec[int] = Codec(int)

    def misses(store: RedisStore | None) -> list[float]:
        cache: Cache[int] = Cache("config", session, lookups, store=store)
        return [
            _seconds(lambda n=number: cache.get_or_load(n, lambda: 1, codec))  # type: ignore[misc]
            for number in range(lookups)
        ]

    took = {"memory alone": statistics.median(misses(None))}
    took["Redis up"] = statistics.median(misses(RedisStore(server.url)))
    for name, fault in (("frozen", server.freeze), ("gone", server.kill)):
        if name == "gone":
            server.thaw()
        fault()
        seconds = misses(RedisStore(server.url, breaker=Breaker(rest_seconds=3600)))
        took[f"Redis {name}, first 3 together"] = sum(seconds[:3])
        took[f"Redis {name}, then"] = statistics.median(seconds[3:])
    return took


def single_flight(session: Session) -> dict[str, float]:
    """Loads, and wall seconds, of THREADS threads that want the same key at once."""
    loads: list[int] = []

    def load() -> int:
        loads.append(1)
        time.sleep(LOAD_SECONDS)
        return 1

    cache: Cache[int] = Cache("config", session, 10)
    start = threading.Barrier(THREADS + 1)

    def look_up() -> None:
        start.wait()
        cache.get_or_load("a", load)

    threads = [threading.Thread(target=look_up) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    return {"loads": len(loads), "seconds": time.perf_counter() - began}


# --------------------------------------------------------------------------------------------------


def _seconds(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _repeated(call: Callable[[], Any], times: int = 1_000) -> float:
    began = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - began) / times


def _definition(data: Path, number: int) -> Path:
    folder = data / "currency_pair" / f"I{number:03}USD.SIM"
    folder.mkdir(parents=True)
    row = {
        "id": f"I{number:03}/USD.SIM", "base_currency": "EUR", "quote_currency": "USD",
        "price_precision": 5, "size_precision": 0,
    }  # fmt: skip
    table = pa.Table.from_pylist([row]).replace_schema_metadata({"class": "CurrencyPair"})
    pq.write_table(table, folder / f"{number}.parquet")
    return folder


def _result(number: int) -> BacktestResult:
    request = BacktestRequest(
        instrument_id="EUR/USD.SIM", kind="quote", start=NOON, end=NOON + timedelta(hours=1),
        strategy="idle", params={},
    )  # fmt: skip
    created = NOON + timedelta(seconds=number)
    return BacktestResult(
        run_id=f"run-{number:06}", job_id=f"job-{number}", trace_id=f"{number:032x}", status="ok",
        request=request, created_at=created, finished_at=created, duration_seconds=1.0,
        window="1h", versions={"python": "3"}, data_points_per_second=1000.0,
    )  # fmt: skip


@contextmanager
def redis_server() -> Iterator[RedisServer | None]:
    """A server that runs; None, with a word, where there is no program."""
    found = provision(REDIS, load_settings())
    if not isinstance(found, Found):
        Console().print(f"{found}\nWithout Redis: memory alone is measured.")
        yield None
        return
    server = RedisServer(found.path)
    server.start()
    try:
        yield server
    finally:
        server.close()


def tables(figures: Figures, flight: dict[str, float], faults: dict[str, float]) -> list[Table]:
    """The figures as tables; ratios are to the load of the same row, or to memory alone."""
    variants = list(next(iter(figures.values())))
    shown = Table("look-up", *variants, title="A look-up by where it is answered")
    for name, row in figures.items():
        shown.add_row(name, *(_shown(took) for took in row.values()))
        shown.add_row("", *(f"{took / row['load']:.4f}x" for took in row.values()))
    threads = Table("", "loads", "wall", title=f"{THREADS} threads want one key")
    threads.add_row(
        f"of {LOAD_SECONDS * 1000:.0f} ms", f"{flight['loads']:.0f}", _shown(flight["seconds"])
    )
    broken = Table("miss", "seconds", "against memory alone", title="While Redis does not answer")
    for name, took in faults.items():
        broken.add_row(name, _shown(took), f"{took / faults['memory alone']:.1f}x")
    return [shown, threads, *([broken] if faults else [])]


def _shown(seconds: float) -> str:
    return f"{seconds * 1000:.3f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--instruments", type=int, default=100)
    parser.add_argument("--results", type=int, default=2_000)
    given = parser.parse_args()
    # The outages that are made here are no news.
    logging.getLogger("backend.cache").setLevel(logging.ERROR)
    session = instrument(nautilus=False, gc=False, spans_to="none")
    try:
        with redis_server() as server:
            figures = measure(server, session, given.rounds, given.instruments, given.results)
            flight = single_flight(session)
            faults = outage(server, session) if server else {}
    finally:
        uninstrument()
    for shown in tables(figures, flight, faults):
        Console().print(shown)
    Console().print(
        f"{os.cpu_count()} cores; a look-up waits {TIMEOUT_SECONDS} s for Redis at most."
    )


if __name__ == "__main__":
    main()
