"""The HTTP API, one module per topic. Routes parse, call one function, shape the answer."""

from __future__ import annotations

from fastapi import APIRouter

from backend.problems import RESPONSES
from backend.routes import (
    backtests,
    catalog,
    datasets,
    jobs,
    session,
    status,
    strategies,
    traces,
    vitals,
)


def api() -> APIRouter:
    """All routes, below /api."""
    router = APIRouter(prefix="/api", responses=RESPONSES)
    for topic in (status, session, datasets, jobs, catalog, backtests, strategies, traces, vitals):
        router.include_router(topic.router)
    return router
