"""`python -m benchmarks.profiled AREA`: an area's slowest path over and over, to be profiled.

It prepares, prints `ready`, and works until its standard input ends.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import datetime as dt
import select
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from benchmarks.conversion_data import DAY, generate

if TYPE_CHECKING:
    from backend.settings import Settings

ROWS = 300_000
RESULTS = 2_000
LISTING = "/api/backtest/results"
INSTRUMENT = "EUR/USD.SIM"
START = dt.datetime.fromisoformat(f"{DAY}T00:00:00+00:00")
END = START + dt.timedelta(days=1)

Work = Callable[[], object]


def _settings(root: Path) -> Settings:
    from backend.settings import Settings

    return Settings(
        raw_tick_dir=root / "raw", datasets_file=root / "datasets.toml",
        catalog_dir=root / "catalog", results_dir=root / "results", nautilus_log_level="OFF",
    )  # fmt: skip


def _converted(root: Path, kind: str) -> None:
    from benchmarks.conversion_parts import convert

    generate(root, ROWS)
    convert(root, root / "catalog", kind)


@contextmanager
def conversion(root: Path) -> Iterator[Work]:
    from benchmarks.conversion_parts import convert

    generate(root, ROWS, shuffled=True)

    def work() -> None:
        shutil.rmtree(root / "catalog", ignore_errors=True)
        convert(root, root / "catalog", "trade")

    yield work


@contextmanager
def catalog(root: Path) -> Iterator[Work]:
    from backend.catalog_manager import CatalogManager
    from backend.models import unix_ns

    _converted(root, "quote")
    manager = CatalogManager(_settings(root))
    yield partial(manager.query, INSTRUMENT, "quote", unix_ns(START), unix_ns(END))


@contextmanager
def engine(root: Path) -> Iterator[Work]:
    from backend.backtest_engine import execute_backtest
    from backend.context import JobContext
    from backend.models import BacktestRequest
    from nautilus_instrumentation import current_session

    _converted(root, "quote")
    request = BacktestRequest(
        instrument_id=INSTRUMENT, kind="quote", start=START, end=END, strategy="ema_cross",
        params={},
    )  # fmt: skip
    context = JobContext(
        job_id="job", run_id="run", trace_id="0" * 32, slot=0, settings=_settings(root),
        session=current_session(), progress=lambda *_args, **_named: None,
    )  # fmt: skip
    yield partial(execute_backtest, request, context)


@contextmanager
def sweep(root: Path) -> Iterator[Work]:
    """Sets that share a pass of the engine, as most of a sweep's do."""
    from nautilus_trader.config import LoggingConfig

    from backend.catalog_manager import CatalogManager
    from backend.engine_bench import EngineBench
    from backend.models import BacktestRequest, unix_ns
    from benchmarks.sweep_data import sets
    from benchmarks.sweeps import PASS

    hour = START + dt.timedelta(hours=1)
    _converted(root, "quote")
    manager = CatalogManager(_settings(root))
    instrument = manager.instrument(INSTRUMENT)
    ticks = manager.query(INSTRUMENT, "quote", unix_ns(START), unix_ns(hour))
    requests = [
        BacktestRequest(
            instrument_id=INSTRUMENT, kind="quote", start=START, end=hour, strategy="ema_cross",
            params=params,
        )
        for params in sets(PASS)
    ]  # fmt: skip
    bench, logging = EngineBench(), LoggingConfig(log_level="ERROR")

    def work() -> None:
        bench.take_for(requests, instrument, ticks, logging).run()
        bench.put_back()

    yield work
    bench.scrap()


@contextmanager
def evaluation(root: Path) -> Iterator[Work]:
    from backend.result_store import ResultStore
    from backend.strategy_evaluator import MOST_RUNS, StrategyEvaluator
    from benchmarks.evaluation import fill

    store = ResultStore(root / "results")
    fill(store, MOST_RUNS)
    yield partial(StrategyEvaluator(store).rank, limit=MOST_RUNS)
    store.close()


@contextmanager
def listing(root: Path) -> Iterator[Work]:
    """Without a socket and a client, whose time would count as well."""
    from backend.app import create_app
    from backend.result_store import ResultStore
    from benchmarks.cache_cases import result
    from benchmarks.request_span import SCOPE
    from nautilus_instrumentation import current_session

    settings = _settings(root)
    store = ResultStore(settings.results_dir)
    for number in range(RESULTS):
        store.save(result(number))
    store.close()
    app = create_app(settings, current_session(), cast(Any, None))
    loop = asyncio.new_event_loop()
    scope = {**SCOPE, "path": LISTING, "raw_path": LISTING.encode(), "query_string": b"limit=500"}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        assert message.get("status", 200) == 200

    async def ask() -> None:
        for _ in range(20):
            await app(dict(scope), receive, send)

    yield lambda: loop.run_until_complete(ask())
    loop.close()


@contextmanager
def cache(root: Path) -> Iterator[Work]:
    """A look-up that Redis answers, without this process's own memory."""
    from backend.cache import Cache, RedisStore
    from benchmarks.cache_cases import cases
    from benchmarks.caches import redis_server
    from nautilus_instrumentation import current_session

    with redis_server() as server:
        if server is None:
            raise SystemExit("there is no Redis here")
        _, (load, codec) = next(cases(root, 100, 1))
        store = RedisStore(server.url)
        key = ("profiled", codec.version)

        def work() -> None:
            fresh: Cache[Any] = Cache("config", current_session(), 10, store=store)
            fresh.get_or_load(key, load, codec)

        yield work
        store.close()


AREAS = {
    "conversion": (conversion, "Conversion of unsorted trades"),
    "catalog": (catalog, "Catalog: a query of a whole day"),
    "engine": (engine, "A backtest over a day of quotes"),
    "sweep": (sweep, "A sweep: 25 sets in one pass of the engine"),
    "evaluation": (evaluation, "Evaluation: a ranking of 200 runs"),
    "listing": (listing, "API: a list of 500 of 2,000 results"),
    "cache": (cache, "Cache: a look-up that Redis answers"),
}
"""Name: what prepares the work, and the title of its profile."""


def _let_be_traced() -> None:
    """Where only ancestors may trace (Yama), our starter's other children may as well."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(2**64 - 1), 0, 0, 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("area", choices=AREAS)
    area = parser.parse_args().area
    _let_be_traced()
    prepare, _ = AREAS[area]
    with (
        tempfile.TemporaryDirectory(prefix="nautobs-profiled-") as folder,
        prepare(Path(folder)) as work,
    ):
        work()  # imports and caches
        print("ready", flush=True)
        while not select.select([sys.stdin], [], [], 0)[0]:
            work()


if __name__ == "__main__":
    main()
