"""Failed and slow runs are sent, with exemplars, whatever the head decided."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from nautilus_instrumentation import attributes, instrument, metrics
from nautilus_instrumentation.nautilus.runs import RunScope

PARENT = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"}


@pytest.fixture
def exporter():
    return InMemorySpanExporter()


@pytest.fixture
def session(exporter, monkeypatch):
    """A worker whose head turns every trace down."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0")
    session = instrument(span_exporter=exporter, strict=True, nautilus=False, gc=False)
    yield session
    session.close()


@pytest.fixture
def slow(monkeypatch):
    """Any run of five minutes takes too long."""
    monkeypatch.setitem(metrics.RUN_OBJECTIVES, "5m", 0.0)


def run(session, window: str = "5m", error: Exception | None = None) -> None:
    """A run with one stage that has a span."""
    with session.backtests.run(strategy="s", window=window, run_id="r1") as scope:
        with scope.stage("build"):
            pass
        if error is not None:
            scope.finish("error", error)


def exemplar(session, window: str = "5m"):
    """Labels of the exemplar of the run's duration; None when it has none."""
    child = session.recorder.histogram(metrics.BACKTEST_DURATION, "s", window)
    found = list(child.exemplars.values())
    return found[0].labels if found else None


def names(exporter) -> list[str]:
    return [span.name for span in exporter.get_finished_spans()]


def test_a_good_run_leaves_no_trace(session, exporter):
    """And no exemplar that would lead nowhere."""
    run(session)
    assert (names(exporter), exemplar(session)) == ([], None)


def test_a_slow_run_is_kept(session, exporter, slow):
    """Whole, with an exemplar; runs over other windows have other objectives."""
    run(session)
    run(session, "1h")
    run(session, "longer")
    assert names(exporter) == [attributes.ENGINE_BUILD, attributes.BACKTEST_RUN]
    trace_id = exporter.get_finished_spans()[1].context.trace_id
    assert exemplar(session)["trace_id"] == f"{trace_id:032x}"
    assert exemplar(session, "1h") is None


def test_a_failed_run_is_kept(session, exporter):
    """Also where the host has swallowed the exception."""
    run(session, error=ValueError("x"))
    assert names(exporter) == [attributes.ENGINE_BUILD, attributes.BACKTEST_RUN]
    assert exemplar(session)["run_id"] == "r1"


def test_a_worker_s_part_is_kept_with_its_run(session, exporter, slow):
    """The span of the run is another process's: its exemplar leads there, its parts are sent."""
    with session.tracing.attached(PARENT):
        with session.tracing.span("earlier"):
            pass
        run(session)
        assert session.tracing.kept()
    assert names(exporter) == ["earlier", attributes.ENGINE_BUILD]
    assert exemplar(session)["span_id"] == "b7ad6b7169203331"


def test_a_run_that_ends_elsewhere_is_kept_where_it_began(session):
    """The trace is that of the run, not of whoever happens to close it."""
    with session.tracing.attached(PARENT):
        scope = RunScope(session.backtests, strategy="s", window="5m", run_id="r1")
        scope.begin()
    with session.tracing.span("someone else's"):
        scope.close(ValueError("x"))
    assert exemplar(session)["span_id"] == "b7ad6b7169203331"


def test_a_worker_forgets_a_good_run(session, exporter):
    """The parent is told the same."""
    with session.tracing.attached(PARENT):
        run(session)
        assert not session.tracing.kept()
    assert names(exporter) == []


@pytest.mark.parametrize(
    ("window", "seconds", "slow"),
    [("5m", 10.0, False), ("5m", 10.1, True), ("1h", 60.1, True), ("1d", 300.1, True),
     ("1d", 299.0, False), ("longer", 1e9, False)],
)  # fmt: skip
def test_the_objectives_are_by_window(window, seconds, slow):
    """5 minutes in 10 s, an hour in 60 s, a day in 300 s."""
    assert metrics.is_slow(window, seconds) == slow


def test_objectives_are_bucket_bounds():
    """What is slow here is slow in the histogram too."""
    assert set(metrics.RUN_OBJECTIVES.values()) <= set(metrics.BACKTEST_DURATION.buckets)
