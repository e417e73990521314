"""One trace by id: both versions, as JSON and as protobuf."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, TracesData


def spans_of(batches: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Spans by name."""
    return {
        span["name"]: span
        for batch in batches
        for scope in batch["scopeSpans"]
        for span in scope["spans"]
    }


def as_bytes(text: str, length: int) -> bytes:
    """An id, which Tempo writes in base64 (protobuf's JSON)."""
    return bytes.fromhex(text) if len(text) == 2 * length else base64.b64decode(text)


def messages(data: bytes) -> dict[str, Span]:
    return {
        span.name: span
        for resource in TracesData.FromString(data).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    }


def field_1(data: bytes) -> bytes:
    """The first field of a message, which must be its field 1: the trace in Tempo's response."""
    assert data[0] == 0x0A
    length = shift = 0
    for place in range(1, len(data)):
        length |= (data[place] & 127) << shift
        shift += 7
        if data[place] < 128:
            return data[place + 1 : place + 1 + length]
    raise AssertionError("cut short")


def test_the_first_version_calls_its_list_batches(tempo: Any, story: Any) -> None:
    """All spans, with names, times, kinds, parents and attributes."""
    answer = tempo.get(f"/api/traces/{story.traces['good'].hex()}")
    spans = spans_of(answer.json()["batches"])
    assert set(spans) == {"POST /run", "job queue", "backtest run", "catalog query", "engine run"}
    run, sent = spans["backtest run"], story.spans["good", "backtest run"]
    assert as_bytes(run["traceId"], 16) == sent.trace_id
    assert as_bytes(run["parentSpanId"], 8) == sent.parent_span_id
    assert run["startTimeUnixNano"] == str(sent.start_time_unix_nano)
    assert run["endTimeUnixNano"] == str(sent.end_time_unix_nano)
    assert run["kind"] in ("SPAN_KIND_INTERNAL", 1)
    values = {item["key"]: item["value"] for item in run["attributes"]}
    assert values["points"] == {"intValue": "1000"}
    assert values["ratio"] == {"doubleValue": 0.5}
    assert values["cached"] == {"boolValue": True}
    assert values["tags"]["arrayValue"]["values"][1] == {"stringValue": "good"}


def test_the_second_version_has_it_under_trace(tempo: Any, story: Any) -> None:
    """The same spans under OpenTelemetry's name."""
    answer = tempo.get(f"/api/v2/traces/{story.traces['bad'].hex()}")
    spans = spans_of(answer.json()["trace"]["resourceSpans"])
    engine = spans["engine run"]
    assert engine["status"]["code"] in ("STATUS_CODE_ERROR", 2)
    assert engine["status"]["message"] == "no ticks"
    (event,) = engine["events"]
    assert event["name"] == "exception"
    assert event["attributes"] == [
        {"key": "exception.type", "value": {"stringValue": "ValueError"}}
    ]


def test_protobuf_is_answered_when_it_is_asked_for(tempo: Any, story: Any) -> None:
    """Grafana's backend asks this way; the first version is the trace itself."""
    answer = tempo.get(f"/api/traces/{story.traces['good'].hex()}", "application/protobuf")
    assert answer.headers["content-type"] == "application/protobuf"
    spans = messages(answer.content)
    assert spans["backtest run"].span_id == story.spans["good", "backtest run"].span_id
    assert len(spans) == 5


def test_protobuf_of_the_second_version_is_wrapped(tempo: Any, story: Any) -> None:
    """The trace is field 1 of the response."""
    answer = tempo.get(f"/api/v2/traces/{story.traces['lone'].hex()}", "application/protobuf")
    (span,) = messages(field_1(answer.content)).values()
    assert span.links[0].trace_id == story.traces["good"]
    sent = story.spans["lone", "GET /slow"]
    assert span.end_time_unix_nano == sent.end_time_unix_nano


@pytest.mark.parametrize("version", ["", "/v2"])
def test_an_id_that_does_not_exist_is_not_found(tempo: Any, version: str) -> None:
    """404, or in the second version an answer without spans."""
    answer = tempo.get(f"/api{version}/traces/{'ab' * 16}")
    if answer.status_code == 200:
        assert not answer.json().get("trace", {}).get("resourceSpans")
    else:
        assert answer.status_code == 404


@pytest.mark.parametrize("trace_id", ["xyz", "ab" * 17, "ab'--"])
def test_what_is_no_id_is_a_bad_request(tempo: Any, trace_id: str) -> None:
    """Ids are hexadecimal, of at most 128 bits."""
    assert tempo.get(f"/api/traces/{trace_id}").status_code == 400
