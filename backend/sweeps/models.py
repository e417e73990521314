"""What the API takes and gives of sweeps."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, Field, model_validator

from backend.evaluation.models import LOWER_IS_BETTER, Metric
from backend.models import BacktestRequest, ErrorInfo, JobStatus

MAX_SETS = 1_000
"""Sets of parameters of one sweep."""

Objective = Literal["pnl", Metric]
OBJECTIVES: tuple[str, ...] = ("pnl", *get_args(Metric))

SweepStatus = Literal["running", "done", "cancelled"]


class SweepRequest(BacktestRequest):
    """A backtest, and the sets of parameters to run it with.

    `params` hold for all sets. Every combination of the grid's values is a set, and so is each of
    `sets`.
    """

    grid: dict[str, Annotated[list[Any], Field(min_length=1, max_length=MAX_SETS)]] = Field(
        default_factory=dict, description="values by parameter; every combination is run"
    )
    sets: list[dict[str, Any]] = Field(
        default_factory=list, max_length=MAX_SETS, description="further sets, as they are"
    )
    skip_invalid: bool = Field(
        default=False,
        description="leave out combinations that the strategy refuses, such as a fast period"
        " above the slow one",
    )
    objective: Objective = Field(default="pnl", description="what `best` is chosen by")

    @model_validator(mode="after")
    def _something(self) -> SweepRequest:
        if not self.grid and not self.sets:
            raise ValueError("give a grid, or sets, of parameters")
        return self

    def backtest(self, params: dict[str, Any]) -> BacktestRequest:
        """The request of one run."""
        fields = {name: getattr(self, name) for name in BacktestRequest.model_fields}
        return BacktestRequest.model_construct(**{**fields, "params": params})


class Figures(BaseModel):
    """What a run of a sweep came to; its result has the rest."""

    duration_seconds: float
    data_points: int
    orders: int
    positions: int
    currency: str | None = Field(default=None, description="of `pnl`")
    pnl: float | None = None
    total_return: float | None = None
    sharpe_ratio: float | None = None
    sortino_ratio: float | None = None
    max_drawdown: float | None = None
    win_rate: float | None = None
    profit_factor: float | None = None
    turnover: float | None = None
    exposure: float | None = None


class SweepRun(BaseModel):
    """One set of parameters and its run, whose result is stored under `run_id`."""

    run_id: str
    job_id: str
    trace_id: str
    params: dict[str, Any]
    status: JobStatus = "queued"
    figures: Figures | None = None
    error: ErrorInfo | None = None


class SweepSummary(BaseModel):
    """A sweep without its runs."""

    sweep_id: str
    status: SweepStatus
    trace_id: str = Field(description="of the request; each run has a trace of its own")
    request: SweepRequest
    created_at: datetime
    finished_at: datetime | None = None
    total: int
    counts: dict[JobStatus, int] = Field(description="runs by status")
    best: SweepRun | None = Field(description="of the runs that ended well so far")


class Sweep(SweepSummary):
    """A sweep with its runs, in the order of their sets."""

    runs: list[SweepRun]


class SweepAccepted(BaseModel):
    """What was made of the request: a job for each set."""

    sweep_id: str
    trace_id: str
    job_ids: list[str]
    runs: list[SweepRun]


def best(runs: list[SweepRun], objective: Objective) -> SweepRun | None:
    """The run with the best figure; the first of equals, None where none has one."""
    sign = -1 if objective in LOWER_IS_BETTER else 1

    def value(run: SweepRun) -> float | None:
        figures = run.figures if run.status == "ok" else None
        found: float | None = getattr(figures, objective) if figures else None
        return found

    worth = [(sign * found, run) for run in runs if (found := value(run)) is not None]
    return max(worth, key=lambda pair: pair[0], default=(0.0, None))[1]
