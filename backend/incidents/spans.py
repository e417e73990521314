"""Traces of a time: what the searches of the Incident board find in it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from backend.errors import Unavailable
from backend.incidents.board import Panel
from backend.incidents.models import IncidentTrace, TraceSearch
from backend.trace_reader import TraceReader

MOST_TRACES = 50
"""Of a search."""
LONGEST_TEXT = 500


class _Attribute(BaseModel):
    key: str
    value: dict[str, Any]


class _Span(BaseModel):
    attributes: list[_Attribute] = Field(default_factory=list)


class _SpanSet(BaseModel):
    spans: list[_Span] = Field(default_factory=list)


class _Trace(BaseModel):
    trace_id: str = Field(alias="traceID")
    service: str = Field(default="", alias="rootServiceName")
    name: str = Field(default="", alias="rootTraceName")
    start: int = Field(alias="startTimeUnixNano")
    duration_ms: int = Field(default=0, alias="durationMs")
    span_sets: list[_SpanSet] = Field(default_factory=list, alias="spanSets")

    def shown(self) -> IncidentTrace:
        first = next((span for found in self.span_sets for span in found.spans), _Span())
        return IncidentTrace(
            trace_id=self.trace_id, service=self.service, name=self.name,
            started_at=datetime.fromtimestamp(self.start / 1e9, UTC),
            duration_ms=self.duration_ms,
            attributes={one.key: _text(one.value) for one in first.attributes},
        )  # fmt: skip


class _Found(BaseModel):
    traces: list[_Trace] | None = None


_READ: TypeAdapter[Any] = TypeAdapter(_Found)


async def search(traces: TraceReader, asked: Panel, start: datetime, end: datetime) -> TraceSearch:
    """What the panel's search finds. Raises DomainErrors."""
    query = asked.queries[0]
    raw = await traces.search(
        q=query.text, start=int(start.timestamp()), end=int(end.timestamp()) + 1,
        limit=min(query.limit, MOST_TRACES), spss=1,
    )  # fmt: skip
    try:
        found: _Found = _READ.validate_json(raw)
    except ValidationError as error:
        said = error.errors()[0]["msg"]
        raise Unavailable(f"the trace store's answer cannot be read: {said}") from None
    return TraceSearch(
        title=asked.title, description=asked.description, query=query.text,
        traces=[one.shown() for one in (found.traces or ())[:MOST_TRACES]],
    )  # fmt: skip


def _text(value: dict[str, Any]) -> str:
    """OpenTelemetry's JSON has the value under the name of its type."""
    return str(next(iter(value.values()), ""))[:LONGEST_TEXT]
