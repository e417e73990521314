"""Helpers of the web tests: an instrumented application and a client that drives it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from nautilus_instrumentation import Session, instrument, uninstrument


class Lab:
    """One session, its spans and its metrics."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.session: Session = instrument(
            span_exporter=self.exporter, strict=True, nautilus=False, gc=False, process=False
        )

    @property
    def spans(self) -> list[Any]:
        return list(self.exporter.get_finished_spans())

    def count(self, spec: Any, *labels: str) -> float:
        """Observations of a histogram's child, or the value of another."""
        values = getattr(self.session.recorder, spec.kind)(spec, *labels).values()
        return sum(values[:-1]) if spec.kind == "histogram" else values[0]

    def exemplars(self, spec: Any, *labels: str) -> list[dict[str, str]]:
        child = self.session.recorder.histogram(spec, *labels)
        return [dict(kept.labels) for kept in child.exemplars.values()]


@pytest.fixture
def lab() -> Iterator[Lab]:
    yield Lab()
    uninstrument()


@pytest.fixture
def request_app() -> Callable[..., httpx.Response]:
    """Sends one request to an ASGI application; errors of the application become 500."""

    def send(app: Any, method: str, path: str, **options: Any) -> httpx.Response:
        async def exchange() -> httpx.Response:
            transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.request(method, path, **options)

        return asyncio.run(exchange())

    return send


@pytest.fixture
def drive() -> Callable[..., list[dict[str, Any]]]:
    """Calls an ASGI application with a scope; returns what it sent."""

    def call(app: Callable[..., Coroutine[Any, Any, None]], **scope: Any) -> list[dict[str, Any]]:
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        full = {"type": "http", "method": "GET", "path": "/", "query_string": b"", **scope}
        asyncio.run(app(full, receive, send))
        return sent

    return call
