"""Workers of the real service that are killed, cancelled, too slow or too large."""

from __future__ import annotations

import os
import signal

import pytest

from nautilus_instrumentation import metrics
from tests.integration.service_process import until


@pytest.fixture(scope="module")
def service(start_service):
    """A service with its day converted."""
    service = start_service().until_ready()
    accepted = service.run(hours=0.1)
    assert service.ended(accepted["job_id"])["status"] == "ok"
    until(lambda: service.workers_are("idle", "idle"))
    return service


def moved(service, before, spec, **labels) -> float:
    return service.metrics()(spec, **labels) - before(spec, **labels)


def test_killing_the_busy_worker_costs_one_job(service):
    """It ends as `killed` with its last stage; others succeed; every counter moves once."""
    before = service.metrics()
    victim = service.run_long()
    job = service.in_stage(victim["job_id"], "run")
    others = [service.run(hours=0.5)["job_id"] for _ in range(5)]
    (busy,) = [worker for worker in service.workers() if worker["slot"] == job["slot"]]
    os.kill(busy["pid"], signal.SIGKILL)
    ended = service.ended(victim["job_id"])
    assert (ended["status"], ended["stage"]) == ("killed", "run")
    assert [service.ended(job_id)["status"] for job_id in others] == ["ok"] * 5
    result = service.http.get(f"/backtest/results/{victim['run_id']}").json()
    assert (result["status"], result["last_stage"]) == ("killed", "run")
    until(lambda: service.workers_are("idle", "idle"))
    assert moved(service, before, metrics.BACKTEST_RUNS, status="killed") == 1
    assert moved(service, before, metrics.BACKTEST_RUNS, status="ok") == 5
    assert moved(service, before, metrics.BACKTEST_RUNS) == 6
    assert moved(service, before, metrics.JOB_DURATION, status="killed") == 1
    assert moved(service, before, metrics.JOB_DURATION) == 6
    assert moved(service, before, metrics.JOB_WORKER_RESTARTS, reason="crashed") == 1
    assert moved(service, before, metrics.JOB_WORKER_RESTARTS) == 1
    assert service.metrics()(metrics.BACKTEST_IN_PROGRESS) == 0
    assert service.metrics()(metrics.BACKTEST_LAST_PROGRESS, slot=str(job["slot"])) == 0


def test_killing_idle_workers_costs_nothing(service):
    """Both are replaced, both count as crashed, the next jobs succeed."""
    until(lambda: service.workers_are("idle", "idle"))
    before = service.metrics()
    pids = {worker["pid"] for worker in service.workers()}
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    jobs = [service.run(hours=0.1)["job_id"] for _ in range(4)]
    assert [service.ended(job_id)["status"] for job_id in jobs] == ["ok"] * 4
    until(lambda: service.workers_are("idle", "idle"))
    assert not pids & {worker["pid"] for worker in service.workers()}
    assert moved(service, before, metrics.JOB_WORKER_RESTARTS, reason="crashed") == 2
    assert moved(service, before, metrics.BACKTEST_RUNS) == 4


def test_killing_starting_workers_loses_no_job(service):
    """Jobs that wait for them are run by those that start next."""
    until(lambda: service.workers_are("idle", "idle"))
    before = service.metrics()
    for worker in service.workers():
        os.kill(worker["pid"], signal.SIGKILL)
    jobs = [service.run(hours=0.1)["job_id"] for _ in range(3)]

    def starting() -> list[int]:
        workers = service.workers()
        return [w["pid"] for w in workers if w["state"] == "starting" and w["pid"]]

    victims = until(starting)
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    assert [service.ended(job_id)["status"] for job_id in jobs] == ["ok"] * 3
    until(lambda: service.workers_are("idle", "idle"))
    restarts = moved(service, before, metrics.JOB_WORKER_RESTARTS, reason="crashed")
    assert restarts == 2 + len(victims)
    assert moved(service, before, metrics.BACKTEST_RUNS) == 3


def test_cancelling_counts_once(service):
    """Job, run and restart say `cancelled`, and the queue goes on."""
    before = service.metrics()
    accepted = service.run_long()
    service.in_stage(accepted["job_id"], "run")
    response = service.http.delete(f"/jobs/{accepted['job_id']}")
    assert (response.status_code, response.json()["status"]) == (200, "cancelled")
    assert service.ended(service.run(hours=0.1)["job_id"])["status"] == "ok"
    assert moved(service, before, metrics.BACKTEST_RUNS, status="cancelled") == 1
    assert moved(service, before, metrics.JOB_WORKER_RESTARTS, reason="cancelled") == 1


def test_a_cancelled_job_in_the_queue_never_runs(service):
    """It was nobody's work: no run, no restart, no result."""
    before = service.metrics()
    long = [service.run_long()["job_id"] for _ in range(2)]
    for job_id in long:
        service.in_stage(job_id, "run")
    waiting = service.run(hours=0.1)
    cancelled = service.http.delete(f"/jobs/{waiting['job_id']}").json()
    assert (cancelled["status"], cancelled["started_at"]) == ("cancelled", None)
    assert service.http.get(f"/backtest/results/{waiting['run_id']}").status_code == 404
    assert moved(service, before, metrics.JOB_WORKER_RESTARTS) == 0
    assert moved(service, before, metrics.BACKTEST_RUNS) == 0
    for job_id in long:
        service.http.delete(f"/jobs/{job_id}")


def test_the_limits_of_jobs(start_service):
    """What takes too long ends as `timeout`, with its setting's name; short jobs pass."""
    service = start_service(JOB_TIMEOUT="4", WORKERS="1")
    until(lambda: service.workers_are("idle"))
    before = service.metrics()
    accepted = service.run_long()
    job = service.ended(accepted["job_id"])
    assert job["status"] == "timeout"
    assert "JOB_TIMEOUT" in job["error"]["message"]
    assert service.http.get(f"/backtest/results/{accepted['run_id']}").json()["last_stage"]
    assert moved(service, before, metrics.BACKTEST_RUNS, status="timeout") == 1
    assert moved(service, before, metrics.JOB_WORKER_RESTARTS, reason="timeout") == 1


def test_a_run_beyond_the_limit_of_memory_is_killed(start_service):
    """Its result says so with its last stage and what to do, and its slot works on."""
    service = start_service(WORKER_MEMORY_LIMIT="600MiB", WORKERS="1")
    until(lambda: service.workers_are("idle"))
    before = service.metrics()
    accepted = service.run("faulty", fill_memory_mib=4096, fail_after_ticks=1)
    job = service.ended(accepted["job_id"])
    assert (job["status"], job["stage"]) == ("killed", "run")
    result = service.http.get(f"/backtest/results/{accepted['run_id']}").json()
    assert (result["status"], result["last_stage"]) == ("killed", "run")
    assert result["error"] == job["error"]
    assert "WORKER_MEMORY_LIMIT (600 MiB): raise it" in result["error"]["message"]
    assert service.ended(service.run(hours=0.1)["job_id"])["status"] == "ok"
    assert moved(service, before, metrics.BACKTEST_RUNS, status="killed") == 1
    assert moved(service, before, metrics.JOB_WORKER_RESTARTS, reason="memory") == 1
    assert moved(service, before, metrics.JOB_WORKER_RESTARTS) == 1


def test_the_limits_of_memory(start_service):
    """A limit that no worker can keep kills every one; the API stays up and says why."""
    service = start_service(WORKER_MEMORY_LIMIT="100MiB", WORKERS="1")
    until(lambda: service.process.poll() is None and _answers(service))
    until(lambda: service.metrics()(metrics.JOB_WORKER_RESTARTS, reason="memory") >= 1)
    assert service.http.get("/health").status_code == 200


def _answers(service) -> bool:
    import httpx

    try:
        return service.http.get("/health").status_code == 200
    except httpx.TransportError:
        return False
