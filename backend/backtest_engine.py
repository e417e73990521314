"""Runs one backtest: from raw ticks, if need be, to a stored result."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.model.instruments import Instrument

from backend import engine_log
from backend.catalog_manager import CatalogManager
from backend.context import JobContext
from backend.data_converter import Converter
from backend.engine_bench import EngineBench
from backend.engine_setup import account_currency, build_engine, release
from backend.errors import Invalid
from backend.models import BacktestRequest, BacktestResult, ErrorInfo, unix_ns
from backend.orders.models import OrderLog
from backend.orders.record import record
from backend.reporting import EquityCurve, RunReport, report
from backend.result_store import ResultStore, throughput_ratio
from backend.settings import Settings
from backend.sharing.shared_pass import SharedPass
from backend.simulation import CHUNK, REPLAY_CHUNK, replay, simulate
from backend.strategies import registry
from backend.tick_source import Ticks, TickSource
from backend.versions import versions
from nautilus_instrumentation import Session, attributes, metrics


@dataclass(frozen=True)
class Workshop:
    """What a worker keeps between runs."""

    converter: Converter
    catalog: CatalogManager
    ticks: TickSource
    store: ResultStore
    bench: EngineBench


@dataclass
class Run:
    """One run and what it left, as far as it came."""

    request: BacktestRequest
    context: JobContext
    began_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    error: Exception | None = None
    ticks: Ticks | None = None
    data_points: int = 0
    events: int = 0
    orders: int = 0
    positions: int = 0
    report: RunReport = field(default_factory=RunReport)
    order_log: OrderLog = field(default_factory=OrderLog)
    shared_runs: int = 1
    """Runs that one pass of the engine served."""

    @property
    def run_id(self) -> str:
        return self.context.run_id or self.context.job_id

    @property
    def window(self) -> str:
        """Value of the label `window`."""
        return metrics.window_of((self.request.end - self.request.start).total_seconds())

    @property
    def window_ns(self) -> tuple[int, int]:
        """First and last moment of the window, Unix ns."""
        return unix_ns(self.request.start), unix_ns(self.request.end)

    @property
    def label(self) -> str:
        """Value of the label `strategy`: a name out of the blue must not become one."""
        known = self.request.strategy in registry.names()
        return self.request.strategy if known else metrics.OTHER

    def show(self, data_points: int, _simulated_ns: int = 0) -> None:
        """Tell whoever watches how far the engine is; from any thread."""
        rows = self.ticks.rows if self.ticks else 0
        fraction = min(1.0, data_points / rows) if rows else 0.0
        self.context.progress("run", fraction, data_points=data_points)

    def count(self, engine: BacktestEngine) -> None:
        """Take the engine's counters, which are gone once it is disposed."""
        self.data_points = engine.iteration
        self.events = engine.kernel.exec_engine.event_count
        self.orders = len(engine.cache.client_order_ids())
        self.positions = len(engine.cache.position_ids())

    def result(self, scope: Any) -> BacktestResult:
        """The result as it stands, before it is stored."""
        seconds = scope.stages.get("run", 0.0)
        return BacktestResult(
            run_id=self.run_id,
            job_id=self.context.job_id,
            trace_id=self.context.trace_id,
            sweep_id=self.context.sweep_id,
            shared_runs=self.shared_runs,
            status="ok" if self.error is None else "error",
            request=self.request,
            error=None if self.error is None else _error_info(self.error),
            created_at=self.began_at,
            finished_at=datetime.now(UTC),
            duration_seconds=scope.seconds,
            window=self.window,
            versions=versions(),
            stages=dict(scope.stages),
            last_stage=scope.last_stage,
            data_points=self.data_points,
            data_points_per_second=self.data_points / seconds if seconds > 0 else 0.0,
            peak_memory_bytes=scope.peak_memory_bytes,
            gc_seconds=scope.gc_seconds,
            cache_source=self.ticks.source if self.ticks else None,
            events=self.events,
            orders=self.orders,
            positions=self.positions,
            pnl=self.report.pnl,
            statistics=self.report.statistics,
            equity_curve=self.report.equity_curve,
            trading=self.report.trading,
        )


@lru_cache(maxsize=2)
def workshop(settings: Settings, session: Session) -> Workshop:
    """The tools for these settings; made once in a process."""
    catalog = CatalogManager(settings, session)
    return Workshop(
        Converter(settings, session),
        catalog,
        TickSource(catalog, session, int(settings.worker_memory_limit)),
        ResultStore(settings.results_dir),
        EngineBench(),
    )


def execute_backtest(
    request: BacktestRequest, context: JobContext, shared: SharedPass | None = None
) -> tuple[BacktestResult, dict[str, Any]]:
    """Run it and store the result; also gives the attributes of the span `backtest run`.

    `shared` is the pass of an engine that runs of a sweep, this one among them, have in common.

    Whatever goes wrong on the way, be it the request, the data or the strategy, ends in a stored
    result with status `error`. Only what keeps the result from being stored raises.
    """
    tools = workshop(context.settings, context.session)
    telemetry = context.session.backtests
    run = Run(request, context)
    with telemetry.run(
        strategy=run.label, window=run.window, run_id=run.run_id, kind=request.kind
    ) as scope:
        try:
            _work(run, tools, scope, shared)
        except Exception as error:
            run.error = error
            scope.finish("error", error)
        result = run.result(scope)
        with scope.stage("persist"):
            context.progress("persist")
            tools.store.save(result, run.order_log)
    ratio = throughput_ratio(result, tools.store)
    if ratio is not None:
        telemetry.throughput(run.label, run.window, ratio)
    return result, _attributes(scope, result)


def _work(run: Run, tools: Workshop, scope: Any, shared: SharedPass | None) -> None:
    """Everything up to the report; fills the run as it goes."""
    request, progress = run.request, run.context.progress
    registry.validate(request.strategy, request.params)  # before the work, not after it
    _convert(run, tools)
    progress("query")
    with scope.stage("query"):
        instrument = tools.catalog.instrument(request.instrument_id)
        run.ticks = tools.ticks.read(request.identifier, request.kind, *run.window_ns)
    progress("build")
    ticks = run.ticks.whole
    if run.context.sweep_id is not None and ticks is not None:
        if shared is None or not shared.work(run, tools, scope, instrument, ticks):
            _replay(run, tools, scope, instrument, ticks)
    else:
        tools.bench.scrap()  # two engines at once would take twice the memory
        _feed(run, scope, instrument)


def _feed(run: Run, scope: Any, instrument: Instrument) -> None:
    """Run an engine of its own, fed with ticks in chunks."""
    request, ticks = run.request, run.ticks
    assert ticks is not None
    with scope.stage("build"):
        engine = build_engine(request, instrument, engine_log.config(run.context.settings))
    try:
        with _followed(run, scope, engine, instrument):
            simulate(engine, ticks, request.chunk_size or CHUNK, scope, run.show)
    finally:
        release(engine)


def _replay(run: Run, tools: Workshop, scope: Any, instrument: Instrument, ticks: Any) -> None:
    """Run the engine that the runs of a sweep share, which holds the ticks already."""
    request, bench = run.request, tools.bench
    try:
        logging = engine_log.config(run.context.settings)
        engine = bench.take(request, instrument, ticks, logging, scope.stage("build"))
        with _followed(run, scope, engine, instrument):
            replay(engine, ticks, request.chunk_size or REPLAY_CHUNK, scope, run.show)
        bench.put_back()
    except BaseException:
        bench.scrap()
        raise


@contextmanager
def _followed(
    run: Run, scope: Any, engine: BacktestEngine, instrument: Instrument
) -> Iterator[None]:
    """The block runs the engine to its end: follow it, then take its counters and its report."""
    currency = account_currency(run.request, instrument)
    curve = EquityCurve(engine, instrument, currency, run.window_ns)
    scope.on_progress(run.show)
    run.show(0)

    def orders() -> OrderLog:
        return record(engine.cache.orders(), instrument, curve.trades.pnl_by_order)

    try:
        yield
    except Exception:
        with suppress(Exception):  # the strategy's own error matters more
            run.order_log = orders()  # they may tell why it failed
        raise
    finally:
        run.count(engine)
    run.context.progress("report")
    with scope.stage("report"):
        run.report = report(engine, instrument.id.venue, curve)
        run.order_log = orders()
        run.positions = run.report.positions


def _convert(run: Run, tools: Workshop) -> None:
    """Convert what the window lacks; raises Invalid for a file that cannot be converted."""
    request = run.request
    done = tools.converter.ensure(
        request.identifier, request.kind, *run.window_ns, run.context.progress
    )
    if done is not None and done.failed:
        file = done.failed[0]
        raise Invalid(f"{file.path} cannot be converted: {file.error}", field=file.field)


def _attributes(scope: Any, result: BacktestResult) -> dict[str, Any]:
    found = scope.attributes() | {
        attributes.INSTRUMENT_ID: result.request.instrument_id,
        attributes.DATA_POINTS: result.data_points,
        attributes.EVENTS: result.events,
        attributes.ORDERS: result.orders,
        attributes.POSITIONS: result.positions,
        attributes.SHARED_RUNS: result.shared_runs,
    }
    if result.cache_source is not None:
        found[attributes.CACHE_SOURCE] = result.cache_source
    return found


def _error_info(error: Exception) -> ErrorInfo:
    """The error in words; what JSON cannot hold is replaced."""

    def plain(text: str) -> str:
        return text.encode("utf-8", "replace").decode()

    return ErrorInfo(
        type=type(error).__qualname__,
        message=plain(str(error)),
        stacktrace=plain("".join(traceback.format_exception(error))),
    )
