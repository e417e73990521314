"""Runs sweeps: makes their jobs, records how each ended, takes them up again after a restart."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from backend.errors import Conflict, NotFound
from backend.jobs import JobManager
from backend.models import ErrorInfo, Job
from backend.result_store import ResultStore
from backend.sweeps.figures import figures
from backend.sweeps.models import Figures, Sweep, SweepRequest, SweepRun, SweepSummary
from backend.sweeps.store import SweepStore
from backend.work import BacktestWork
from nautilus_instrumentation import Session

_log = logging.getLogger(__name__)


class SweepManager:
    """The sweeps of this service. Create and use it on the event loop."""

    def __init__(
        self, session: Session, jobs: JobManager, store: SweepStore, results: ResultStore
    ) -> None:
        self._session, self._jobs = session, jobs
        self._store, self._results = store, results
        self._left: dict[str, set[str]] = {}
        """Jobs that have not ended, by sweep."""
        self._watchers: dict[str, set[asyncio.Event]] = {}

    async def resume(self) -> None:
        """Take up the sweeps that an earlier service left; what had ended is not run again."""
        for sweep in await asyncio.to_thread(self._store.running):
            try:
                await self._resume(sweep)
            except Exception:
                _log.exception("sweep %s could not be taken up again", sweep.sweep_id)

    async def submit(self, request: SweepRequest, sets: list[dict[str, Any]]) -> Sweep:
        """Accept a sweep over checked sets of parameters. Raises QueueFull."""
        tracing = self._session.tracing
        carrier = tracing.carrier()
        sweep_id = f"sweep-{secrets.token_hex(8)}"
        runs = [
            SweepRun(run_id=f"run-{secrets.token_hex(8)}", job_id="", trace_id="", params=params)
            for params in sets
        ]
        sweep = Sweep(
            sweep_id=sweep_id, status="running", trace_id=tracing.trace_id(), request=request,
            created_at=datetime.now(UTC), total=len(runs), counts={"queued": len(runs)},
            best=None, runs=runs,
        )  # fmt: skip
        # On disk before the first can end; with their jobs once these are made.
        await asyncio.to_thread(self._store.add, sweep, carrier)
        try:
            self._run(sweep, runs, carrier)
        except BaseException:
            await asyncio.to_thread(self._store.remove, sweep_id)
            raise
        await asyncio.to_thread(self._store.moved, runs)
        return sweep

    async def get(self, sweep_id: str) -> Sweep:
        """The sweep as it stands. Raises NotFound."""
        return self._live(await asyncio.to_thread(self._store.get, sweep_id))

    async def newest(self, limit: int) -> list[SweepSummary]:
        """The newest first."""
        found = await asyncio.to_thread(self._store.newest, limit)
        return [
            SweepSummary.model_validate(self._live(sweep).model_dump(exclude={"runs"}))
            for sweep in found
        ]

    async def cancel(self, sweep_id: str) -> Sweep:
        """End what has not ended. Raises NotFound, and Conflict for a sweep that is over."""
        sweep = await self.get(sweep_id)
        if sweep.status != "running":
            raise Conflict(f"the sweep is over, with status {sweep.status!r}", field="sweep_id")
        await asyncio.to_thread(self._store.finish, sweep_id, "cancelled")
        await asyncio.gather(
            *(self._cancel(job_id) for job_id in self._left.get(sweep_id, set()).copy())
        )
        return await self.get(sweep_id)

    def watch(self, sweep: Sweep) -> AsyncIterator[SweepSummary]:
        """The sweep without its runs, now and whenever a run ends, up to its own end."""
        return self._watch(sweep.sweep_id)

    # ----------------------------------------------------------------------------------------------

    def _run(self, sweep: Sweep, runs: list[SweepRun], carrier: Mapping[str, str]) -> None:
        """Make jobs for these runs, and note them there."""
        works = [
            BacktestWork(sweep.request.backtest(run.params), run.run_id, sweep.sweep_id)
            for run in runs
        ]
        jobs = self._jobs.sweep(works, carrier, partial(self._ended, sweep.sweep_id))
        self._left[sweep.sweep_id] = {job.job_id for job in jobs}
        for run, job in zip(runs, jobs, strict=True):
            run.job_id, run.trace_id = job.job_id, job.trace_id

    async def _resume(self, sweep: Sweep) -> None:
        left = []
        for run in sweep.runs:
            if run.status == "queued" and not await asyncio.to_thread(self._found, run):
                left.append(run)
        if not left:
            await asyncio.to_thread(self._store.finish, sweep.sweep_id, "done")
            return
        carrier = await asyncio.to_thread(self._store.carrier, sweep.sweep_id)
        self._run(sweep, left, carrier)
        await asyncio.to_thread(self._store.moved, left)
        _log.info("sweep %s goes on with %d runs", sweep.sweep_id, len(left))

    def _found(self, run: SweepRun) -> bool:
        """True when the run left a result that nobody was there to record; it is now."""
        try:
            result = self._results.get(run.run_id)
        except NotFound:
            return False
        run.status, run.figures, run.error = result.status, figures(result), _short(result.error)
        self._store.ended(run)
        return True

    async def _ended(self, sweep_id: str, job: Job, value: Mapping[str, Any]) -> None:
        """A job has ended; the last one ends the sweep."""
        assert job.run_id is not None
        found = value.get("figures")
        run = SweepRun(
            run_id=job.run_id, job_id=job.job_id, trace_id=job.trace_id, params={},
            status=job.status, figures=Figures.model_validate(found) if found else None,
            error=_short(job.error),
        )  # fmt: skip
        await asyncio.to_thread(self._store.ended, run)
        left = self._left[sweep_id]
        if left == {job.job_id}:
            await asyncio.to_thread(self._store.finish, sweep_id, "done")
            del self._left[sweep_id]
        left.discard(job.job_id)
        for watcher in self._watchers.get(sweep_id, ()):
            watcher.set()

    async def _cancel(self, job_id: str) -> None:
        try:
            await self._jobs.cancel(job_id)
        except (Conflict, NotFound):
            return  # it has just ended by itself

    def _live(self, sweep: Sweep) -> Sweep:
        """With the jobs that run now, of which the store knows nothing."""
        left = self._left.get(sweep.sweep_id, set())
        for run in sweep.runs:
            if run.status == "queued" and run.job_id in left:
                run.status = self._jobs.get(run.job_id).status
            elif run.status == "queued" and sweep.status == "cancelled":
                run.status = "cancelled"  # the service ended before it could say so
        counts: dict[Any, int] = {}
        for run in sweep.runs:
            counts[run.status] = counts.get(run.status, 0) + 1
        sweep.counts = counts
        return sweep

    async def _watch(self, sweep_id: str) -> AsyncIterator[SweepSummary]:
        changed = asyncio.Event()
        watchers = self._watchers.setdefault(sweep_id, set())
        watchers.add(changed)
        try:
            while True:
                changed.clear()
                over = sweep_id not in self._left
                sweep = await self.get(sweep_id)
                yield SweepSummary.model_validate(sweep.model_dump(exclude={"runs"}))
                if over:
                    return
                await changed.wait()
        finally:
            watchers.discard(changed)
            if not watchers:
                self._watchers.pop(sweep_id, None)


def _short(error: ErrorInfo | None) -> ErrorInfo | None:
    """Without the stack trace, which the run's result has."""
    return error.model_copy(update={"stacktrace": ""}) if error else None
