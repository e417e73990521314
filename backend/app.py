"""The FastAPI application and what lives as long as it does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette_compress import CompressMiddleware, add_compress_type, remove_compress_type

from backend import problems, routes
from backend.access import Access, AccessControl, is_loopback, read_token
from backend.catalog_manager import CatalogManager
from backend.data_converter import Converter
from backend.executors.base import Executor
from backend.jobs import JobManager
from backend.problems import BodyLimit, Problem
from backend.result_store import ResultStore
from backend.routes.catalog import ARROW
from backend.routes.vitals import RateLimit
from backend.services import Services
from backend.settings import Settings
from backend.trace_reader import TraceReader
from backend.versions import versions
from nautilus_instrumentation import Session

BODY_LIMIT = 1_000_000
VITALS_BODY_LIMIT = 16_384
VITALS_PER_SECOND, VITALS_BURST = 20.0, 100.0


def create_app(settings: Settings, session: Session, executor: Executor) -> FastAPI:
    """The service; starting it starts the executor, stopping it ends all jobs and workers.

    Raises TokenError where API_TOKEN_FILE cannot be used.
    """
    access = Access(
        read_token(settings.api_token_file), protect_reads=not is_loopback(settings.bind_host)
    )
    services = Services(
        settings=settings,
        session=session,
        executor=executor,
        results=ResultStore(settings.results_dir),
        converter=Converter(settings, session),
        catalog=CatalogManager(settings, session),
        traces=TraceReader(settings.trace_store_url),
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        services.jobs = JobManager(session, executor, services.results)
        services.jobs.start()
        try:
            async with session.watch_event_loop():
                yield
        finally:
            await services.jobs.close()
            await services.traces.close()
            services.results.close()

    app = FastAPI(
        title="Nautilus monitoring",
        version=versions()["nautilus-monitoring"],
        lifespan=lifespan,
        docs_url="/api/docs",
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    app.state.services = services
    app.state.access = access
    app.state.vitals_limit = RateLimit(VITALS_PER_SECOND, VITALS_BURST)
    app.include_router(routes.api())
    problems.install(app)
    _describe_problems(app)
    app.add_middleware(BodyLimit, limit=BODY_LIMIT, lower={"/api/vitals": VITALS_BODY_LIMIT})
    # Event streams must arrive as they are written; Arrow's numbers compress well.
    remove_compress_type("text/event-stream")
    add_compress_type(ARROW)
    app.add_middleware(CompressMiddleware, zstd_level=3, gzip_level=1)
    app.add_middleware(AccessControl, access=access)
    session.instrument_app(app)
    return app


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
