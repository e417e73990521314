"""From the bytes of a request to an OTLP message, or to an error that says what is wrong."""

from __future__ import annotations

import zlib
from base64 import b64encode
from collections.abc import Iterable
from typing import Any

import orjson
from google.protobuf import json_format
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

PROTOBUF = "application/x-protobuf"
JSON = "application/json"


class Refused(Exception):
    """A request that can never succeed: `status` is the HTTP status, the text says why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def media_type(content_type: str) -> str:
    """The one of the two media types that a request has. Raises Refused (415) for others."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/protobuf":
        return PROTOBUF
    if kind not in (PROTOBUF, JSON):
        raise Refused(
            415, f"content type {kind or 'none'!r} is not supported: send {PROTOBUF} or {JSON}"
        )
    return kind


def decompress(body: bytes, encoding: str, limit: int) -> bytes:
    """The body without its content encoding: `gzip`, `deflate` or none.

    Raises Refused: 415 for another encoding, 413 beyond `limit` bytes, 400 for a damaged stream.
    """
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "deflate"):
        raise Refused(415, f"content encoding {encoding!r} is not supported: send gzip or none")
    # 47 accepts gzip's and zlib's header; a gzip file may hold several members.
    parts: list[bytes] = []
    room = limit
    while body:
        stream = zlib.decompressobj(wbits=47)
        try:
            part = stream.decompress(body, room + 1)
        except zlib.error as error:
            raise Refused(400, f"the {encoding} stream is damaged: {error}") from None
        room -= len(part)
        if room < 0:
            raise Refused(413, f"the body is larger than {limit} bytes once decompressed")
        if not stream.eof:
            raise Refused(400, f"the {encoding} stream is cut short")
        parts.append(part)
        body = stream.unused_data
    return b"".join(parts)


def parse(body: bytes, kind: str) -> ExportTraceServiceRequest:
    """The message in an uncompressed body of media type `kind`. Raises Refused (400)."""
    if kind == PROTOBUF:
        try:
            return ExportTraceServiceRequest.FromString(body)
        except DecodeError:
            raise Refused(400, "the body is not an OTLP trace request in protobuf") from None
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refused(400, f"the body is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise Refused(400, "the body is not an OTLP trace request: expected a JSON object")
    _hex_to_base64(document)
    try:
        return json_format.ParseDict(
            document, ExportTraceServiceRequest(), ignore_unknown_fields=True
        )
    except (json_format.ParseError, RecursionError) as error:
        raise Refused(400, f"the body is not an OTLP trace request in JSON: {error}") from None


def _hex_to_base64(document: dict[str, Any]) -> None:
    """Rewrite ids in place: OTLP/JSON has them in hexadecimal, protobuf's reader wants base64."""
    for resource_spans in _objects(document, "resourceSpans", "resource_spans"):
        for scope_spans in _objects(resource_spans, "scopeSpans", "scope_spans"):
            for span in _objects(scope_spans, "spans"):
                _rewrite(span, ("traceId", "trace_id"), ("spanId", "span_id"))
                _rewrite(span, ("parentSpanId", "parent_span_id"))
                for link in _objects(span, "links"):
                    _rewrite(link, ("traceId", "trace_id"), ("spanId", "span_id"))


def _objects(parent: dict[str, Any], *names: str) -> Iterable[dict[str, Any]]:
    for name in names:
        children = parent.get(name)
        if isinstance(children, list):
            yield from (child for child in children if isinstance(child, dict))


def _rewrite(item: dict[str, Any], *fields: tuple[str, str]) -> None:
    for names in fields:
        for name in names:
            text = item.get(name)
            if text is None:
                continue
            try:
                item[name] = b64encode(bytes.fromhex(text)).decode()
            except (TypeError, ValueError):
                raise Refused(400, f"{name} must be hexadecimal, not {text!r:.80}") from None
