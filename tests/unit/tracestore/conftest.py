"""A store in a folder, without HTTP, and a short way to write OTLP requests."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.otlp import add_attribute
from tracestore.search import search
from tracestore.storage.readers import open_reader
from tracestore.storage.retention import Limits
from tracestore.storage.writer import Stored, Writer
from tracestore.traceql.parser import parse
from tracestore.traceql.plan import Search, Window

NOW = 1_800_000_000 * 10**9
"""The time of spans that do not say another, ns."""


class Requests:
    """Makes requests of spans given as dictionaries; ids that are not given are new ones."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def __call__(
        self, *spans: dict[str, Any], resource: dict[str, Any] | None = None
    ) -> ExportTraceServiceRequest:
        request = ExportTraceServiceRequest()
        resource_spans = request.resource_spans.add()
        for key, value in (resource or {"service.name": "test"}).items():
            add_attribute(resource_spans.resource.attributes, key, value)
        scope_spans = resource_spans.scope_spans.add()
        scope_spans.scope.name = "tests"
        for span in spans:
            self._add_span(scope_spans.spans, span)
        return request

    def _add_span(self, spans: Any, given: dict[str, Any]) -> None:
        number = next(self._numbers)
        end = given.get("end", NOW)
        span = spans.add(
            trace_id=given.get("trace_id", number.to_bytes(16, "big")),
            span_id=given.get("span_id", number.to_bytes(8, "big")),
            parent_span_id=given.get("parent_id", b""),
            name=given.get("name", "span"),
            kind=given.get("kind", 1),
            start_time_unix_nano=given.get("start", end - given.get("duration", 1000)),
            end_time_unix_nano=end,
        )
        span.status.code = given.get("status", 0)
        for key, value in given.get("attributes", {}).items():
            add_attribute(span.attributes, key, value)


class Store:
    """A writer, and what its database holds."""

    def __init__(self, directory: Path, limits: Limits) -> None:
        self.directory = directory
        self.counted = [0, 0]
        self.writer = Writer(directory, limits, count=self._count)

    def _count(self, stored: int, rejected: int) -> None:
        self.counted = [self.counted[0] + stored, self.counted[1] + rejected]

    def write(self, request: ExportTraceServiceRequest) -> Stored:
        """Store a request and wait for its commit."""
        return self.writer.submit(request, request.ByteSize()).result(timeout=30)

    def rows(self, statement: str, *values: Any) -> list[Any]:
        """Rows of any statement, read beside the writer."""
        connection = open_reader(self.writer.path)
        try:
            return connection.execute(statement, values).fetchall()
        finally:
            connection.close()

    def search(
        self, query: str, window: Window | None = None, traces: int = 20, spans: int = 3
    ) -> list[dict[str, Any]]:
        """The traces that a query finds."""
        connection = open_reader(self.writer.path)
        try:
            wanted = Search(parse(query), window or Window(), traces, spans)
            found: list[dict[str, Any]] = search(connection, wanted)["traces"]
        finally:
            connection.close()
        return found

    def names(self, query: str, **given: Any) -> list[str]:
        """Names of the spans that a query finds, in the order of the answer."""
        return [
            span["name"]
            for trace in self.search(query, **given)
            for span in trace["spanSet"]["spans"]
        ]


@pytest.fixture
def request_of() -> Requests:
    return Requests()


@pytest.fixture
def open_store(tmp_path: Path) -> Iterator[Callable[..., Store]]:
    """Opens stores in the same folder, one at a time, with limits that by default bound nothing."""
    opened: list[Store] = []

    def opener(seconds: float = 1e10, size: int = 2**40, folder: str = "traces") -> Store:
        store = Store(tmp_path / folder, Limits(seconds, size))
        opened.append(store)
        return store

    yield opener
    for store in opened:
        store.writer.close()


@pytest.fixture
def store(open_store: Callable[..., Store]) -> Store:
    return open_store()


@pytest.fixture
def now() -> int:
    return NOW
