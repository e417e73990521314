"""Endpoints that say how the store is, and what it does not do."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from tracestore.telemetry import Telemetry

TEMPO_VERSION = "2.8.0"
"""The Tempo that clients should take the store for: Grafana turns its features on by version."""


def _own_version() -> str:
    try:
        return version("nautilus-monitoring")
    except PackageNotFoundError:
        return "unknown"


class Status:
    """`/ready`, `/metrics` and their like."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._version = _own_version()

    async def ready(self, _: Request) -> Response:
        """The store answers only once it is ready."""
        return PlainTextResponse("ready\n")

    async def echo(self, _: Request) -> Response:
        """What Grafana asks to test a datasource."""
        return PlainTextResponse("echo")

    async def build_info(self, _: Request) -> Response:
        """Prometheus's shape; `revision` tells the store from a Tempo."""
        return JSONResponse(
            {
                "version": TEMPO_VERSION,
                "revision": f"nautilus-tracestore-{self._version}",
                "branch": "",
                "buildUser": "",
                "buildDate": "",
                "goVersion": f"python-{platform.python_version()}",
            }
        )

    async def metrics(self, request: Request) -> Response:
        """The store's own metrics."""
        encoder, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encoder(self._telemetry.registry), headers={"Content-Type": content_type})

    async def no_metrics_queries(self, _: Request) -> Response:
        """TraceQL metrics are Prometheus's business here."""
        return PlainTextResponse(
            "TraceQL metrics queries are not supported by this trace store: "
            "ask Prometheus, or use Tempo",
            400,
        )
