"""A trace store in a process of its own, and traces with times of our choice to put into it."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import Span, set_span_in_context

from tests.integration.service_process import until

MILLISECOND = 10**6


class TraceStore:
    """`python -m tracestore` on free ports."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "tracestore.log"
        self._directory = folder / "traces"
        self.query_port = self.otlp_port = 0
        self.start()

    def start(self) -> None:
        """Start it, the second time on the ports of the first."""
        ports = ("--port", str(self.query_port), "--otlp-port", str(self.otlp_port))
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tracestore", *ports, "--directory", str(self._directory)],
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        found = until(lambda: re.findall(r"port=(\d+)", self.log.read_text()))
        self.query_port, self.otlp_port = map(int, found)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.query_port}"

    @property
    def otlp(self) -> str:
        return f"http://127.0.0.1:{self.otlp_port}"

    def trace(self, trace_id: str) -> list[dict[str, Any]]:
        """Spans of a trace as OTLP/JSON has them, each with its resource; none when unknown."""
        answer = httpx.get(f"{self.url}/api/v2/traces/{trace_id}", timeout=60)
        if answer.status_code == 404:
            return []
        return [
            {**span, "resource": attributes(resource["resource"])}
            for resource in answer.json()["trace"]["resourceSpans"]
            for scope in resource["scopeSpans"]
            for span in scope["spans"]
        ]

    def search(self, query: str, limit: int = 100) -> list[str]:
        """Ids of the traces that match."""
        params = {"q": query, "limit": str(limit)}
        answer = httpx.get(f"{self.url}/api/search", params=params, timeout=60).raise_for_status()
        return [trace["traceID"].rjust(32, "0") for trace in answer.json()["traces"]]

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(60)


def attributes(holder: dict[str, Any]) -> dict[str, Any]:
    """Attributes of a span, event or resource of OTLP/JSON as Python values."""
    return {pair["key"]: _plain(pair["value"]) for pair in holder.get("attributes", ())}


def _plain(value: dict[str, Any]) -> Any:
    ((kind, inner),) = value.items()
    return int(inner) if kind == "intValue" else inner


class Story:
    """Writes spans at chosen times: milliseconds after a moment that lies `ago` seconds back.

    `beside` another story of the same trace, which then has the same moment.
    """

    def __init__(
        self, store: TraceStore, service: str, ago: float = 60.0, *, beside: Story | None = None
    ) -> None:
        self._zero = beside._zero if beside else time.time_ns() - int(ago * 1e9)
        exporter = OTLPSpanExporter(endpoint=f"{store.otlp}/v1/traces")
        self._provider = TracerProvider(resource=Resource({"service.name": service}))
        self._provider.add_span_processor(SimpleSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("story")

    def begin(self, name: str, at: float, parent: Span | None = None, **values: Any) -> Span:
        """A span that begins; `end` ends it. Values are attributes."""
        context = None if parent is None else set_span_in_context(parent)
        start = self._zero + int(at * MILLISECOND)
        return self._tracer.start_span(name, context, start_time=start, attributes=values)

    def end(self, span: Span, at: float) -> None:
        """The span ends, and is stored when this returns."""
        span.end(self._zero + int(at * MILLISECOND))

    def span(self, name: str, begin: float, end: float, parent: Span, **values: Any) -> Span:
        """A whole span."""
        span = self.begin(name, begin, parent, **values)
        self.end(span, end)
        return span


def trace_id_of(span: Span) -> str:
    return f"{span.get_span_context().trace_id:032x}"
