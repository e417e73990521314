"""What runs and sweeps leave behind in a worker's process: nothing of ours.

Bytes per run are measured by `python -m benchmarks.memory`; objects can be counted without a scale.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise

import nautilus_trader
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from backend.backtest_engine import execute_backtest
from backend.context import JobContext
from backend.data_converter import Converter
from backend.models import BacktestRequest
from backend.settings import Settings
from nautilus_instrumentation import Session, instrument
from tests.integration.service_process import DAY, write_raw_day

MIDNIGHT = datetime.fromisoformat(DAY).replace(tzinfo=UTC)
ENGINES_STAY = nautilus_trader.__version__ == "1.221.0"
"""It never frees an engine, whatever its user does; workers are replaced for that."""
RUNS = (
    ("ema_cross", {}), ("ema_cross", {"interval": "tick"}), ("market_maker", {}), ("idle", {}),
    ("faulty", {}), ("ema_cross", {"trade_size": 1e-9}),
)  # fmt: skip
"""Good ones, one that fails in the engine, and one that is refused."""
ROUNDS = 4
BOUNDED = {"nautilus_instrumentation.exposition.cells.Exemplar"}
"""One for each bucket of a histogram, as buckets come to be used."""
LONG_LIST = "list of hundreds, such as ticks"

Go = Callable[[int], None]


@pytest.fixture(scope="module")
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture(scope="module")
def session(exporter: InMemorySpanExporter) -> Iterator[Session]:
    """This process instrumented as a worker."""
    session = instrument(strict=True, role="worker", metrics_dir=None, span_exporter=exporter)
    yield session
    session.close()


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, session: Session) -> Settings:
    """A converted day."""
    folder = tmp_path_factory.mktemp("leaks")
    write_raw_day(folder / "raw")
    settings = Settings(
        raw_tick_dir=folder / "raw", catalog_dir=folder / "catalog",
        results_dir=folder / "results", nautilus_log_level="OFF",
    )  # fmt: skip
    assert not Converter(settings, session).convert_day(MIDNIGHT.date()).failed
    return settings


def rounds_of(
    settings: Settings, session: Session, exporter: InMemorySpanExporter, sweep_id: str | None
) -> Go:
    """Does rounds of all kinds of runs, and sends their spans away."""
    numbers = count()

    def go(rounds: int) -> None:
        for strategy, params in RUNS * rounds:
            name = f"run-{next(numbers)}"
            context = JobContext(
                job_id=name, run_id=name, trace_id="", slot=0, session=session,
                settings=settings, sweep_id=sweep_id,
            )  # fmt: skip
            request = BacktestRequest(
                instrument_id="EUR/USD.SIM", kind="quote", start=MIDNIGHT,
                end=MIDNIGHT + timedelta(minutes=5), strategy=strategy, params=params,
            )  # fmt: skip
            execute_backtest(request, context)
        session.flush()
        exporter.clear()

    return go


def objects() -> Counter[str]:
    """Living objects of ours and of NautilusTrader, by type; and long lists."""
    for _ in range(3):  # engines hang together by finalizers
        gc.collect()
    ours = ("backend.", "nautilus_instrumentation.", *(() if ENGINES_STAY else ("nautilus_",)))
    found: Counter[str] = Counter()
    for one in gc.get_objects():
        name = f"{type(one).__module__}.{type(one).__qualname__}"
        if type(one) is list and len(one) > 200:
            found[LONG_LIST] += 1
        elif name.startswith(ours) and name not in BOUNDED:
            found[name] += 1
    return found


@pytest.mark.parametrize("sweep_id", [None, "sweep-1"], ids=["runs", "sweep"])
def test_objects_do_not_add_up(
    settings: Settings, session: Session, exporter: InMemorySpanExporter, sweep_id: str | None
) -> None:
    """Strategies, engines, curves, ticks, results: after more rounds there are no more."""
    go = rounds_of(settings, session, exporter, sweep_id)
    go(2)  # caches fill
    counts = [objects()]
    for _ in range(2):
        go(ROUNDS)
        counts.append(objects())
    first, second = (later - sooner for sooner, later in pairwise(counts))
    # What a last run left, such as an error or an engine, stays until the next: it is there once.
    more = {name: (first[name], second[name]) for name in first
            if first[name] >= ROUNDS and second[name] >= ROUNDS}  # fmt: skip
    assert more == {}
