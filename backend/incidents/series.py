"""Answers of Prometheus as lines over the moments of one grid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from backend.errors import Unavailable
from backend.incidents.board import Panel, Query
from backend.incidents.models import SeriesLine, SeriesPanel
from backend.metrics_reader import MetricsReader

MOST_POINTS = 240
MOST_LINES = 20
"""Of a panel."""
MOST_SERIES = 2_000
"""Of an answer that is read at all."""
SCRAPE_SECONDS = 5
STEPS = (
    5, 10, 15, 20, 30, 60, 120, 180, 300, 600, 900, 1_200, 1_800, 3_600, 7_200,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Grid:
    """Moments from `start` to `end`, `step` seconds apart (Unix seconds)."""

    start: int
    end: int
    step: int

    @classmethod
    def over(cls, start: datetime, end: datetime) -> Grid:
        """The finest one of STEPS with at most MOST_POINTS moments, on multiples of its step."""
        first, last = start.timestamp(), end.timestamp()
        step = next((step for step in STEPS if (last - first) / step <= MOST_POINTS), STEPS[-1])
        return cls(math.floor(first / step) * step, math.ceil(last / step) * step, step)

    @property
    def times(self) -> list[float]:
        return [float(time) for time in range(self.start, self.end + 1, self.step)]

    @property
    def rate(self) -> str:
        """Range of a rate that leaves out no sample, over four scrapes at least."""
        return f"{max(self.step + SCRAPE_SECONDS, 4 * SCRAPE_SECONDS)}s"


class Sample(BaseModel):
    """A series as Prometheus gives it: pairs of Unix seconds and a number's text."""

    labels: dict[str, str] = Field(alias="metric")
    values: list[tuple[float, str]]


class _Data(BaseModel):
    result: list[Sample] = Field(max_length=MOST_SERIES)


class _Answer(BaseModel):
    data: _Data


_READ: TypeAdapter[Any] = TypeAdapter(_Answer)


async def samples(metrics: MetricsReader, query: str, grid: Grid) -> list[Sample]:
    """The series of a query. Raises DomainErrors."""
    raw = await metrics.query_range(query=query, start=grid.start, end=grid.end, step=grid.step)
    try:
        found: _Answer = _READ.validate_json(raw)
    except ValidationError as error:
        raise Unavailable(
            f"Prometheus' answer cannot be read: {error.errors()[0]['msg']}"
        ) from None
    return found.data.result


async def panel(metrics: MetricsReader, asked: Panel, grid: Grid) -> SeriesPanel:
    """A panel's lines. Raises DomainErrors."""
    lines: list[SeriesLine] = []
    for query in asked.queries:
        lines += [_line(query, one, grid) for one in await samples(metrics, query.text, grid)]
    lines.sort(key=lambda line: (-(line.most if line.most is not None else -math.inf), line.name))
    return SeriesPanel(
        title=asked.title, description=asked.description, unit=asked.unit,
        queries=[query.text for query in asked.queries], times=grid.times,
        lines=lines[:MOST_LINES], total=len(lines),
    )  # fmt: skip


def _line(query: Query, sample: Sample, grid: Grid) -> SeriesLine:
    values = _placed(sample.values, grid)
    numbers = [value for value in values if value is not None]
    return SeriesLine(
        name=query.name(sample.labels), labels=sample.labels, values=values,
        least=min(numbers, default=None), most=max(numbers, default=None),
        last=numbers[-1] if numbers else None,
    )  # fmt: skip


def _placed(pairs: Sequence[tuple[float, str]], grid: Grid) -> list[float | None]:
    values: list[float | None] = [None] * len(grid.times)
    for time, text in pairs:
        place = round((time - grid.start) / grid.step)
        number = float(text)
        if 0 <= place < len(values) and math.isfinite(number):
            values[place] = number
    return values
