"""Jobs: accepted, queued, run, watched, cancelled, remembered.

All state lives on the event loop. The executor's thread only hands over events, and starts the
spans of a job that it gives to a worker.
"""

from __future__ import annotations

import asyncio
import contextvars
import secrets
import time
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from backend.errors import Conflict, QueueFull
from backend.executors.base import Executor, Outcome, Progress, RestartReason, Task
from backend.job_book import JobBook
from backend.job_ends import JobEnds
from backend.job_entry import Ended, Entry, watch
from backend.job_feed import JobFeed
from backend.job_groups import Groups
from backend.job_listener import OnLoop
from backend.job_spans import JobSpans
from backend.lanes import Lanes
from backend.models import BacktestRequest, ConvertRequest, ErrorInfo, Job, JobStatus, JobType
from backend.result_store import ResultStore
from backend.sweeps.passes import passes
from backend.work import BacktestWork, ConvertWork, Work, payload
from nautilus_instrumentation import Session, metrics

_CANCEL_SECONDS = 10.0
_CANCELLED = Outcome(
    "cancelled", error=ErrorInfo(type="Cancelled", message="the job was cancelled")
)
_TURNS = 2
"""Tasks of a sweep that each worker may have: one that it runs, one that it finds when done."""


class JobManager:
    """The jobs of this service. Create and use it on the event loop."""

    def __init__(
        self,
        session: Session,
        executor: Executor,
        results: ResultStore,
        *,
        queue_limit: int = 1_000,
        sweeps_limit: int = 10_000,
        history_limit: int = 10_000,
    ) -> None:
        self._session = session
        self._executor = executor
        self._queue_limit = queue_limit
        self._sweeps_limit = sweeps_limit
        self._book = JobBook(history_limit)
        self._queued = 0
        self._lanes = Lanes()
        self._groups = Groups()
        self._ends = JobEnds(session, results)
        self._closing = False
        self._endings: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self.feed = JobFeed(self._book.going_on, lambda: self._queued)
        """The changes of all jobs."""

    def start(self) -> None:
        self._executor.start(OnLoop(self._loop, self))

    async def close(self) -> None:
        """End all jobs and workers; returns when their ends are recorded."""
        self._closing = True
        for task_id in self._lanes.waiting():
            if self._lanes.take_out(task_id):
                self.on_ended(task_id, _CANCELLED)
        await asyncio.to_thread(self._executor.close)
        while self._endings:
            await asyncio.wait(self._endings)

    # What routes call ---------------------------------------------------------------------------

    def convert(self, request: ConvertRequest) -> Job:
        return self._submit(ConvertWork(request))

    def backtest(self, request: BacktestRequest) -> Job:
        return self._submit(BacktestWork(request, f"run-{secrets.token_hex(8)}"))

    def sweep(
        self, works: Sequence[BacktestWork], request: Mapping[str, str], ended: Ended
    ) -> list[Job]:
        """A job for each run of a sweep, in a trace of its own, linked to the span of `request`.

        Runs that may share an engine go to a worker together. Few of these tasks are out at a time,
        so that other jobs do not have to wait for the whole sweep. A job that its group left
        undone, as when their worker died, is handed over again by itself.
        What the service's stop ends is not told to `ended`: it is to be run again. Raises
        QueueFull, with no job made.
        """
        waiting = self._waiting_for_sweeps()
        if waiting + len(works) > self._sweeps_limit:
            raise QueueFull(
                f"{waiting} runs of sweeps are waiting already",
                hint="try again when some have ended",
            )
        parted = passes(works, self._workers)
        links = [request] if request else []
        # In a context without a current span: a span made there is the first of its trace.
        jobs = {w.run_id: contextvars.Context().run(self._enter, w, links) for w in works}
        for job in jobs.values():
            self._book.entry(job.job_id).ended = ended
        self._queue([self._task([jobs[work.run_id].job_id for work in part]) for part in parted])
        return list(jobs.values())

    def get(self, job_id: str) -> Job:
        """Raises NotFound for a job that never was or is no longer remembered."""
        return self._book.entry(job_id).job

    def list(
        self,
        limit: int,
        status: JobStatus | None = None,
        job_type: JobType | None = None,
        run_id: str | None = None,
    ) -> list[Job]:
        """Newest first."""
        return self._book.newest(limit, status, job_type, run_id)

    def running_backtests(self) -> list[tuple[Job, BacktestWork]]:
        """Those that a worker has now, those of sweeps too."""
        return self._book.running_backtests()

    async def wait(self, job_id: str, seconds: float) -> Job:
        """The job when it has ended, or after `seconds`."""
        entry = self._book.entry(job_id)
        with suppress(TimeoutError):
            await asyncio.wait_for(entry.done.wait(), seconds)
        return entry.job

    def watch(self, job_id: str) -> AsyncIterator[Job]:
        """The job now and after each change, up to its end. Raises NotFound at once."""
        return watch(self._book.entry(job_id))

    async def cancel(self, job_id: str) -> Job:
        """End a queued or running job. Raises Conflict when it has ended, or ends, by itself."""
        entry = self._book.entry(job_id)
        if not entry.done.is_set():
            task_id = self._groups.task_of(job_id)
            self._groups.unwant(job_id)
            if self._lanes.take_out(task_id):
                self.on_ended(task_id, _CANCELLED)
            else:
                self._executor.cancel(task_id)
            await self.wait(job_id, _CANCEL_SECONDS)
            if not entry.done.is_set() or entry.job.status == "cancelled":
                return entry.job
        raise Conflict(
            f"the job has ended already, with status {entry.job.status!r}", field="job_id"
        )

    # Life of a job ------------------------------------------------------------------------------

    def _submit(self, work: Work) -> Job:
        waiting = self._queued - self._waiting_for_sweeps()
        if waiting >= self._queue_limit:
            raise QueueFull(
                f"{waiting} jobs are waiting already", hint="try again when some have ended"
            )
        job = self._enter(work)
        self._executor.submit(self._task([job.job_id]))
        return job

    def _enter(self, work: Work, links: Sequence[Mapping[str, str]] = ()) -> Job:
        """Make the job known, as queued."""
        job_id = f"job-{secrets.token_hex(8)}"
        spans = JobSpans(self._session, work, job_id, links)
        job = Job(
            job_id=job_id,
            job_type=work.job_type,
            status="queued",
            trace_id=spans.trace_id,
            run_id=work.run_id,
            sweep_id=work.sweep_id,
            created_at=datetime.now(UTC),
        )
        self._book.add(Entry(job, work, spans, time.monotonic()))
        self.feed.changed(job)
        self._queued += 1
        self._session.jobs.queued(work.job_type)
        return job

    def _task(self, job_ids: Sequence[str]) -> Task:
        """What the executor is to do for these jobs."""
        entries = [self._book.entry(job_id) for job_id in job_ids]

        def prepare(slot: int) -> Mapping[str, Any]:
            parts = [payload(e.work, e.job, e.spans.hand_over(slot)) for e in entries]
            return parts[0] if len(parts) == 1 else {"job_type": "sweep", "runs": parts}

        return Task(self._groups.add(job_ids), prepare, affinity=entries[0].work.affinity)

    def _queue(self, tasks: Sequence[Task]) -> None:
        """Hand over tasks of one sweep, or have them wait for their turn."""
        (first, *_) = self._groups.jobs(tasks[0].task_id)
        group = self._book.entry(first).work.sweep_id or ""
        for task in self._lanes.add(group, tasks, _TURNS * self._workers):
            self._executor.submit(task)

    @property
    def _workers(self) -> int:
        return max(1, len(self._executor.status()))

    def _waiting_for_sweeps(self) -> int:
        """Jobs that wait for others of their sweep."""
        return self._groups.size(self._lanes.waiting())

    def on_started(self, task_id: str, slot: int) -> None:
        for job_id in self._groups.jobs(task_id):
            self._started(self._book.entry(job_id), slot)

    def _started(self, entry: Entry, slot: int) -> None:
        self._update(entry, slot=slot)
        if entry.taken:
            return  # its first worker died before it began
        entry.taken = True
        self._queued -= 1
        self._update(entry, status="running", started_at=datetime.now(UTC))
        telemetry, work = self._session, entry.work
        waited = time.monotonic() - entry.queued_at
        telemetry.jobs.dequeued(work.job_type, waited, entry.spans.exemplar())
        if isinstance(work, BacktestWork):
            telemetry.backtests.started()

    def on_progress(self, task_id: str, progress: Progress) -> None:
        for job_id in self._groups.jobs(task_id):
            self._update(
                self._book.entry(job_id),
                stage=progress.stage,
                progress=progress.fraction,
                data_points=progress.data_points,
            )

    def on_ended(self, task_id: str, outcome: Outcome) -> None:
        for task in self._lanes.ended(task_id):
            self._executor.submit(task)
        job_ids = self._groups.part(task_id)
        if len(job_ids) == 1:
            self._begin(self._end(self._book.entry(job_ids[0]), outcome))
        else:
            self._begin(self._part([self._book.entry(job_id) for job_id in job_ids], outcome))

    def _begin(self, ending: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(ending)
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)

    async def _part(self, entries: Sequence[Entry], outcome: Outcome) -> None:
        """End the jobs that are done or not wanted any more; hand the others over by themselves."""
        values = (outcome.value or {}).get("runs", {})
        each = replace(outcome, value=None, seconds=outcome.seconds / len(entries), printed="")
        self._ends.relay(entries[0], outcome)
        left = []
        for entry in entries:
            if value := values.get(entry.job.job_id) or await self._ends.left_behind(entry):
                self._begin(self._end(entry, replace(each, status="ok", error=None, value=value)))
            else:
                left.append(entry)
        over = [e for e in left if self._closing or not self._groups.wants(e.job.job_id)]
        if again := [self._task([e.job.job_id]) for e in left if e not in over]:
            self._queue(again)
        ended = replace(each, status="cancelled", error=each.error or _CANCELLED.error)
        for entry in over:
            self._begin(self._end(entry, ended))

    def on_restarted(self, slot: int, reason: RestartReason) -> None:
        self._session.jobs.worker_restarted(reason)
        # Whatever the worker was doing, the slot has no run now, and it could not say so.
        self._session.recorder.gauge(metrics.BACKTEST_LAST_PROGRESS, str(slot)).set(0)

    async def _end(self, entry: Entry, outcome: Outcome) -> None:
        """Settle everything that hangs on the job, then let those know who wait for it."""
        if not entry.taken:
            self._queued -= 1
        entry.job = await self._ends.settle(entry, outcome, self._closing)
        self._groups.forget(entry.job.job_id)
        entry.done.set()
        self._changed(entry)
        self._book.ended(entry.job.job_id)

    def _update(self, entry: Entry, **changes: Any) -> None:
        entry.job = entry.job.model_copy(update=changes)
        self._changed(entry)

    def _changed(self, entry: Entry) -> None:
        entry.changed()
        self.feed.changed(entry.job)
