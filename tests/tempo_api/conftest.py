"""A Tempo to test, and the traces that the tests expect in it.

The suite uses only what Tempo documents. It runs against the Tempo at TEMPO_URL, which takes spans
at OTEL_EXPORTER_OTLP_ENDPOINT (default: port 4318 of the same host); without TEMPO_URL it starts
the embedded store. Spans carry a random `suite` attribute, so that a Tempo in use does not matter.
"""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from tests.otlp import add_attribute

Result = TypeVar("Result")
SECOND = 10**9


@dataclass
class Tempo:
    """The two addresses of a Tempo, and how long it may take to show what it was sent."""

    url: str
    otlp: str
    patience: float
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=60))

    def get(self, path: str, accept: str = "", **parameters: Any) -> httpx.Response:
        """An answer of the query API."""
        headers = {"Accept": accept} if accept else {}
        return self.client.get(f"{self.url}{path}", params=parameters, headers=headers)

    def post(self, body: bytes, kind: str = "application/x-protobuf", **headers: str) -> Any:
        """An answer of the OTLP endpoint."""
        return self.client.post(
            f"{self.otlp}/v1/traces", content=body, headers={"Content-Type": kind, **headers}
        )

    def eventually(self, ask: Callable[[], Result], holds: Callable[[Result], bool]) -> Result:
        """Ask until the answer is as wanted or patience ends; the last answer."""
        deadline = time.monotonic() + self.patience
        while not holds(answer := ask()) and time.monotonic() < deadline:
            time.sleep(0.5)
        return answer


@pytest.fixture(scope="session")
def tempo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tempo]:
    """The Tempo at TEMPO_URL, or the embedded store."""
    url = os.environ.get("TEMPO_URL", "").rstrip("/")
    if url:
        default = f"{urlsplit(url).scheme}://{urlsplit(url).hostname}:4318"
        otlp = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", default).rstrip("/")
        # Search hides the newest 30 s by default, and blocks are cut now and then.
        yield Tempo(url, otlp, 120)
        return
    directory = tmp_path_factory.mktemp("traces")
    process = subprocess.Popen(
        [sys.executable, "-m", "tracestore", "--directory", str(directory), "--port", "0",
         "--otlp-port", "0"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    query, otlp = re.findall(r"port=(\d+)", process.stdout.readline())
    try:
        yield Tempo(f"http://127.0.0.1:{query}", f"http://127.0.0.1:{otlp}", 60)
    finally:
        process.terminate()
        process.wait(timeout=60)


@dataclass
class Story:
    """Three traces: a backtest that went well, one that failed, and a lone slow request.

    `good`: POST /run (api, server) → job queue → backtest run (worker) → catalog query, engine run
    `bad`:  the same up to engine run, which fails with an exception
    `lone`: GET /slow (api, server, 12 s)
    """

    suite: str = field(default_factory=lambda: secrets.token_hex(8))
    now: int = field(default_factory=lambda: time.time_ns() - 60 * SECOND)
    traces: dict[str, bytes] = field(default_factory=dict)
    spans: dict[tuple[str, str], Span] = field(default_factory=dict)

    @property
    def window(self) -> dict[str, int]:
        """The times between which all of it happened, as search takes them."""
        return {"start": self.now // SECOND - 3600, "end": self.now // SECOND + 3600}

    def label(self, trace_id: str) -> str:
        """Which of the traces an id is; ids may come without leading zeros."""
        ids = {known.hex(): label for label, known in self.traces.items()}
        return ids.get(trace_id.zfill(32), trace_id)


class _Writer:
    def __init__(self, story: Story) -> None:
        self.story = story
        self.request = ExportTraceServiceRequest()
        self._spans = {service: self._resource(service) for service in ("api", "worker")}

    def _resource(self, service: str) -> Any:
        resource_spans = self.request.resource_spans.add()
        about = resource_spans.resource.attributes
        add_attribute(about, "service.name", f"{service}-{self.story.suite}")
        add_attribute(about, "deployment", "test")
        scope_spans = resource_spans.scope_spans.add()
        scope_spans.scope.name = "suite"
        scope_spans.scope.version = "1.0"
        return scope_spans.spans

    def span(
        self, trace: str, name: str, parent: str, service: str, start: float, seconds: float,
        **attributes: Any,
    ) -> Span:  # fmt: skip
        trace_id = self.story.traces.setdefault(trace, secrets.token_bytes(16))
        begin = self.story.now + int(start * SECOND)
        span: Span = self._spans[service].add(
            trace_id=trace_id, span_id=secrets.token_bytes(8), name=name,
            parent_span_id=self.story.spans[trace, parent].span_id if parent else b"",
            kind=Span.SPAN_KIND_INTERNAL if parent else Span.SPAN_KIND_SERVER,
            start_time_unix_nano=begin, end_time_unix_nano=begin + int(seconds * SECOND),
        )  # fmt: skip
        add_attribute(span.attributes, "suite", self.story.suite)
        for key, value in attributes.items():
            add_attribute(span.attributes, key.replace("__", "."), value)
        self.story.spans[trace, name] = span
        return span


def tell() -> tuple[Story, ExportTraceServiceRequest]:
    """A story and the request that sends it."""
    story = Story()
    write = _Writer(story)
    for trace, shift, strategy in (("good", 0, "ema_cross"), ("bad", 10, "market_maker")):
        write.span(trace, "POST /run", "", "api", shift, 3.0, http__status_code=202)
        write.span(trace, "job queue", "POST /run", "api", shift + 0.1, 0.5)
        run = write.span(
            trace, "backtest run", "job queue", "worker", shift + 0.6, 2.25,
            strategy=strategy, points=1000 if trace == "good" else 10, ratio=0.5,
            cached=trace == "good", tags=["fx", trace],
        )  # fmt: skip
        write.span(trace, "catalog query", "backtest run", "worker", shift + 0.7, 0.25, points=7)
        engine = write.span(trace, "engine run", "backtest run", "worker", shift + 1, 1.5)
        if trace == "bad":
            for span in (run, engine):
                span.status.code = Status.STATUS_CODE_ERROR
            engine.status.message = "no ticks"
            event = engine.events.add(name="exception", time_unix_nano=engine.end_time_unix_nano)
            add_attribute(event.attributes, "exception.type", "ValueError")
    lone = write.span("lone", "GET /slow", "", "api", 20, 12.0, http__status_code=200)
    lone.links.add(trace_id=story.traces["good"], span_id=story.spans["good", "POST /run"].span_id)
    return story, write.request


@pytest.fixture(scope="session")
def story(tempo: Tempo) -> Story:
    """A story that the Tempo knows, visible to searches."""
    told, request = tell()
    answer = tempo.post(request.SerializeToString())
    assert answer.status_code == 200
    query = f'{{ span.suite = "{told.suite}" }}'
    found = tempo.eventually(
        lambda: tempo.get("/api/search", q=query, limit=10, **told.window).json(),
        lambda body: len(body.get("traces") or []) == 3,
    )
    assert len(found["traces"]) == 3
    return told


@pytest.fixture
def new_story() -> tuple[Story, ExportTraceServiceRequest]:
    """A story that nobody has been told yet."""
    return tell()
