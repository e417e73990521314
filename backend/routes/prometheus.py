"""Metrics, from Prometheus: the answers are its own. Read only."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from backend.errors import Invalid
from backend.services import Parts

router = APIRouter(prefix="/prometheus", tags=["metrics"])

LAST_SECOND = 2**33
MOST_POINTS = 11_000
"""Of a series in an answer; Prometheus has the same limit."""

PromQL = Annotated[str, Query(min_length=1, max_length=20_000, description="PromQL")]
Moment = Annotated[float, Query(ge=0, le=LAST_SECOND, description="Unix seconds")]


class QueryData(BaseModel):
    """Values; what `result` holds depends on `resultType`."""

    result_type: Literal["vector", "matrix", "scalar", "string"] = Field(alias="resultType")
    result: list[Any] = Field(
        description="vector: `{metric, value: [seconds, text]}`; matrix: `{metric, values}`; "
        "otherwise `[seconds, text]`"
    )


class QueryAnswer(BaseModel):
    """What a query gives."""

    status: Literal["success"]
    data: QueryData
    warnings: list[str] = Field(default_factory=list)
    infos: list[str] = Field(default_factory=list)


class Exemplar(BaseModel):
    """One event behind a value."""

    labels: dict[str, str] = Field(description="trace_id, span_id and maybe run_id")
    value: str
    timestamp: float = Field(description="Unix seconds")


class ExemplarSeries(BaseModel):
    """Exemplars of one series."""

    series_labels: dict[str, str] = Field(alias="seriesLabels")
    exemplars: list[Exemplar]


class ExemplarAnswer(BaseModel):
    """The exemplars of the series in a query."""

    status: Literal["success"]
    data: list[ExemplarSeries]


@router.get("/query", response_model=QueryAnswer)
async def query(
    parts: Parts,
    query: PromQL,
    time: Annotated[Moment | None, Query(description="Unix seconds; none: now")] = None,
) -> Response:
    """Values at one moment."""
    return _json(await parts.metrics.query(query=query, time=time))


@router.get("/query_range", response_model=QueryAnswer)
async def query_range(
    parts: Parts,
    query: PromQL,
    start: Moment,
    end: Moment,
    step: Annotated[float, Query(gt=0, le=LAST_SECOND, description="seconds")],
) -> Response:
    """Values over a time, one each `step`."""
    _check_order(start, end)
    if (end - start) / step > MOST_POINTS:
        raise Invalid(f"step must give at most {MOST_POINTS} points of time", field="step")
    return _json(await parts.metrics.query_range(query=query, start=start, end=end, step=step))


@router.get("/query_exemplars", response_model=ExemplarAnswer)
async def query_exemplars(parts: Parts, query: PromQL, start: Moment, end: Moment) -> Response:
    """The events behind the values of a query, which lead to their traces."""
    _check_order(start, end)
    return _json(await parts.metrics.exemplars(query=query, start=start, end=end))


def _check_order(start: float, end: float) -> None:
    if end < start:
        raise Invalid("end must not be before start", field="end")


def _json(raw: bytes) -> Response:
    return Response(raw, media_type="application/json")
