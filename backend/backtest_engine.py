"""Runs one backtest: from raw ticks, if need be, to a stored result."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import nautilus_trader
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.common.component import is_backtest_force_stop

from backend.catalog_manager import CatalogManager
from backend.context import JobContext
from backend.data_converter import Converter
from backend.engine_setup import account_currency, build_engine
from backend.errors import Invalid
from backend.models import BacktestRequest, BacktestResult, ErrorInfo, unix_ns
from backend.reporting import EquityCurve, RunReport, report
from backend.result_store import ResultStore, throughput_ratio
from backend.settings import Settings
from backend.strategies import registry
from backend.tick_source import Ticks, TickSource
from backend.versions import versions
from nautilus_instrumentation import Session, attributes, metrics

CHUNK = 20_000
"""Data points the engine takes at a time: about 0.1 s of work, between which progress shows even
where no Python callback runs. Not slower than one call for everything (reference: 0.91 to 1.02)."""

SORTS_APART = tuple(int(part) for part in nautilus_trader.__version__.split(".")[:2]) > (1, 221)
"""1.221 sorts in add_data, and its sort_data cannot compare ticks; later versions need both."""


class StrategyStopped(Exception):
    """The strategy asked for the end of the run before the end of the data."""


@dataclass(frozen=True)
class Workshop:
    """What a worker keeps between runs."""

    converter: Converter
    catalog: CatalogManager
    ticks: TickSource
    store: ResultStore


@dataclass
class Outcome:
    """What a run left, as far as it came."""

    error: Exception | None = None
    cache_source: Any = None
    data_points: int = 0
    events: int = 0
    orders: int = 0
    positions: int = 0
    report: RunReport = field(default_factory=RunReport)


@lru_cache(maxsize=2)
def workshop(settings: Settings, session: Session) -> Workshop:
    """The tools for these settings; made once in a process."""
    catalog = CatalogManager(settings, session)
    return Workshop(
        Converter(settings, session),
        catalog,
        TickSource(catalog, session, int(settings.worker_memory_limit)),
        ResultStore(settings.results_dir),
    )


def execute_backtest(
    request: BacktestRequest, context: JobContext
) -> tuple[BacktestResult, dict[str, Any]]:
    """Run it and store the result; also gives the attributes of the span `backtest run`.

    Whatever goes wrong on the way, be it the request, the data or the strategy, ends in a stored
    result with status `error`. Only what keeps the result from being stored raises.
    """
    tools = workshop(context.settings, context.session)
    run_id = context.run_id or context.job_id
    began_at, began = datetime.now(UTC), time.perf_counter()
    outcome = Outcome()
    label = request.strategy if request.strategy in registry.names() else metrics.OTHER
    window = metrics.window_of((request.end - request.start).total_seconds())
    telemetry = context.session.backtests
    with telemetry.run(strategy=label, window=window, run_id=run_id, kind=request.kind) as scope:
        try:
            _work(request, context, tools, scope, outcome)
        except Exception as error:
            outcome.error = error
            scope.finish("error", error)
        result = BacktestResult(
            run_id=run_id,
            job_id=context.job_id,
            trace_id=context.trace_id,
            status="ok" if outcome.error is None else "error",
            request=request,
            error=None if outcome.error is None else _error_info(outcome.error),
            created_at=began_at,
            finished_at=datetime.now(UTC),
            duration_seconds=time.perf_counter() - began,
            window=window,
            versions=versions(),
            stages=dict(scope.stages),
            last_stage=scope.last_stage,
            data_points=outcome.data_points,
            data_points_per_second=_rate(outcome.data_points, scope.stages.get("run", 0.0)),
            peak_memory_bytes=scope.peak_memory_bytes,
            gc_seconds=scope.gc_seconds,
            cache_source=outcome.cache_source,
            events=outcome.events,
            orders=outcome.orders,
            positions=outcome.positions,
            pnl=outcome.report.pnl,
            statistics=outcome.report.statistics,
            equity_curve=outcome.report.equity_curve,
        )
        with scope.stage("persist"):
            context.progress("persist")
            tools.store.save(result)
    ratio = throughput_ratio(result, tools.store)
    if ratio is not None:
        telemetry.throughput(label, window, ratio)
    return result, _attributes(scope, result)


def _work(
    request: BacktestRequest, context: JobContext, tools: Workshop, scope: Any, outcome: Outcome
) -> None:
    """Everything up to the report; fills the outcome as it goes."""
    start_ns, end_ns = unix_ns(request.start), unix_ns(request.end)
    registry.validate(request.strategy, request.params)  # before the work, not after it
    _convert(request, context, tools, start_ns, end_ns)
    context.progress("query")
    with scope.stage("query"):
        instrument = tools.catalog.instrument(request.instrument_id)
        ticks = tools.ticks.read(request.instrument_id, request.kind, start_ns, end_ns)
    outcome.cache_source = ticks.source
    context.progress("build")
    with scope.stage("build"):
        engine = build_engine(request, instrument)
        curve = EquityCurve(engine, instrument, account_currency(request, instrument))
    try:
        try:
            _simulate(engine, ticks, request.chunk_size or CHUNK, context, scope)
        finally:
            outcome.data_points = engine.iteration
            outcome.events = engine.kernel.exec_engine.event_count
            outcome.orders = len(engine.cache.client_order_ids())
            outcome.positions = len(engine.cache.position_ids())
        context.progress("report")
        with scope.stage("report"):
            outcome.report = report(engine, instrument.id.venue, curve)
            outcome.positions = outcome.report.positions
    finally:
        engine.dispose()


def _convert(
    request: BacktestRequest, context: JobContext, tools: Workshop, start_ns: int, end_ns: int
) -> None:
    """Convert what the window lacks; raises Invalid for a file that cannot be converted."""
    done = tools.converter.ensure(
        request.instrument_id, request.kind, start_ns, end_ns, context.progress
    )
    if done is not None and done.failed:
        file = done.failed[0]
        raise Invalid(f"{file.path} cannot be converted: {file.error}", field=file.field)


def _simulate(
    engine: BacktestEngine, ticks: Ticks, chunk: int, context: JobContext, scope: Any
) -> None:
    """Feed the engine chunk by chunk, so that memory stays bounded and progress shows."""

    def show(data_points: int, _simulated_ns: int = 0) -> None:
        context.progress("run", min(1.0, data_points / ticks.rows), data_points=data_points)

    scope.on_progress(show)
    context.progress("run", 0.0, data_points=0)
    for part in _chunks(_timed(ticks.batches, scope), chunk):
        with scope.stage("load"):
            engine.add_data(part, sort=not SORTS_APART)
        if SORTS_APART:
            with scope.stage("sort"):
                engine.sort_data()
        with scope.stage("run"):
            engine.run(streaming=True)
        engine.clear_data()
        scope.tick()
        show(engine.iteration)
        if is_backtest_force_stop():
            raise StrategyStopped(
                f"the strategy stopped the run after {engine.iteration} of {ticks.rows} data points"
            )
    with scope.stage("run"):
        engine.end()


def _timed(batches: Iterator[list[Any]], scope: Any) -> Iterator[list[Any]]:
    """The batches, with the time to get them charged to the stage `query`."""
    while True:
        with scope.stage("query"):
            batch = next(batches, None)
        if batch is None:
            return
        yield batch


def _chunks(batches: Iterator[list[Any]], size: int) -> Iterator[list[Any]]:
    """Lists of `size` ticks or a few more: equal times stay together.

    The engine handles timers between two times; were equal ones parted, a bar could close early.
    """
    for batch in batches:
        begin = 0
        while begin < len(batch):
            end = min(begin + size, len(batch))
            while end < len(batch) and batch[end].ts_init == batch[end - 1].ts_init:
                end += 1
            yield batch[begin:end]
            begin = end


def _attributes(scope: Any, result: BacktestResult) -> dict[str, Any]:
    found = scope.attributes() | {
        attributes.INSTRUMENT_ID: result.request.instrument_id,
        attributes.DATA_POINTS: result.data_points,
        attributes.EVENTS: result.events,
        attributes.ORDERS: result.orders,
        attributes.POSITIONS: result.positions,
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


def _rate(data_points: int, seconds: float) -> float:
    return data_points / seconds if seconds > 0 else 0.0
