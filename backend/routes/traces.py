"""Traces, from Tempo or the embedded store: the answers are Tempo's own."""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from backend.board_page import LONGEST_MOMENT, TimeRange
from backend.documents import document, html_headers
from backend.errors import Invalid
from backend.services import Parts
from backend.trace_page import body

router = APIRouter(prefix="/traces", tags=["traces"])
pages = APIRouter(include_in_schema=False)
"""Pages for people, outside of /api."""

MAX_TRACES, MAX_SPANS, MAX_TAGS = 1_000, 100, 10_000
LAST_SECOND = 2**33

TraceQL = Annotated[str, Query(max_length=10_000, description="TraceQL")]
UnixSeconds = Annotated[int | None, Query(ge=0, le=LAST_SECOND, description="Unix seconds")]
TraceId = Annotated[str, Path(pattern=r"^[0-9a-fA-F]{1,32}$", description="hexadecimal")]
MaxTags = Annotated[int, Query(ge=1, le=MAX_TAGS)]


class FoundTrace(BaseModel):
    """One trace that a search found."""

    model_config = ConfigDict(extra="allow")

    trace_id: str = Field(alias="traceID", description="hexadecimal, maybe without leading zeros")
    root_service_name: str = Field(default="", alias="rootServiceName")
    root_trace_name: str = Field(default="", alias="rootTraceName")
    start_time_unix_nano: str = Field(alias="startTimeUnixNano")
    duration_ms: int = Field(default=0, alias="durationMs")
    span_sets: list[dict[str, Any]] = Field(
        default_factory=list, alias="spanSets", description="matched spans, their selected fields"
    )


class FoundTraces(BaseModel):
    """What a search found."""

    traces: list[FoundTrace]
    metrics: dict[str, Any]


class Spans(BaseModel):
    """OpenTelemetry's TracesData in JSON; ids are in base64, as Tempo writes them."""

    resource_spans: list[dict[str, Any]] = Field(alias="resourceSpans")


class WholeTrace(BaseModel):
    """A trace with all its spans."""

    trace: Spans


class TagScope(BaseModel):
    """Names of attributes of one scope: resource, span or intrinsic."""

    name: str
    tags: list[str]


class TagNames(BaseModel):
    """What can be asked for."""

    scopes: list[TagScope]


class TagValue(BaseModel):
    """A value and its type."""

    type: str
    value: str


class TagValues(BaseModel):
    """The values that an attribute has."""

    tag_values: list[TagValue] = Field(alias="tagValues")


@router.get("/search", response_model=FoundTraces)
async def search(
    parts: Parts,
    q: TraceQL = "{ }",
    start: UnixSeconds = None,
    end: UnixSeconds = None,
    limit: Annotated[int, Query(ge=1, le=MAX_TRACES)] = 20,
    spss: Annotated[int, Query(ge=1, le=MAX_SPANS, description="spans shown of a spanset")] = 3,
) -> Response:
    """Traces that match a query, between two moments."""
    _check_order(start, end)
    return _json(await parts.traces.search(q=q, start=start, end=end, limit=limit, spss=spss))


@router.get("/tags", response_model=TagNames)
async def tags(
    parts: Parts,
    start: UnixSeconds = None,
    end: UnixSeconds = None,
    limit: MaxTags = 1_000,
) -> Response:
    """Names of attributes that spans and resources have."""
    _check_order(start, end)
    return _json(await parts.traces.tags(start=start, end=end, limit=limit))


@router.get("/tags/{tag:path}/values", response_model=TagValues)
async def tag_values(
    parts: Parts,
    tag: Annotated[str, Path(min_length=1, max_length=500, examples=["span.nautilus.strategy"])],
    q: Annotated[TraceQL | None, Query(description="only of the spans that match")] = None,
    start: UnixSeconds = None,
    end: UnixSeconds = None,
    limit: MaxTags = 1_000,
) -> Response:
    """Values that an attribute has."""
    _check_order(start, end)
    found = await parts.traces.tag_values(tag, q=q, start=start, end=end, limit=limit)
    return _json(found)


@router.get("/{trace_id}", response_model=WholeTrace)
async def trace(parts: Parts, trace_id: TraceId) -> Response:
    """One trace with all its spans."""
    return _json(await parts.traces.trace(trace_id))


@pages.get("/traces")
async def trace_page(
    parts: Parts,
    q: TraceQL = "{ }",
    start: Annotated[str, Query(alias="from", max_length=LONGEST_MOMENT)] = "now-1h",
    end: Annotated[str, Query(alias="to", max_length=LONGEST_MOMENT)] = "now",
) -> Response:
    """Where a query can be asked, for people; `from` and `to` as on boards."""
    now = time.time()
    html = body(q, TimeRange.of(start, end, now), int(now), parts.traces.url)
    return Response(document("Traces", html), media_type="text/html", headers=html_headers())


def _check_order(start: int | None, end: int | None) -> None:
    if start is not None and end is not None and end < start:
        raise Invalid("end must not be before start", field="end")


def _json(raw: bytes) -> Response:
    return Response(raw, media_type="application/json")
