"""An incident: what the API takes and gives. Lists are bounded; totals say what was left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import BaseModel, Field, ValidationInfo, field_validator

from backend.models import RunStatus, Strict, UtcTime

LONGEST = timedelta(days=7)
AHEAD = timedelta(minutes=1)
"""Clocks of browsers go wrong by that much; the end is taken for now."""

Source = Literal["alertmanager", "boards", "notifications", "prometheus", "results", "traces"]
AlertState = Literal["firing", "inhibited", "resolved", "silenced"]


class IncidentRequest(Strict):
    """From `start` to `end`; a time without a zone is UTC."""

    start: UtcTime
    end: UtcTime

    @field_validator("start")
    @classmethod
    def _begun(cls, value: datetime) -> datetime:
        if value > datetime.now(UTC):
            raise ValueError("start must not be in the future")
        return value

    @field_validator("end")
    @classmethod
    def _ordered(cls, value: datetime, info: ValidationInfo) -> datetime:
        start = info.data.get("start")
        if start is not None and value <= start:
            raise ValueError("end must be after start")
        if start is not None and value - start > LONGEST:
            raise ValueError(f"end must be within {LONGEST.days} days after start")
        if value > datetime.now(UTC) + AHEAD:
            raise ValueError("end must not be in the future")
        return value


class MissingPart(BaseModel):
    """Something that is not in the answer, and why."""

    source: Source
    what: str
    reason: str
    hint: str | None = None


class IncidentAlert(BaseModel):
    """A time during which an alert fired."""

    name: str
    severity: str
    state: AlertState = Field(description="resolved: it ended; silenced, inhibited: of no news now")
    labels: dict[str, str]
    annotations: dict[str, str] = Field(description="empty where only Prometheus knows of it")
    starts_at: datetime
    ends_at: datetime | None = Field(description="null: no end is known")
    told_at: datetime | None = Field(description="when the first message of it came; null: none")
    sources: list[Source]


class IncidentAlerts(BaseModel):
    """The first to fire comes first."""

    items: list[IncidentAlert]
    total: int


class IncidentRun(BaseModel):
    """A backtest that overlaps the time."""

    run_id: str
    trace_id: str
    status: RunStatus
    strategy: str
    instrument_id: str
    window: str
    started_at: datetime
    finished_at: datetime
    duration_seconds: float
    objective_seconds: float | None = Field(description="how long it may take by its objective")
    last_stage: str | None
    peak_memory_bytes: int
    error: str | None = Field(description="in words; null for good runs")


class RunningRun(BaseModel):
    """A backtest that had begun in that time and has not ended yet."""

    run_id: str
    trace_id: str
    strategy: str
    instrument_id: str
    window: str
    started_at: datetime
    seconds_so_far: float = Field(description="up to when the incident was put together")
    objective_seconds: float | None = Field(description="how long it may take by its objective")
    stage: str | None
    progress: float | None = Field(description="0 to 1, where it is known")


class IncidentRuns(BaseModel):
    """Runs by how they ended, and those that go on."""

    total: int = Field(description="of those that ended")
    by_status: dict[RunStatus, int]
    running: list[RunningRun] = Field(description="the longest first")
    running_total: int
    failed: list[IncidentRun] = Field(description="error, timeout or killed; the newest first")
    slowest: list[IncidentRun] = Field(description="of those that ended well, the longest first")


class IncidentTrace(BaseModel):
    """A trace that a search found."""

    trace_id: str
    service: str
    name: str = Field(description="of the root span")
    started_at: datetime
    duration_ms: int
    attributes: dict[str, str] = Field(description="what the search selects, of the first span")


class TraceSearch(BaseModel):
    """A question of the Incident board to the trace store, and what it found."""

    title: str
    description: str
    query: str = Field(description="TraceQL")
    traces: list[IncidentTrace]


class SeriesLine(BaseModel):
    """One series; `values` go with the `times` of its panel, null where it has none."""

    name: str
    labels: dict[str, str]
    values: list[float | None]
    least: float | None
    most: float | None
    last: float | None


class SeriesPanel(BaseModel):
    """A panel of the Incident board: its queries' answers over the time."""

    title: str
    description: str
    unit: str = Field(description="Grafana's name of it")
    queries: list[str] = Field(description="PromQL")
    times: list[float] = Field(description="Unix seconds")
    lines: list[SeriesLine] = Field(description="those that reach highest first")
    total: int = Field(description="of lines")


class Incident(BaseModel):
    """All that is known of a time."""

    start: datetime
    end: datetime
    generated_at: datetime
    complete: bool = Field(description="every source answered")
    missing: list[MissingPart]
    alerts: IncidentAlerts
    runs: IncidentRuns
    traces: list[TraceSearch]
    series: list[SeriesPanel]
    versions: dict[str, str]
