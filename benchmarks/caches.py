"""What a look-up costs: loaded, found in Redis or in memory, and while Redis does not answer."""

from __future__ import annotations

import argparse
import logging
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from backend.cache import Cache, Codec, RedisStore
from backend.cache.breaker import Breaker
from backend.cache.redis_store import TIMEOUT_SECONDS
from benchmarks.cache_cases import Case, cases
from benchmarks.figures import shown
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
from nautilus_instrumentation import Session, instrument, uninstrument
from stack.provision import REDIS, Found, provision
from stack.redis_server import RedisServer
from stack.settings import load_settings

TEXT = """
Real look-ups of the platform, their variants in turn in one run, medians of the rounds. Redis is a
real server of its own, frozen and killed for the outages.
"""
LOADS = "loads of a key that threads want at once"
THREADS = 16
LOAD_SECONDS = 0.05
"""Of the load that threads share; it only waits, so that the number of loads decides."""

SAVES = 0.8
"""Share of a load up to which an answer from Redis is worth its trouble."""

Figures = dict[str, dict[str, float]]


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


def section(figures: Figures, flight: dict[str, float], faults: dict[str, float]) -> Section:
    """The figures as a part of the report; ratios are to the load of the same row."""
    variants = list(next(iter(figures.values())))
    shares = {
        (name, variant): row[variant] / row["load"]
        for name, row in figures.items()
        for variant in variants[1:]
    }
    return Section(
        "caches", "Caches", TEXT,
        tables=tuple(_tables(figures, flight, faults)),
        measures=(
            *(
                Measure(f"{name}, {variant}, against its load", share, "x")
                for (name, variant), share in shares.items()
            ),
            Measure(LOADS, flight["loads"]),
            *(Measure(f"miss, {name}", took, "s") for name, took in faults.items()),
        ),
        targets=(Target("threads that want one key", LOADS, 1, "at most", "", "issue"),),
        plots=(
            Plot(
                "A look-up by where it is answered", "bar", "s",
                {
                    variant: tuple((name, row[variant]) for name, row in figures.items())
                    for variant in variants
                },
                log_y=True,
            ),
        ),
        recommendations=_advice(figures, shares, faults),
        left_out=() if faults else ("Redis: its program was not found",),
    )  # fmt: skip


def _advice(
    figures: Figures, shares: dict[tuple[str, str], float], faults: dict[str, float]
) -> tuple[Recommendation, ...]:
    """Where Redis saves time and where it does not, by the figures themselves."""
    if not faults:
        return ()
    named = {True: [], False: []}
    for name in figures:
        saves = shares[name, "from Redis"] < SAVES
        named[saves].append(f"{name} {{{name}, from Redis, against its load}}")
    found = [
        "Redis may be lost without harm: a miss takes {miss, Redis frozen, then} while it is "
        "frozen, {miss, Redis up} while it is up."
    ]
    if named[True]:
        found.append(f"Share through Redis what it finds faster: {', '.join(named[True])}.")
    if named[False]:
        found.append(f"Leave to memory what Redis hardly saves: {', '.join(named[False])}.")
    return tuple(Recommendation(text) for text in found)


def _tables(
    figures: Figures, flight: dict[str, float], faults: dict[str, float]
) -> Iterator[Table]:
    variants = list(next(iter(figures.values())))
    yield Table(
        "A look-up by where it is answered", ("look-up", *variants),
        tuple(
            (name, *(shown(took, "s") for took in row.values())) for name, row in figures.items()
        ),
    )  # fmt: skip
    yield Table(
        f"{THREADS} threads want one key whose load takes {shown(LOAD_SECONDS, 's')}",
        ("", "loads", "wall"),
        (("together", flight["loads"], shown(flight["seconds"], "s")),),
    )
    if faults:
        yield Table(
            f"While Redis does not answer (a look-up waits {shown(TIMEOUT_SECONDS, 's')} at most)",
            ("miss", "takes", "against memory alone"),
            tuple(
                (name, shown(took, "s"), shown(took / faults["memory alone"], "x"))
                for name, took in faults.items()
            ),
        )


def main() -> None:
    parser = with_json(argparse.ArgumentParser(description=__doc__))
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
    emit(section(figures, flight, faults), given.json)


if __name__ == "__main__":
    main()
