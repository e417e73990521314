"""What counts as work that went well, against a small real server."""

import json

import pytest

from nautilus_instrumentation import metrics
from stack.actions import Actions
from stack.client import Api, ApiError, Interrupted
from stack.tally import Tally
from stack.targets import BAD_REQUESTS, BadRequest, Target

TARGET = Target("EUR/USD.SIM", "quote", "2025-03-12", "quotes.parquet", 1000)
BAD = BadRequest("bad", "POST", "/backtest/run", {"strategy": "none"})
RESULT = {
    "run_id": "r1", "trace_id": "t1", "status": "ok", "duration_seconds": 1.5, "data_points": 10,
    "data_points_per_second": 100.0, "orders": 2,
}  # fmt: skip


@pytest.fixture
def tally() -> Tally:
    return Tally()


@pytest.fixture
def actions(backend, tally: Tally) -> Actions:
    return Actions(Api(backend.url), tally, stopping=lambda: False)


def accept_run(backend, status: str, **job: object) -> None:
    backend.answers |= {
        "GET /catalog/ticks": (200, {"ticks": [{"ts_init": 1_741_737_600_000_001_999}]}),
        "POST /backtest/run": (202, {"job_id": "j1", "run_id": "r1", "trace_id": "t1"}),
        "GET /jobs/j1": (200, {"job_id": "j1", "status": status, **job}),
        "GET /backtest/results/r1": (200, RESULT | {"status": status}),
        "DELETE /jobs/j1": (200, {}),
    }


def test_a_run_that_ends_as_expected_is_counted(backend, actions, tally) -> None:
    """Status and figures of the stored result reach the tally."""
    accept_run(backend, "ok")
    actions.backtest(TARGET, "ema_cross", "5m", 0)
    assert tally.jobs == {("ema_cross 5m", "ok"): 1}
    assert [(run.run_id, run.seconds, run.data_points) for run in tally.runs] == [("r1", 1.5, 10)]
    assert tally.failure_count == 0


def test_a_window_without_ticks_moves_to_one_with_some(backend, actions, tally) -> None:
    """The day's first tick is taken when there is none from the wanted offset on."""
    accept_run(backend, "ok")
    answers = iter([(422, {"title": "no ticks"}), backend.answers["GET /catalog/ticks"]])
    backend.answers["GET /catalog/ticks"] = lambda: next(answers)
    actions.backtest(TARGET, "ema_cross", "5m", 7)
    assert (tally.jobs.total(), tally.failure_count) == (1, 0)


def test_a_run_that_ends_otherwise_is_a_failure(backend, actions, tally) -> None:
    """An error that was not asked for is told with its words."""
    accept_run(backend, "error", error={"type": "ValueError", "message": "no ticks"})
    actions.backtest(TARGET, "ema_cross", "5m", 0)
    assert "ValueError: no ticks" in tally.failures[0]


def test_a_faulty_run_that_succeeds_is_a_failure(backend, actions, tally) -> None:
    """A strategy that must fail and does not is not what the demo promised."""
    accept_run(backend, "ok")
    actions.backtest(TARGET, "faulty", "5m", 0, expected="error")
    assert "expected error" in tally.failures[0]


def test_a_problem_document_refuses_a_bad_request(backend, actions, tally) -> None:
    """4xx with a problem document is the right answer to a bad request."""
    backend.answers["POST /backtest/run"] = (422, {"title": "Invalid"})
    actions.refused(BAD, TARGET)
    assert (tally.refused, tally.failure_count) == (1, 0)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(202, ""), (500, "application/problem+json"), (422, "application/json")],
)
def test_any_other_answer_to_a_bad_request_is_a_failure(
    status: int, kind: str, backend, actions, tally
) -> None:
    """Accepted, a server error, or an error that is no problem document."""
    backend.answers["POST /backtest/run"] = (status, {})
    backend.problem_type = kind
    actions.refused(BAD, TARGET)
    assert (tally.refused, tally.failure_count) == (0, 1)


@pytest.mark.parametrize("bad", BAD_REQUESTS, ids=lambda bad: bad.name)
def test_every_bad_request_reaches_the_server(bad: BadRequest, backend, actions) -> None:
    """No client library tidies the mistake away before it is sent."""
    actions.refused(bad, TARGET)
    assert backend.asked == [f"{bad.method} {bad.path}"]


def test_a_failed_file_is_a_failure(backend, actions, tally) -> None:
    """A conversion job that ends well with a failed file is told by file."""
    good = {
        "path": "a", "outcome": "first", "seconds": 0.5, "rows_written": 9, "rows_rejected": 1,
        "error": None,
    }  # fmt: skip
    files = [good, good | {"path": "b", "outcome": "failed", "error": "corrupt"}]
    backend.answers |= {
        "POST /datasets/convert": (202, {"job_id": "j1"}),
        "GET /jobs/j1": (200, {"job_id": "j1", "status": "ok", "result": {"files": files}}),
    }
    actions.convert("2025-03-12")
    assert tally.failures == ["conversion of b: corrupt"]
    assert (tally.rows_converted, tally.rows_rejected) == (9, 1)


def test_a_job_under_way_at_the_end_is_cancelled(backend, tally) -> None:
    """When the load stops, it cancels the job that it waits for."""
    accept_run(backend, "running")
    actions = Actions(Api(backend.url), tally, stopping=lambda: True)
    with pytest.raises(Interrupted):
        actions.backtest(TARGET, "ema_cross", "5m", 0)
    assert backend.asked[-1] == "DELETE /jobs/j1"


def test_a_job_that_ended_before_the_cancel_is_no_failure(backend, actions, tally) -> None:
    """409 says that there was nothing left to cancel."""
    accept_run(backend, "ok")
    backend.answers["DELETE /jobs/j1"] = (409, {"title": "ended"})
    actions.cancel(TARGET)
    assert tally.failure_count == 0


def test_a_visit_reports_every_vital(backend, actions) -> None:
    """Each vital that boards show is measured on the page and sent in one report."""
    backend.answers |= {
        request: (200, {}) for request in ("GET /docs", "GET /openapi.json", "GET /health")
    }
    backend.answers["POST /vitals"] = (200, {})
    actions.browse()
    assert backend.asked[-1] == "POST /vitals"
    sent = {one["vital"]: one["value"] for one in json.loads(backend.bodies[-1])["vitals"]}
    assert set(sent) == {*metrics.VITALS, "CLS"}
    assert 0 < sent["TTFB"] < sent["LOAD"]


def answer_sweep(backend, *states: dict[str, object]) -> None:
    left = iter(states)
    backend.answers |= {
        "GET /catalog/ticks": (200, {"ticks": [{"ts_init": 1_741_737_600_000_001_999}]}),
        "POST /backtest/sweep": (202, {"sweep_id": "s1"}),
        "GET /backtest/sweeps/s1": lambda: (200, {"total": 6, **next(left)}),
        "DELETE /backtest/sweeps/s1": (200, {}),
    }


@pytest.mark.parametrize(("ok", "failures"), [(6, 0), (5, 1)])
def test_a_sweep_is_done_when_all_its_runs_are(backend, actions, tally, ok, failures) -> None:
    """It is waited for; one set that did not end well is a failure."""
    running = {"status": "running", "counts": {"queued": 6}}
    answer_sweep(backend, running, {"status": "done", "counts": {"ok": ok, "error": 6 - ok}})
    actions.sweep(TARGET, "5m", 0)
    assert tally.jobs == {("sweep", "error" if failures else "ok"): 1}
    assert tally.failure_count == failures
    assert json.loads(backend.bodies[1])["grid"]


def test_a_sweep_under_way_at_the_end_is_cancelled(backend, tally) -> None:
    """As a job is."""
    answer_sweep(backend, {"status": "running", "counts": {"queued": 6}})
    with pytest.raises(Interrupted):
        Actions(Api(backend.url), tally, stopping=lambda: True).sweep(TARGET, "5m", 0)
    assert backend.asked[-1] == "DELETE /backtest/sweeps/s1"


def test_a_list_without_a_tag_is_an_error(backend) -> None:
    """The console could not ask whether it still holds."""
    backend.answers["GET /datasets"] = (200, [])
    with pytest.raises(ApiError, match="no ETag"):
        Api(backend.url).is_unchanged("/datasets")
