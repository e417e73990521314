"""Metrics of a job queue: how deep, how long jobs waited and ran, which workers were replaced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from nautilus_instrumentation import metrics

if TYPE_CHECKING:
    from nautilus_instrumentation.recorder import Recorder


class JobTelemetry:
    """What a job queue reports; `job_type` is one of `metrics.JOB_TYPES`.

    Every job that was `queued` leaves the queue once, by `dequeued` or by `abandoned`; the depth
    is the difference.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def queued(self, job_type: str) -> None:
        """A job waits for a worker from now on."""
        self._recorder.gauge(metrics.JOB_QUEUE_DEPTH, job_type).inc()

    def dequeued(
        self, job_type: str, waited_seconds: float, exemplar: Mapping[str, str] | None = None
    ) -> None:
        """A worker took the job after `waited_seconds`."""
        self._recorder.gauge(metrics.JOB_QUEUE_DEPTH, job_type).dec()
        # Both ends of a wait may come from different processes' clocks.
        waited = max(0.0, waited_seconds)
        self._recorder.histogram(metrics.JOB_QUEUE_WAIT, job_type).observe(waited, exemplar)

    def abandoned(self, job_type: str) -> None:
        """The job left the queue without a worker: cancelled, or the service stops."""
        self._recorder.gauge(metrics.JOB_QUEUE_DEPTH, job_type).dec()

    def finished(
        self,
        job_type: str,
        status: str,
        seconds: float,
        exemplar: Mapping[str, str] | None = None,
    ) -> None:
        """A worker was done with the job after `seconds`; `status` of `metrics.RUN_STATUSES`."""
        took = max(0.0, seconds)
        self._recorder.histogram(metrics.JOB_DURATION, job_type, status).observe(took, exemplar)

    def worker_restarted(self, reason: str) -> None:
        """A worker process was replaced: recycled, memory, timeout, cancelled or crashed."""
        self._recorder.counter(metrics.JOB_WORKER_RESTARTS, reason).inc()
