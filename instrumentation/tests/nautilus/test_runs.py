"""The scope of a run: stages, outcome, gauges, and who owns the span."""

from __future__ import annotations

import gc

import pytest

from nautilus_instrumentation import attributes, metrics
from nautilus_instrumentation.nautilus import scope as scopes
from nautilus_instrumentation.nautilus.runs import NULL_BACKTESTS, current_run


def run(telemetry, **kwargs):
    return telemetry.backtests.run(strategy="buyer", window="1h", **kwargs)


def test_an_engine_inside_a_scope_counts_once(telemetry, host):
    """The scope counts the run; engine calls inside it add to its stages and trace."""
    quotes = host.quotes()
    with run(telemetry, run_id="r-1") as scope:
        with scope.stage("build"):
            engine = host.engine(strategy=host.Buyer())
        engine.add_data(quotes)
        engine.run()
        with scope.stage("report"):
            engine.get_result()
        engine.dispose()
        with scope.stage("persist"):
            pass

    assert telemetry.value(metrics.BACKTEST_RUNS, "buyer", "ok") == 1
    assert telemetry.total(metrics.BACKTEST_RUNS) == 1
    assert list(scope.stages) == ["build", "load", "run", "report", "persist"]
    assert telemetry.total(metrics.BACKTEST_STAGE_DURATION) == 5
    assert (scope.data_points, scope.orders, scope.positions) == (1000, 1, 1)
    (root,) = telemetry.spans(attributes.BACKTEST_RUN)
    assert root.attributes[attributes.RUN_ID] == "r-1"
    children = {span.name for span in telemetry.spans() if span.parent is not None}
    assert children == {
        "engine build", "engine load", "engine run", "engine end", "engine report",
        "engine dispose", "result persist",
    }  # fmt: skip


def test_a_run_of_another_process_has_its_span_there(telemetry):
    """Under a remote parent the scope opens no span and leaves the in-progress gauge alone."""
    parent = telemetry.tracing.start("parent")
    with (
        telemetry.tracing.attached(telemetry.tracing.carrier(parent)),
        run(telemetry) as scope,
        scope.stage("build"),
    ):
        assert telemetry.value(metrics.BACKTEST_IN_PROGRESS) == 0

    (build,) = telemetry.spans()
    assert build.name == attributes.ENGINE_BUILD
    assert build.parent.span_id == parent.get_span_context().span_id
    assert scope.attributes()[attributes.stage_seconds("build")] == scope.stages["build"]


def test_exemplars_point_at_the_trace(telemetry):
    """Duration and stages carry trace, span and run id."""
    with run(telemetry, run_id="r-1") as scope, scope.stage("build"):
        pass

    (root,) = telemetry.spans(attributes.BACKTEST_RUN)
    child = telemetry.recorder.histogram(metrics.BACKTEST_DURATION, "buyer", "1h")
    (exemplar,) = child.exemplars.values()
    assert exemplar.labels == {
        "trace_id": f"{root.context.trace_id:032x}",
        "span_id": f"{root.context.span_id:016x}",
        "run_id": "r-1",
    }


def test_an_exception_makes_the_run_an_error(telemetry):
    """What passes through the scope is counted as an error and re-raised as it is."""
    error = RuntimeError("no")
    with pytest.raises(RuntimeError) as caught, run(telemetry):
        raise error

    assert caught.value is error
    assert telemetry.value(metrics.BACKTEST_RUNS, "buyer", "error") == 1


def test_a_host_that_swallows_says_so(telemetry):
    """`finish` sets outcome and exception of a run whose block ends well."""
    with run(telemetry) as scope:
        scope.finish("error", ValueError("swallowed"))

    assert telemetry.value(metrics.BACKTEST_RUNS, "buyer", "error") == 1
    (root,) = telemetry.spans()
    assert root.events[0].attributes["exception.message"] == "swallowed"


def test_a_stage_inside_a_stage_belongs_to_the_outer(telemetry):
    """Time is charged once: to the outermost stage."""
    with run(telemetry) as scope, scope.stage("convert"), scope.stage("report"):
        pass

    assert list(scope.stages) == ["convert"]
    assert scope.last_stage == "convert"


def test_a_stage_that_fails_is_charged(telemetry):
    """The last stage is known although it failed."""
    with pytest.raises(ValueError, match="x"), run(telemetry) as scope, scope.stage("persist"):
        raise ValueError("x")

    assert "persist" in scope.stages
    assert scope.last_stage == "persist"


def test_callbacks_follow_the_run(telemetry, host):
    """Progress and stages are told while the run goes on; a failing callback harms nobody."""
    telemetry.guard.strict = False
    stages, progress = [], []
    with run(telemetry) as scope:
        scope.on_stage(stages.append)
        scope.on_progress(lambda points, now: progress.append((points, now)))
        scope.on_progress(lambda points, now: 1 / 0)
        engine = host.engine(host.quotes(1000, 3600), host.Buyer())
        engine.run()

    assert stages == ["load", "run"]
    assert progress[-1] == (1000, host.start.value + 3600 * 10**9)
    assert telemetry.guard.errors["run.on_progress"] >= 1
    assert telemetry.value(metrics.BACKTEST_RUNS, "buyer", "ok") == 1


def test_tick_publishes_between_chunks(telemetry, host):
    """`tick` brings the counters up to date without waiting for the ticker."""
    telemetry.ticker.stop()
    quotes = host.quotes()
    with run(telemetry) as scope:
        engine = host.engine(quotes[:100], host.Buyer())
        engine.run(streaming=True)
        scope.tick()
        assert telemetry.total(metrics.ENGINE_DATA_POINTS) == 100
        engine.end()


def test_a_slot_without_a_run_shows_zero(telemetry):
    """Last progress is a time while a run is on, and 0 after the last one."""
    with run(telemetry):
        with run(telemetry):
            pass
        assert telemetry.value(metrics.BACKTEST_LAST_PROGRESS, "3") > 1.7e9
    assert telemetry.value(metrics.BACKTEST_LAST_PROGRESS, "3") == 0


def test_a_late_tick_does_not_revive_a_slot(telemetry):
    """A tick that comes after the end of the run leaves the slot at 0."""
    with run(telemetry) as scope:
        pass
    scope.tick()
    telemetry.backtests.progressed()

    assert telemetry.value(metrics.BACKTEST_LAST_PROGRESS, "3") == 0


def test_data_loaded_before_the_scope_makes_no_second_run(telemetry, host):
    """An engine that is loaded bare and run inside a scope counts once."""
    engine = host.engine(host.quotes(), host.Buyer())
    with run(telemetry):
        engine.run()

    assert telemetry.value(metrics.BACKTEST_RUNS, "buyer", "ok") == 1
    assert telemetry.total(metrics.BACKTEST_RUNS) == 1
    assert len(telemetry.spans(attributes.BACKTEST_RUN)) == 2  # loading had a trace of its own
    assert telemetry.value(metrics.BACKTEST_IN_PROGRESS) == 0


def test_closing_ends_the_streams_that_are_open(telemetry, host):
    """When the wrappers go, an open streaming run is counted and no longer in progress."""
    engine = host.engine(host.quotes(), host.Buyer())
    engine.run(streaming=True)
    telemetry.patches.undo()
    telemetry.backtests.close()
    engine.end()

    assert telemetry.value(metrics.BACKTEST_RUNS, "Buyer", "ok") == 1
    assert telemetry.value(metrics.BACKTEST_IN_PROGRESS) == 0


def test_memory_is_measured_at_the_ends(telemetry):
    """Peak and retained memory are bytes of this process."""
    with run(telemetry) as scope:
        ballast = bytearray(50_000_000)
        ballast[::4096] = b"x" * len(ballast[::4096])
        with scope.stage("report"):
            pass
        del ballast

    retained = telemetry.value(metrics.ENGINE_RETAINED_MEMORY, "3")
    assert scope.peak_memory_bytes > retained > 1e7
    assert telemetry.value(metrics.ENGINE_PEAK_MEMORY, "1h") == 1


def test_figures_are_final_after_the_scope(telemetry):
    """A second close counts nothing, and memory taken later is not the run's."""
    with run(telemetry) as scope:
        pass
    peak = scope.peak_memory_bytes
    scope.close()
    ballast = bytearray(80_000_000)
    ballast[::4096] = b"x" * len(ballast[::4096])

    assert scope.peak_memory_bytes == peak
    assert scope.status == "ok"
    assert telemetry.total(metrics.BACKTEST_RUNS) == 1


def test_collections_are_charged_to_the_run(telemetry):
    """Pauses of the collector during the run make up its GC seconds."""
    with run(telemetry) as scope:
        gc.collect()
    charged = scope.gc_seconds
    gc.collect()

    assert scope.gc_seconds == charged > 0


def test_work_for_several_runs_is_charged_in_equal_parts(telemetry, monkeypatch):
    """Stages, duration and collections; memory is that of the process for all."""
    now = [100.0]
    ended = []
    monkeypatch.setattr(scopes.time, "perf_counter", lambda: now[0])
    count = telemetry.backtests.count
    monkeypatch.setattr(
        telemetry.backtests, "count",
        lambda scope, seconds, exemplar: (ended.append(seconds), count(scope, seconds, exemplar)),
    )  # fmt: skip
    with run(telemetry) as first:
        first.charge("run", 24.0)
        gc.collect()
        collecting = first.gc_seconds
        now[0] += 30
        part = first.share(3)
        assert first.stages == {"run": 8.0}
        assert first.gc_seconds == pytest.approx(collecting / 3)
        now[0] += 1
    with run(telemetry) as second:
        second.take(part)
        now[0] += 2
        assert second.stages == {"run": 8.0}
        assert second.gc_seconds > 0.99 * part.gc_seconds > 0
        assert second.peak_memory_bytes >= part.peak_memory_bytes > 0

    assert ended == [first.seconds, second.seconds] == [11.0, 12.0]
    assert telemetry.total(metrics.BACKTEST_RUNS) == 2


def test_the_parent_counts_what_its_worker_could_not(telemetry):
    """Lost runs, the in-progress gauge and throughput come from the parent."""
    telemetry.backtests.started()
    assert telemetry.value(metrics.BACKTEST_IN_PROGRESS) == 1
    telemetry.backtests.lost(strategy="buyer", window="1d", status="killed", seconds=3.0)
    telemetry.backtests.finished()
    telemetry.backtests.throughput("buyer", "1d", 0.9)

    assert telemetry.value(metrics.BACKTEST_RUNS, "buyer", "killed") == 1
    assert telemetry.value(metrics.BACKTEST_DURATION, "buyer", "1d") == 1
    assert telemetry.value(metrics.BACKTEST_IN_PROGRESS) == 0
    assert telemetry.value(metrics.BACKTEST_THROUGHPUT_RATIO, "buyer", "1d") == 0.9


def test_the_null_twin_still_measures():
    """Without telemetry a scope knows its stages, and nothing is published."""
    with NULL_BACKTESTS.run(strategy="s", window="5m") as scope, scope.stage("report"):
        assert current_run() is scope

    assert scope.stages["report"] > 0
    assert scope.peak_memory_bytes > 0
    assert current_run() is None
