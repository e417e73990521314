"""Backtests and their results."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from backend.checks import check_backtest
from backend.models import (
    ID_PATTERN,
    BacktestRequest,
    BacktestResult,
    InstrumentId,
    Job,
    ResultPage,
    ResultTable,
    RunStatus,
)
from backend.orders.models import MOST_ORDERS, OrderTable
from backend.result_pages import ResultQuery
from backend.result_store import MAX_PAGE, MAX_TABLE
from backend.routes.answers import NOT_CHANGED, IfNoneMatch, etag, json, not_changed
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
    request = await asyncio.to_thread(check_backtest, request, parts.catalog, parts.converter)
    job = parts.jobs.backtest(request)
    assert job.run_id is not None
    if wait and _stored(await parts.jobs.wait(job.job_id, wait)):
        return json(await asyncio.to_thread(parts.results.raw, job.run_id))
    response.headers["Location"] = f"/api/jobs/{job.job_id}"
    return RunAccepted(job_id=job.job_id, run_id=job.run_id, trace_id=job.trace_id)


def _stored(job: Job) -> bool:
    """True when the job has ended and left a result: one cancelled in the queue has none."""
    return job.status not in ("queued", "running") and not (
        job.status == "cancelled" and job.started_at is None
    )


class Chosen(BaseModel):
    """Which results, and in which order."""

    cursor: str | None = Field(default=None, max_length=500)
    sort: str = Field(
        default="-created_at", max_length=50, description="a column; `-` before it: down"
    )
    strategy: str | None = Field(default=None, max_length=64)
    instrument_id: InstrumentId | None = None
    status: RunStatus | None = None


class PageChosen(Chosen):
    """With as many results as a page has."""

    limit: int = Field(default=50, ge=1, le=MAX_PAGE)


class TableChosen(Chosen):
    """With as many results as a table has."""

    limit: int = Field(default=10_000, ge=1, le=MAX_TABLE)


@router.get("/results", response_model=ResultPage, responses=NOT_CHANGED)
async def results(
    parts: Parts, chosen: Annotated[PageChosen, Query()], if_none_match: IfNoneMatch = None
) -> Response:
    """One page of results without their equity curves, with its ETag."""

    def read() -> Response:
        # Read before the page: a result saved in between makes the tag old, never too new.
        tag = etag(parts.results.revision())
        page = parts.results.page
        return not_changed(if_none_match, tag) or json(page(ResultQuery(**dict(chosen))), tag)

    return await asyncio.to_thread(read)


@router.get("/table", response_model=ResultTable, responses=NOT_CHANGED)
async def table(
    parts: Parts, chosen: Annotated[TableChosen, Query()], if_none_match: IfNoneMatch = None
) -> Response:
    """Results as lines of a table, thousands at once, with its ETag."""

    def read() -> Response:
        tag = etag(parts.results.revision())
        lines = parts.results.table
        return not_changed(if_none_match, tag) or json(lines(ResultQuery(**dict(chosen))), tag)

    return await asyncio.to_thread(read)


@router.get("/results/{run_id}", response_model=BacktestResult, responses=NOT_CHANGED)
async def result(run_id: RunId, parts: Parts, if_none_match: IfNoneMatch = None) -> Response:
    """One result, with its ETag."""

    def read() -> Response:
        tag = parts.results.etag(run_id)
        return not_changed(if_none_match, tag) or json(parts.results.raw(run_id), tag)

    return await asyncio.to_thread(read)


@router.get("/results/{run_id}/orders", response_model=OrderTable, responses=NOT_CHANGED)
async def orders(
    run_id: RunId,
    parts: Parts,
    if_none_match: IfNoneMatch = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ORDERS)] = 1_000,
    offset: Annotated[int, Query(ge=0, le=MOST_ORDERS)] = 0,
) -> Response:
    """The orders of a run as lines of a table, in the order of their making, with an ETag."""

    def read() -> Response:
        tag = parts.results.etag(run_id)
        known = not_changed(if_none_match, tag)
        return known or json(parts.results.orders(run_id, offset, limit), tag)

    return await asyncio.to_thread(read)


@router.delete("/results/{run_id}", status_code=204)
async def delete(run_id: RunId, parts: Parts) -> None:
    """Delete a result."""
    await asyncio.to_thread(parts.results.delete, run_id)
