"""Jobs and caches are counted as they report themselves."""

from __future__ import annotations

import pytest

from nautilus_instrumentation import metrics
from nautilus_instrumentation.cache import CacheTelemetry
from nautilus_instrumentation.exposition.cells import MemoryStore
from nautilus_instrumentation.guard import Guard
from nautilus_instrumentation.jobs import JobTelemetry
from nautilus_instrumentation.recorder import NULL_RECORDER, Recorder


@pytest.fixture
def recorder():
    guard = Guard(strict=True)
    return Recorder(MemoryStore(guard), guard)


def _value(recorder, spec, *labels):
    return getattr(recorder, spec.kind)(spec, *labels).values()[0]


def _count_and_sum(recorder, spec, *labels):
    *counts, total = recorder.histogram(spec, *labels).values()
    return sum(counts), total


def test_the_depth_of_the_queue_is_what_was_queued_and_not_taken(recorder):
    """Jobs leave the queue by a worker or abandoned."""
    jobs = JobTelemetry(recorder)
    for _ in range(3):
        jobs.queued("backtest")
    jobs.dequeued("backtest", 0.25)
    jobs.abandoned("backtest")
    assert _value(recorder, metrics.JOB_QUEUE_DEPTH, "backtest") == 1
    assert _count_and_sum(recorder, metrics.JOB_QUEUE_WAIT, "backtest") == (1, 0.25)


def test_a_clock_that_went_back_is_no_wait(recorder):
    """A negative wait or duration is recorded as 0."""
    jobs = JobTelemetry(recorder)
    jobs.queued("convert")
    jobs.dequeued("convert", -0.1)
    jobs.finished("convert", "ok", -0.1)
    assert _count_and_sum(recorder, metrics.JOB_QUEUE_WAIT, "convert") == (1, 0)
    assert _count_and_sum(recorder, metrics.JOB_DURATION, "convert", "ok") == (1, 0)


def test_a_finished_job_has_status_seconds_and_exemplar(recorder):
    """The exemplar stands on the bucket of the duration."""
    exemplar = {"trace_id": "a" * 32, "span_id": "b" * 16}
    JobTelemetry(recorder).finished("sweep", "killed", 3.0, exemplar)
    child = recorder.histogram(metrics.JOB_DURATION, "sweep", "killed")
    assert _count_and_sum(recorder, metrics.JOB_DURATION, "sweep", "killed") == (1, 3.0)
    assert [kept.labels for kept in child.exemplars.values()] == [exemplar]


def test_worker_restarts_are_counted_by_reason(recorder):
    """Each replacement counts once under its reason."""
    JobTelemetry(recorder).worker_restarted("memory")
    assert _value(recorder, metrics.JOB_WORKER_RESTARTS, "memory") == 1


def test_hits_count_the_seconds_they_saved(recorder):
    """Saved is the entry's load time less the hit's own."""
    cache = CacheTelemetry(recorder, "ticks")
    cache.hit(load_seconds=2.0, get_seconds=0.5)
    cache.hit(load_seconds=0.25, get_seconds=0.5)
    cache.hit()
    assert _value(recorder, metrics.CACHE_REQUESTS, "ticks", "memory", "hit") == 3
    assert _value(recorder, metrics.CACHE_SECONDS_SAVED, "ticks") == 1.5
    assert _count_and_sum(recorder, metrics.CACHE_OPERATION_DURATION, "ticks", "memory", "get") == (
        2,
        1.0,
    )


def test_misses_errors_evictions_and_entries(recorder):
    """Each report moves its own family."""
    cache = CacheTelemetry(recorder, "results", "redis")
    cache.miss()
    cache.error()
    cache.evicted(4)
    cache.entries(7)
    cache.loaded(1.0)
    cache.stored(0.5)
    labels = ("results", "redis")
    assert _value(recorder, metrics.CACHE_REQUESTS, *labels, "miss") == 1
    assert _value(recorder, metrics.CACHE_REQUESTS, *labels, "error") == 1
    assert _value(recorder, metrics.CACHE_EVICTIONS, *labels) == 4
    assert _value(recorder, metrics.CACHE_ENTRIES, *labels) == 7
    duration = metrics.CACHE_OPERATION_DURATION
    assert _count_and_sum(recorder, duration, *labels, "load") == (1, 1.0)
    assert _count_and_sum(recorder, duration, *labels, "set") == (1, 0.5)


def test_a_cache_without_a_name_in_the_list_is_refused(recorder):
    """The label `cache` is a closed set."""
    with pytest.raises(ValueError, match="cookies"):
        CacheTelemetry(recorder, "cookies")


def test_the_null_twins_take_everything():
    """Without telemetry each report is a no-op."""
    jobs, cache = JobTelemetry(NULL_RECORDER), CacheTelemetry(NULL_RECORDER, "ticks")
    jobs.queued("backtest")
    jobs.dequeued("backtest", 1.0)
    cache.hit(1.0, 0.1)
    cache.evicted()
