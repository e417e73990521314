"""One stream of all jobs: the state at first, then what changed, each job once a message."""

from __future__ import annotations

from contextlib import aclosing
from datetime import UTC, datetime

import pytest

from backend import job_feed
from backend.job_feed import JobFeed, JobsMessage
from backend.models import ErrorInfo, Job
from tests.in_loop import in_loop

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages follow each other at once; that they are parted by a pause is not at issue."""
    monkeypatch.setattr(job_feed, "PAUSE_SECONDS", 0)


class Jobs:
    """Jobs that a test moves on by hand."""

    def __init__(self) -> None:
        self.all: dict[str, Job] = {}
        self.feed = JobFeed(lambda: self._active(), lambda: self._waiting())

    def put(self, job_id: str, status: str, **fields: object) -> None:
        values = {"job_type": "backtest", "created_at": NOON, **fields}
        self.all[job_id] = Job.model_validate({"job_id": job_id, "status": status, **values})
        self.feed.changed(self.all[job_id])

    def _active(self) -> list[Job]:
        return [job for job in self.all.values() if job.status in ("queued", "running")]

    def _waiting(self) -> int:
        return sum(job.status == "queued" for job in self.all.values())


def told(message: JobsMessage) -> list[tuple[str, str]]:
    return [(job.job_id, job.status) for job in message.jobs]


@in_loop
async def test_a_stream_begins_with_all_that_goes_on() -> None:
    """Also one that is opened again: nothing that ended meanwhile is in it."""
    jobs = Jobs()
    jobs.put("a", "running")
    jobs.put("b", "queued")
    jobs.put("c", "ok")
    async with aclosing(jobs.feed.follow()) as stream:
        first = await anext(stream)
    assert first.kind == "state"
    assert told(first) == [("a", "running"), ("b", "queued")]
    assert (first.queued, first.running) == (1, 1)


@in_loop
async def test_changes_are_told_once_for_each_job() -> None:
    """However often it changed since the last message, as it stands now."""
    jobs = Jobs()
    async with aclosing(jobs.feed.follow()) as stream:
        await anext(stream)
        for progress in (0.1, 0.2, 0.3):
            jobs.put("a", "running", progress=progress)
        jobs.put("b", "queued")
        message = await anext(stream)
        assert message.kind == "changes"
        assert told(message) == [("a", "running"), ("b", "queued")]
        assert message.jobs[0].progress == 0.3
        jobs.put("a", "ok")
        assert told(await anext(stream)) == [("a", "ok")]


@in_loop
async def test_waiting_runs_of_a_sweep_are_only_counted() -> None:
    """There may be thousands; each is told of when it begins."""
    jobs = Jobs()
    for n in range(5):
        jobs.put(f"s{n}", "queued", job_type="sweep")
    async with aclosing(jobs.feed.follow()) as stream:
        first = await anext(stream)
        assert (told(first), first.queued) == ([], 5)
        jobs.put("s0", "running", job_type="sweep")
        message = await anext(stream)
        assert (told(message), message.queued, message.running) == ([("s0", "running")], 4, 1)


@in_loop
async def test_what_is_long_is_left_out() -> None:
    """Reports of conversions and stack traces come with the job's own call."""
    jobs = Jobs()
    async with aclosing(jobs.feed.follow()) as stream:
        await anext(stream)
        error = ErrorInfo(type="ValueError", message="no", stacktrace="long")
        jobs.put("a", "error", error=error, result={"files": []})
        (job,) = (await anext(stream)).jobs
    assert job.result is None
    assert job.error == ErrorInfo(type="ValueError", message="no")


@in_loop
async def test_a_follower_that_leaves_is_forgotten() -> None:
    """Nothing is kept for it."""
    jobs = Jobs()
    stream = jobs.feed.follow()
    await anext(stream)
    assert len(jobs.feed._followers) == 1
    await stream.aclose()
    assert len(jobs.feed._followers) == 0
