"""Stored results and ticks for the API's benchmark, and the plain ways that it is compared with."""

from __future__ import annotations

import asyncio
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import orjson
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from fastapi import FastAPI, Response
from starlette.middleware.gzip import GZipMiddleware

from backend.compression import Compression
from backend.models import BacktestRequest, BacktestResult
from tests.integration.service_process import DATASETS, DAY

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
STRATEGIES = ("ema_cross", "market_maker", "idle")
INSTRUMENTS = ("EUR/USD.SIM", "GBP/USD.SIM", "BTCUSDT.BINANCE")
STAGES = ("load", "prepare", "run", "report", "store")
TURN = 0.001
CURVE = 200
"""Points of an equity curve; as many as a run over an hour has."""


def write_results(folder: Path, number: int) -> None:
    """Files of results that differ in everything that lists sort and filter by."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(7)
    for n in range(number):
        result = _result(n, chance)
        content = orjson.dumps(result.model_dump(mode="json"))
        (folder / f"{result.run_id}.json").write_bytes(content)


def _result(n: int, chance: random.Random) -> BacktestResult:
    created = NOON + timedelta(seconds=n, microseconds=chance.randrange(10**6))
    took = chance.random() * 9
    request = BacktestRequest(
        instrument_id=chance.choice(INSTRUMENTS), kind="quote", start=NOON,
        end=NOON + timedelta(hours=1), strategy=chance.choice(STRATEGIES),
        params={"fast_ema_period": chance.randint(2, 20), "trade_size": "100000"},
    )  # fmt: skip
    return BacktestResult(
        run_id=f"run-{chance.getrandbits(64):016x}", job_id=f"job-{chance.getrandbits(64):016x}",
        trace_id=f"{chance.getrandbits(128):032x}", status=chance.choice(["ok"] * 9 + ["error"]),
        request=request, created_at=created, finished_at=created + timedelta(seconds=took),
        duration_seconds=took, window="1h",
        versions={"nautilus_trader": "1.231.0", "python": "3.13.0"},
        stages={stage: chance.random() for stage in STAGES}, last_stage="store",
        data_points=chance.randint(1_000, 90_000), data_points_per_second=chance.random() * 1e6,
        peak_memory_bytes=chance.randint(3 * 10**8, 6 * 10**8), gc_seconds=chance.random() / 10,
        cache_source="catalog", events=chance.randint(0, 500), orders=chance.randint(0, 50),
        positions=chance.randint(0, 20), pnl={"USD": chance.uniform(-500, 500)},
        equity_curve=[(i * 10**9, 1e6 + chance.random()) for i in range(CURVE)],
    )  # fmt: skip


def write_ticks(folder: Path, rows: int) -> None:
    """A raw day of quotes of one instrument, and their description."""
    day = folder / "by_date" / f"day-{DAY}"
    day.mkdir(parents=True)
    start = np.datetime64(DAY, "ns").astype(np.int64)
    chance = np.random.default_rng(7)
    bid = np.round(1.1 + np.cumsum(chance.choice([-1, 0, 1], rows)) * 1e-5, 5)
    times = start + np.sort(chance.integers(0, 86_399 * 10**9, rows))
    columns = {"ts": times, "bid": bid, "ask": np.round(bid + 2e-5, 5)}
    pq.write_table(pa.table(columns), day / "quotes.parquet")
    (folder / "datasets.toml").write_text(DATASETS)


# Plain ways --------------------------------------------------------------------------------------


def by_opening_files(folder: Path, number: int) -> bytes:
    """The newest results, found by reading all files."""
    results = [BacktestResult.model_validate_json(path.read_bytes())
               for path in folder.glob("run-*.json")]  # fmt: skip
    results.sort(key=lambda result: result.created_at, reverse=True)
    shown = [result.model_dump(mode="json", exclude={"equity_curve", "statistics", "trading"})
             for result in results[:number]]  # fmt: skip
    return orjson.dumps({"items": shown})


def applications(lines: bytes) -> dict[str, FastAPI]:
    """Applications that answer the same table: encoded and compressed plainly, and as we do."""
    rows: list[Any] = orjson.loads(lines)["rows"]
    encoder, inline, ours = FastAPI(), FastAPI(), FastAPI()

    @encoder.get("/")
    async def untyped():  # type: ignore[no-untyped-def]  # that is the case
        return {"rows": rows}

    for app in (inline, ours):

        @app.get("/")
        async def ready() -> Response:
            return Response(lines, media_type="application/json")

    inline.add_middleware(GZipMiddleware, compresslevel=9, thread_minimum_size=sys.maxsize)
    ours.add_middleware(Compression)
    return {"untyped list, FastAPI's encoder": encoder, "gzip 9 on the loop": inline, "ours": ours}


def stall(app: FastAPI, accepted: str, rounds: int) -> tuple[float, float]:
    """Seconds of an answer, and of the longest pause of its event loop: medians."""

    async def measured() -> tuple[float, float]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            taken, pauses = [], []
            for _ in range(rounds):
                with _watched() as longest:
                    began = time.perf_counter()
                    async with client.stream(
                        "GET", "/", headers={"accept-encoding": accepted}
                    ) as answer:
                        answer.raise_for_status()
                        async for _ in answer.aiter_raw():
                            pass
                    taken.append(time.perf_counter() - began)
                    await asyncio.sleep(0)
                pauses.append(max(longest))
            return statistics.median(taken), statistics.median(pauses)

    return asyncio.run(measured())


@contextmanager
def _watched() -> Iterator[list[float]]:
    """How much later than asked for a timer of a millisecond comes, each time."""
    loop = asyncio.get_running_loop()
    pauses = [0.0]
    last = time.perf_counter()
    stopped = False

    def turn() -> None:
        nonlocal last
        now = time.perf_counter()
        pauses.append(now - last - TURN)
        last = now
        if not stopped:
            loop.call_later(TURN, turn)

    loop.call_later(TURN, turn)
    try:
        yield pauses
    finally:
        stopped = True
        pauses.append(time.perf_counter() - last - TURN)


def median_seconds(work: Callable[[], object], rounds: int) -> float:
    """Wall seconds of a call."""
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


# Against a service -------------------------------------------------------------------------------


def streamed(pid: int, url: str, encoding: str) -> dict[str, float]:
    """Seconds to the first and the last byte, bytes on the way, growth of the service's memory.

    The fastest of three, and the largest growth.
    """
    runs = [_streamed(pid, url, encoding) for _ in range(3)]
    return {**min(runs, key=lambda run: run["all"]), "growth": max(run["growth"] for run in runs)}


def _streamed(pid: int, url: str, encoding: str) -> dict[str, float]:
    process = psutil.Process(pid)
    before = highest = process.memory_info().rss
    size, first = 0, 0.0
    began = time.perf_counter()
    with httpx.stream("GET", url, headers={"accept-encoding": encoding}, timeout=60) as answer:
        answer.raise_for_status()
        for part in answer.iter_raw():
            first = first or time.perf_counter() - began
            size += len(part)
            highest = max(highest, process.memory_info().rss)
    return {
        "first": first, "all": time.perf_counter() - began, "bytes": size,
        "growth": highest - before,
    }  # fmt: skip


@contextmanager
def meanwhile(url: str, callers: int, requests: int) -> Iterator[None]:
    """A process of its own that asks without rest."""
    code = (
        "from benchmarks.api_load import load\n"
        f"while True: load({url!r}, {callers}, {requests}, accept_encoding='zstd')"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    time.sleep(1)  # it has to start, and to reach its pace
    try:
        yield
    finally:
        process.kill()
        process.wait()
