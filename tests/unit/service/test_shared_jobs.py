"""Jobs that go to a worker together: what becomes of each, whatever becomes of the worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from backend.errors import NotFound, QueueFull
from backend.executors.base import Outcome, SlotStatus, Task
from backend.jobs import JobManager
from backend.models import BacktestRequest, BacktestResult, ErrorInfo, Job
from backend.result_store import ResultStore
from backend.strategies import registry
from backend.work import BacktestWork
from nautilus_instrumentation import Settings, instrument
from tests.in_loop import in_loop

REQUEST = BacktestRequest(
    instrument_id="EUR/USD.SIM", kind="quote", strategy="ema_cross",
    start=datetime(2024, 1, 1, tzinfo=UTC), end=datetime(2024, 1, 1, 1, tzinfo=UTC),
)  # fmt: skip
OK = {"status": "ok", "error": None, "attributes": {}, "figures": None, "kept": False}
KILLED = Outcome("killed", error=ErrorInfo(type="WorkerDied", message="gone"), seconds=3.0)
CANCELLED = Outcome("cancelled", error=ErrorInfo(type="Cancelled", message="ended"))


class ByHand:
    """An executor of two workers whose tasks end when and how a test says."""

    def __init__(self) -> None:
        self.tasks: dict[str, Task] = {}
        self.cancelled: list[str] = []

    def start(self, listener: Any) -> None:
        self._listener = listener

    def submit(self, task: Task) -> None:
        self.tasks[task.task_id] = task

    def cancel(self, task_id: str) -> None:
        self.cancelled.append(task_id)
        if task_id in self.tasks:
            self.end(task_id, CANCELLED)

    def status(self) -> list[SlotStatus]:
        return [SlotStatus(slot, "idle", 1) for slot in (0, 1)]

    def close(self) -> None:
        for task_id in list(self.tasks):
            self.end(task_id, CANCELLED)

    def begin(self, task_id: str, slot: int = 0) -> dict[str, Any]:
        """A worker takes the task; returns what it is given."""
        payload = dict(self.tasks[task_id].prepare(slot))
        self._listener.started(task_id, slot)
        return payload

    def end(self, task_id: str, outcome: Outcome) -> None:
        del self.tasks[task_id]
        self._listener.ended(task_id, outcome)


class Sweep:
    """Runs of a sweep under a job manager, and what was told of their ends."""

    def __init__(self, jobs: JobManager, executor: ByHand, results: ResultStore) -> None:
        self.jobs, self.executor, self.results = jobs, executor, results
        self.told: dict[str, str] = {}

    async def _ended(self, job: Job, value: Any) -> None:
        self.told[job.job_id] = job.status

    def start(self, runs: int) -> list[Job]:
        works = [BacktestWork(REQUEST, f"run-{n}", "sweep-1") for n in range(runs)]
        return self.jobs.sweep(works, {}, self._ended)

    def begun(self, runs: int) -> tuple[list[Job], str]:
        """Start runs, of which a worker takes the first task; returns that task as well."""
        jobs = self.start(runs)
        first, _ = self.executor.tasks
        self.executor.begin(first)
        return jobs, first

    async def settle(self) -> None:
        """Until all that was begun has been recorded: events, threads, ends."""
        await asyncio.sleep(0)
        while self.jobs._endings:
            await asyncio.wait(self.jobs._endings)

    def statuses(self, jobs: list[Job]) -> list[str]:
        return [self.jobs.get(job.job_id).status for job in jobs]


@asynccontextmanager
async def opened(folder: Path, **limits: int) -> AsyncIterator[Sweep]:
    session = instrument(Settings(strict=True), nautilus=False)
    executor, results = ByHand(), ResultStore(folder)
    jobs = JobManager(session, executor, results, **limits)
    jobs.start()
    try:
        yield Sweep(jobs, executor, results)
    finally:
        await jobs.close()
        results.close()
        session.close()


def served(jobs: list[Job], **more: Any) -> Outcome:
    return Outcome("ok", value={"runs": {job.job_id: OK for job in jobs}}, seconds=4.0, **more)


@in_loop
async def test_a_worker_gets_its_runs_together(tmp_path: Path) -> None:
    """Two workers, two tasks; each run has its own job, trace parent and id."""
    async with opened(tmp_path) as sweep:
        jobs = sweep.start(5)
        first, second = sweep.executor.tasks
        payload = sweep.executor.begin(first)
        sweep.executor.begin(second, 1)
        await sweep.settle()
        assert [run["job_id"] for run in payload["runs"]] == [job.job_id for job in jobs[:3]]
        assert len({run["trace_id"] for run in payload["runs"]}) == 3
        assert sweep.statuses(jobs) == ["running"] * 5
        assert [sweep.jobs.get(job.job_id).slot for job in jobs] == [0, 0, 0, 1, 1]
        sweep.executor.end(first, served(jobs[:3]))
        await sweep.settle()
        assert sweep.statuses(jobs) == ["ok"] * 3 + ["running"] * 2
        assert list(sweep.told.values()) == ["ok"] * 3


@pytest.mark.parametrize("loss", ["killed", "timeout", "error"])
@in_loop
async def test_runs_that_were_lost_together_run_again_apart(tmp_path: Path, loss: Any) -> None:
    """None is lost for another's fault; one that fails by itself has failed."""
    async with opened(tmp_path) as sweep:
        jobs, first = sweep.begun(4)
        sweep.executor.end(first, Outcome(loss, error=KILLED.error))
        await sweep.settle()
        assert sweep.statuses(jobs[:2]) == ["running"] * 2
        assert sweep.told == {}
        one, two = (job.job_id for job in jobs[:2])
        assert {one, two} < set(sweep.executor.tasks)
        assert sweep.executor.begin(one)["job_id"] == one
        sweep.executor.end(one, Outcome("ok", value=OK))
        sweep.executor.begin(two)
        sweep.executor.end(two, KILLED)
        await sweep.settle()
        assert sweep.told == {one: "ok", two: "killed"}


@in_loop
async def test_what_a_pass_left_out_runs_apart(tmp_path: Path) -> None:
    """The others have ended."""
    async with opened(tmp_path) as sweep:
        jobs, first = sweep.begun(6)
        sweep.executor.end(first, served([jobs[0], jobs[2]]))
        await sweep.settle()
        assert sweep.statuses(jobs[:3]) == ["ok", "running", "ok"]
        assert jobs[1].job_id in sweep.executor.tasks


@in_loop
async def test_a_result_that_was_stored_is_not_made_again(tmp_path: Path) -> None:
    """The worker died after it stored a run's result, and before it could say so."""
    async with opened(tmp_path) as sweep:
        jobs, first = sweep.begun(4)
        lost = BacktestWork(REQUEST, "run-0", "sweep-1").result_without_worker(
            jobs[0].model_copy(update={"status": "killed"}), datetime.now(UTC)
        )
        sweep.results.save(lost.model_copy(update={"status": "ok", "error": None}))
        sweep.executor.end(first, KILLED)
        await sweep.settle()
        assert sweep.told == {jobs[0].job_id: "ok"}
        assert jobs[0].job_id not in sweep.executor.tasks
        assert jobs[1].job_id in sweep.executor.tasks


@in_loop
async def test_a_result_that_cannot_be_read_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that is wrong with the disk leaves a job without an end."""

    def broken(run_id: str) -> BacktestResult:
        raise OSError(5, "Input/output error")

    async with opened(tmp_path) as sweep:
        jobs, first = sweep.begun(4)
        monkeypatch.setattr(sweep.results, "get", broken)
        sweep.executor.end(first, KILLED)
        await sweep.settle()
        assert {job.job_id for job in jobs[:2]} < set(sweep.executor.tasks)


@in_loop
async def test_runs_that_no_worker_had_are_not_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They left nothing; a sweep that is cancelled would read a file for each of its runs."""
    looked_for: list[str] = []

    def looked(run_id: str) -> BacktestResult:
        looked_for.append(run_id)
        raise NotFound(run_id)

    async with opened(tmp_path) as sweep:
        jobs = sweep.start(150)
        monkeypatch.setattr(sweep.results, "get", looked)
        await asyncio.gather(*(sweep.jobs.cancel(job.job_id) for job in jobs))
        assert set(sweep.statuses(jobs)) == {"cancelled"}
    assert looked_for == []


@in_loop
async def test_the_end_of_one_run_does_not_depend_on_anothers(tmp_path: Path) -> None:
    """One whose end cannot be made out keeps none of the others from ending."""
    async with opened(tmp_path) as sweep:
        jobs, first = sweep.begun(6)
        odd = {**OK, "error": {"of no": "known shape"}}
        runs = {jobs[0].job_id: odd, jobs[1].job_id: OK}
        sweep.executor.end(first, Outcome("ok", value={"runs": runs}))
        await sweep.settle()
        assert sweep.jobs.get(jobs[1].job_id).status == "ok"
        assert jobs[2].job_id in sweep.executor.tasks


@in_loop
async def test_a_strategy_that_cannot_say_what_it_shares_runs_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The code may be anybody's; its fault must not leave jobs that nobody runs."""

    def fails(name: str, params: Any) -> str | None:
        raise ZeroDivisionError

    monkeypatch.setattr(registry, "shares", fails)

    async with opened(tmp_path) as sweep:
        jobs = sweep.start(3)
        assert list(sweep.executor.tasks) == [job.job_id for job in jobs]


@pytest.mark.parametrize("begun", [True, False])
@in_loop
async def test_one_run_can_be_cancelled_out_of_a_group(tmp_path: Path, begun: bool) -> None:
    """Its task is ended; the others go on by themselves."""
    async with opened(tmp_path) as sweep:
        jobs = sweep.start(4)
        first, _ = sweep.executor.tasks
        if begun:
            sweep.executor.begin(first)
            await sweep.settle()
        found = await sweep.jobs.cancel(jobs[0].job_id)
        await sweep.settle()
        assert found.status == "cancelled"
        assert sweep.executor.cancelled == [first]
        assert jobs[1].job_id in sweep.executor.tasks
        assert sweep.jobs.get(jobs[1].job_id).status == ("running" if begun else "queued")


@in_loop
async def test_all_runs_of_a_sweep_can_be_cancelled(tmp_path: Path) -> None:
    """Those that run, those at the workers' doors and those that wait behind."""
    async with opened(tmp_path) as sweep:
        jobs = sweep.start(150)
        assert len(sweep.executor.tasks) == 4
        first, *_ = sweep.executor.tasks
        sweep.executor.begin(first)
        await sweep.settle()
        await asyncio.gather(*(sweep.jobs.cancel(job.job_id) for job in jobs))
        assert set(sweep.statuses(jobs)) == {"cancelled"}
        assert sweep.executor.tasks == {}


@in_loop
async def test_runs_that_wait_are_counted_one_by_one(tmp_path: Path) -> None:
    """The limit is of runs, not of tasks."""
    async with opened(tmp_path, sweeps_limit=150) as sweep:
        sweep.start(150)
        with pytest.raises(QueueFull, match="50 runs of sweeps are waiting"):
            sweep.start(101)
