"""OTLP/HTTP in: formats, compression, and answers to what cannot be stored."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse


def otlp_json(request: Any) -> bytes:
    """A request as OTLP/JSON: protobuf's JSON, with ids in hexadecimal."""
    document = json_format.MessageToDict(request, use_integers_for_enums=True)
    sources = [
        (span, source)
        for resource, resources in zip(
            document["resourceSpans"], request.resource_spans, strict=True
        )
        for scope, scopes in zip(resource["scopeSpans"], resources.scope_spans, strict=True)
        for span, source in zip(scope["spans"], scopes.spans, strict=True)
    ]
    for span, source in sources:
        span["traceId"], span["spanId"] = source.trace_id.hex(), source.span_id.hex()
        if source.parent_span_id:
            span["parentSpanId"] = source.parent_span_id.hex()
        for link, link_source in zip(span.get("links", []), source.links, strict=True):
            link["traceId"] = link_source.trace_id.hex()
            link["spanId"] = link_source.span_id.hex()
    return json.dumps(document).encode()


def arrived(tempo: Any, story: Any) -> int:
    """How many spans of the story's good trace can be read back."""
    path = f"/api/traces/{story.traces['good'].hex()}"
    answer = tempo.eventually(lambda: tempo.get(path), lambda answer: answer.status_code == 200)
    return sum(
        len(scope["spans"]) for batch in answer.json()["batches"] for scope in batch["scopeSpans"]
    )


def test_protobuf_is_taken_and_answered_in_protobuf(tempo: Any, new_story: Any) -> None:
    """A full success is an empty response message."""
    story, request = new_story
    answer = tempo.post(request.SerializeToString())
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-protobuf"
    assert not ExportTraceServiceResponse.FromString(answer.content).HasField("partial_success")
    assert arrived(tempo, story) == 5


def test_json_is_taken_and_answered_in_json(tempo: Any, new_story: Any) -> None:
    """The same spans, sent as JSON."""
    story, request = new_story
    answer = tempo.post(otlp_json(request), "application/json")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")
    assert not answer.json().get("partialSuccess")
    assert arrived(tempo, story) == 5


@pytest.mark.parametrize("kind", ["application/x-protobuf", "application/json"])
def test_gzip_is_taken(tempo: Any, new_story: Any, kind: str) -> None:
    """Senders compress."""
    story, request = new_story
    body = otlp_json(request) if kind.endswith("json") else request.SerializeToString()
    answer = tempo.post(gzip.compress(body), kind, **{"Content-Encoding": "gzip"})
    assert answer.status_code == 200
    assert arrived(tempo, story) == 5


@pytest.mark.parametrize(
    ("body", "kind", "statuses"),
    [
        (b"\x0a\xff\xff\xff\xff\xff", "application/x-protobuf", {400}),
        (b"{", "application/json", {400}),
        (b"hello", "text/plain", {415}),
    ],
)
def test_what_is_no_request_is_refused(
    tempo: Any, body: bytes, kind: str, statuses: set[int]
) -> None:
    """Garbage is a client error, not to be tried again."""
    assert tempo.post(body, kind).status_code in statuses


def test_only_post_stores(tempo: Any) -> None:
    """Other methods are not allowed."""
    assert tempo.client.get(f"{tempo.otlp}/v1/traces").status_code == 405


def test_an_empty_request_is_a_success(tempo: Any) -> None:
    """OTLP allows requests without spans."""
    assert tempo.post(b"").status_code == 200
