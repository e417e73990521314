"""Backtests and their results."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Response
from pydantic import BaseModel

from backend.checks import check_backtest
from backend.models import (
    ID_PATTERN,
    BacktestRequest,
    BacktestResult,
    InstrumentId,
    Job,
    ResultPage,
    RunStatus,
)
from backend.result_store import MAX_PAGE
from backend.services import Parts

router = APIRouter(prefix="/backtest", tags=["backtests"])

LONGEST_WAIT = 300.0
RunId = Annotated[str, Path(pattern=f"^{ID_PATTERN.pattern}$")]


class RunAccepted(BaseModel):
    """The job that runs the backtest; its result will be under `run_id`."""

    job_id: str
    run_id: str
    trace_id: str


@router.post(
    "/run",
    status_code=202,
    response_model=RunAccepted,
    responses={200: {"model": BacktestResult, "description": "Done within `wait`"}},
)
async def run(
    request: BacktestRequest,
    parts: Parts,
    response: Response,
    wait: Annotated[float, Query(ge=0, le=LONGEST_WAIT, description="seconds")] = 0,
) -> Response | RunAccepted:
    """Run a backtest; a window that is not converted yet is converted first."""
    await asyncio.to_thread(check_backtest, request, parts.catalog, parts.converter)
    job = parts.jobs.backtest(request)
    assert job.run_id is not None
    if wait and _stored(await parts.jobs.wait(job.job_id, wait)):
        return _json(await asyncio.to_thread(parts.results.raw, job.run_id))
    response.headers["Location"] = f"/api/jobs/{job.job_id}"
    return RunAccepted(job_id=job.job_id, run_id=job.run_id, trace_id=job.trace_id)


def _stored(job: Job) -> bool:
    """True when the job has ended and left a result: one cancelled in the queue has none."""
    return job.status not in ("queued", "running") and not (
        job.status == "cancelled" and job.started_at is None
    )


def _json(raw: bytes | str, etag: str | None = None) -> Response:
    """JSON as it is stored: reading and writing it again would cost 20 ms a megabyte."""
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"} if etag else None
    return Response(raw, media_type="application/json", headers=headers)


IfNoneMatch = Annotated[str | None, Header()]
_NOT_CHANGED: dict[int | str, dict[str, str]] = {
    304: {"description": "Not changed since `If-None-Match`"}
}


def _not_changed(if_none_match: str | None, etag: str) -> Response | None:
    """304 when the caller has this already; weak comparison, as RFC 9110 asks for."""
    tags = [tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")]
    if "*" in tags or etag.removeprefix("W/") in tags:
        return Response(status_code=304, headers={"ETag": etag})
    return None


@router.get("/results", response_model=ResultPage, responses=_NOT_CHANGED)
async def results(
    parts: Parts,
    if_none_match: IfNoneMatch = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    sort: Annotated[str, Query(max_length=50, description="a column; `-` before it: down")] = (
        "-created_at"
    ),
    strategy: Annotated[str | None, Query(max_length=64)] = None,
    instrument_id: Annotated[InstrumentId | None, Query()] = None,
    status: RunStatus | None = None,
) -> Response:
    """One page of results without their equity curves, with its ETag."""

    def read() -> Response:
        # Read before the page: a result saved in between makes the tag old, never too new.
        etag = f'W/"{parts.results.revision():x}"'
        page = parts.results.list(limit, cursor, sort, strategy, instrument_id, status)
        return _not_changed(if_none_match, etag) or _json(page.model_dump_json(), etag)

    return await asyncio.to_thread(read)


@router.get("/results/{run_id}", response_model=BacktestResult, responses=_NOT_CHANGED)
async def result(run_id: RunId, parts: Parts, if_none_match: IfNoneMatch = None) -> Response:
    """One result, with its ETag."""

    def read() -> Response:
        etag = parts.results.etag(run_id)
        return _not_changed(if_none_match, etag) or _json(parts.results.raw(run_id), etag)

    return await asyncio.to_thread(read)


@router.delete("/results/{run_id}", status_code=204)
async def delete(run_id: RunId, parts: Parts) -> None:
    """Delete a result."""
    await asyncio.to_thread(parts.results.delete, run_id)
