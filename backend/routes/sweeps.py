"""Sweeps: start, look, follow, cancel."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from sse_starlette import EventSourceResponse, ServerSentEvent

from backend.checks import check_sweep
from backend.models import ID_PATTERN
from backend.services import Parts
from backend.sweeps.models import Sweep, SweepAccepted, SweepRequest, SweepSummary

router = APIRouter(prefix="/backtest", tags=["sweeps"])

SweepId = Annotated[str, Path(pattern=f"^{ID_PATTERN.pattern}$")]


@router.post("/sweep", status_code=202)
async def start(request: SweepRequest, parts: Parts, response: Response) -> SweepAccepted:
    """Run a backtest with many sets of parameters; each is a run with a result of its own."""
    request, sets = await asyncio.to_thread(check_sweep, request, parts.catalog, parts.converter)
    sweep = await parts.sweeps.submit(request, sets)
    response.headers["Location"] = f"/api/backtest/sweeps/{sweep.sweep_id}"
    return SweepAccepted(
        sweep_id=sweep.sweep_id,
        trace_id=sweep.trace_id,
        job_ids=[run.job_id for run in sweep.runs],
        runs=sweep.runs,
    )


@router.get("/sweeps")
async def sweeps(
    parts: Parts, limit: Annotated[int, Query(ge=1, le=100)] = 20
) -> list[SweepSummary]:
    """The newest sweeps first, without their runs."""
    return await parts.sweeps.newest(limit)


@router.get("/sweeps/{sweep_id}")
async def sweep(sweep_id: SweepId, parts: Parts) -> Sweep:
    """One sweep: its runs with their key figures as they end, and the best of them so far."""
    return await parts.sweeps.get(sweep_id)


@router.get(
    "/sweeps/{sweep_id}/events",
    response_class=EventSourceResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "The sweep as events"}},
)
async def events(sweep_id: SweepId, parts: Parts) -> EventSourceResponse:
    """Server-sent events named `sweep`, without runs: now, whenever a run ends, and at the end."""
    updates = parts.sweeps.watch(await parts.sweeps.get(sweep_id))

    async def stream() -> AsyncIterator[ServerSentEvent]:
        async for update in updates:
            yield ServerSentEvent(update.model_dump_json(), event="sweep")

    return EventSourceResponse(stream())


@router.delete("/sweeps/{sweep_id}")
async def cancel(sweep_id: SweepId, parts: Parts) -> Sweep:
    """Cancel what has not ended: 200 with the sweep, 409 when it was over before."""
    return await parts.sweeps.cancel(sweep_id)
