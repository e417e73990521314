"""The spans of a job that its parent process owns, whatever becomes of the worker.

`job queue` lasts from the request to a free worker. For a backtest, `backtest run` follows as its
child and is the parent of all that the worker does. A conversion's span is the worker's own;
when the worker is lost with it, one is made in its place.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from backend.executors.base import Outcome
from backend.models import ErrorInfo, Job
from backend.work import BacktestWork, Work
from nautilus_instrumentation import Session
from nautilus_instrumentation import attributes as keys


class JobSpans:
    """Spans of one job. `hand_over` is called in the executor's thread, the rest in the loop's."""

    def __init__(
        self, session: Session, work: Work, job_id: str, links: Sequence[Mapping[str, str]] = ()
    ) -> None:
        """Begins `job queue`, below the span that is current; `links` are carriers of others."""
        self._tracing = session.tracing
        self._work = work
        self._common = {keys.JOB_ID: job_id, keys.JOB_TYPE: work.job_type}
        self._queue: Any = self._tracing.start(
            keys.JOB_QUEUE, {**self._common, **work.attributes()}, links=links
        )
        # The wait ends before the work does, which decides whether an unsampled trace is kept.
        self._release = self._tracing.hold(self._queue)
        self._run: Any = None
        self._handed_over_ns = 0

    @property
    def trace_id(self) -> str:
        return self._tracing.trace_id(self._queue)

    def exemplar(self) -> dict[str, str] | None:
        """Of the run once there is one, of the wait before."""
        return self._tracing.exemplar(self._work.run_id, self._run or self._queue)

    def hand_over(self, slot: int) -> dict[str, str]:
        """The wait is over; returns the carrier of the span that the worker's spans go below.

        May be called again when a worker died before it began.
        """
        below_queue = self._tracing.carrier(self._queue)
        if not self._handed_over_ns:
            self._handed_over_ns = time.time_ns()
            self._queue.end()
            if isinstance(self._work, BacktestWork):
                attributes = {**self._common, **self._work.attributes()}
                self._run = self._tracing.start(
                    self._work.span_name, attributes, parent=below_queue
                )
        if self._run is None:
            return below_queue
        self._run.set_attribute(keys.SLOT, slot)
        return self._tracing.carrier(self._run)

    def decide(self, job: Job, outcome: Outcome) -> None:
        """Keep an unsampled trace where the worker does, or could not say so and should have."""
        said = outcome.value or {}
        slow = outcome.value is None and self._work.is_slow(outcome.seconds)
        if said.get("kept") or slow or job.status not in ("ok", "cancelled"):
            self._tracing.keep(self._queue)

    def end(self, job: Job, outcome: Outcome, more: Mapping[str, Any]) -> None:
        """The job has ended as `job` says; `more` are attributes that the worker gave."""
        error = job.error if job.status != "ok" else None
        if not self._handed_over_ns:
            self._close(self._queue, job, error, more)
        elif self._run is not None:
            self._close(self._run, job, error, more)
        elif outcome.status in ("cancelled", "timeout", "killed"):
            lost = self._tracing.start(
                self._work.span_name,
                {**self._common, **self._work.attributes()},
                parent=self._tracing.carrier(self._queue),
                start_time_ns=self._handed_over_ns,
            )
            self._close(lost, job, error, more)
        self._release()
        self._queue = self._run = None  # jobs are remembered for long, spans need not be

    def _close(self, span: Any, job: Job, error: ErrorInfo | None, more: Mapping[str, Any]) -> None:
        for key, value in {**more, keys.STATUS: job.status}.items():
            span.set_attribute(key, value)
        if error is not None:
            if job.stage:
                span.set_attribute(keys.LAST_STAGE, job.stage)
            if job.status == "cancelled":
                # Somebody asked for it: nothing has failed.
                span.add_event(job.status, {keys.REASON: error.message})
            else:
                self._tracing.fail(span, error.type, error.message, error.stacktrace)
        span.end()
