"""What the API says of the worth of runs. Every number is finite; null stands for no number."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, get_args

from pydantic import BaseModel, Field

from backend.models import RunStatus, SeriesKind

Metric = Literal[
    "total_return", "sharpe_ratio", "sortino_ratio", "max_drawdown", "win_rate", "profit_factor",
    "turnover", "exposure",
]  # fmt: skip
METRICS: tuple[Metric, ...] = get_args(Metric)

LOWER_IS_BETTER: frozenset[Metric] = frozenset({"max_drawdown", "turnover", "exposure"})
"""Less to lose, less to pay for, less time at risk."""


class Performance(BaseModel):
    """How good a run was; fractions and ratios, free of currency."""

    total_return: float | None = Field(description="gain over the first equity, as a fraction")
    sharpe_ratio: float | None = Field(description="a year of 365 days; riskless rate 0")
    sortino_ratio: float | None = Field(description="a year of 365 days; least return accepted 0")
    max_drawdown: float | None = Field(description="deepest fall below a peak, as a fraction of it")
    win_rate: float | None = Field(description="share of the trades that won")
    profit_factor: float | None = Field(description="gross profit over gross loss of the trades")
    turnover: float | None = Field(description="value traded over mean equity, in the window")
    exposure: float | None = Field(description="share of the window with a position open")
    undefined: dict[Metric, str] = Field(description="why a figure is null")


class Evaluation(BaseModel):
    """One run: what was asked for and how good it was."""

    run_id: str
    status: RunStatus
    strategy: str
    params: dict[str, Any]
    instrument_id: str
    kind: SeriesKind
    bar_type: str | None = Field(default=None, description="of a run over bars")
    start: datetime
    end: datetime
    created_at: datetime
    currency: str | None = Field(description="of `pnl`; null: the run left none")
    pnl: float | None
    performance: Performance
    period_seconds: float = Field(description="length of the periods of Sharpe's and Sortino's")
    periods: int = Field(description="how many of them the window has")


class RankedRun(Evaluation):
    """A run and its place."""

    rank: int | None = Field(description="1 is the best, equals share a place; null: no figure")


class Ranking(BaseModel):
    """Runs, the best first, those without the figure last."""

    sort: Metric
    items: list[RankedRun]
    more: bool = Field(description="older runs of this selection were left out")


# Two runs ----------------------------------------------------------------------------------------


class Change(BaseModel):
    """Something said of both runs; null where one of them lacks it."""

    name: str
    a: Any = None
    b: Any = None
    same: bool


class Difference(BaseModel):
    """A number of both runs."""

    name: str
    unit: str
    a: float | None
    b: float | None
    difference: float | None = Field(description="b - a")
    relative: float | None = Field(description="(b - a) / |a|")
    undefined: str | None = Field(default=None, description="why a number is null")


class Comparison(BaseModel):
    """Run A against run B."""

    a: Evaluation
    b: Evaluation
    parameters: list[Change] = Field(description="as asked for: null is the default")
    versions: list[Change]
    results: list[Difference]
    stages: list[Difference] = Field(description="seconds by stage")
    memory: list[Difference]
    statistics: list[Difference] = Field(description="NautilusTrader's own, by group and name")
