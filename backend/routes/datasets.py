"""Raw days, and their conversion."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from pydantic import BaseModel

from backend.conversion.report import RawDay
from backend.models import ConvertRequest
from backend.services import Parts

router = APIRouter(prefix="/datasets", tags=["datasets"])


class Accepted(BaseModel):
    """The job that does what was asked for."""

    job_id: str
    trace_id: str


@router.get("")
async def datasets(parts: Parts) -> list[RawDay]:
    """Raw days with their files: rows, instruments, converted or not."""
    return await asyncio.to_thread(parts.converter.days)


@router.post("/convert", status_code=202)
async def convert(request: ConvertRequest, parts: Parts) -> Accepted:
    """Convert a day to the catalog; a repeat is answered from the manifest."""
    job = parts.jobs.convert(request)
    return Accepted(job_id=job.job_id, trace_id=job.trace_id)
