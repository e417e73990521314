"""Tells of all jobs at once: how they stand, then what changed, no more often than a person reads.

A browser opens six connections to a host; with a stream for each job, three jobs would take half of
them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Literal

from pydantic import BaseModel, Field

from backend.models import Job

PAUSE_SECONDS = 0.25
"""Between two messages; a job that changed more often is told of once."""


class JobsMessage(BaseModel):
    """Jobs as they stand. `state`: all that go on; `changes`: those that changed since."""

    kind: Literal["state", "changes"]
    jobs: list[Job] = Field(
        description="without reports and stack traces, which each job's own call has; runs of a"
        " sweep that wait are only counted"
    )
    queued: int = Field(description="jobs that wait, with all runs of sweeps")
    running: int


class JobFeed:
    """Hands changes of jobs to those that follow; lives on the event loop."""

    def __init__(self, jobs: Callable[[], Iterable[Job]], queued: Callable[[], int]) -> None:
        """`jobs` gives those that go on, the oldest first, `queued` how many of all wait."""
        self._jobs, self._queued = jobs, queued
        self._followers: set[_Follower] = set()

    def changed(self, job: Job) -> None:
        """The job is new, moved on or ended."""
        for follower in self._followers:
            follower.changed(job)

    async def follow(self) -> AsyncIterator[JobsMessage]:
        """All that go on, then changes; never ends by itself.

        What changes while a follower is slow is kept once for each job.
        """
        follower = _Follower()
        self._followers.add(follower)
        try:
            yield self._message("state", self._jobs())
            while True:
                await follower.woken.wait()
                yield self._message("changes", follower.taken())
                await asyncio.sleep(PAUSE_SECONDS)
        finally:
            self._followers.discard(follower)

    def _message(self, kind: Literal["state", "changes"], jobs: Iterable[Job]) -> JobsMessage:
        running = sum(job.status == "running" for job in self._jobs())
        told = [_short(job) for job in jobs if not _waits_in_sweep(job)]
        return JobsMessage(kind=kind, jobs=told, queued=self._queued(), running=running)


class _Follower:
    """What one follower has not been told yet."""

    def __init__(self) -> None:
        self.woken = asyncio.Event()
        self._jobs: dict[str, Job] = {}

    def changed(self, job: Job) -> None:
        self._jobs[job.job_id] = job
        self.woken.set()

    def taken(self) -> list[Job]:
        jobs, self._jobs = list(self._jobs.values()), {}
        self.woken.clear()
        return jobs


def _waits_in_sweep(job: Job) -> bool:
    return job.job_type == "sweep" and job.status == "queued"


def _short(job: Job) -> Job:
    error = job.error.model_copy(update={"stacktrace": ""}) if job.error else None
    return job.model_copy(update={"result": None, "error": error})
