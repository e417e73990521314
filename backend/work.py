"""The kinds of work a job can be: what its worker is given, its spans say, and its loss leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Literal

from backend.executors.affinity import Affinity
from backend.models import (
    BacktestRequest,
    BacktestResult,
    ConvertRequest,
    ErrorInfo,
    Job,
    SeriesKind,
    unix_ns,
)
from backend.versions import versions
from nautilus_instrumentation import attributes as keys
from nautilus_instrumentation import metrics


def ticks_read(identifier: str, kind: SeriesKind, start: datetime, end: datetime) -> Affinity:
    """The affinity of work that reads these ticks: give it to all tasks over the same data."""
    return Affinity(f"{kind} {identifier}", unix_ns(start), unix_ns(end))


@dataclass(frozen=True)
class ConvertWork:
    """Convert one day."""

    request: ConvertRequest
    job_type: ClassVar[Literal["convert"]] = "convert"
    run_id = None
    sweep_id = None
    span_name = keys.CONVERSION

    @property
    def affinity(self) -> Affinity | None:
        """Conversions leave nothing in a worker that a later job could use."""
        return None

    def is_slow(self, seconds: float) -> bool:
        """Conversions have no objective of their own."""
        return False

    def attributes(self) -> dict[str, Any]:
        return {keys.DATE: self.request.date.isoformat()}


@dataclass(frozen=True)
class BacktestWork:
    """Run one backtest."""

    request: BacktestRequest
    run_id: str
    sweep_id: str | None = None
    """Of a run that is one of a sweep."""
    span_name = keys.BACKTEST_RUN

    @property
    def job_type(self) -> Literal["backtest", "sweep"]:
        """Value of the label `job_type`."""
        return "backtest" if self.sweep_id is None else "sweep"

    @property
    def window(self) -> str:
        """Value of the label `window`."""
        return metrics.window_of((self.request.end - self.request.start).total_seconds())

    @property
    def affinity(self) -> Affinity | None:
        """A worker keeps the ticks of the windows it ran last."""
        request = self.request
        return ticks_read(request.identifier, request.kind, request.start, request.end)

    def attributes(self) -> dict[str, Any]:
        request = self.request
        found = {
            keys.RUN_ID: self.run_id,
            keys.STRATEGY: request.strategy,
            keys.INSTRUMENT_ID: request.instrument_id,
            keys.KIND: request.kind,
            keys.WINDOW: self.window,
            keys.WINDOW_START: request.start.isoformat(),
            keys.WINDOW_END: request.end.isoformat(),
        }
        if self.sweep_id is not None:
            found[keys.SWEEP_ID] = self.sweep_id
        return found

    def is_slow(self, seconds: float) -> bool:
        """True for a run that has missed its objective."""
        return metrics.is_slow(self.window, seconds)

    def result_without_worker(self, job: Job, finished_at: datetime) -> BacktestResult:
        """The result of a run whose worker could not store one."""
        started_at = job.started_at or finished_at
        return BacktestResult(
            run_id=self.run_id,
            job_id=job.job_id,
            trace_id=job.trace_id,
            sweep_id=self.sweep_id,
            status=job.status,
            request=self.request,
            error=job.error or ErrorInfo(type="Unknown", message="the run left no result"),
            created_at=job.created_at,
            finished_at=finished_at,
            duration_seconds=(finished_at - started_at).total_seconds(),
            window=self.window,
            versions=versions(),
            last_stage=job.stage,
            data_points=job.data_points or 0,
        )


Work = ConvertWork | BacktestWork


def payload(work: Work, job: Job, carrier: Mapping[str, str]) -> dict[str, Any]:
    """What crosses to the worker; JSON-able."""
    return {
        "job_type": work.job_type,
        "job_id": job.job_id,
        "run_id": work.run_id,
        "sweep_id": work.sweep_id,
        "trace_id": job.trace_id,
        "carrier": dict(carrier),
        "request": work.request.model_dump(mode="json"),
    }
