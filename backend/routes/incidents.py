"""What happened between two moments, in one answer."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from backend.incidents.bundle import Format, file
from backend.incidents.collect import Collector
from backend.incidents.models import Incident, IncidentRequest
from backend.services import Parts

router = APIRouter(prefix="/incidents", tags=["incidents"])

_CONTENT: dict[str, Any] = {
    "text/markdown": {"schema": {"type": "string"}},
    "application/zip": {"schema": {"type": "string", "format": "binary"}},
}


@router.post("", response_model=Incident, responses={200: {"content": _CONTENT}})
async def incident(
    body: IncidentRequest,
    parts: Parts,
    request: Request,
    format: Annotated[
        Format, Query(description="zip: both others, to attach to a report")
    ] = "json",
) -> Response:
    """Alerts, runs, traces and key series of a time; what cannot be asked is named in `missing`."""
    collector = Collector(
        running=parts.jobs.running_backtests, results=parts.results,
        notifications=parts.notifications, documents=parts.documents,
        alertmanager=parts.alertmanager, metrics=parts.metrics, traces=parts.traces,
    )  # fmt: skip
    found = await collector.incident(body)
    console = str(request.base_url).rstrip("/")
    made = await asyncio.to_thread(file, found, format, console)
    headers = {"Content-Disposition": f'attachment; filename="{made.name}"'}
    return Response(made.content, media_type=made.media_type, headers=headers)
