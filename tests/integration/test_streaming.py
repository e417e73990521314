"""A window that does not fit a worker's memory is streamed, and gives the same result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from backend.backtest_engine import execute_backtest
from backend.catalog_manager import CatalogManager
from backend.context import JobContext
from backend.conversion.layout import tick_folder
from backend.data_converter import Converter
from backend.models import BacktestRequest, BacktestResult
from backend.reporting import EquityCurve
from backend.settings import Settings
from backend.tick_cache import TICK_BYTES
from backend.tick_source import CACHE_SHARE
from nautilus_instrumentation import Session, instrument, metrics
from tests.integration.service_process import DATASETS, DAY, Service, until

ROWS = 12_000
BURST = 7
"""Ticks that share a `ts_event`; it divides neither a row group nor a chunk."""
GROUP_ROWS = 600
MIDNIGHT = datetime.fromisoformat(DAY).replace(tzinfo=UTC)
NAME = "EUR/USD.SIM"
TRADES = """
[[dataset]]
match = "trades.parquet"
kind = "trade"
instrument_id = "EUR/USD.SIM"
instrument = "currency_pair"
quote_currency = "USD"
price_precision = 5
size_precision = 0
columns = { ts_event = "ts", price = "bid", size = "size", trade_id = "id" }
time = { unit = "ns", origin = "epoch" }
"""
STRATEGIES = [
    ("ema_cross", {"fast_ema_period": 3, "slow_ema_period": 5}),
    ("ema_cross", {"fast_ema_period": 20, "slow_ema_period": 50, "interval": "tick"}),
    ("ema_cross", {"fast_ema_period": 3, "slow_ema_period": 5, "interval": "30s"}),
    ("market_maker", {}),
    ("idle", {}),
]


def write_day(folder: Path, rows: int, burst: int) -> None:
    """Quotes and trades in bursts of equal times, each on a whole second, minutes among them."""
    day = folder / "by_date" / f"day-{DAY}"
    day.mkdir(parents=True)
    seconds = (np.arange(rows) // burst) * 86_398 // (rows // burst)
    random = np.random.default_rng(3)
    bid = np.round(1.1 + np.cumsum(random.choice([-3, -1, 0, 1, 3], rows)) * 1e-5, 5)
    table = pa.table(
        {
            "ts": int(MIDNIGHT.timestamp()) * 10**9 + seconds * 10**9,
            "bid": bid,
            "ask": np.round(bid + random.integers(1, 6, rows) * 1e-5, 5),
            "size": random.integers(1, 50, rows) * 100_000,
            "id": np.arange(rows),
        }
    )
    for kind in ("quotes", "trades"):
        pq.write_table(table, day / f"{kind}.parquet")
    (folder / "datasets.toml").write_text(DATASETS + TRADES)


def regroup(catalog: Path) -> None:
    """Small row groups, as small as slices of a stream can be."""
    for kind in ("quote", "trade"):
        for path in tick_folder(catalog, kind, NAME).iterdir():
            pq.write_table(pq.read_table(path), path, row_group_size=GROUP_ROWS)


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """This process instrumented as a worker."""
    exporter = InMemorySpanExporter()
    session = instrument(strict=True, role="worker", metrics_dir=None, span_exporter=exporter)
    yield session
    session.close()


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, session: Session) -> Settings:
    """A converted day in small row groups."""
    folder = tmp_path_factory.mktemp("streaming")
    write_day(folder / "raw", ROWS, BURST)
    settings = Settings(
        raw_tick_dir=folder / "raw", catalog_dir=folder / "catalog", results_dir=folder / "results"
    )
    done = Converter(settings, session).convert_day(MIDNIGHT.date())
    assert not done.failed
    regroup(settings.catalog_dir)
    (folder / "datasets.toml").touch()
    # Without raw files, or the catalog would be mended.
    return settings.model_copy(update={"raw_tick_dir": folder})


@pytest.fixture
def order_events(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """All events of the orders of each run, in order, without what is random in them."""
    events: list[dict[str, Any]] = []
    follow = EquityCurve.__init__

    def seen(event: Any) -> None:
        told = type(event).to_dict(event)
        told["type"] = type(event).__name__
        events.append({key: told[key] for key in told if key not in ("event_id", "init_id")})

    def init(curve: EquityCurve, engine: Any, *rest: Any, **named: Any) -> None:
        follow(curve, engine, *rest, **named)
        engine.kernel.msgbus.subscribe("events.order.*", seen)

    monkeypatch.setattr(EquityCurve, "__init__", init)
    return events


@pytest.fixture
def queries(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The queries of ticks that the catalog answered."""
    found: list[Any] = []
    query = CatalogManager.query

    def noted(*given: Any) -> list[Any]:
        found.append(given)
        return query(*given)

    monkeypatch.setattr(CatalogManager, "query", noted)
    return found


def figures(result: BacktestResult) -> dict[str, Any]:
    """All of a result that must not depend on how its ticks came."""
    assert result.error is None
    return {
        name: getattr(result, name)
        for name in ("data_points", "events", "orders", "positions", "pnl", "statistics",
                     "equity_curve", "trading")
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["quote", "trade"])
@pytest.mark.parametrize(("strategy", "params"), STRATEGIES)
def test_a_day_in_slices_gives_what_the_day_at_once_gives(
    settings: Settings, session: Session, order_events: list[dict[str, Any]], queries: list[Any],
    strategy: str, params: dict[str, Any], kind: str,
) -> None:  # fmt: skip
    """The same order events, fills and PnL, with equal times on both sides of every border."""

    def run(run_id: str, memory_rows: int, chunk: int) -> tuple[BacktestResult, list[Any]]:
        order_events.clear()
        limit = memory_rows * TICK_BYTES * CACHE_SHARE
        context = JobContext(
            job_id=run_id, run_id=run_id, trace_id="", slot=0, session=session,
            settings=settings.model_copy(update={"worker_memory_limit": limit}),
        )  # fmt: skip
        request = BacktestRequest(
            instrument_id=NAME, kind=kind, start=MIDNIGHT, end=MIDNIGHT + timedelta(days=1),
            strategy=strategy, params=params, chunk_size=chunk,
        )  # fmt: skip
        result, _ = execute_backtest(request, context)
        return result, list(order_events)

    whole, events = run("whole", 10 * ROWS, 10 * ROWS)
    assert figures(whole)["data_points"] == ROWS
    assert (strategy == "idle") == (events == [])
    for chunk in (1_000, 10 * ROWS):
        queries.clear()
        parts, events_of_parts = run("parts", 2 * GROUP_ROWS, chunk)
        assert len(queries) == ROWS // GROUP_ROWS // 2
        assert figures(parts) == figures(whole)
        assert events_of_parts == events


MANY_ROWS = 1_600_000
LIMIT_MIB = 600


def queries_of_run(service: Service, request: dict[str, Any]) -> tuple[dict[str, Any], float]:
    """The result, and how many queries of the catalog it took."""

    def queries() -> float:
        return service.metrics()(metrics.CATALOG_QUERY_DURATION, kind="quote", operation="query")

    before = queries()
    accepted = service.http.post("/backtest/run", json=request).json()
    job = service.ended(accepted["job_id"])
    assert job["status"] == "ok", job["error"]
    result = service.http.get(f"/backtest/results/{accepted['run_id']}").json()
    return result, queries() - before


def test_a_worker_streams_a_day_that_it_could_not_hold(
    start_service: Callable[..., Service], tmp_path: Path
) -> None:
    """It stays under its limit, which the ticks at once would break, and the result is the same."""
    write_day(tmp_path / "raw", MANY_ROWS, 1)
    shared = {
        "RAW_TICK_DIR": str(tmp_path / "raw"), "CATALOG_DIR": str(tmp_path / "catalog"),
        "WORKERS": "1",
    }  # fmt: skip
    roomy, tight = (
        start_service(**shared, WORKER_MEMORY_LIMIT=f"{limit}MiB") for limit in (4096, LIMIT_MIB)
    )
    for service in (roomy, tight):
        until(lambda service=service: service.workers_are("idle"))
    request = roomy.request("ema_cross", 24, fast_ema_period=3, slow_ema_period=5)
    converted = roomy.http.post("/datasets/convert", json={"date": DAY}).json()
    assert roomy.ended(converted["job_id"])["status"] == "ok"
    whole, whole_queries = queries_of_run(roomy, request)
    parts, parts_queries = queries_of_run(tight, request)
    assert whole["data_points"] > MANY_ROWS * 0.99
    assert whole_queries == 1
    assert parts_queries > 1
    assert parts["peak_memory_bytes"] < LIMIT_MIB * 2**20 < whole["peak_memory_bytes"]
    for name in ("data_points", "events", "orders", "positions", "pnl", "statistics",
                 "equity_curve", "trading"):  # fmt: skip
        assert parts[name] == whole[name]
    assert whole["orders"] > 0
    assert tight.metrics()(metrics.JOB_WORKER_RESTARTS) == 0
