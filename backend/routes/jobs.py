"""Jobs: list, look, follow, cancel."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from sse_starlette import EventSourceResponse, ServerSentEvent

from backend.job_feed import JobsMessage
from backend.models import ID_PATTERN, Job, JobStatus, JobType
from backend.routes.answers import NOT_CHANGED, IfNoneMatch, typed
from backend.services import Parts

router = APIRouter(prefix="/jobs", tags=["jobs"])

JobId = Annotated[str, Path(pattern=f"^{ID_PATTERN.pattern}$")]


@router.get("", response_model=list[Job], responses=NOT_CHANGED)
async def jobs(
    parts: Parts,
    if_none_match: IfNoneMatch = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    status: JobStatus | None = None,
    job_type: JobType | None = None,
    run_id: Annotated[
        str | None, Query(pattern=f"^{ID_PATTERN.pattern}$", description="the job of that run")
    ] = None,
) -> Response:
    """The newest jobs first; the last 10,000 that ended are remembered."""
    found = parts.jobs.list(limit, status, job_type, run_id)
    return await asyncio.to_thread(typed, list[Job], found, if_none_match)


@router.get(
    "/events",
    response_class=EventSourceResponse,
    responses={
        200: {
            "model": JobsMessage,
            "content": {"text/event-stream": {}},
            "description": "Jobs as events",
        }
    },
)
async def all_events(parts: Parts) -> EventSourceResponse:
    """Server-sent events named `jobs`, each a JobsMessage: all that go on, then what changes.

    One stream for all jobs, since browsers open few connections. A stream that is opened again
    begins with the whole state, so that nothing is missed.
    """

    async def stream() -> AsyncIterator[ServerSentEvent]:
        async for message in parts.jobs.feed.follow():
            yield ServerSentEvent(message.model_dump_json(), event="jobs")

    return EventSourceResponse(stream())


@router.get("/{job_id}")
async def job(job_id: JobId, parts: Parts) -> Job:
    """One job."""
    return parts.jobs.get(job_id)


@router.get(
    "/{job_id}/events",
    response_class=EventSourceResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "The job as events"}},
)
async def events(job_id: JobId, parts: Parts) -> EventSourceResponse:
    """Server-sent events named `job`, each a whole job: now, at each change, and at its end."""
    updates = parts.jobs.watch(job_id)

    async def stream() -> AsyncIterator[ServerSentEvent]:
        async for update in updates:
            yield ServerSentEvent(update.model_dump_json(), event="job")

    return EventSourceResponse(stream())


@router.delete("/{job_id}")
async def cancel(job_id: JobId, parts: Parts) -> Job:
    """Cancel a queued or running job: 200 with the job, 409 when it had ended before."""
    return await parts.jobs.cancel(job_id)
