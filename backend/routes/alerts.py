"""What is wrong now, who was told of it, and what is silenced."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from backend.alert_models import (
    ActiveAlerts,
    NewSilence,
    NotificationPage,
    Silence,
    SilenceCreated,
    State,
    Webhook,
)
from backend.alert_page import LONGEST_FILTER, body
from backend.documents import document, html_headers
from backend.notifications import MAX_PAGE, is_watchdog
from backend.routes.answers import NOT_CHANGED, IfNoneMatch, typed
from backend.services import Parts

router = APIRouter(prefix="/alerts", tags=["alerts"])

pages = APIRouter(include_in_schema=False)
"""Pages for people, outside of /api."""

MAX_ALERTS = 1_000

SilenceId = Annotated[str, Path(pattern=r"^[0-9a-fA-F-]{36}$", description="UUID")]


@router.get("")
async def alerts(
    parts: Parts,
    state: State | None = None,
    limit: Annotated[int, Query(ge=1, le=MAX_ALERTS)] = 200,
) -> ActiveAlerts:
    """What Alertmanager has: firing, pending, silenced and inhibited."""
    return await parts.alertmanager.alerts(state, limit)


@router.get("/notifications", response_model=NotificationPage, responses=NOT_CHANGED)
async def notifications(
    parts: Parts,
    if_none_match: IfNoneMatch = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    """What somebody was told, newest first; the newest 1,000 are kept."""

    def read() -> Response:
        return typed(NotificationPage, parts.notifications.page(limit, cursor), if_none_match)

    return await asyncio.to_thread(read)


@router.post("/notifications", status_code=204)
async def notify(body: Webhook, parts: Parts) -> None:
    """Alertmanager's webhook. A Watchdog is not kept: its arrival is recorded."""
    if any(is_watchdog(alert) and alert.status == "firing" for alert in body.alerts):
        parts.watchdog.arrived()
    await asyncio.to_thread(parts.notifications.add, body)


@router.get("/silences")
async def silences(parts: Parts) -> list[Silence]:
    """Those that have not ended."""
    return await parts.alertmanager.silences()


@router.post("/silences", status_code=201)
async def silence(body: NewSilence, parts: Parts) -> SilenceCreated:
    """Tell nobody of the alerts that match, for a while."""
    return await parts.alertmanager.silence(body)


@router.delete("/silences/{silence_id}", status_code=204)
async def end_silence(silence_id: SilenceId, parts: Parts) -> None:
    """End a silence now."""
    await parts.alertmanager.end_silence(silence_id)


@pages.get("/alerts")
async def alert_page(
    parts: Parts, silence: Annotated[str, Query(max_length=LONGEST_FILTER)] = ""
) -> Response:
    """How to silence what `silence` names, and where to read what fires."""
    html = body(silence, parts.alertmanager.url)
    return Response(document("Alerts", html), media_type="text/html", headers=html_headers())
