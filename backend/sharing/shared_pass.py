"""One pass of an engine over the ticks, for several sets of a sweep."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nautilus_trader.model.instruments import Instrument

from backend import engine_log
from backend.engine_setup import account_currency
from backend.models import BacktestRequest
from backend.sharing.portion import Portion, Portions
from backend.simulation import CHUNK, StrategyStopped, replay
from nautilus_instrumentation import attributes

if TYPE_CHECKING:
    from backend.backtest_engine import Run, Workshop

FREE_ORDERS = 500
BUSY = 0.0025
"""Orders of a set for each tick, beyond which its orders cost more than the ticks: an order takes
the longer, the more of them an engine has seen. 0.5 % is about even (measured)."""

_log = logging.getLogger(__name__)


class TooBusy(Exception):
    """The strategies trade so much that engines of their own are faster."""


class SharedPass:
    """Runs that a worker gets together. The first to be worked on has the engine run for all."""

    def __init__(self, requests: Mapping[str, BacktestRequest]) -> None:
        """By run id; they differ in nothing but parameters."""
        self._requests = requests
        self._portions: dict[str, Portion] | None = None
        self._share: Any = None
        self._ran_ns = (0, 0)
        self._leader: dict[str, str] = {}
        self._analyzer: Any = None

    def serves(self, run_id: str) -> bool:
        """True when the pass is over and gave what a run of its own would."""
        portion = (self._portions or {}).get(run_id)
        return portion is not None and not portion.trouble

    def work(
        self, run: Run, tools: Workshop, scope: Any, instrument: Instrument, ticks: list[Any]
    ) -> bool:
        """Do the run's part, up to the report; False when it must have an engine of its own."""
        if self._portions is None:
            self._portions = self._pass(run, tools, scope, instrument, ticks)
        elif self._share is not None:
            scope.take(self._share)
            self._show_pass(run)
        if not self.serves(run.run_id):
            return False
        portion = self._portions[run.run_id]
        run.shared_runs = len(self._requests)
        run.data_points, run.events = portion.data_points, portion.events
        run.orders = len(portion.orders)
        run.context.progress("report", data_points=run.data_points)
        with scope.stage("report"):
            currency = account_currency(run.request, instrument)
            run.report = portion.report(self._analyzer, currency, run.window_ns)
            run.order_log = portion.order_log
            run.positions = run.report.positions
        return True

    def _pass(
        self, run: Run, tools: Workshop, scope: Any, instrument: Instrument, ticks: list[Any]
    ) -> dict[str, Portion]:
        """Run the engine; nothing is left of it where that failed: the sets tell by themselves."""
        began, self._leader = time.time_ns(), run.context.session.tracing.carrier()
        try:
            portions = self._engine(run, tools, scope, instrument, ticks)
        except (TooBusy, StrategyStopped) as error:
            _log.info("%d sets run apart: %s", len(self._requests), error)
            return {}
        except Exception as error:
            # A strategy that raised, or a fault of ours that would show as slowness alone.
            _log.warning(
                "%d sets run apart: %s: %s", len(self._requests), type(error).__name__, error
            )
            return {}
        finally:
            self._ran_ns = (began, time.time_ns())
        for run_id, portion in portions.items():
            if portion.trouble:
                _log.info("the set of %s runs apart: %s", run_id, portion.trouble)
        self._share = scope.share(len(self._requests))
        return portions

    def _engine(
        self, run: Run, tools: Workshop, scope: Any, instrument: Instrument, ticks: list[Any]
    ) -> dict[str, Portion]:
        bench, requests = tools.bench, list(self._requests.values())
        most = BUSY * len(requests)

        def look(data_points: int) -> None:
            run.show(data_points)
            orders = len(engine.cache.client_order_ids())
            if orders > FREE_ORDERS and orders > most * data_points:
                raise TooBusy(f"{orders} orders in {data_points} ticks")

        try:
            engine = bench.take_for(
                requests, instrument, ticks, engine_log.config(run.context.settings),
                scope.stage("build"),
            )  # fmt: skip
            parts = Portions(engine, instrument, account_currency(run.request, instrument))
            scope.on_progress(run.show)
            run.show(0)
            replay(engine, ticks, run.request.chunk_size or CHUNK, scope, look)
            with scope.timed("report"):
                taken = parts.take()
            self._analyzer = engine.portfolio.analyzer
            bench.put_back()
        except BaseException:
            bench.scrap()
            raise
        return dict(zip(self._requests, taken, strict=True))

    def _show_pass(self, run: Run) -> None:
        """A span in this run's trace for the pass, whose own are in the trace of the first."""
        began, ended = self._ran_ns
        span = run.context.session.tracing.start(
            attributes.ENGINE_RUN,
            {attributes.SHARED_RUNS: len(self._requests)},
            links=[self._leader],
            start_time_ns=began,
        )
        span.end(ended)
