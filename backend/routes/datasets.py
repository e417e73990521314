"""Raw days, and their conversion."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from backend.conversion.manifest import RejectReport
from backend.conversion.report import RawDay
from backend.models import ConvertRequest
from backend.routes.answers import NOT_CHANGED, IfNoneMatch, typed
from backend.services import Parts

router = APIRouter(prefix="/datasets", tags=["datasets"])


class Accepted(BaseModel):
    """The job that does what was asked for."""

    job_id: str
    trace_id: str


@router.get("", response_model=list[RawDay], responses=NOT_CHANGED)
async def datasets(parts: Parts, if_none_match: IfNoneMatch = None) -> Response:
    """Raw days with their files: rows, instruments, converted or not."""

    def read() -> Response:
        return typed(list[RawDay], parts.converter.days(), if_none_match)

    return await asyncio.to_thread(read)


@router.get("/rejects")
def rejects(
    parts: Parts, date: dt.date, file: Annotated[str, Query(min_length=1, max_length=1_000)]
) -> RejectReport:
    """Rows of a raw file that its last conversion rejected: counted by reason, the first listed."""
    return parts.converter.rejects(date, file)


@router.post("/convert", status_code=202)
async def convert(request: ConvertRequest, parts: Parts) -> Accepted:
    """Convert a day to the catalog; a repeat is answered from the manifest."""
    job = parts.jobs.convert(request)
    return Accepted(job_id=job.job_id, trace_id=job.trace_id)
