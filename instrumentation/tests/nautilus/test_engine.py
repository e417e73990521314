"""Runs of bare engines: spans and metrics, each exactly once."""

from __future__ import annotations

import gc
import sys
import threading

import pytest

from nautilus_instrumentation import attributes, metrics


def parents(telemetry):
    """Name of each span with the name of its parent."""
    by_id = {span.context.span_id: span.name for span in telemetry.spans()}
    return sorted(
        (span.name, by_id.get(span.parent.span_id) if span.parent else None)
        for span in telemetry.spans()
    )


def test_a_one_shot_run_is_one_trace(telemetry, host):
    """Loading, running, ending and disposing a bare engine make one trace."""
    quotes = host.quotes()
    telemetry.exporter.clear()
    engine = host.engine(quotes, host.Buyer())
    engine.run()
    engine.dispose()

    assert parents(telemetry) == [
        ("backtest run", None),
        ("engine dispose", "backtest run"),
        ("engine end", "engine run"),
        ("engine load", "backtest run"),
        ("engine run", "backtest run"),
    ]
    assert len({span.context.trace_id for span in telemetry.spans()}) == 1


def test_a_one_shot_run_is_counted_once(telemetry, host):
    """Runs, duration, stages, data points, orders and events grow by one run's worth."""
    engine = host.engine(host.quotes(1000, 3600), host.Buyer())
    engine.run()

    assert telemetry.value(metrics.BACKTEST_RUNS, "Buyer", "ok") == 1
    assert telemetry.total(metrics.BACKTEST_RUNS) == 1
    assert telemetry.value(metrics.BACKTEST_DURATION, "Buyer", "1h") == 1
    for stage in ("load", "run"):
        assert telemetry.value(metrics.BACKTEST_STAGE_DURATION, stage) == 1
    assert telemetry.total(metrics.BACKTEST_STAGE_DURATION) == 2
    assert telemetry.value(metrics.ENGINE_DATA_POINTS, "Buyer", "1h") == 1000
    assert telemetry.value(metrics.ENGINE_ORDERS, "Buyer") == 1
    assert telemetry.value(metrics.ENGINE_EVENTS, "Buyer") == engine.kernel.exec_engine.event_count
    assert telemetry.value(metrics.ENGINE_PEAK_MEMORY, "1h") == 1
    assert telemetry.value(metrics.ENGINE_GC_PAUSE, "1h") == 1
    assert telemetry.value(metrics.BACKTEST_IN_PROGRESS) == 0


def test_the_run_span_carries_what_the_run_page_shows(telemetry, host):
    """The span `backtest run` of a bare engine has the facts of the run as attributes."""
    host.engine(host.quotes(1000, 3600), host.Buyer()).run()

    (span,) = telemetry.spans(attributes.BACKTEST_RUN)
    found = dict(span.attributes)
    assert found[attributes.STRATEGY] == "Buyer"
    assert found[attributes.WINDOW] == "1h"
    assert found[attributes.KIND] == "quote"
    assert found[attributes.INSTRUMENT_ID] == "EUR/USD.SIM"
    assert found[attributes.WINDOW_START] == "2024-01-02T00:00:00+00:00"
    assert found[attributes.STATUS] == "ok"
    assert found[attributes.SLOT] == 3
    assert found[attributes.DATA_POINTS] == 1000
    assert found[attributes.ORDERS] == 1
    assert found[attributes.POSITIONS] == 1
    assert found[attributes.PEAK_MEMORY] > 1e7
    assert found[attributes.LAST_STAGE] == "run"
    assert found[attributes.stage_seconds("run")] > 0


def test_a_streaming_run_is_counted_once(telemetry, host):
    """Chunks of a streaming run are one run, from the first chunk to `end()`."""
    quotes = host.quotes(1000, 3600)
    telemetry.exporter.clear()
    engine = host.engine(strategy=host.Buyer())
    for first in range(0, 1000, 250):
        engine.add_data(quotes[first : first + 250])
        engine.run(streaming=True)
        engine.clear_data()
    assert telemetry.total(metrics.BACKTEST_RUNS) == 0
    engine.end()

    assert telemetry.value(metrics.BACKTEST_RUNS, "Buyer", "ok") == 1
    assert telemetry.total(metrics.BACKTEST_DURATION) == 1
    assert telemetry.total(metrics.ENGINE_DATA_POINTS) == 1000
    assert telemetry.value(metrics.BACKTEST_STAGE_DURATION, "load") == 1
    assert telemetry.names() == [
        "backtest run", "engine end", *["engine load"] * 4, *["engine run"] * 4,
    ]  # fmt: skip
    assert len({span.context.trace_id for span in telemetry.spans()}) == 1


def test_orders_that_come_with_the_end_of_a_stream_are_counted(telemetry, host):
    """Orders that a strategy submits on stop, in `end()`, are part of the run's counters."""

    class Closer(host.Buyer):
        def on_stop(self):
            self.close_all_positions(host.instrument.id)

    engine = host.engine(host.quotes(100), Closer())
    engine.run(streaming=True)
    engine.end()

    assert telemetry.value(metrics.ENGINE_ORDERS, "Closer") == 2


def test_spans_of_many_chunks_are_summed_up(telemetry, host):
    """Beyond ten spans of a name, the calls share one span with their sums."""
    quotes = host.quotes(400)
    telemetry.exporter.clear()
    engine = host.engine(strategy=host.Buyer())
    for first in range(0, 400, 10):
        engine.add_data(quotes[first : first + 10])
        engine.run(streaming=True)
        engine.clear_data()
    engine.end()

    runs = telemetry.spans(attributes.ENGINE_RUN)
    assert len(runs) == 11
    rest = dict(runs[-1].attributes)
    assert rest[attributes.CALLS] == 30
    assert rest[attributes.DATA_POINTS] == 300
    assert rest[attributes.BUSY_SECONDS] > 0
    assert telemetry.spans(attributes.ENGINE_LOAD)[-1].attributes[attributes.ROWS] == 300


def test_a_failing_strategy_reaches_the_host_unchanged(telemetry, host):
    """The strategy's exception comes out as the same object and the run counts as an error."""
    error = ArithmeticError("mine")

    class Failing(host.Buyer):
        def on_quote_tick(self, tick):
            raise error

    engine = host.engine(host.quotes(), Failing())
    with pytest.raises(ArithmeticError) as caught:
        engine.run()

    assert caught.value is error
    assert telemetry.value(metrics.BACKTEST_RUNS, "Failing", "error") == 1
    assert telemetry.total(metrics.BACKTEST_RUNS) == 1
    (span,) = telemetry.spans(attributes.BACKTEST_RUN)
    assert not span.status.is_ok
    assert [event.name for event in span.events] == ["exception"]
    assert telemetry.value(metrics.BACKTEST_IN_PROGRESS) == 0


def test_what_came_before_a_failure_is_counted(telemetry, host):
    """A run that fails half way has counted its data points and orders."""
    engine = host.engine(host.quotes(), host.Buyer(host.BuyerConfig(fail_at=500)))
    with pytest.raises(ArithmeticError):
        engine.run()

    assert telemetry.total(metrics.ENGINE_DATA_POINTS) == engine.iteration == 499
    assert telemetry.value(metrics.ENGINE_ORDERS, "Buyer") == 1


def test_a_reset_engine_counts_its_next_run_anew(telemetry, host):
    """Two runs with a reset between are two runs with their own data points."""
    engine = host.engine(host.quotes(1000, 3600), host.Buyer())
    engine.run()
    engine.reset()
    engine.run()

    assert telemetry.value(metrics.BACKTEST_RUNS, "Buyer", "ok") == 2
    assert telemetry.total(metrics.ENGINE_DATA_POINTS) == 2000
    assert telemetry.value(metrics.ENGINE_ORDERS, "Buyer") == 2
    assert telemetry.value(metrics.ENGINE_RESETS, "Buyer") == 1
    assert len(telemetry.spans(attributes.ENGINE_RESET)) == 1
    assert len(telemetry.spans(attributes.BACKTEST_RUN)) == 2


def test_every_run_of_a_reset_engine_is_in_the_window_of_its_data(telemetry, host):
    """Data stay in the engine over resets, so that each run has their window and attributes."""
    engine = host.engine(host.quotes(1000, 86400), host.Buyer())
    for _ in range(3):
        engine.run()
        engine.reset()

    assert telemetry.value(metrics.BACKTEST_DURATION, "Buyer", "1d") == 3
    assert telemetry.value(metrics.ENGINE_DATA_POINTS, "Buyer", "1d") == 3000
    assert telemetry.total(metrics.BACKTEST_DURATION) == 3
    spans = telemetry.spans(attributes.BACKTEST_RUN)
    assert len(spans) == 3
    for span in spans:
        assert span.attributes[attributes.WINDOW] == "1d"
        assert span.attributes[attributes.INSTRUMENT_ID] == "EUR/USD.SIM"
        assert span.attributes[attributes.WINDOW_START] == "2024-01-02T00:00:00+00:00"
        assert span.attributes[attributes.WINDOW_END] == "2024-01-03T00:00:00+00:00"


def test_cleared_data_are_not_in_the_window_of_the_next_run(telemetry, host):
    """After `clear_data()` only what is added anew makes the window."""
    engine = host.engine(host.quotes(1000, 86400), host.Buyer())
    engine.run()
    engine.reset()
    engine.clear_data()
    engine.add_data(host.quotes(100, 3600))
    engine.run()

    assert telemetry.value(metrics.BACKTEST_DURATION, "Buyer", "1d") == 1
    assert telemetry.value(metrics.BACKTEST_DURATION, "Buyer", "1h") == 1


def test_data_cleared_before_the_first_run_are_not_in_its_window(telemetry, host):
    """What was loaded and thrown away again is no part of the run."""
    engine = host.engine(host.quotes(1000, 86400), host.Buyer())
    engine.clear_data()
    engine.add_data(host.quotes(100, 3600))
    engine.run()

    assert telemetry.value(metrics.BACKTEST_DURATION, "Buyer", "1h") == 1


def test_clearing_between_chunks_does_not_shrink_the_window(telemetry, host):
    """A streaming run has the window of all its chunks, though each is cleared after its turn."""
    quotes = host.quotes(1000, 86400)
    engine = host.engine(strategy=host.Buyer())
    for first in range(0, 1000, 10):  # each about a quarter of an hour
        engine.add_data(quotes[first : first + 10])
        engine.run(streaming=True)
        engine.clear_data()
    engine.end()

    assert telemetry.value(metrics.BACKTEST_DURATION, "Buyer", "1d") == 1


def test_data_loaded_before_instrumenting_make_the_window(uninstalled, host):
    """An engine that was filled while nobody watched is asked for its data."""
    engine = host.engine(host.quotes(1000, 86400), host.Buyer())
    uninstalled.patches.install()
    engine.run()

    assert uninstalled.value(metrics.BACKTEST_DURATION, "Buyer", "1d") == 1


def test_a_run_of_unknown_length_is_not_among_the_shortest(telemetry, host):
    """Without any data to go by, a run is not held to the time of five minutes."""
    engine = host.engine(strategy=host.Buyer())
    engine.run(start=host.start)

    assert telemetry.value(metrics.BACKTEST_DURATION, "Buyer", "5m") == 0
    assert telemetry.value(metrics.BACKTEST_DURATION, "Buyer", "longer") == 1


def test_an_engine_that_was_reset_unseen_counts_from_zero(telemetry, host):
    """A reset while the wrappers were off does not swallow the data points of the next run."""
    engine = host.engine(host.quotes(1000), host.Buyer())
    engine.run()
    telemetry.patches.enabled = False
    engine.reset()
    telemetry.patches.enabled = True
    engine.run(end=host.start.value + 1800 * 10**9)

    assert telemetry.total(metrics.ENGINE_DATA_POINTS) == 1000 + engine.iteration


def test_a_stream_that_is_never_ended_closes_with_reset(telemetry, host):
    """`reset()` ends an open streaming run, which then counts once."""
    engine = host.engine(host.quotes(), host.Buyer())
    engine.run(streaming=True)
    engine.reset()

    assert telemetry.value(metrics.BACKTEST_RUNS, "Buyer", "ok") == 1
    assert telemetry.total(metrics.ENGINE_DATA_POINTS) == 1000
    assert telemetry.total(metrics.ENGINE_RESETS) == 1


def test_a_stream_that_is_never_ended_closes_with_dispose(telemetry, host):
    """`dispose()` closes an open streaming run with the facts it would clear."""
    engine = host.engine(host.quotes(), host.Buyer())
    engine.run(streaming=True)
    engine.dispose()

    assert telemetry.value(metrics.BACKTEST_RUNS, "Buyer", "ok") == 1
    assert telemetry.value(metrics.ENGINE_ORDERS, "Buyer") == 1


def test_an_engine_that_never_ran_is_not_a_run(telemetry, host):
    """Loading and disposing without a run counts no run."""
    engine = host.engine(host.quotes(), host.Buyer())
    engine.dispose()

    assert telemetry.total(metrics.BACKTEST_RUNS) == 0
    assert telemetry.value(metrics.BACKTEST_IN_PROGRESS) == 0


@pytest.mark.parametrize(("strategies", "label"), [(0, "none"), (2, "multiple")])
def test_the_label_says_how_many_strategies(telemetry, host, strategies, label):
    """Engines without strategies are `none`, with several `multiple`."""
    engine = host.engine(host.quotes())
    for tag in range(strategies):
        engine.add_strategy(host.Buyer(host.BuyerConfig(order_id_tag=f"{tag:03}")))
    engine.run()

    assert telemetry.value(metrics.BACKTEST_RUNS, label, "ok") == 1


def test_the_requested_window_wins_over_the_data(telemetry, host):
    """`run(start, end)` decides the label, not the hour of data that is loaded."""
    engine = host.engine(host.quotes(1000, 3600), host.Buyer())
    engine.run(start=host.start, end=host.start.value + 300_000_000_000)

    assert telemetry.value(metrics.BACKTEST_DURATION, "Buyer", "5m") == 1


def test_sorting_is_a_stage(telemetry, host):
    """`sort_data` makes its span and stage."""
    engine = host.engine(strategy=host.Buyer())
    engine.sort_data()  # with data, 1.221 raises: ticks have no order
    engine.add_data(host.quotes())
    engine.run()

    assert telemetry.value(metrics.BACKTEST_STAGE_DURATION, "sort") == 1
    assert len(telemetry.spans(attributes.ENGINE_SORT)) == 1


def test_data_points_move_during_a_run(telemetry, host, wait_until):
    """The ticker publishes data points, progress and its time while the engine works."""
    seen = {}

    def hook(ticks):
        if ticks == 500:
            wait_until(lambda: telemetry.total(metrics.ENGINE_DATA_POINTS) >= 400)
            seen["progress"] = telemetry.value(metrics.BACKTEST_LAST_PROGRESS, "3")
            seen["in_progress"] = telemetry.value(metrics.BACKTEST_IN_PROGRESS)

    strategy = host.Buyer()
    strategy.hook = hook
    host.engine(host.quotes(), strategy).run()

    assert seen["progress"] > 1.7e9
    assert seen["in_progress"] == 1
    assert telemetry.value(metrics.BACKTEST_LAST_PROGRESS, "3") == 0
    assert telemetry.total(metrics.ENGINE_DATA_POINTS) == 1000


def test_progress_events_say_iteration_and_simulated_time(telemetry, host):
    """The span `engine run` ends with a progress event at the end of the data."""
    host.engine(host.quotes(1000, 3600), host.Buyer()).run()

    (span,) = telemetry.spans(attributes.ENGINE_RUN)
    last = span.events[-1]
    assert last.name == attributes.PROGRESS_EVENT
    assert last.attributes[attributes.ITERATION] == 1000
    assert last.attributes[attributes.SIMULATED_TIME] == "2024-01-02T01:00:00+00:00"


def test_two_engines_in_threads_do_not_mix(telemetry, host):
    """Runs in two threads have their own traces and counters."""
    one, two = host.Buyer(), type("Other", (host.Buyer,), {})()
    engines = [host.engine(host.quotes(1000), one), host.engine(host.quotes(300), two)]
    threads = [threading.Thread(target=engine.run) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    roots = telemetry.spans(attributes.BACKTEST_RUN)
    points = {span.attributes[attributes.STRATEGY]: span for span in roots}
    assert points["Buyer"].attributes[attributes.DATA_POINTS] == 1000
    assert points["Other"].attributes[attributes.DATA_POINTS] == 300
    assert points["Buyer"].context.trace_id != points["Other"].context.trace_id
    for name in ("Buyer", "Other"):
        assert telemetry.value(metrics.BACKTEST_RUNS, name, "ok") == 1


def test_results_are_those_of_a_plain_engine(telemetry, host):
    """An instrumented run gives the results of a plain one."""
    quotes = host.quotes()

    def result():
        engine = host.engine(quotes, host.Buyer())
        engine.run()
        found = engine.get_result()
        engine.dispose()
        return found.iterations, found.total_events, found.total_orders, found.stats_pnls

    instrumented = result()
    telemetry.patches.undo()
    assert result() == instrumented


def test_nothing_holds_a_disposed_engine(telemetry, host):
    """After dispose an engine has as many references as a plain one."""

    def references():
        engine = host.engine(host.quotes(), host.Buyer())
        engine.run()
        engine.dispose()
        gc.collect()
        return sys.getrefcount(engine), sys.getrefcount(engine.kernel)

    instrumented = references()
    telemetry.patches.undo()
    assert references() == instrumented


def test_a_disposed_engine_is_forgotten(telemetry, host):
    """Dispose drops what is known of the engine, although 1.221 never frees its kernel."""
    engine = host.engine(host.quotes(), host.Buyer())
    engine.run()
    known = len(telemetry.backtests.engines)
    engine.dispose()

    assert len(telemetry.backtests.engines) == known - 1


def test_a_stopped_session_leaves_a_running_engine_alone(telemetry, host):
    """Undoing the wrappers in the middle of a run does not disturb it."""
    strategy = host.Buyer()
    strategy.hook = lambda ticks: telemetry.patches.undo() if ticks == 500 else None
    engine = host.engine(host.quotes(), strategy)
    engine.run()

    assert engine.get_result().iterations == 1000
