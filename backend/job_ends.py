"""What the end of a job means to all that hangs on it: spans, metrics, its result, its sweep."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from backend import printed
from backend.errors import NotFound
from backend.executors.base import Outcome
from backend.job_entry import Ended, Entry
from backend.models import ErrorInfo, Job
from backend.result_store import ResultStore
from backend.sweeps.figures import value_of
from backend.work import BacktestWork
from nautilus_instrumentation import Session

_log = logging.getLogger(__name__)
_engine_log = logging.getLogger("nautilus_trader")

_LOST = ("cancelled", "timeout", "killed")


class JobEnds:
    """Lives on the event loop."""

    def __init__(self, session: Session, results: ResultStore) -> None:
        self._session, self._results = session, results

    async def settle(self, entry: Entry, outcome: Outcome, closing: bool) -> Job:
        """Record the end everywhere; returns the job as it is now. `closing`: the service stops."""
        self.relay(entry, outcome)
        value = outcome.value or {}
        ended = _ended(entry.job, outcome, value)
        entry.spans.decide(ended, outcome)
        self._count(entry, ended, outcome)
        entry.spans.end(ended, outcome, value.get("attributes", {}))
        never_ran = not entry.taken and ended.status == "cancelled"
        # A run of a sweep that ends with the service is run again by the next one.
        again = entry.ended is not None and closing and ended.status == "cancelled"
        if isinstance(entry.work, BacktestWork) and not value and not never_ran and not again:
            await self._store_loss(entry.work, ended)
        if entry.ended is not None and not again:
            await self._tell(entry.ended, ended, value)
        return ended

    def relay(self, entry: Entry, outcome: Outcome) -> None:
        """Log what native code printed, with the ids that it could not know."""
        run_id = entry.work.run_id if isinstance(entry.work, BacktestWork) else ""
        ids = {"trace_id": entry.spans.trace_id, "run_id": run_id}
        for line in printed.lines(outcome.printed):
            _engine_log.info(line, extra=ids)

    async def left_behind(self, entry: Entry) -> dict[str, Any]:
        """What a run's result says whose worker died before it could; empty when there is none."""
        if not entry.taken:
            return {}
        assert entry.job.run_id is not None
        try:
            return value_of(await asyncio.to_thread(self._results.get, entry.job.run_id))
        except NotFound:
            return {}
        except Exception:
            _log.exception("the result of %s cannot be used: it is made again", entry.job.run_id)
            return {}

    def _count(self, entry: Entry, job: Job, outcome: Outcome) -> None:
        work, exemplar = entry.work, entry.spans.exemplar()
        if not entry.taken:
            self._session.jobs.abandoned(work.job_type)
            return
        self._session.jobs.finished(work.job_type, job.status, outcome.seconds, exemplar)
        if not isinstance(work, BacktestWork):
            return
        self._session.backtests.finished()
        if outcome.status in _LOST:
            # A worker counts its runs itself, also those that fail; this one could not.
            self._session.backtests.lost(
                strategy=work.request.strategy,
                window=work.window,
                status=outcome.status,
                seconds=outcome.seconds,
                exemplar=exemplar,
            )

    async def _tell(self, listener: Ended, job: Job, value: Mapping[str, Any]) -> None:
        try:
            await listener(job, value)
        except Exception:
            _log.exception("the end of %s could not be recorded", job.run_id)

    async def _store_loss(self, work: BacktestWork, job: Job) -> None:
        assert job.finished_at is not None
        try:
            result = work.result_without_worker(job, job.finished_at)
            await asyncio.to_thread(self._results.save, result)
        except Exception:
            _log.exception("the result of %s could not be stored", work.run_id)


def _ended(job: Job, outcome: Outcome, value: Mapping[str, Any]) -> Job:
    error = ErrorInfo(**value["error"]) if value.get("error") else outcome.error
    status = value.get("status", outcome.status)
    return job.model_copy(
        update={
            "status": status,
            "stage": outcome.progress.stage,
            "progress": 1.0 if status == "ok" else outcome.progress.fraction,
            "data_points": outcome.progress.data_points,
            "finished_at": datetime.now(UTC),
            "error": error,
            "result": value.get("report"),
        }
    )
