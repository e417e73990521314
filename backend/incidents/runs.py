"""Backtests that overlap a time: those that failed, took longest, or still go on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

import orjson

from backend.documents import Documents
from backend.errors import NotFound
from backend.incidents.models import IncidentRun, IncidentRuns, RunningRun
from backend.models import Job, ResultSummary, RunStatus
from backend.result_store import ResultStore
from backend.work import BacktestWork

FAILED: tuple[RunStatus, ...] = ("error", "timeout", "killed")
MOST_FAILED, MOST_SLOW, MOST_RUNNING = 100, 20, 50
LONGEST_ERROR = 1_000


def runs(
    results: ResultStore, going_on: Iterable[tuple[Job, BacktestWork]], limits: dict[str, float],
    start: datetime, end: datetime, now: datetime,
) -> IncidentRuns:  # fmt: skip
    """`going_on`: what runs now; `limits`: seconds that a run may take, by its window."""
    by_status = results.count_during(start, end)
    failed = results.during(start, end, FAILED, "finished_at", MOST_FAILED)
    slowest = results.during(start, end, ("ok",), "duration_seconds", MOST_SLOW)
    # What ended after `going_on` was taken is shown as it ended.
    ended = {one.run_id for one in (*failed, *slowest)}
    running = [
        _running(job, work, job.started_at, limits, now)
        for job, work in going_on
        if job.started_at is not None and job.started_at <= end and work.run_id not in ended
    ]
    running.sort(key=lambda one: one.started_at)
    return IncidentRuns(
        total=sum(by_status.values()),
        by_status=by_status,
        running=running[:MOST_RUNNING],
        running_total=len(running),
        failed=[_run(one, limits) for one in failed],
        slowest=[_run(one, limits) for one in slowest],
    )


def objectives(documents: Documents) -> dict[str, float]:
    """Seconds that a run may take by its objective, by window; none without a document of them."""
    try:
        found = orjson.loads(documents.objectives())["objectives"]
    except NotFound:
        return {}
    return {
        window: float(one["threshold"])
        for one in found
        if one["unit"] == "seconds" and one["threshold"] is not None
        for window in one.get("indicator", {}).get("labels", {}).get("window", ())
    }


def _running(
    job: Job, work: BacktestWork, started_at: datetime, limits: dict[str, float], now: datetime
) -> RunningRun:
    return RunningRun(
        run_id=work.run_id, trace_id=job.trace_id, strategy=work.request.strategy,
        instrument_id=work.request.instrument_id, window=work.window, started_at=started_at,
        seconds_so_far=max(0.0, (now - started_at).total_seconds()),
        objective_seconds=limits.get(work.window), stage=job.stage, progress=job.progress,
    )  # fmt: skip


def _run(one: ResultSummary, limits: dict[str, float]) -> IncidentRun:
    error = f"{one.error.type}: {one.error.message}" if one.error else None
    return IncidentRun(
        run_id=one.run_id, trace_id=one.trace_id, status=one.status,
        strategy=one.request.strategy, instrument_id=one.request.instrument_id,
        window=one.window, started_at=one.created_at, finished_at=one.finished_at,
        duration_seconds=one.duration_seconds, objective_seconds=limits.get(one.window),
        last_stage=one.last_stage, peak_memory_bytes=one.peak_memory_bytes,
        error=re.sub(r"\s+", " ", error)[:LONGEST_ERROR] if error else None,
    )  # fmt: skip
