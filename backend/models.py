"""What the API takes and gives, and what jobs pass between processes."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)

from backend.conversion import bar_types
from backend.errors import Invalid

TickKind = Literal["quote", "trade"]
SeriesKind = Literal["quote", "trade", "bar"]
"""What a catalog file may hold."""
JobType = Literal["convert", "backtest", "sweep"]
JobStatus = Literal["queued", "running", "ok", "error", "cancelled", "timeout", "killed"]
RunStatus = Literal["ok", "error", "cancelled", "timeout", "killed"]

ID_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
"""Ids become file names, so they hold nothing that a path could use."""


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(2262, 1, 1, tzinfo=UTC)
"""Later times do not fit into 64 bits of nanoseconds."""


def _utc(value: datetime) -> datetime:
    """Times without a zone are taken as UTC."""
    aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value
    if not _EPOCH <= aware < _LAST:
        raise ValueError("must be from 1970 to 2261")
    return aware.astimezone(UTC)


def unix_ns(moment: datetime) -> int:
    """Nanoseconds since the epoch, exactly; NautilusTrader's unit of time."""
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


UtcTime = Annotated[datetime, AfterValidator(_utc)]
INSTRUMENT_PATTERN = r"^[A-Za-z0-9]+([/._-]?[A-Za-z0-9]+)*\.[A-Z0-9_]+$"
"""`SYMBOL.VENUE`; separators stand alone, so that no id can climb out of a folder."""

InstrumentId = Annotated[str, Field(max_length=64, pattern=INSTRUMENT_PATTERN)]


AMOUNT_PATTERN = r"^(\d[\d_]*(?:\.\d+)?) ([A-Z0-9]{2,10})$"
"""Amount and currency, such as `1_000_000 USD`."""

Amount = Annotated[str, Field(pattern=AMOUNT_PATTERN)]

BAR_TYPE = "of bars: step, unit and price, such as `1-MINUTE-MID`, or NautilusTrader's bar type"
BarTypeName = Annotated[str, Field(max_length=128)]


def bar_type_for(
    text: str | None, kind: SeriesKind | None, instrument_id: str | None
) -> str | None:
    """The step, unit and price of a bar type in a request, given short or in full.

    Raises ValueError where it is none, another instrument's, or the request is not for bars.
    """
    if text is None or kind is None or instrument_id is None:  # those have errors of their own
        return None
    if kind != "bar":
        raise ValueError(f"{kind}s have none: leave it out, or ask for kind `bar`")
    return bar_types.shortened(text, instrument_id)


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ConvertRequest(Strict):
    """Convert the raw files of one day."""

    date: date
    files: list[str] | None = Field(default=None, min_length=1, max_length=1000)
    force: bool = False


class Venue(Strict):
    """How the simulated venue behaves."""

    oms_type: Literal["NETTING", "HEDGING"] = "NETTING"
    account_type: Literal["CASH", "MARGIN"] = "MARGIN"
    base_currency: str | None = Field(default=None, pattern=r"^[A-Z0-9]{2,10}$")


class BacktestRequest(Strict):
    """One backtest over ticks or bars of one instrument, from `start` up to and with `end`."""

    instrument_id: InstrumentId
    kind: SeriesKind
    bar_type: BarTypeName | None = Field(
        default=None, description=f"{BAR_TYPE}; may be left out where there is only one"
    )
    start: UtcTime
    end: UtcTime
    strategy: str = Field(min_length=1, max_length=64)
    params: dict[str, Any] = Field(default_factory=dict)
    starting_balances: list[Amount] | None = Field(default=None, max_length=10)
    venue: Venue = Field(default_factory=Venue)
    chunk_size: int | None = Field(default=None, ge=1_000, le=10_000_000)

    @field_validator("bar_type")
    @classmethod
    def _of_bars(cls, value: str | None, info: ValidationInfo) -> str | None:
        return bar_type_for(value, info.data.get("kind"), info.data.get("instrument_id"))

    @field_validator("end")
    @classmethod
    def _ordered(cls, value: datetime, info: ValidationInfo) -> datetime:
        start = info.data.get("start")
        if start is not None and value <= start:
            raise ValueError("end must be after start")
        return value

    @property
    def identifier(self) -> str:
        """What the catalog calls the data: the instrument's id, or the bar type of bars."""
        if self.kind != "bar":
            return self.instrument_id
        if self.bar_type is None:
            raise Invalid("name the bars to run over", "bar_type")
        return bar_types.bar_type(self.instrument_id, self.bar_type)


class ErrorInfo(BaseModel):
    """What went wrong, in words for the person who asked."""

    type: str
    message: str
    stacktrace: str = ""


class ResultSummary(BaseModel):
    """What a list of results shows of one run."""

    run_id: str
    job_id: str
    trace_id: str
    sweep_id: str | None = None
    shared_runs: int = Field(
        default=1,
        description="runs of a sweep that one pass of an engine served, this one among them; times"
        " up to the stage `run` are then this run's equal part",
    )
    status: RunStatus
    request: BacktestRequest
    error: ErrorInfo | None = None
    created_at: datetime
    finished_at: datetime
    duration_seconds: float
    window: str
    versions: dict[str, str]
    stages: dict[str, float] = Field(default_factory=dict, description="seconds by stage")
    last_stage: str | None = None
    data_points: int = 0
    data_points_per_second: float = Field(default=0.0, description="over the stage `run`")
    peak_memory_bytes: int = 0
    gc_seconds: float = 0.0
    cache_source: Literal["catalog", "memory"] | None = None
    events: int = 0
    orders: int = 0
    positions: int = 0
    pnl: dict[str, float] = Field(default_factory=dict, description="total PnL by currency")


class Trading(BaseModel):
    """What the fills and positions of a run come to; amounts in `currency`."""

    currency: str = Field(description="in which the instrument is paid")
    fills: int
    traded_value: float | None = Field(
        description="bought and sold, at the prices of the fills; null: it came in another currency"
    )
    exposed_seconds: float = Field(description="time with a position open")
    closed: int = Field(description="positions that were closed: the trades")
    won: int = Field(description="trades with a PnL above zero, after commissions")
    gross_profit: float = Field(description="sum of the PnL above zero of trades")
    gross_loss: float = Field(description="sum of the PnL below zero of trades, without its sign")


class BacktestResult(ResultSummary):
    """What a run leaves behind; stored as JSON under its run_id."""

    trading: Trading | None = Field(
        default=None, description="null: the run ended early, or before this was recorded"
    )

    statistics: dict[str, Any] = Field(default_factory=dict)
    equity_curve: list[tuple[int, float]] = Field(
        default_factory=list, description="(Unix time in ns, equity in the account's currency)"
    )


class ResultPage(BaseModel):
    """One page of a list of results."""

    items: list[ResultSummary]
    next_cursor: str | None = Field(
        default=None, description="give it back for the next page; none: this was the last"
    )


class ResultRow(NamedTuple):
    """A run as a line of a table."""

    run_id: str
    status: RunStatus
    strategy: str
    instrument_id: str
    kind: SeriesKind
    window: str
    created_at: datetime
    finished_at: datetime
    duration_seconds: float
    data_points: int
    data_points_per_second: float
    peak_memory_bytes: int
    gc_seconds: float
    events: int
    orders: int
    positions: int
    pnl: float
    """Total PnL in the account's currency, which is `currency`; 0 where there is none."""
    currency: str | None


class ResultTable(BaseModel):
    """Results as lines of a table, a sixth as long as their summaries."""

    columns: list[str] = Field(description="names of the values of each row")
    rows: list[ResultRow]
    next_cursor: str | None = Field(default=None, description="as in a page of results")


class Job(BaseModel):
    """A job as the API shows it."""

    job_id: str
    job_type: JobType
    status: JobStatus
    stage: str | None = None
    progress: float | None = Field(default=None, description="0 to 1, where it is known")
    data_points: int | None = None
    trace_id: str = ""
    run_id: str | None = None
    sweep_id: str | None = Field(default=None, description="of a run that is one of a sweep")
    slot: int | None = None
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error: ErrorInfo | None = None
    result: dict[str, Any] | None = Field(
        default=None, description="report of a conversion; a backtest's result has its own call"
    )
