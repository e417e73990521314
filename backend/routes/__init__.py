"""The HTTP API, one module per topic. Routes parse, call one function, shape the answer."""

from __future__ import annotations

from fastapi import APIRouter

from backend.problems import RESPONSES
from backend.routes import (
    alerts,
    backtests,
    boards,
    catalog,
    datasets,
    evaluation,
    incidents,
    jobs,
    prometheus,
    runbooks,
    session,
    status,
    strategies,
    sweeps,
    traces,
    vitals,
)


def api() -> APIRouter:
    """All routes, below /api."""
    router = APIRouter(prefix="/api", responses=RESPONSES)
    for topic in (
        status, session, datasets, jobs, catalog, backtests, sweeps, evaluation, strategies, traces,
        prometheus, vitals,
        alerts, boards, runbooks, incidents,
    ):  # fmt: skip
        router.include_router(topic.router)
    return router
