"""Alive, and ready."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Response

from backend.health import Health, Readiness, readiness, shared_cache, trace_store, watchdog
from backend.services import Parts

router = APIRouter(tags=["status"])


@router.get("/health")
async def health() -> Health:
    """The process answers; says nothing of what it depends on."""
    return Health()


@router.get("/ready", responses={503: {"model": Readiness, "description": "No job could run"}})
async def ready(parts: Parts, response: Response) -> Readiness:
    """What the service depends on. 200 while jobs can run, `degraded` when something is amiss."""
    checks = []
    if parts.settings.tempo_url is not None:
        checks.append(trace_store(parts.traces.url, await parts.traces.trouble()))
    if parts.settings.alertmanager_url is not None:
        checks.append(watchdog(parts.watchdog.missing, parts.watchdog.detail()))
    if parts.shared is not None:
        trouble = await asyncio.to_thread(parts.shared.trouble)
        checks.append(shared_cache(parts.shared.address, trouble))
    found = await asyncio.to_thread(readiness, parts.settings, parts.executor.status(), checks)
    if found.status == "unavailable":
        response.status_code = 503
    return found
