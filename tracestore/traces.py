"""One whole trace, as protobuf or as the JSON that Tempo makes of it."""

from __future__ import annotations

import sqlite3
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import orjson
from google.protobuf import json_format
from opentelemetry.proto.trace.v1.trace_pb2 import (
    ResourceSpans,
    ScopeSpans,
    Span,
    Status,
    TracesData,
)

from tracestore.storage.values import any_value_json, key_value_json, plain_json, to_any_value

_COMPLETE = b"\x12\x00"
"""Field 2 of Tempo's TraceByIDResponse, its metrics: none."""

_SPANS = """
SELECT s.resource, s.scope, s.span_id, s.parent_id,
    (SELECT value FROM names WHERE id = s.name), s.kind, s."end" - s.duration, s."end", s.status,
    s.status_message, s.flags, s.attributes, s.rest
FROM spans s WHERE s.trace = (SELECT id FROM traces WHERE trace_id = ?)
ORDER BY s.resource, s.scope, s."end" - s.duration, s.id
"""


@dataclass(frozen=True, slots=True)
class Trace:
    """The stored rows of a trace, read once, written as what was asked for."""

    trace_id: bytes
    rows: list[Any]
    keys: dict[str, str]
    """Names of attributes by their number's digits."""
    headers: dict[tuple[str, int], bytes]
    """Messages of resources and scopes by number."""


def read_trace(connection: sqlite3.Connection, trace_id: bytes) -> Trace | None:
    """The trace of an id; None when there is no span of it."""
    rows = connection.execute(_SPANS, (trace_id,)).fetchall()
    if not rows:
        return None
    headers = {
        (table, number): connection.execute(
            f"SELECT message FROM {table} WHERE id = ?", (number,)
        ).fetchone()[0]
        for place, table in enumerate(("resources", "scopes"))
        for number in {row[place] for row in rows}
    }
    keys = {
        str(number): name
        for number, name in connection.execute("SELECT id, name FROM keys WHERE scope = 'span'")
    }
    return Trace(trace_id, rows, keys, headers)


def _groups(trace: Trace) -> Iterator[tuple[ResourceSpans, Iterator[tuple[ScopeSpans, Any]]]]:
    """(resource's message without spans, its scopes with their rows)."""
    for resource, of_resource in groupby(trace.rows, key=lambda row: row[0]):
        scopes = (
            (ScopeSpans.FromString(trace.headers["scopes", scope]), rows)
            for scope, rows in groupby(of_resource, key=lambda row: row[1])
        )
        yield ResourceSpans.FromString(trace.headers["resources", resource]), scopes


def to_protobuf(trace: Trace) -> bytes:
    """`tempopb.Trace`, which has the fields of OTLP's TracesData."""
    data = TracesData()
    for resource, scopes in _groups(trace):
        resource_spans = data.resource_spans.add()
        resource_spans.CopyFrom(resource)
        for scope, rows in scopes:
            scope_spans = resource_spans.scope_spans.add()
            scope_spans.CopyFrom(scope)
            scope_spans.spans.extend(_message(trace, row) for row in rows)
    return data.SerializeToString()


def to_protobuf_v2(trace: Trace) -> bytes:
    """`tempopb.TraceByIDResponse`: the trace is its field 1."""
    body = to_protobuf(trace)
    return b"\x0a" + _varint(len(body)) + body + _COMPLETE


def _varint(number: int) -> bytes:
    digits = []
    while number > 127:
        digits.append(number & 127 | 128)
        number >>= 7
    return bytes([*digits, number])


def _message(trace: Trace, row: Any) -> Span:
    (
        _, _, span_id, parent_id, name, kind, start, end, status, status_message, flags, attributes,
        rest,
    ) = row  # fmt: skip
    span = Span.FromString(rest) if rest else Span()
    span.trace_id = trace.trace_id
    span.span_id = span_id
    span.parent_span_id = parent_id or b""
    span.name = name
    span.kind = kind
    span.start_time_unix_nano = start
    span.end_time_unix_nano = end
    span.flags = flags
    if status or status_message:
        span.status.CopyFrom(Status(code=status, message=status_message or ""))
    kept = {item.key for item in span.attributes}
    for key, value in _attributes(trace, attributes):
        if key not in kept:
            item = span.attributes.add()
            item.key = key
            item.value.CopyFrom(to_any_value(value))
    return span


def _attributes(trace: Trace, attributes: str | None) -> Iterator[tuple[str, Any]]:
    for key, value in orjson.loads(attributes).items() if attributes else ():
        yield trace.keys[key], value


def to_json(trace: Trace) -> bytes:
    """Tempo's first version: `batches`, ids in base64, enumerations by name."""
    return orjson.dumps({"batches": list(_batches(trace))})


def to_json_v2(trace: Trace) -> bytes:
    """Tempo's second version: the same under `trace`, with OTLP's name for it."""
    return orjson.dumps({"trace": {"resourceSpans": list(_batches(trace))}, "metrics": {}})


def _batches(trace: Trace) -> Iterator[dict[str, Any]]:
    for resource, scopes in _groups(trace):
        document = json_format.MessageToDict(resource)
        document.setdefault("resource", {})
        document["scopeSpans"] = [
            {
                "scope": {},
                **json_format.MessageToDict(scope),
                "spans": [_document(trace, row) for row in rows],
            }
            for scope, rows in scopes
        ]
        yield document


def _base64(data: bytes) -> str:
    return b64encode(data).decode()


def _document(trace: Trace, row: Any) -> dict[str, Any]:
    (
        _, _, span_id, parent_id, name, kind, start, end, status, status_message, flags, attributes,
        rest,
    ) = row  # fmt: skip
    document: dict[str, Any] = {"traceId": _base64(trace.trace_id), "spanId": _base64(span_id)}
    if parent_id:
        document["parentSpanId"] = _base64(parent_id)
    if flags:
        document["flags"] = flags
    document["name"] = name
    if kind:
        document["kind"] = _enum(Span.SpanKind, kind)
    document["startTimeUnixNano"] = str(start)
    document["endTimeUnixNano"] = str(end)
    odd = _add_rest(document, Span.FromString(rest)) if rest else {}
    values = [
        {"key": key, "value": odd.get(key) or plain_json(value)}
        for key, value in _attributes(trace, attributes)
    ]
    if values:
        document["attributes"] = values
    document["status"] = {}
    if status:
        document["status"]["code"] = _enum(Status.StatusCode, status)
    if status_message:
        document["status"]["message"] = status_message
    return document


def _enum(kind: Any, number: int) -> str | int:
    """An enumeration's name; the number where this version has no name for it."""
    try:
        return str(kind.Name(number))
    except ValueError:
        return number


def _add_rest(document: dict[str, Any], rest: Span) -> dict[str, Any]:
    """Add what has no column; returns the values of attributes that their column cannot hold."""
    if rest.trace_state:
        document["traceState"] = rest.trace_state
    if rest.events:
        document["events"] = [_event(event) for event in rest.events]
    if rest.links:
        document["links"] = [_link(link) for link in rest.links]
    for name, count in (
        ("droppedAttributesCount", rest.dropped_attributes_count),
        ("droppedEventsCount", rest.dropped_events_count),
        ("droppedLinksCount", rest.dropped_links_count),
    ):
        if count:
            document[name] = count
    return {item.key: any_value_json(item.value) for item in rest.attributes}


def _event(event: Span.Event) -> dict[str, Any]:
    document: dict[str, Any] = {"timeUnixNano": str(event.time_unix_nano), "name": event.name}
    if event.attributes:
        document["attributes"] = [key_value_json(item) for item in event.attributes]
    if event.dropped_attributes_count:
        document["droppedAttributesCount"] = event.dropped_attributes_count
    return document


def _link(link: Span.Link) -> dict[str, Any]:
    document: dict[str, Any] = {
        "traceId": _base64(link.trace_id),
        "spanId": _base64(link.span_id),
    }
    if link.trace_state:
        document["traceState"] = link.trace_state
    if link.attributes:
        document["attributes"] = [key_value_json(item) for item in link.attributes]
    if link.dropped_attributes_count:
        document["droppedAttributesCount"] = link.dropped_attributes_count
    if link.flags:
        document["flags"] = link.flags
    return document
