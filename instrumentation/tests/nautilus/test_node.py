"""Runs of BacktestNode: one-shot, streaming and failing."""

from __future__ import annotations

import pytest
from nautilus_trader.backtest.node import BacktestNode

from nautilus_instrumentation import attributes, metrics


@pytest.fixture
def path(host, tmp_path):
    """Catalog with an hour of quotes, written before anything is wrapped."""
    host.catalog(tmp_path, host.quotes(1000, 3600))
    return tmp_path


@pytest.fixture
def telemetry(path, uninstalled):
    uninstalled.patches.install()
    return uninstalled


def test_a_one_shot_run_is_one_trace(telemetry, host, path):
    """Building, reading, loading and running a configuration make one trace with one run."""
    host.node(path).run()

    assert telemetry.value(metrics.BACKTEST_RUNS, "Buyer", "ok") == 1
    assert telemetry.total(metrics.BACKTEST_RUNS) == 1
    assert telemetry.total(metrics.ENGINE_DATA_POINTS) == 1000
    assert telemetry.total(metrics.BACKTEST_DURATION) == 1
    for stage in ("build", "query", "load", "run"):
        assert telemetry.value(metrics.BACKTEST_STAGE_DURATION, stage) == 1
    assert len({span.context.trace_id for span in telemetry.spans()}) == 1
    names = telemetry.names()
    for name, count in (
        ("backtest run", 1),
        ("engine build", 1),
        ("catalog instruments", 2),  # once to build the engine, once to load the data
        ("catalog query", 1),
        ("engine load", 1),
        ("engine run", 1),
        ("engine end", 1),
        ("engine dispose", 1),
    ):
        assert names.count(name) == count, name


def test_facts_are_read_before_dispose_clears_them(telemetry, host, path):
    """Orders and positions are right although the node disposes the engine at once."""
    host.node(path).run()

    (span,) = telemetry.spans(attributes.BACKTEST_RUN)
    assert span.attributes[attributes.ORDERS] == 1
    assert span.attributes[attributes.POSITIONS] == 1
    assert telemetry.value(metrics.ENGINE_ORDERS, "Buyer") == 1


def test_a_streaming_run_is_counted_once(telemetry, host, path):
    """A run by chunks is one run, with one streaming read."""
    host.node(path, chunk_size=100).run()

    assert telemetry.value(metrics.BACKTEST_RUNS, "Buyer", "ok") == 1
    assert telemetry.total(metrics.BACKTEST_RUNS) == 1
    assert telemetry.total(metrics.ENGINE_DATA_POINTS) == 1000
    assert telemetry.value(metrics.BACKTEST_DURATION, "Buyer", "1h") == 1
    assert telemetry.value(metrics.CATALOG_QUERY_DURATION, "quote", "stream") == 1
    assert telemetry.value(metrics.CATALOG_QUERY_ROWS, "quote") == 1000
    assert telemetry.value(metrics.CATALOG_ROW_GROUPS, "quote", "read") == 1
    (read,) = telemetry.spans(attributes.CATALOG_QUERY)
    assert read.attributes[attributes.OPERATION] == "stream"
    assert read.attributes[attributes.ROWS] == 1000
    assert len({span.context.trace_id for span in telemetry.spans()}) == 1


def test_the_window_of_a_stream_is_known_from_its_start(telemetry, host, path):
    """Footers tell the span of the stream, so all of its data points have one label."""
    host.node(path, chunk_size=50).run()  # chunks of three minutes

    assert telemetry.value(metrics.ENGINE_DATA_POINTS, "Buyer", "1h") == 1000


def test_reading_between_the_chunks_is_the_stage_query(telemetry, host, path):
    """The stage `query` of a streaming run is what its stream took, reading included."""
    host.node(path, chunk_size=100).run()

    (run,) = telemetry.spans(attributes.BACKTEST_RUN)
    (read,) = telemetry.spans(attributes.CATALOG_QUERY)
    seconds = read.attributes[attributes.BUSY_SECONDS]
    assert seconds > 0
    assert run.attributes[attributes.stage_seconds("query")] >= seconds


@pytest.mark.parametrize("chunk_size", [None, 100])
def test_a_swallowed_failure_is_an_error(telemetry, host, path, chunk_size):
    """The node swallows the exception of the strategy; run, span and gauge show the error."""
    node = host.node(path, fail_at=500, chunk_size=chunk_size)

    assert node.run() == []
    assert telemetry.value(metrics.BACKTEST_RUNS, "Buyer", "error") == 1
    assert telemetry.total(metrics.BACKTEST_RUNS) == 1
    (span,) = telemetry.spans(attributes.BACKTEST_RUN)
    assert not span.status.is_ok
    (event,) = span.events
    assert event.attributes["exception.type"] == "ArithmeticError"
    assert telemetry.value(metrics.BACKTEST_IN_PROGRESS) == 0


@pytest.mark.parametrize("chunk_size", [None, 100])
def test_a_raised_failure_reaches_the_host(telemetry, host, path, chunk_size):
    """With `raise_exception` the strategy's exception comes out, and the run is an error."""
    node = host.node(path, fail_at=500, raise_exception=True, chunk_size=chunk_size)
    with pytest.raises(ArithmeticError, match="the strategy failed"):
        node.run()

    assert telemetry.value(metrics.BACKTEST_RUNS, "Buyer", "error") == 1
    assert telemetry.total(metrics.BACKTEST_RUNS) == 1


def test_an_engine_that_cannot_be_built_is_an_error(telemetry, host, path):
    """A node that raises while it builds leaves one run with the error."""
    node = host.node(path, raise_exception=True, strategy_path="no.such:Strategy")
    with pytest.raises(Exception, match="no"):
        node.run()

    assert telemetry.value(metrics.BACKTEST_RUNS, "none", "error") == 1
    assert telemetry.total(metrics.BACKTEST_RUNS) == 1
    assert telemetry.value(metrics.BACKTEST_IN_PROGRESS) == 0


def test_each_configuration_is_a_run_of_its_own(telemetry, host, path):
    """Two configurations of one node are two runs in two traces."""
    one, two = (host.node(path, end=host.start.value + n * 10**9).configs[0] for n in (300, 600))
    BacktestNode([one, two]).run()

    assert telemetry.value(metrics.BACKTEST_RUNS, "Buyer", "ok") == 2
    roots = telemetry.spans(attributes.BACKTEST_RUN)
    assert len({span.context.trace_id for span in roots}) == 2
    assert {span.name for span in telemetry.spans() if span.parent is None} == {"backtest run"}


def test_the_window_comes_from_the_configuration(telemetry, host, path):
    """Start and end of the run decide the label, not the hour of data in the catalog."""
    host.node(path, start=host.start.value, end=host.start.value + 300 * 10**9).run()

    assert telemetry.value(metrics.BACKTEST_DURATION, "Buyer", "5m") == 1


def test_a_failure_inside_a_scope_marks_the_scope(telemetry, host, path):
    """A scope around a node that swallows the failure counts one error."""
    with telemetry.backtests.run(strategy="buyer", window="1h") as scope:
        host.node(path, fail_at=500).run()

    assert scope.status == "error"
    assert telemetry.value(metrics.BACKTEST_RUNS, "buyer", "error") == 1
    assert telemetry.total(metrics.BACKTEST_RUNS) == 1


def test_instruments_are_asked_for_the_kind_of_the_data(telemetry, host, path):
    """Instruments have no kind of their own: they count for the ticks they are needed for."""
    host.node(path).run()

    assert telemetry.value(metrics.CATALOG_QUERY_DURATION, "quote", "instruments") == 2


def test_loading_by_hand_asks_instruments_for_the_kind_of_its_data(telemetry, host, path):
    """`load_data_config` outside a run counts its calls for the configured kind, too."""
    (config,) = host.node(path).configs[0].data
    assert len(BacktestNode.load_data_config(config).data) == 1000

    assert telemetry.value(metrics.CATALOG_QUERY_DURATION, "quote", "instruments") == 1
    assert telemetry.value(metrics.CATALOG_QUERY_DURATION, "quote", "query") == 1
