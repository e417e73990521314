"""Sweeps through the real service: workers, results, traces, metrics, cancel, restart."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from nautilus_instrumentation import attributes, metrics
from tests.gone import all_gone
from tests.integration.service_process import Service, TraceReceiver, until

GRID = {"fast_ema_period": [5, 10, 20], "slow_ema_period": [50, 100]}
LONG = {"grid": {"half_spread_bps": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]}}


@pytest.fixture(scope="module")
def service(start_service: Callable[..., Service], traces: TraceReceiver) -> Service:
    """A service with its day converted, that sends its spans."""
    service = start_service(
        OTEL_TRACES_EXPORTER="otlp", OTEL_EXPORTER_OTLP_ENDPOINT=traces.url
    ).until_ready()
    converted(service)
    return service


def converted(service: Service) -> None:
    accepted = service.run(hours=0.1)
    assert service.ended(accepted["job_id"])["status"] == "ok"


def start(service: Service, hours: float = 1, **fields: Any) -> dict[str, Any]:
    body = service.request("ema_cross", hours, interval="tick") | {"grid": GRID} | fields
    answer = service.http.post("/backtest/sweep", json=body)
    assert answer.status_code == 202, answer.text
    return answer.json()


def start_long(service: Service) -> dict[str, Any]:
    """A sweep whose runs take minutes each."""
    params = {"requote_ticks": 1, "min_quote_life": 0}
    return start(service, 23, strategy="market_maker", params=params, **LONG)


def look(service: Service, sweep: dict[str, Any]) -> dict[str, Any]:
    answer = service.http.get(f"/backtest/sweeps/{sweep['sweep_id']}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def over(service: Service, sweep: dict[str, Any]) -> dict[str, Any]:
    """The sweep when it and all its runs have ended."""

    def ended() -> dict[str, Any] | None:
        found = look(service, sweep)
        left = {"queued", "running"} & set(found["counts"])
        return found if found["status"] != "running" and not left else None

    return until(ended)


def begun(service: Service, sweep: dict[str, Any]) -> list[dict[str, Any]]:
    """Runs that workers have in their hands."""
    jobs = [service.job(run["job_id"]) for run in look(service, sweep)["runs"]]
    return [job for job in jobs if job["status"] == "running"]


def running(service: Service, sweep: dict[str, Any]) -> list[dict[str, Any]]:
    """Those of them that are in the engine."""
    return [job for job in begun(service, sweep) if job["stage"] == "run"]


def test_a_sweep_gives_what_separate_runs_give(service: Service) -> None:
    """Each set is a stored result, equal in orders, PnL, statistics and curve to a single run."""
    sweep = over(service, start(service))
    assert (sweep["status"], sweep["counts"]) == ("done", {"ok": 6})
    assert [run["params"] for run in sweep["runs"]] == [
        {"interval": "tick", "fast_ema_period": fast, "slow_ema_period": slow}
        for fast in GRID["fast_ema_period"]
        for slow in GRID["slow_ema_period"]
    ]
    for run in sweep["runs"]:
        result = service.http.get(f"/backtest/results/{run['run_id']}").json()
        assert result["sweep_id"] == sweep["sweep_id"]
        assert service.job(run["job_id"])["sweep_id"] == sweep["sweep_id"]
        single = service.run("ema_cross", **run["params"])
        assert service.job(single["job_id"])["sweep_id"] is None
        service.ended(single["job_id"])
        wanted = service.http.get(f"/backtest/results/{single['run_id']}").json()
        assert wanted["orders"] > 10
        for name in ("orders", "positions", "events", "data_points", "pnl", "statistics",
                     "equity_curve", "trading"):  # fmt: skip
            assert result[name] == wanted[name], name
        assert run["figures"]["pnl"] == wanted["pnl"]["USD"]
    best = max(sweep["runs"], key=lambda run: run["figures"]["pnl"])
    assert sweep["best"]["run_id"] == best["run_id"]


def test_every_run_is_counted_once(service: Service) -> None:
    """Runs, jobs and resets move by the number of sets, the queue and the runs go back to 0."""
    before = service.metrics()
    over(service, start(service))
    until(lambda: service.workers_are("idle", "idle"))
    after = service.metrics()

    def moved(spec: Any, **labels: str) -> float:
        return after(spec, **labels) - before(spec, **labels)

    assert moved(metrics.BACKTEST_RUNS, strategy="ema_cross", status="ok") == 6
    assert moved(metrics.BACKTEST_RUNS) == 6
    assert moved(metrics.BACKTEST_DURATION) == 6
    assert moved(metrics.JOB_DURATION, job_type="sweep", status="ok") == 6
    assert moved(metrics.JOB_QUEUE_WAIT, job_type="sweep") == 6
    assert moved(metrics.ENGINE_RESETS, strategy="ema_cross") == 6
    assert after(metrics.BACKTEST_IN_PROGRESS) == after(metrics.JOB_QUEUE_DEPTH) == 0
    assert service.errors() == []


def test_each_run_is_a_trace_linked_to_the_request(service: Service, traces: TraceReceiver) -> None:
    """Traces differ, have the run's spans, and their first span links to the request's trace."""
    sweep = over(service, start(service))
    ids = {run["trace_id"] for run in sweep["runs"]} | {sweep["trace_id"]}
    assert len(ids) == 7
    for run in sweep["runs"]:
        wanted = {
            attributes.JOB_QUEUE, attributes.BACKTEST_RUN, attributes.ENGINE_RUN,
            attributes.ENGINE_RESET, attributes.RESULT_PERSIST,
        }  # fmt: skip
        trace = run["trace_id"]
        until(lambda trace=trace, wanted=wanted: wanted <= {s.name for s in traces.trace(trace)})
        (root,) = [span for span in traces.trace(trace) if not span.parent_span_id]
        assert root.name == attributes.JOB_QUEUE
        assert [link.trace_id.hex() for link in root.links] == [sweep["trace_id"]]
        assert attributes.SWEEP_ID in {attribute.key for attribute in root.attributes}


def test_a_failing_set_fails_alone(service: Service) -> None:
    """The sets after it run in an engine that knows nothing of it."""
    sweep = over(
        service,
        start(service, strategy="faulty", params={},
              sets=[{"fail_after_ticks": n} for n in (10, 10**6, 20, 2 * 10**6)], grid={}),
    )  # fmt: skip
    assert [run["status"] for run in sweep["runs"]] == ["error", "ok", "error", "ok"]
    assert sweep["runs"][0]["error"]["type"] == "ValueError"


def test_a_cancelled_sweep_ends_at_once(service: Service) -> None:
    """Running sets are ended, waiting ones never run, and single jobs go on as ever."""
    sweep = start_long(service)
    until(lambda: len(running(service, sweep)) == 2)
    answer = service.http.delete(f"/backtest/sweeps/{sweep['sweep_id']}")
    assert answer.status_code == 200, answer.text
    found = over(service, sweep)
    assert (found["status"], found["counts"]) == ("cancelled", {"cancelled": 6})
    assert service.http.delete(f"/backtest/sweeps/{sweep['sweep_id']}").status_code == 409
    assert service.ended(service.run(hours=0.1)["job_id"])["status"] == "ok"


def test_a_single_job_does_not_wait_for_a_sweep(service: Service) -> None:
    """It is queued behind few sets, however many there are."""
    sweep = start(service, grid={"fast_ema_period": list(range(2, 42)), "slow_ema_period": [50]})
    service.ended(service.run(hours=0.1)["job_id"])
    counts = look(service, sweep)["counts"]
    assert counts.get("queued", 0) > 10
    over(service, sweep)


def test_a_dying_worker_loses_its_set_only(service: Service) -> None:
    """The set is `killed`; the others run to their ends in other workers."""
    # So long that the worker is still in it when that has been seen.
    sweep = start(service, 23)
    (job, *_) = until(lambda: running(service, sweep))
    (busy,) = [worker for worker in service.workers() if worker["slot"] == job["slot"]]
    os.kill(busy["pid"], signal.SIGKILL)
    assert over(service, sweep)["counts"] == {"killed": 1, "ok": 5}
    until(lambda: service.workers_are("idle", "idle"))


SHARED = {"fast_ema_period": [2, 3, 5], "slow_ema_period": [8, 13]}


def start_shared(service: Service, hours: float = 1, **fields: Any) -> dict[str, Any]:
    """A sweep whose six sets may share an engine: three go to each worker."""
    return start(service, hours, **({"params": {"interval": "10s"}, "grid": SHARED} | fields))


def start_day(service: Service) -> dict[str, Any]:
    """As `start_shared`, over a day in which there is little to trade."""
    grid = {"fast_ema_period": [40, 50, 60], "slow_ema_period": [200, 300]}
    return start_shared(service, 23, params={"interval": "30s"}, grid=grid)


def result_of(service: Service, run_id: str) -> dict[str, Any]:
    found: dict[str, Any] = service.http.get(f"/backtest/results/{run_id}").json()
    return found


def test_sets_that_share_an_engine_give_what_separate_runs_give(service: Service) -> None:
    """Equal in all figures and orders; each says how many shared, and is charged a part."""
    sweep = over(service, start_shared(service))
    assert (sweep["status"], sweep["counts"]) == ("done", {"ok": 6})
    for run in sweep["runs"]:
        result = result_of(service, run["run_id"])
        assert result["shared_runs"] == 3
        single = service.run("ema_cross", **run["params"])
        service.ended(single["job_id"])
        wanted = result_of(service, single["run_id"])
        assert wanted["shared_runs"] == 1
        assert wanted["orders"] > 10
        for name in ("orders", "positions", "events", "data_points", "pnl", "statistics",
                     "equity_curve", "trading"):  # fmt: skip
            assert result[name] == wanted[name], name
        orders, wanted_orders = (
            service.http.get(f"/backtest/results/{run_id}/orders").json()
            for run_id in (run["run_id"], single["run_id"])
        )
        assert orders["rows"] == wanted_orders["rows"]


def test_a_shared_pass_is_counted_once(service: Service) -> None:
    """Runs and jobs by the number of sets; what the engine did by the number of passes."""
    before = service.metrics()
    sweep = over(service, start_shared(service))
    until(lambda: service.workers_are("idle", "idle"))
    after = service.metrics()

    def moved(spec: Any, **labels: str) -> float:
        return after(spec, **labels) - before(spec, **labels)

    results = [result_of(service, run["run_id"]) for run in sweep["runs"]]
    assert moved(metrics.BACKTEST_RUNS, strategy="ema_cross", status="ok") == 6
    assert moved(metrics.BACKTEST_DURATION) == 6
    assert moved(metrics.JOB_DURATION, job_type="sweep", status="ok") == 6
    assert moved(metrics.JOB_QUEUE_WAIT, job_type="sweep") == 6
    assert moved(metrics.ENGINE_RESETS, strategy="ema_cross") == 2
    assert moved(metrics.ENGINE_DATA_POINTS) == 2 * results[0]["data_points"]
    assert moved(metrics.ENGINE_ORDERS) == sum(result["orders"] for result in results)
    assert moved(metrics.ENGINE_EVENTS) == sum(result["events"] for result in results)
    assert after(metrics.BACKTEST_IN_PROGRESS) == after(metrics.JOB_QUEUE_DEPTH) == 0
    assert service.errors() == []


def test_each_run_of_a_pass_has_a_trace_that_shows_it(
    service: Service, traces: TraceReceiver
) -> None:
    """The pass is a span in each trace; those of the others link to the first one's."""
    sweep = over(service, start_shared(service))
    wanted = {
        attributes.JOB_QUEUE, attributes.BACKTEST_RUN, attributes.ENGINE_RUN,
        attributes.ENGINE_REPORT, attributes.RESULT_PERSIST,
    }  # fmt: skip
    linked = []
    for run in sweep["runs"]:
        trace = run["trace_id"]
        until(lambda trace=trace: wanted <= {s.name for s in traces.trace(trace)})
        spans = {span.name: span for span in traces.trace(trace)}
        keys = {attribute.key for attribute in spans[attributes.BACKTEST_RUN].attributes}
        assert attributes.SHARED_RUNS in keys
        ran = spans[attributes.ENGINE_RUN]
        assert ran.end_time_unix_nano > ran.start_time_unix_nano
        linked += [link.trace_id.hex() for link in ran.links]
    first, other = sweep["runs"][0]["trace_id"], sweep["runs"][3]["trace_id"]
    assert linked == [first, first, other, other]


def test_a_set_that_shares_badly_is_run_again_by_itself(service: Service) -> None:
    """Its account would be overdrawn: what that does shows in an engine of its own."""
    sets = [{"fast_ema_period": 2, "slow_ema_period": slow} for slow in (5, 8, 13)]
    sets[1]["trade_notional"] = 5_000_000.0
    fields = {"starting_balances": ["500 USD"], "grid": {}, "sets": [*sets, *sets[:1]] * 2}
    sweep = over(service, start_shared(service, **fields))
    assert sweep["counts"] == {"ok": 3}  # the same sets again are none
    shared = [result_of(service, run["run_id"])["shared_runs"] for run in sweep["runs"]]
    assert shared == [2, 1, 1]


def test_a_dying_worker_loses_no_set_that_shared(service: Service) -> None:
    """All sets of its pass are run again, each by itself."""
    sweep = start_day(service)
    (job, *_) = until(lambda: running(service, sweep))
    (busy,) = [worker for worker in service.workers() if worker["slot"] == job["slot"]]
    os.kill(busy["pid"], signal.SIGKILL)
    assert over(service, sweep)["counts"] == {"ok": 6}
    until(lambda: service.workers_are("idle", "idle"))


def test_a_set_can_be_cancelled_out_of_a_pass(service: Service) -> None:
    """The others of the pass are run again."""

    def cancelled() -> dict[str, Any] | None:
        sweep = start_day(service)
        (job, *_) = until(lambda: begun(service, sweep))
        answer = service.http.delete(f"/jobs/{job['job_id']}")
        found = over(service, sweep)
        if answer.status_code == 409:  # on a fast machine it has ended before
            return None
        assert answer.status_code == 200, answer.text
        return found

    assert until(cancelled)["counts"] == {"cancelled": 1, "ok": 5}
    until(lambda: service.workers_are("idle", "idle"))


def test_events_tell_of_each_end(service: Service) -> None:
    """The stream ends with the sweep, and its last event says what the sweep came to."""
    sweep = start(service)
    address = f"/backtest/sweeps/{sweep['sweep_id']}/events"
    with service.http.stream("GET", address) as answer:
        lines = [line for line in answer.iter_lines() if line.startswith("data:")]
    assert '"status":"running"' in lines[0]
    assert '"counts":{"ok":6}' in lines[-1]
    assert '"status":"done"' in lines[-1]


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_a_restarted_service_finishes_its_sweeps(
    tmp_path: Path, raw_day: Path, end: signal.Signals
) -> None:
    """What had ended is not run again; what was under way and what waited is."""
    with closing(Service(tmp_path, raw_day)) as first:
        converted(first.until_ready())
        grid = {"fast_ema_period": list(range(2, 12)), "slow_ema_period": [50]}
        sweep = start(first, 3, grid=grid)
        until(lambda: look(first, sweep)["counts"].get("ok", 0) >= 2)
        workers = first.descendants()
        first.process.send_signal(end)
        first.process.wait(300)
    until(lambda: all_gone(workers))
    results = tmp_path / "results"
    done = {path.name: path.stat().st_mtime_ns for path in results.glob("run-*.json")}
    with closing(Service(tmp_path, raw_day)) as second:
        found = over(second.until_ready(), sweep)
        assert (found["status"], found["counts"]) == ("done", {"ok": 10})
        assert len(done) < 11  # with the run that had the day converted
        assert {name: (results / name).stat().st_mtime_ns for name in done} == done


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"grid": {"fast_ema_period": [5, "six"]}}, "grid.fast_ema_period"),
        ({"grid": {"nothing": [1]}}, "grid.nothing"),
        ({"grid": {"fast_ema_period": []}}, "grid.fast_ema_period"),
        ({"grid": {"fast_ema_period": [30]}}, "params.slow_ema_period"),
        ({"grid": {"fast_ema_period": [30], "slow_ema_period": [20]}}, "grid.slow_ema_period"),
        ({"grid": {}, "sets": [{}, {"fast_ema_period": 0}]}, "sets.1.fast_ema_period"),
        ({"grid": {"fast_ema_period": list(range(1, 901)), "slow_ema_period": [901, 902]}}, "grid"),
        ({"strategy": "unknown"}, "strategy"),
    ],
)
def test_wrong_sets_are_refused_by_name(
    service: Service, fields: dict[str, Any], field: str
) -> None:
    """Nothing runs; the problem names the field of the request."""
    body = service.request("ema_cross", interval="tick") | {"grid": GRID} | fields
    answer = service.http.post("/backtest/sweep", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["field"] == field, answer.text
