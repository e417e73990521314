"""Bodies of answers to senders, in the media type of their request."""

from __future__ import annotations

from google.protobuf import json_format
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from tracestore.otlp.bodies import JSON
from tracestore.storage.writer import Stored

_CODES = {400: 3, 413: 8, 415: 3, 503: 14}
"""google.rpc.Code by HTTP status: INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNAVAILABLE."""

_UNKNOWN = 2


def _encode(message: Message, kind: str) -> bytes:
    if kind == JSON:
        return json_format.MessageToJson(message, indent=None).encode()
    return message.SerializeToString()


def success(stored: Stored, kind: str) -> bytes:
    """What a sender is told: nothing more when all spans were taken, else how many were not."""
    answer = ExportTraceServiceResponse()
    if stored.rejected:
        answer.partial_success.CopyFrom(
            ExportTracePartialSuccess(rejected_spans=stored.rejected, error_message=stored.reason)
        )
    return _encode(answer, kind)


def failure(status: int, message: str, kind: str) -> bytes:
    """The `google.rpc.Status` that the protocol wants in failed answers."""
    return _encode(Status(code=_CODES.get(status, _UNKNOWN), message=message), kind)
