"""Backtests on real ticks, from raw files to spans, metrics and results."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from starlette.testclient import TestClient

from backend.backtest_engine import execute_backtest
from backend.context import JobContext
from backend.models import BacktestRequest, BacktestResult
from backend.settings import Settings
from nautilus_instrumentation import Session, attributes, instrument, metrics

ROOT = Path(__file__).resolve().parents[2]
RAW = ROOT.parent / "shared" / "data" / "raw_tick_data"
DATASETS = ROOT / "tests" / "data" / "shared_datasets.toml"

pytestmark = pytest.mark.skipif(not RAW.is_dir(), reason="the shared real ticks are not here")

Run = Callable[..., BacktestResult]


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def session(exporter: InMemorySpanExporter) -> Iterator[Session]:
    """This process instrumented as a worker."""
    session = instrument(span_exporter=exporter, strict=True, role="worker", metrics_dir=None)
    yield session
    session.close()


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One catalog for all tests here: what one converted, the next ones find."""
    return tmp_path_factory.mktemp("real")


def settings_for(folder: Path, raw: Path = RAW) -> Settings:
    return Settings(
        raw_tick_dir=raw, datasets_file=DATASETS, catalog_dir=folder / "catalog",
        results_dir=folder / "results",
    )  # fmt: skip


@pytest.fixture
def run(session: Session, catalog: Path) -> Run:
    """Run a strategy over `minutes` from a time of day (UTC)."""
    count = iter(range(1_000))

    def run(
        strategy: str, instrument_id: str, kind: str, start: str, minutes: float,
        settings: Settings | None = None, **fields: Any,
    ) -> BacktestResult:  # fmt: skip
        n = next(count)
        context = JobContext(
            job_id=f"job-{n}", run_id=f"run-{n}", trace_id="", slot=0, session=session,
            settings=settings or settings_for(catalog),
        )  # fmt: skip
        moment = datetime.fromisoformat(start).replace(tzinfo=UTC)
        request = BacktestRequest(
            instrument_id=instrument_id, kind=kind, start=moment,
            end=moment + timedelta(minutes=minutes), strategy=strategy, **fields,
        )  # fmt: skip
        result, _ = execute_backtest(request, context)
        return result

    return run


def named(exporter: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [span for span in exporter.get_finished_spans() if span.name == name]


def test_an_unconverted_window_is_converted_in_the_run_s_trace(
    run: Run, tmp_path: Path, exporter: InMemorySpanExporter
) -> None:
    """One trace holds everything from the raw file to the stored result."""
    settings = settings_for(tmp_path)
    result = run("ema_cross", "EUR/USD.OANDA", "quote", "2014-05-08T12:00", 5, settings)
    assert result.error is None
    assert result.stages["convert"] > 0
    spans = exporter.get_finished_spans()
    assert len({span.context.trace_id for span in spans}) == 1
    wanted = {
        attributes.CONVERSION, attributes.CONVERSION_FILE, attributes.CONVERSION_BATCH,
        attributes.CATALOG_INSTRUMENTS, attributes.CATALOG_QUERY, attributes.ENGINE_BUILD,
        attributes.ENGINE_LOAD, attributes.ENGINE_RUN, attributes.ENGINE_REPORT,
        attributes.RESULT_PERSIST, attributes.BACKTEST_RUN,
    }  # fmt: skip
    assert wanted <= {span.name for span in spans}
    (root,) = [span for span in spans if span.parent is None]
    assert root.name == attributes.BACKTEST_RUN


def test_a_converted_window_is_not_converted_again(
    run: Run, exporter: InMemorySpanExporter
) -> None:
    """The second run finds the catalog, the third the worker's memory."""
    first, second, third = (
        run("idle", "EUR/USD.OANDA", "quote", "2014-05-09T12:00", minutes) for minutes in (5, 9, 9)
    )
    assert first.stages["convert"] > 0
    assert "convert" not in second.stages
    assert (second.cache_source, third.cache_source) == ("catalog", "memory")
    assert len(named(exporter, attributes.CONVERSION)) == 1
    assert len(named(exporter, attributes.CATALOG_QUERY)) == 2


def test_a_real_hour_makes_thousands_of_orders(run: Run) -> None:
    """The market maker loads an engine, and crossed quotes do not stop it."""
    result = run("market_maker", "EUR/USD.FXCM", "quote", "2014-05-08T06:00", 60)
    assert result.error is None
    assert result.orders > 2_000
    assert result.events > result.orders


def test_a_real_day_streams_in_chunks(run: Run, exporter: InMemorySpanExporter) -> None:
    """A day of two averages gives a full result; its engine took several chunks."""
    result = run("ema_cross", "EUR/USD.OANDA", "quote", "2014-05-08T00:00", 1440)
    assert result.error is None
    assert result.window == "1d"
    assert result.data_points == 87_833
    assert 50 < result.orders < 500
    assert result.positions > 10
    assert len(named(exporter, attributes.ENGINE_RUN)) > 1


@pytest.mark.parametrize("kind", ["quote", "trade"])
@pytest.mark.parametrize("instrument_id", ["BTCUSDT.BINANCE", "BTCUSDT-PERP.BINANCE"])
@pytest.mark.parametrize(
    ("strategy", "params"),
    [
        ("market_maker", {}),
        ("ema_cross", {"interval": "tick", "fast_ema_period": 100, "slow_ema_period": 900}),
    ],
)
def test_real_coins_can_be_traded(
    run: Run, instrument_id: str, kind: str, strategy: str, params: dict[str, Any]
) -> None:
    """Spot and perpetual, quotes and trades: orders are placed and PnL comes in USDT."""
    result = run(strategy, instrument_id, kind, "2024-08-08T23:54", 5, params=params)
    assert result.error is None
    assert result.orders > 5
    assert set(result.pnl) == {"USDT"}
    assert result.pnl["USDT"] != 0.0


def test_the_error_of_a_strategy_is_on_its_spans(run: Run, exporter: InMemorySpanExporter) -> None:
    """The run's span and the engine's carry the exception."""
    result = run("faulty", "EUR/USD.OANDA", "quote", "2014-05-08T12:00", 60)
    assert result.status == "error"
    for name in (attributes.BACKTEST_RUN, attributes.ENGINE_RUN):
        (span,) = named(exporter, name)
        assert span.status.status_code is StatusCode.ERROR
        (event,) = [event for event in span.events if event.name == "exception"]
        assert event.attributes is not None
        assert event.attributes["exception.type"] == "ValueError"


def test_an_empty_window_is_an_error_on_the_span(run: Run, exporter: InMemorySpanExporter) -> None:
    """The weekend has no ticks: the result says where there are some."""
    result = run("idle", "EUR/USD.OANDA", "quote", "2014-05-10T12:00", 60)
    assert result.error is not None
    assert "ticks are held from 2014-05-08" in result.error.message
    (span,) = named(exporter, attributes.BACKTEST_RUN)
    assert span.status.status_code is StatusCode.ERROR


def test_a_corrupt_raw_file_fails_the_run_by_name(run: Run, tmp_path: Path) -> None:
    """A window whose ticks cannot be converted is no shorter window."""
    raw = tmp_path / "raw"
    day = raw / "by_date" / "day-2014-05-08"
    day.mkdir(parents=True)
    source = RAW / "by_date" / "day-2014-05-08" / "oanda_EURUSD_quotes.parquet"
    shutil.copyfile(source, day / source.name)
    with (day / source.name).open("r+b") as file:
        file.truncate(100_000)
    settings = settings_for(tmp_path, raw)
    result = run("idle", "EUR/USD.OANDA", "quote", "2014-05-08T12:00", 60, settings)
    assert result.error is not None
    assert source.name in result.error.message


def test_each_run_is_counted_once(run: Run, session: Session) -> None:
    """Runs by outcome, data points, orders and stages show in the metrics."""
    where = ("EUR/USD.OANDA", "quote", "2014-05-08T12:00", 5)
    good = [run(name, *where) for name in ("idle", "idle", "market_maker")]
    run("faulty", *where)
    counted = samples(session)
    runs, points = metrics.BACKTEST_RUNS.name, metrics.ENGINE_DATA_POINTS.name
    assert counted[f'{runs}{{status="ok",strategy="idle"}}'] == 2
    assert counted[f'{runs}{{status="ok",strategy="market_maker"}}'] == 1
    assert counted[f'{runs}{{status="error",strategy="faulty"}}'] == 1
    assert counted[f'{points}{{strategy="idle",window="5m"}}'] == 2 * good[0].data_points
    assert counted[f'{metrics.ENGINE_ORDERS.name}{{strategy="market_maker"}}'] == good[2].orders
    assert counted[f'{metrics.BACKTEST_STAGE_DURATION.family}_count{{stage="run"}}'] == 4


def samples(session: Session) -> Counter[str]:
    """Value by name and sorted labels, as scraped."""
    from prometheus_client.parser import text_string_to_metric_families

    text = TestClient(session.metrics_app()).get("/metrics").text
    found: Counter[str] = Counter()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f'{key}="{value}"' for key, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found
