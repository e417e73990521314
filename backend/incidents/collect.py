"""Asks all sources at once, and goes on without those that do not answer."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from backend.alertmanager_client import AlertmanagerClient
from backend.documents import Documents
from backend.errors import DomainError
from backend.incidents import alerts, board, runs, series, spans
from backend.incidents.models import (
    Incident,
    IncidentAlert,
    IncidentAlerts,
    IncidentRequest,
    IncidentRuns,
    MissingPart,
    SeriesPanel,
    Source,
    TraceSearch,
)
from backend.metrics_reader import MetricsReader
from backend.models import Job
from backend.notifications import MAX_PAGE, Notifications
from backend.result_store import ResultStore
from backend.trace_reader import TraceReader
from backend.versions import versions
from backend.work import BacktestWork

ANSWER_SECONDS = 20.0
"""For each question. All are asked at once, so that the whole takes little longer."""
MOST_ACTIVE = 1_000

_log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(slots=True)
class Collector:
    """Where to ask."""

    running: Callable[[], list[tuple[Job, BacktestWork]]]
    """Backtests that go on now."""
    results: ResultStore
    notifications: Notifications
    documents: Documents
    alertmanager: AlertmanagerClient
    metrics: MetricsReader
    traces: TraceReader
    answer_seconds: float = ANSWER_SECONDS

    async def incident(self, asked: IncidentRequest) -> Incident:
        """What is known of that time; `missing` names what could not be asked."""
        start, end = asked.start, min(asked.end, datetime.now(UTC))
        asking = _Asking(self, start, end)
        found_alerts, found_runs, (searches, lines) = await asyncio.gather(
            asking.alerts(), asking.runs(), asking.board()
        )
        return Incident(
            start=start, end=end, generated_at=datetime.now(UTC),
            complete=not asking.missing, missing=asking.missing,
            alerts=found_alerts, runs=found_runs, traces=searches, series=lines,
            versions=versions(),
        )  # fmt: skip


@dataclass(slots=True)
class _Asking:
    """One incident as it is put together."""

    where: Collector
    start: datetime
    end: datetime
    missing: list[MissingPart] = field(default_factory=list)

    @property
    def grid(self) -> series.Grid:
        return series.Grid.over(self.start, self.end)

    async def alerts(self) -> IncidentAlerts:
        told, active, recorded = await asyncio.gather(
            self._or_else([], "notifications", "what people were told", self._told()),
            self._or_else([], "alertmanager", "what is silenced or inhibited now", self._active()),
            self._or_else([], "prometheus", "alerts that nobody was told of", self._recorded()),
        )
        slack = timedelta(seconds=2 * self.grid.step)
        found = alerts.merged(alerts.merged(told, active, slack), recorded, slack)
        return alerts.within(found, self.start, self.end)

    async def runs(self) -> IncidentRuns:
        where = self.where
        # Before the results: a run that ends meanwhile is found twice rather than not at all.
        going_on, now = where.running(), datetime.now(UTC)

        def read() -> IncidentRuns:
            limits = runs.objectives(where.documents)
            return runs.runs(where.results, going_on, limits, self.start, self.end, now)

        none = IncidentRuns(
            total=0, by_status={}, running=[], running_total=0, failed=[], slowest=[]
        )
        return await self._or_else(none, "results", "runs", asyncio.to_thread(read))

    async def board(self) -> tuple[list[TraceSearch], list[SeriesPanel]]:
        seconds = max(1, round((self.end - self.start).total_seconds()))
        wanted = await self._or_else(
            board.Questions((), ()), "boards", "traces and series",
            asyncio.to_thread(board.questions, self.where.documents, seconds, self.grid.rate),
        )  # fmt: skip
        where = self.where
        searches = [
            self._or_else(
                None, "traces", one.title, spans.search(where.traces, one, self.start, self.end)
            )
            for one in wanted.searches
        ]
        lines = [
            self._or_else(
                None, "prometheus", one.title, series.panel(where.metrics, one, self.grid)
            )
            for one in wanted.lines
        ]
        found, drawn = await asyncio.gather(asyncio.gather(*searches), asyncio.gather(*lines))
        return [one for one in found if one], [one for one in drawn if one]

    async def _told(self) -> list[IncidentAlert]:
        page = await asyncio.to_thread(self.where.notifications.page, MAX_PAGE)
        return alerts.told(page.items)

    async def _active(self) -> list[IncidentAlert]:
        return alerts.active((await self.where.alertmanager.alerts(None, MOST_ACTIVE)).alerts)

    async def _recorded(self) -> list[IncidentAlert]:
        grid = self.grid
        found = await series.samples(self.where.metrics, alerts.FIRED, grid)
        return alerts.recorded(found, grid.step, self.end.timestamp())

    async def _or_else(self, nothing: T, source: Source, what: str, asked: Awaitable[T]) -> T:
        """What `asked` gives; `nothing` when it fails, with a line in `missing`."""
        seconds = self.where.answer_seconds
        hint = None
        try:
            async with asyncio.timeout(seconds):
                return await asked
        except TimeoutError:
            reason = f"no answer within {seconds:g} s"
        except DomainError as error:
            reason, hint = error.message, error.hint
        except sqlite3.Error as error:
            reason = f"its file cannot be read: {error}"
        except Exception as error:  # an incident is no time to answer nothing at all
            _log.exception("%s cannot be asked", source)
            reason = f"{type(error).__name__}: {error}"
        self._miss(MissingPart(source=source, what=what, reason=reason, hint=hint))
        return nothing

    def _miss(self, missing: MissingPart) -> None:
        """A service that is down is named once, with all that it would have told."""
        with suppress(StopIteration):
            same = next(
                one for one in self.missing
                if (one.source, one.reason) == (missing.source, missing.reason)
            )  # fmt: skip
            same.what = f"{same.what}, {missing.what}"
            return
        self.missing.append(missing)
