"""Children of metrics."""

from __future__ import annotations

import timeit
from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_instrumentation import metrics
from nautilus_instrumentation.recorder import NULL_COUNTER, NULL_RECORDER, Recorder
from nautilus_instrumentation.testing import Recording

STAGE = metrics.BACKTEST_STAGE_DURATION
ENDLESS = (float("nan"), float("inf"))


def test_a_child_is_bound_once() -> None:
    """Asking again gives the same child."""
    recorder = Recording().recorder
    assert recorder.counter(metrics.ENGINE_ORDERS, "x") is recorder.counter(
        metrics.ENGINE_ORDERS, "x"
    )


def test_a_counter_adds_up() -> None:
    """Increments of one and of more."""
    recording = Recording()
    child = recording.recorder.counter(metrics.ENGINE_ORDERS, "x")
    child.inc()
    child.inc(2.5)
    assert recording.value(metrics.ENGINE_ORDERS, "x") == 3.5


def test_a_gauge_moves_both_ways() -> None:
    """Set, up and down."""
    recording = Recording()
    gauge = recording.recorder.gauge(metrics.JOB_QUEUE_DEPTH, "convert")
    gauge.set(5)
    gauge.inc()
    gauge.dec(2)
    assert recording.value(metrics.JOB_QUEUE_DEPTH, "convert") == 4


@given(st.lists(st.floats(0, 1e9), max_size=30))
def test_each_observation_counts_in_the_first_bucket_that_holds_it(values: list[float]) -> None:
    """A value on a bound belongs to that bound; the sum is the sum."""
    recording = Recording()
    child = recording.recorder.histogram(STAGE, "run")
    expected = [0.0] * (len(STAGE.buckets) + 1)
    for value in [*values, *STAGE.buckets]:
        child.observe(value)
        expected[bisect_left(STAGE.buckets, value)] += 1
    assert child.values()[:-1] == expected
    assert recording.total(STAGE, "run") == pytest.approx(sum(values) + sum(STAGE.buckets))


@pytest.mark.parametrize("bad", [-1.0, *ENDLESS, "1", None])
def test_what_would_spoil_a_counter_or_histogram_is_refused(bad: float) -> None:
    """One bad value may not poison a sum for ever; it is counted as a telemetry error."""
    recording = Recording(strict=False)
    counter = recording.recorder.counter(metrics.ENGINE_ORDERS, "x")
    histogram = recording.recorder.histogram(STAGE, "run")
    counter.inc(bad)
    histogram.observe(bad)
    assert recording.value(metrics.ENGINE_ORDERS, "x") == 0
    assert set(histogram.values()) == {0.0}
    assert recording.value(metrics.TELEMETRY_ERRORS, "recorder") == 2


def test_a_gauge_refuses_nan() -> None:
    """A sum over processes with one NaN in it would be NaN."""
    recording = Recording(strict=False)
    recording.recorder.gauge(metrics.JOB_QUEUE_DEPTH, "convert").set(float("nan"))
    assert recording.value(metrics.JOB_QUEUE_DEPTH, "convert") == 0


def test_merge_adds_what_was_counted_elsewhere() -> None:
    """Counts by bucket and their sum."""
    recording = Recording()
    child = recording.recorder.histogram(STAGE, "run")
    child.observe(0.0005)
    counts = [1.0] * (len(STAGE.buckets) + 1)
    child.merge(counts, 10.0)
    assert child.values() == [2.0, *counts[1:], 10.0005]


def test_a_closed_label_refuses_other_values() -> None:
    """Strict raises; else the error is counted and nothing is recorded."""
    with pytest.raises(ValueError, match="status"):
        Recording().recorder.counter(metrics.BACKTEST_RUNS, "x", "exploded")
    recording = Recording(strict=False)
    child = recording.recorder.counter(metrics.BACKTEST_RUNS, "x", "exploded")
    child.inc()
    assert child is NULL_COUNTER
    assert recording.value(metrics.TELEMETRY_ERRORS, "recorder") == 1


@pytest.mark.parametrize("labels", [(), ("x",), ("x", "ok", "more")])
def test_a_wrong_number_of_values_is_refused(labels: tuple[str, ...]) -> None:
    """The error names the metric."""
    with pytest.raises(ValueError, match=metrics.BACKTEST_RUNS.name):
        Recording().recorder.counter(metrics.BACKTEST_RUNS, *labels)


def test_a_spec_of_another_kind_is_refused() -> None:
    """A histogram is not a counter."""
    with pytest.raises(TypeError, match="histogram"):
        Recording().recorder.counter(STAGE, "run")


def test_values_beyond_the_cap_become_other_and_are_counted() -> None:
    """Users' names cannot fill the database."""
    recording = Recording(caps={"strategy": 2})
    for name in ("a", "b", "c", "d", "a"):
        recording.recorder.counter(metrics.ENGINE_ORDERS, name).inc()
    values = [recording.value(metrics.ENGINE_ORDERS, name) for name in ("a", "b", "c", "other")]
    assert values == [2, 1, 0, 2]
    assert recording.value(metrics.TELEMETRY_SERIES_LIMITED, metrics.ENGINE_ORDERS.name) == 2


def test_a_cap_is_shared_by_the_families_of_a_label() -> None:
    """The strategies of one family are those of all, so that they can be joined."""
    recording = Recording(caps={"strategy": 1})
    recording.recorder.counter(metrics.ENGINE_ORDERS, "a").inc()
    recording.recorder.counter(metrics.ENGINE_EVENTS, "b").inc()
    assert recording.value(metrics.ENGINE_EVENTS, "other") == 1


def test_one_exemplar_a_second_is_kept_for_each_bucket() -> None:
    """The first of a burst stays; another bucket has its own."""
    recording = Recording()
    child = recording.recorder.histogram(STAGE, "run")
    child.observe(0.2, {"trace_id": "a"})
    child.observe(0.21, {"trace_id": "b"})
    child.observe(50, {"trace_id": "c"})
    kept = [(one.labels["trace_id"], one.value) for one in recording.exemplars(STAGE, "run")]
    assert kept == [("a", 0.2), ("c", 50)]


@pytest.mark.parametrize("exemplar", [{"run_id": "x" * 123}, {"bad name": "x"}, {"é": "x"}])
def test_an_exemplar_that_openmetrics_forbids_is_dropped(exemplar: dict[str, str]) -> None:
    """The observation itself counts."""
    recording = Recording(strict=False)
    recording.recorder.histogram(STAGE, "run").observe(1, exemplar)
    assert recording.value(STAGE, "run") == 1
    assert recording.exemplars(STAGE, "run") == []
    assert recording.value(metrics.TELEMETRY_ERRORS, "recorder") == 1


def test_the_no_op_twin_keeps_nothing() -> None:
    """Its children are shared and stay at zero."""
    for spec in metrics.ALL:
        labels = ("anything",) * len(spec.labels)
        child = getattr(NULL_RECORDER, spec.kind)(spec, *labels)
        for method in ("inc", "dec", "set", "observe"):
            if hasattr(child, method):
                getattr(child, method)(1.0)
        assert set(child.values()) == {0.0}
    assert not NULL_RECORDER.enabled


def test_the_no_op_twin_costs_what_an_empty_method_costs() -> None:
    """Switched off, an increment is one call that does nothing."""

    class Empty:
        def inc(self, amount: float = 1.0, exemplar: None = None) -> None:
            return None

    def best(fn: object) -> float:
        return min(timeit.repeat(fn, number=2000, repeat=40))  # type: ignore[arg-type]

    assert best(NULL_COUNTER.inc) < 3 * best(Empty().inc)


def test_a_recorder_is_a_recorder_when_it_is_off() -> None:
    """Callers need not ask."""
    assert isinstance(NULL_RECORDER, Recorder)
