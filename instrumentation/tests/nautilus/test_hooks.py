"""NautilusTrader as a session installs it."""

from __future__ import annotations

import pytest
from nautilus_trader.backtest.engine import BacktestEngine
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from nautilus_instrumentation import attributes, instrument, metrics, uninstrument


@pytest.fixture
def session():
    """An instrumented process."""
    made = instrument(strict=True, span_exporter=InMemorySpanExporter(), metrics_dir=None)
    yield made
    uninstrument()


def test_uninstrument_leaves_the_class_as_it_was(session):
    """Wrappers are there while the session is, and the original objects afterwards."""
    wrapper = BacktestEngine.__dict__["run"]
    uninstrument()

    assert BacktestEngine.__dict__["run"] is wrapper.__wrapped__


def test_a_disabled_session_wraps_nothing():
    """Switched off, the class is untouched: a call costs what it always cost."""
    original = BacktestEngine.__dict__["run"]
    instrument(enabled=False)

    assert BacktestEngine.__dict__["run"] is original


def test_uninstrument_ends_the_streams_that_are_open(session, host):
    """A streaming run that is open is counted with what it did so far."""
    engine = host.engine(host.quotes(), host.Buyer())
    engine.run(streaming=True)
    uninstrument()
    engine.end()

    assert session.recorder.counter(metrics.BACKTEST_RUNS, "Buyer", "ok").values() == [1]
    assert session.recorder.gauge(metrics.BACKTEST_IN_PROGRESS).values()[0] == 0


def test_runs_are_counted_again_after_instrumenting_again(session, host):
    """A second session counts its own runs."""
    uninstrument()
    exporter = InMemorySpanExporter()
    second = instrument(strict=True, span_exporter=exporter)
    host.engine(host.quotes(), host.Buyer()).run()

    assert second.recorder.counter(metrics.BACKTEST_RUNS, "Buyer", "ok").values() == [1]
    second.flush()
    names = [span.name for span in exporter.get_finished_spans()]
    assert names.count(attributes.BACKTEST_RUN) == 1
