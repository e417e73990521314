"""The FastAPI application and what lives as long as it does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from fastapi import FastAPI

from backend import problems, routes
from backend.access import Access, AccessControl, is_loopback, read_token
from backend.alertmanager_client import AlertmanagerClient
from backend.bundle import DIST
from backend.cache import shared_store
from backend.catalog_manager import CatalogManager
from backend.compression import Compression
from backend.console import add_console
from backend.data_converter import Converter
from backend.documents import Documents
from backend.executors.base import Executor
from backend.head import Head
from backend.jobs import JobManager
from backend.metrics_reader import MetricsReader
from backend.notifications import Notifications
from backend.problems import BodyLimit, Problem
from backend.result_pages import page_cache
from backend.result_store import ResultStore
from backend.routes import alerts, boards, traces
from backend.routes.vitals import RateLimit
from backend.services import Services
from backend.settings import Settings
from backend.sweeps.manager import SweepManager
from backend.sweeps.store import SweepStore
from backend.trace_reader import TraceReader
from backend.versions import versions
from backend.watchdog import Watchdog
from nautilus_instrumentation import Session

BODY_LIMIT = 1_000_000
VITALS_BODY_LIMIT = 16_384
NOTIFICATIONS_BODY_LIMIT = 16_000_000
"""A group of thousands of alerts; some 3 kB each."""
BODY_LIMITS = {
    "/api/vitals": VITALS_BODY_LIMIT,
    "/api/alerts/notifications": NOTIFICATIONS_BODY_LIMIT,
}
VITALS_PER_SECOND, VITALS_BURST = 20.0, 100.0
ACTIONS_PER_SECOND, ACTIONS_BURST = 50.0, 500.0
"""Of all consoles together. One that is left open tells of one a second or less."""


def create_app(
    settings: Settings, session: Session, executor: Executor, dist: Path = DIST
) -> FastAPI:
    """The service; starting it starts the executor, stopping it ends all jobs and workers.

    `dist` is where the console is, if it is built. Raises TokenError where API_TOKEN_FILE cannot be
    used.
    """
    access = Access(
        read_token(settings.api_token_file), protect_reads=not is_loopback(settings.bind_host)
    )
    shared = shared_store(settings.redis_address)
    services = Services(
        settings=settings,
        session=session,
        executor=executor,
        results=ResultStore(settings.results_dir, page_cache(session, shared)),
        converter=Converter(settings, session),
        catalog=CatalogManager(settings, session),
        traces=TraceReader(settings.trace_store_url),
        metrics=MetricsReader(settings.prometheus_address),
        alertmanager=AlertmanagerClient(settings.alerts_url),
        notifications=Notifications(settings.results_dir / "notifications.sqlite3"),
        watchdog=Watchdog(session, settings.watchdog_interval, settings.deadman_webhook),
        documents=Documents(),
        shared=shared,
    )

    app = FastAPI(
        title="Nautilus monitoring",
        version=versions()["nautilus-monitoring"],
        lifespan=lambda _: _running(services),
        docs_url="/api/docs",
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    app.state.services = services
    app.state.access = access
    app.state.vitals_limit = RateLimit(VITALS_PER_SECOND, VITALS_BURST)
    app.state.actions_limit = RateLimit(ACTIONS_PER_SECOND, ACTIONS_BURST)
    app.include_router(routes.api())
    # Before the plain pages: where the console has a page of that address, it wins.
    add_console(app, session, dist)
    app.include_router(boards.pages)
    app.include_router(traces.pages)
    app.include_router(alerts.pages)
    problems.install(app)
    _describe_problems(app)
    app.add_middleware(BodyLimit, limit=BODY_LIMIT, by_path=BODY_LIMITS)
    app.add_middleware(Compression)
    app.add_middleware(Head, prefix="/api/")
    app.add_middleware(AccessControl, access=access)
    session.instrument_app(app)
    return app


@asynccontextmanager
async def _running(services: Services) -> AsyncIterator[None]:
    """From the start of the service to its stop."""
    settings, session, results = services.settings, services.session, services.results
    services.jobs = JobManager(session, services.executor, results)
    services.jobs.start()
    store = SweepStore(settings.results_dir / "sweeps.sqlite3")
    services.sweeps = SweepManager(session, services.jobs, store, results)
    await services.sweeps.resume()
    try:
        async with session.watch_event_loop(), _watching(services):
            yield
    finally:
        await services.jobs.close()
        store.close()
        await services.traces.close()
        await services.metrics.close()
        await services.alertmanager.close()
        services.notifications.close()
        results.close()
        if services.shared is not None:
            services.shared.close()


@asynccontextmanager
async def _watching(services: Services) -> AsyncIterator[None]:
    """The dead-man switch looks out, where there is an Alertmanager to hear from."""
    if services.settings.alertmanager_url is None:
        yield
        return
    task = asyncio.create_task(services.watchdog.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _describe_problems(app: FastAPI) -> None:
    """Put the schema of problem documents, which no route returns, into OpenAPI."""
    generate = app.openapi

    def openapi() -> dict[str, object]:
        document = generate()
        schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas = document["components"]["schemas"]
        schemas.update(schema.pop("$defs", {}))
        schemas["Problem"] = schema
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it
