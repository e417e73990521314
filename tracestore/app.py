"""The store's ASGI application."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tracestore.api.ingest import Ingest
from tracestore.api.status import Status
from tracestore.api.tempo import Handler, Queries, errors_as_text
from tracestore.settings import Settings
from tracestore.storage.readers import Readers
from tracestore.storage.writer import Writer
from tracestore.telemetry import Telemetry
from tracestore.traceql.parser import parse

WELCOME = (
    "Trace store of NautilusTrader monitoring, with Tempo's API. Traces are at /api/search and "
    "/api/traces/{id}, health at /ready, metrics at /metrics; `nautobs` shows them in a terminal.\n"
)


async def _welcome(_: Request) -> Response:
    return PlainTextResponse(WELCOME)


async def _not_found(request: Request, _: Exception) -> Response:
    return PlainTextResponse(f"no such endpoint: {request.url.path}", 404)


def create_app(
    writer: Writer, readers: Readers, telemetry: Telemetry, settings: Settings
) -> Starlette:
    """The routes, the same on both ports."""
    # Builds the parser now instead of during the first query.
    parse("{}")
    queries = Queries(readers, telemetry)
    status = Status(telemetry)
    get: dict[str, Handler] = {
        "/api/search": queries.search,
        "/api/traces/{trace_id}": queries.trace,
        "/api/v2/traces/{trace_id}": queries.trace_v2,
        "/api/search/tags": queries.tag_names,
        "/api/v2/search/tags": queries.tag_names_v2,
        # Names of tags may hold slashes.
        "/api/search/tag/{tag:path}/values": queries.tag_values,
        "/api/v2/search/tag/{tag:path}/values": queries.tag_values_v2,
        "/api/metrics/query_range": status.no_metrics_queries,
        "/api/metrics/query": status.no_metrics_queries,
        "/api/echo": status.echo,
        "/api/status/buildinfo": status.build_info,
        "/ready": status.ready,
        "/metrics": status.metrics,
    }
    ingest = Ingest(writer, settings)

    async def store(request: Request) -> Response:
        return await ingest(request)

    routes = [Route("/", _welcome), Route("/v1/traces", store, methods=["POST"])]
    routes += [Route(path, errors_as_text(handler)) for path, handler in get.items()]
    return Starlette(routes=routes, exception_handlers={404: _not_found})
