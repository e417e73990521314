"""Jobs over a real executor with trivial work: states, spans, counters, stored results."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from backend.errors import Conflict, NotFound, QueueFull
from backend.executors.local import Limits, LocalExecutor
from backend.jobs import JobManager
from backend.models import BacktestRequest, ConvertRequest
from backend.result_store import ResultStore
from nautilus_instrumentation import Settings, attributes, instrument, metrics
from tests.in_loop import in_loop
from tests.unit.service import trivial_jobs

DEADLINE_SECONDS = 300


class Office:
    """A job manager with its telemetry, and short ways to use both."""

    def __init__(self, jobs: JobManager, session, exporter, results: ResultStore) -> None:
        self.jobs, self.session, self.results = jobs, session, results
        self._exporter = exporter

    def run(self, **params):
        return self.jobs.backtest(
            BacktestRequest(
                instrument_id="EUR/USD.SIM",
                kind="quote",
                start=datetime(2024, 1, 1, tzinfo=UTC),
                end=datetime(2024, 1, 1, 1, tzinfo=UTC),
                strategy="idle",
                params=params,
            )
        )

    def convert(self, *files: str):
        return self.jobs.convert(ConvertRequest(date="2024-01-01", files=list(files)))

    async def ended(self, job):
        job = await self.jobs.wait(job.job_id, DEADLINE_SECONDS)
        assert job.finished_at is not None
        return job

    async def until(self, condition):
        """Poll until the condition is true; returns what it gave."""
        for _ in range(DEADLINE_SECONDS * 100):
            if value := condition():
                return value
            await asyncio.sleep(0.01)
        raise AssertionError("it did not happen in time")

    async def busy_pid(self, marker) -> int:
        return int(await self.until(lambda: marker.exists() and marker.read_text()))

    def spans(self, name: str):
        self.session.flush()
        return [span for span in self._exporter.get_finished_spans() if span.name == name]

    def span(self, name: str):
        (span,) = self.spans(name)
        return span

    def value(self, spec: metrics.MetricSpec, *labels: str) -> float:
        """A counter's or gauge's value, or a histogram's count."""
        return self._values(spec).get(labels, 0.0)

    def total(self, spec: metrics.MetricSpec) -> float:
        return sum(self._values(spec).values())

    def _values(self, spec: metrics.MetricSpec) -> dict[tuple[str, ...], float]:
        from nautilus_instrumentation.exposition.registry import build_registry

        wanted = f"{spec.family}_count" if spec.kind == "histogram" else spec.name
        return {
            tuple(sample.labels[name] for name in spec.label_names): sample.value
            for family in build_registry(self.session.recorder.store).collect()
            for sample in family.samples
            if sample.name == wanted
        }


@pytest.fixture
def open_office(tmp_path):
    """An async context manager that makes an office; the arguments are limits."""

    @asynccontextmanager
    async def opened(slots: int = 1, **changes) -> AsyncIterator[Office]:
        keep = {name: changes.pop(name) for name in ("queue_limit", "history_limit")
                if name in changes}  # fmt: skip
        exporter = InMemorySpanExporter()
        session = instrument(Settings(strict=True), span_exporter=exporter, nautilus=False)
        limits = Limits(
            **{"memory_bytes": 2**40, "timeout_seconds": 600, "jobs_per_worker": 1000,
               "tick_seconds": 0.05, **changes}
        )  # fmt: skip
        results = ResultStore(tmp_path / "results")
        executor = LocalExecutor(slots, trivial_jobs.make_jobs_handler, limits)
        jobs = JobManager(session, executor, results, **keep)
        jobs.start()
        try:
            yield Office(jobs, session, exporter, results)
        finally:
            await jobs.close()
            session.close()

    return opened


@in_loop
async def test_a_run_that_ends_well(open_office):
    """It is `ok`; its spans hang together and carry what the worker gave."""
    async with open_office() as office:
        with office.session.tracing.span("POST") as request:
            job = office.run(do="trade")
        ended = await office.ended(job)
        queue, run = office.span(attributes.JOB_QUEUE), office.span(attributes.BACKTEST_RUN)
        assert (ended.status, ended.progress, ended.error) == ("ok", 1.0, None)
        assert ended.trace_id == f"{request.get_span_context().trace_id:032x}"
        assert queue.parent.span_id == request.get_span_context().span_id
        assert run.parent.span_id == queue.context.span_id
        assert run.attributes[attributes.RUN_ID] == job.run_id
        assert run.attributes[attributes.ORDERS] == 3
        assert run.attributes[attributes.WINDOW] == "1h"
        assert run.status.is_ok or run.status.is_unset


@in_loop
async def test_counts_of_a_run_that_ends_well(open_office):
    """Wait and duration are observed once; gauges are back at zero; the worker counts the run."""
    async with open_office() as office:
        await office.ended(office.run(do="trade"))
        assert office.value(metrics.JOB_QUEUE_WAIT, "backtest") == 1
        assert office.value(metrics.JOB_DURATION, "backtest", "ok") == 1
        assert office.value(metrics.JOB_QUEUE_DEPTH, "backtest") == 0
        assert office.value(metrics.BACKTEST_IN_PROGRESS) == 0
        assert office.total(metrics.BACKTEST_RUNS) == 0


@in_loop
async def test_a_failed_run_marks_its_span(open_office):
    """The strategy's error is on the job and, as exception and status, on the run's span."""
    async with open_office() as office:
        job = await office.ended(office.run(do="lose"))
        run = office.span(attributes.BACKTEST_RUN)
        assert (job.status, job.error.message) == ("error", "no such luck")
        assert not run.status.is_ok
        assert run.events[0].attributes["exception.type"] == "ValueError"


@in_loop
async def test_a_killed_worker_is_told_by_the_parent(open_office, tmp_path):
    """Span, counters and a stored result name the last stage; each counts once."""
    async with open_office() as office:
        marker = tmp_path / "marker"
        job = office.run(do="hang", marker=str(marker))
        os.kill(await office.busy_pid(marker), signal.SIGKILL)
        ended = await office.ended(job)
        result = office.results.get(job.run_id)
        run = office.span(attributes.BACKTEST_RUN)
        assert (ended.status, ended.stage) == ("killed", "run")
        assert (result.status, result.last_stage, result.data_points) == ("killed", "run", 1234)
        assert run.attributes[attributes.LAST_STAGE] == "run"
        assert run.events[0].attributes["exception.type"] == "WorkerDied"
        assert office.value(metrics.BACKTEST_RUNS, "idle", "killed") == 1
        assert office.total(metrics.BACKTEST_RUNS) == 1
        assert office.value(metrics.JOB_WORKER_RESTARTS, "crashed") == 1
        assert office.value(metrics.JOB_DURATION, "backtest", "killed") == 1
        assert office.value(metrics.BACKTEST_IN_PROGRESS) == 0


@in_loop
async def test_a_timeout_counts_as_timeout(open_office, tmp_path):
    """Job, run and restart say `timeout`."""
    async with open_office(timeout_seconds=0.2) as office:
        job = office.run(do="hang", marker=str(tmp_path / "marker"))
        ended = await office.ended(job)
        assert ended.status == office.results.get(job.run_id).status == "timeout"
        assert office.value(metrics.BACKTEST_RUNS, "idle", "timeout") == 1
        assert office.value(metrics.JOB_WORKER_RESTARTS, "timeout") == 1


@in_loop
async def test_cancels_a_running_job(open_office, tmp_path):
    """The answer is the cancelled job; the run counts as cancelled; its result is kept."""
    async with open_office() as office:
        marker = tmp_path / "marker"
        job = office.run(do="hang", marker=str(marker))
        await office.busy_pid(marker)
        assert (await office.jobs.cancel(job.job_id)).status == "cancelled"
        assert office.results.get(job.run_id).status == "cancelled"
        assert office.value(metrics.BACKTEST_RUNS, "idle", "cancelled") == 1
        with pytest.raises(Conflict):
            await office.jobs.cancel(job.job_id)


@in_loop
async def test_a_job_cancelled_in_the_queue_was_no_run(open_office, tmp_path):
    """It leaves the depth at zero, no run, no result, and a failed `job queue`."""
    async with open_office() as office:
        marker = tmp_path / "marker"
        first = office.run(do="hang", marker=str(marker))
        await office.busy_pid(marker)
        job = office.run(do="trade")
        assert office.value(metrics.JOB_QUEUE_DEPTH, "backtest") == 1
        cancelled = await office.jobs.cancel(job.job_id)
        assert (cancelled.status, cancelled.started_at) == ("cancelled", None)
        assert office.value(metrics.JOB_QUEUE_DEPTH, "backtest") == 0
        assert office.total(metrics.BACKTEST_RUNS) == 0
        with pytest.raises(NotFound):
            office.results.get(job.run_id)
        (failed,) = [s for s in office.spans(attributes.JOB_QUEUE) if s.events]
        assert failed.attributes[attributes.JOB_ID] == job.job_id
        marker.unlink()
        assert (await office.ended(first)).status == "ok"


@in_loop
async def test_a_lost_conversion_leaves_a_span(open_office, tmp_path):
    """The worker's own span died with it, so the parent makes one, below `job queue`."""
    async with open_office() as office:
        marker = tmp_path / "marker"
        job = office.convert("stall", str(marker))
        os.kill(await office.busy_pid(marker), signal.SIGKILL)
        assert (await office.ended(job)).status == "killed"
        lost, queue = office.span(attributes.CONVERSION), office.span(attributes.JOB_QUEUE)
        assert lost.parent.span_id == queue.context.span_id
        assert lost.attributes[attributes.LAST_STAGE] == "run"
        assert office.total(metrics.BACKTEST_RUNS) == 0


@in_loop
async def test_a_conversion_keeps_its_report(open_office):
    """The report is the job's result; the parent makes no span of its own for it."""
    async with open_office() as office:
        job = await office.ended(office.convert("tidy"))
        assert (job.status, job.result) == ("ok", {"files": []})
        assert office.spans(attributes.CONVERSION) == []


@in_loop
async def test_watching_gives_the_job_at_once_and_to_its_end(open_office, tmp_path):
    """The first look comes without waiting, the last is the end, then there is no more."""
    async with open_office() as office:
        marker = tmp_path / "marker"
        job = office.run(do="hang", marker=str(marker))
        seen = []
        async for update in office.jobs.watch(job.job_id):
            seen.append((update.status, update.stage))
            if update.data_points:
                marker.unlink(missing_ok=True)
        assert seen[0] == ("queued", None)
        assert ("running", "run") in seen
        assert seen[-1] == ("ok", "run")


@in_loop
async def test_the_feed_tells_of_every_job_to_its_end(open_office):
    """As it is made, begins and ends; then it is no longer among those that go on."""
    async with open_office() as office:
        stream = office.jobs.feed.follow()
        assert (await anext(stream)).jobs == []
        job, seen = office.run(do="trade"), []
        while "ok" not in seen:
            seen += [told.status for told in (await anext(stream)).jobs]
        assert seen[0] == "queued"
        await stream.aclose()
        await office.ended(job)
        again = office.jobs.feed.follow()
        state = await anext(again)
        assert (state.jobs, state.queued, state.running) == ([], 0, 0)
        await again.aclose()


@in_loop
async def test_a_watcher_that_leaves_is_forgotten(open_office, tmp_path):
    """Closing the watch of a running job leaves nothing behind."""
    async with open_office() as office:
        job = office.run(do="hang", marker=str(tmp_path / "marker"))
        watch = office.jobs.watch(job.job_id)
        await anext(watch)
        entry = office.jobs._book.entry(job.job_id)
        assert len(entry.watchers) == 1
        await watch.aclose()
        assert len(entry.watchers) == 0


@in_loop
async def test_refuses_more_jobs_than_may_wait(open_office, tmp_path):
    """The queue is bounded; what is refused leaves no job behind."""
    async with open_office(queue_limit=2) as office:
        marker = tmp_path / "marker"
        office.run(do="hang", marker=str(marker))
        await office.busy_pid(marker)
        office.run(do="trade")
        office.run(do="trade")
        with pytest.raises(QueueFull):
            office.run(do="trade")
        assert len(office.jobs.list(10)) == 3
        assert office.value(metrics.JOB_QUEUE_DEPTH, "backtest") == 2


@in_loop
async def test_forgets_the_oldest_ended_jobs(open_office):
    """History is bounded; running and newer jobs stay."""
    async with open_office(history_limit=2) as office:
        jobs = [await office.ended(office.run(do="trade")) for _ in range(4)]
        assert [job.job_id for job in office.jobs.list(10)] == [jobs[3].job_id, jobs[2].job_id]
        with pytest.raises(NotFound):
            office.jobs.get(jobs[0].job_id)


@in_loop
async def test_lists_by_status_and_type(open_office):
    """Filters hold together, newest first."""
    async with open_office() as office:
        await office.ended(office.run(do="lose"))
        good = await office.ended(office.run(do="trade"))
        await office.ended(office.convert("tidy"))
        assert office.jobs.list(10, "ok", "backtest") == [good]
        assert office.jobs.list(10, run_id=good.run_id) == [good]
        assert office.jobs.list(10, "error", run_id=good.run_id) == []


@in_loop
async def test_closing_ends_what_runs_and_waits(open_office, tmp_path):
    """Every job has an end when the manager is closed, and running ones a stored result."""
    async with open_office() as office:
        marker = tmp_path / "marker"
        running = office.run(do="hang", marker=str(marker))
        await office.busy_pid(marker)
        waiting = office.run(do="trade")
        await office.jobs.close()
        assert office.jobs.get(running.job_id).status == "cancelled"
        assert office.jobs.get(waiting.job_id).status == "cancelled"
        assert office.results.get(running.run_id).error.message == "the service was stopped"


# Sampling -------------------------------------------------------------------------------------


@pytest.fixture
def ratio_zero(monkeypatch):
    """The head turns every trace down."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0")


TREE = [attributes.JOB_QUEUE, attributes.BACKTEST_RUN]


def sent(office) -> list[str]:
    return [name for name in TREE if office.spans(name)]


@in_loop
async def test_the_parent_does_as_the_worker_did(open_office, ratio_zero):
    """A run that the worker let go leaves nothing, one that it kept leaves the parent's spans."""
    async with open_office() as office:
        forgotten = await office.ended(office.run(do="trade"))
        tracing = office.session.tracing
        with tracing.attached({"traceparent": f"00-{forgotten.trace_id}-{'1' * 16}-00"}):
            tracing.keep()  # too late
        assert sent(office) == []
        job = await office.ended(office.run(do="trade", kept=True))
        assert sent(office) == TREE
        assert f"{office.span(TREE[1]).context.trace_id:032x}" == job.trace_id


@in_loop
async def test_a_lost_run_is_kept(open_office, ratio_zero, tmp_path):
    """Its worker cannot say anything any more."""
    async with open_office() as office:
        marker = tmp_path / "marker"
        job = office.run(do="hang", marker=str(marker))
        os.kill(await office.busy_pid(marker), signal.SIGKILL)
        assert (await office.ended(job)).status == "killed"
        assert sent(office) == TREE
        child = office.session.recorder.histogram(metrics.BACKTEST_DURATION, "idle", "1h")
        assert [one.labels["trace_id"] for one in child.exemplars.values()] == [job.trace_id]


@in_loop
async def test_a_cancelled_run_is_kept_if_it_was_slow(
    open_office, ratio_zero, tmp_path, monkeypatch
):
    """Nothing failed, but somebody may have lost patience."""
    async with open_office() as office:
        for objective, kept in ((60.0, []), (0.0, TREE)):
            monkeypatch.setitem(metrics.RUN_OBJECTIVES, "1h", objective)
            marker = tmp_path / f"marker-{objective}"
            job = office.run(do="hang", marker=str(marker))
            await office.busy_pid(marker)
            assert (await office.jobs.cancel(job.job_id)).status == "cancelled"
            assert sent(office) == kept


@in_loop
async def test_a_failed_conversion_is_kept(open_office, ratio_zero):
    """The parent's only span of it has ended long before."""
    async with open_office() as office:
        await office.ended(office.convert("tidy"))
        assert sent(office) == []
        assert (await office.ended(office.convert("lose"))).status == "error"
        assert sent(office) == [attributes.JOB_QUEUE]
