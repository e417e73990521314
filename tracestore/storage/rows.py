"""From OTLP messages to rows. The hot path of the store: a few microseconds per span."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import orjson
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tracestore.storage.interning import SPAN, Interner, Table
from tracestore.storage.schema import BLOCK_BITS, key_hash, unpacked, value_hash
from tracestore.storage.values import INDEXED_CHARACTERS, searchable, texts

_NO_TRACE = bytes(16)
_NO_SPAN = bytes(8)
_LATEST = 2**63 - 1
"""Nanoseconds that SQLite's integers hold: until the year 2262."""


@dataclass(slots=True)
class Batch:
    """The rows of one request, or of a group of them."""

    spans: list[tuple[Any, ...]] = field(default_factory=list)
    traces: dict[int, list[Any]] = field(default_factory=dict)
    """By number: [trace id, start, end, root's start, name and resource]."""
    blocks: dict[int, set[int]] = field(default_factory=dict)
    """All hashes of the blocks that got spans, by number of the block."""
    longest: int = 0
    rejected: int = 0
    reason: str = ""
    """Why the first rejected span was."""

    def extend(self, other: Batch) -> None:
        """Take over another request's rows."""
        self.spans += other.spans
        self.blocks.update(other.blocks)
        self.longest = max(self.longest, other.longest)
        for number, trace in other.traces.items():
            mine = self.traces.get(number)
            if mine is None:
                self.traces[number] = trace
                continue
            mine[1] = min(mine[1], trace[1])
            mine[2] = max(mine[2], trace[2])
            if mine[3] is None or (trace[3] is not None and trace[3] < mine[3]):
                mine[3:] = trace[3:]


class RowBuilder:
    """Gives spans and traces their numbers. Used by the writer's thread, inside a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._interner = Interner(connection)
        self._names = self._interner.names
        self._traces = Table(connection, "traces", ())
        self._keys: dict[str, tuple[str, int]] = {}
        self._block = -1
        self._hashes: set[int] = set()
        self._hashed: set[tuple[int, str]] = set()
        self.reset()

    def reset(self) -> None:
        """After a rollback: read all numbers anew."""
        self._interner.reset()
        self._traces.reset()
        self._keys.clear()
        self._block = -1
        highest = "SELECT coalesce(max(id), 0) FROM spans"
        self._next = self._connection.execute(highest).fetchone()[0] + 1

    def trim(self) -> None:
        """Bound what is remembered; between transactions."""
        self._interner.trim()
        self._traces.trim()
        if len(self._keys) > 100_000:
            self._keys.clear()

    def build(self, message: ExportTraceServiceRequest) -> Batch:
        """The rows of a request; spans that cannot be stored are counted, with a reason."""
        batch = Batch()
        for resource_spans in message.resource_spans:
            resource = self._interner.resource(resource_spans)
            for scope_spans in resource_spans.scope_spans:
                scope = self._interner.scope(scope_spans)
                for span in scope_spans.spans:
                    self._add(batch, span, resource, scope)
        return batch

    def _add(self, batch: Batch, span: Span, resource: int, scope: int) -> None:
        trace_id = span.trace_id
        span_id = span.span_id
        parent_id = span.parent_span_id
        start = span.start_time_unix_nano
        end = span.end_time_unix_nano
        if (
            len(trace_id) != 16 or trace_id == _NO_TRACE
            or len(span_id) != 8 or span_id == _NO_SPAN
            or len(parent_id) not in (0, 8)
            or start > _LATEST or end > _LATEST
        ):  # fmt: skip
            batch.rejected += 1
            batch.reason = batch.reason or _reason(span)
            return
        # Clocks that step back would otherwise make durations below zero.
        end = max(start, end)
        name = self._names.get(span.name) or self._interner.name(span.name)
        if parent_id == _NO_SPAN:
            parent_id = b""
        trace = self._trace(batch, trace_id, start, end)
        if not parent_id and (trace[3] is None or start < trace[3]):
            trace[3:] = (start, name, resource)
        number = self._next
        self._next = number + 1
        block = number >> BLOCK_BITS
        if block != self._block:
            self._enter(block)
        batch.blocks[block] = self._hashes
        attributes, odd = self._attributes(span.attributes)
        duration = end - start
        if duration > batch.longest:
            batch.longest = duration
        status = span.status
        batch.spans.append(
            (
                number, self._traces.cache[trace_id], span_id, parent_id or None, name, span.kind,
                end, duration, status.code, status.message or None, resource, scope, span.flags,
                attributes, _rest(span, odd),
            )
        )  # fmt: skip

    def _trace(self, batch: Batch, trace_id: bytes, start: int, end: int) -> list[Any]:
        """The batch's row of a trace, widened to the span."""
        known = self._traces.cache
        number = known.get(trace_id)
        if number is None:
            where = "SELECT id FROM traces WHERE trace_id = ?"
            number = self._traces.find(trace_id, where, (trace_id,))
        if number is None:
            # Stored with the batch, so that a failing request leaves no empty trace behind.
            number = self._traces.next
            self._traces.next += 1
            known[trace_id] = number
        trace = batch.traces.get(number)
        if trace is None:
            trace = batch.traces[number] = [trace_id, start, end, None, None, None]
            return trace
        if start < trace[1]:
            trace[1] = start
        if end > trace[2]:
            trace[2] = end
        return trace

    def _enter(self, block: int) -> None:
        """Go on with a block, begun by an earlier process perhaps."""
        row = self._connection.execute(
            "SELECT hashes FROM blocks WHERE id = ?", (block,)
        ).fetchone()
        self._block = block
        self._hashes = set() if row is None else unpacked(row[0])
        self._hashed.clear()

    def _attributes(self, attributes: Iterable[KeyValue]) -> tuple[str | None, list[KeyValue]]:
        """(JSON by key number, attributes that JSON cannot give back) of a span."""
        values: dict[str, Any] = {}
        odd: list[KeyValue] = []
        keys = self._keys
        hashes = self._hashes
        hashed = self._hashed
        for item in attributes:
            key, number = keys.get(item.key) or self._key(item.key)
            hashes.add(number)
            value = item.value
            kind = value.WhichOneof("value")
            if kind == "string_value" and "\0" not in value.string_value:
                text = value.string_value
                values[key] = text
                if (number, text) not in hashed and len(text) <= INDEXED_CHARACTERS:
                    hashed.add((number, text))
                    hashes.add(value_hash(number, text))
            elif kind == "int_value":
                values[key] = value.int_value
            elif kind == "bool_value":
                values[key] = value.bool_value
            elif kind == "double_value" and isfinite(value.double_value):
                values[key] = value.double_value
            else:
                values[key] = searchable(value)
                odd.append(item)
                hashes.update(value_hash(number, text) for text in texts(values[key]))
        return (orjson.dumps(values).decode() if values else None), odd

    def _key(self, name: str) -> tuple[str, int]:
        """(key in JSON, its hash) of a span attribute's name."""
        number = self._interner.key(SPAN, name)
        known = self._keys[name] = (str(number), key_hash(number))
        return known


def _reason(span: Span) -> str:
    if len(span.trace_id) != 16 or span.trace_id == _NO_TRACE:
        return f"span {span.name!r}: the trace id must be 16 bytes that are not all zero"
    if len(span.span_id) != 8 or span.span_id == _NO_SPAN:
        return f"span {span.name!r}: the span id must be 8 bytes that are not all zero"
    if len(span.parent_span_id) not in (0, 8):
        return f"span {span.name!r}: the parent's span id must be 8 bytes or none"
    return f"span {span.name!r}: times must lie before the year 2262"


def _rest(span: Span, odd: list[KeyValue]) -> bytes | None:
    """What has no column, as a span message; None for most spans."""
    events = span.events
    links = span.links
    state = span.trace_state
    dropped = (
        span.dropped_attributes_count, span.dropped_events_count, span.dropped_links_count,
    )  # fmt: skip
    if not (odd or events or links or state or any(dropped)):
        return None
    rest = Span(
        attributes=odd, events=events, links=links, trace_state=state,
        dropped_attributes_count=dropped[0], dropped_events_count=dropped[1],
        dropped_links_count=dropped[2],
    )  # fmt: skip
    return rest.SerializeToString()
