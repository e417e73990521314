"""The local executor with real worker processes and trivial work."""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from pathlib import Path

import psutil
import pytest

from backend.executors.affinity import Affinity
from backend.executors.progress import ProgressReader, Record, State


def test_returns_what_the_handler_returned(make_bench):
    """A task that succeeds ends as `ok` with the handler's value."""
    bench = make_bench()
    bench.submit("a", do="echo", say="hello")
    outcome = bench.heard.outcome("a")
    assert (outcome.status, outcome.value["said"], outcome.slot) == ("ok", "hello", 0)


def test_keeps_the_worker_between_tasks(make_bench):
    """Tasks of one slot share a process, and with it its caches."""
    bench = make_bench()
    bench.submit("a", do="echo")
    bench.submit("b", do="echo")
    assert bench.heard.outcome("a").value["pid"] == bench.heard.outcome("b").value["pid"]


def test_reports_an_exception_with_its_stacktrace(make_bench):
    """A handler's exception ends the task as `error`; the worker goes on."""
    bench = make_bench()
    bench.submit("a", do="fail")
    bench.submit("b", do="echo")
    outcome = bench.heard.outcome("a")
    assert (outcome.status, outcome.error.type, outcome.error.message) == (
        "error",
        "ValueError",
        "no such luck",
    )
    assert "trivial_jobs.py" in outcome.error.stacktrace
    assert bench.heard.outcome("b").status == "ok"
    assert bench.heard.restarts == []


def test_survives_sys_exit_in_a_task(make_bench):
    """A handler that calls sys.exit() has failed; its worker has not."""
    bench = make_bench()
    bench.submit("a", do="leave")
    bench.submit("b", do="echo")
    assert bench.heard.outcome("a").error.type == "SystemExit"
    assert bench.heard.outcome("b").status == "ok"
    assert bench.heard.restarts == []


def test_reports_progress_while_the_task_runs(make_bench, tmp_path):
    """Stage, fraction and data points reach the listener before the end."""
    bench, marker = make_bench(), tmp_path / "marker"
    bench.submit("a", do="hang", marker=str(marker))
    bench.heard.wait(lambda: bench.heard.progress.get("a"))
    last = (
        bench.until(lambda: bench.heard.progress["a"][-1].data_points)
        and (bench.heard.progress["a"][-1])
    )
    marker.unlink()
    assert (last.stage, last.fraction, last.data_points) == ("run", 0.25, 1234)
    assert bench.heard.outcome("a").status == "ok"


def test_a_worker_killed_when_busy_costs_its_task_only(make_bench, tmp_path):
    """The running task ends once as `killed` with its last stage; all others succeed."""
    bench, marker = make_bench(slots=2), tmp_path / "marker"
    bench.submit("victim", do="hang", marker=str(marker))
    others = [f"other-{n}" for n in range(6)]
    for task_id in others:
        bench.submit(task_id, do="echo")
    pid = int(bench.until(lambda: marker.exists() and marker.read_text()))
    os.kill(pid, signal.SIGKILL)
    outcome = bench.heard.outcome("victim")
    assert (outcome.status, outcome.progress.stage) == ("killed", "run")
    assert outcome.error.message == "the worker process died in the stage 'run'"
    assert [bench.heard.outcome(task_id).status for task_id in others] == ["ok"] * 6
    bench.until_idle()
    assert [reason for _, reason in bench.heard.restarts] == ["crashed"]
    assert len(bench.heard.outcomes["victim"]) == 1


def test_a_worker_that_exits_quietly_when_busy_is_noticed(make_bench):
    """An exit with code 0 in the middle of a task is a death like any other."""
    bench = make_bench()
    bench.submit("a", do="vanish")
    bench.submit("b", do="echo")
    assert bench.heard.outcome("a").status == "killed"
    assert bench.heard.outcome("b").status == "ok"
    assert [reason for _, reason in bench.heard.restarts] == ["crashed"]


def test_a_worker_killed_when_idle_is_replaced(make_bench):
    """Nobody waits for it, a new one takes the next task, one crash is counted."""
    bench = make_bench()
    bench.until_idle()
    first = bench.pid()
    os.kill(first, signal.SIGKILL)
    bench.submit("a", do="echo")
    outcome = bench.heard.outcome("a")
    assert outcome.status == "ok"
    assert outcome.value["pid"] != first
    assert bench.heard.restarts == [(0, "crashed")]


def test_a_worker_killed_when_starting_loses_no_task(make_bench, marked_handler):
    """A task that waits for a worker whose start is killed is run by the next one."""
    marker, make_handler = marked_handler
    bench, path = make_bench(make_handler=make_handler), Path(f"{marker}-0")
    bench.submit("a", do="echo")
    first = int(bench.until(lambda: path.exists() and path.read_text()))
    path.unlink()
    os.kill(first, signal.SIGKILL)
    bench.until(lambda: path.exists() and path.read_text() not in ("", str(first)))
    path.unlink()
    assert bench.heard.outcome("a").status == "ok"
    assert bench.heard.restarts == [(0, "crashed")]


def test_a_start_that_always_fails_ends_tasks_with_the_reason(make_bench, trivial):
    """Waiting tasks get the initialiser's message; starts are not tried without pause."""
    bench = make_bench(slots=2, make_handler=trivial.make_never)
    bench.submit("a", do="echo")
    outcome = bench.heard.outcome("a")
    assert (outcome.status, outcome.error.type) == ("error", "WorkerUnavailable")
    assert "the catalogue has gone fishing" in outcome.error.message
    states = {slot.detail for slot in bench.executor.status()}
    assert states == {"RuntimeError: the catalogue has gone fishing"}
    bench.submit("b", do="echo")
    assert bench.heard.outcome("b").status == "error"


def test_a_start_that_dies_without_a_word_is_bounded_too(make_bench, trivial):
    """A start that is killed each time ends waiting tasks as well."""
    bench = make_bench(make_handler=trivial.make_dying)
    bench.submit("a", do="echo")
    assert "the worker process died" in bench.heard.outcome("a").error.message
    bench.heard.wait(lambda: len(bench.heard.restarts) >= 3)


def test_cancels_a_waiting_task_without_touching_a_worker(make_bench, tmp_path):
    """It ends as `cancelled`, was in no slot, and nothing restarts."""
    bench, marker = make_bench(), tmp_path / "marker"
    bench.submit("a", do="hang", marker=str(marker))
    bench.submit("b", do="echo")
    bench.until(marker.exists)
    bench.executor.cancel("b")
    outcome = bench.heard.outcome("b")
    assert (outcome.status, outcome.slot) == ("cancelled", None)
    marker.unlink()
    assert bench.heard.outcome("a").status == "ok"
    assert bench.heard.restarts == []


@pytest.mark.parametrize("work", ["hang", "hold_interpreter"])
def test_cancels_a_running_task_by_killing_its_worker(make_bench, tmp_path, work):
    """Also one that holds the interpreter, where no signal handler would ever run."""
    bench, marker = make_bench(), tmp_path / "marker"
    bench.submit("a", do=work, marker=str(marker))
    pid = int(bench.until(lambda: marker.exists() and marker.read_text()))
    bench.executor.cancel("a")
    outcome = bench.heard.outcome("a")
    assert (outcome.status, outcome.progress.stage) == ("cancelled", "run")
    # Nothing is wrong with a slot whose worker was replaced on purpose.
    assert [slot.detail for slot in bench.executor.status()] == [""]
    bench.until(lambda: not psutil.pid_exists(pid))
    bench.submit("b", do="echo")
    assert bench.heard.outcome("b").status == "ok"
    assert bench.heard.restarts == [(0, "cancelled")]


def test_cancelling_an_ended_task_changes_nothing(make_bench):
    """There is nothing to end any more, and no worker to kill."""
    bench = make_bench()
    bench.submit("a", do="echo")
    bench.heard.outcome("a")
    bench.executor.cancel("a")
    bench.submit("b", do="echo")
    bench.heard.outcome("b")
    assert len(bench.heard.outcomes["a"]) == 1
    assert bench.heard.restarts == []


def test_ends_a_task_that_takes_too_long(make_bench, tmp_path):
    """It ends as `timeout` with the setting's name and its last stage."""
    bench = make_bench(timeout_seconds=0.3)
    bench.submit("a", do="hang", marker=str(tmp_path / "marker"))
    outcome = bench.heard.outcome("a")
    assert (outcome.status, outcome.progress.stage) == ("timeout", "run")
    assert "JOB_TIMEOUT" in outcome.error.message
    assert bench.heard.restarts == [(0, "timeout")]


def test_kills_a_worker_that_takes_too_much_memory(make_bench):
    """Its task ends as `killed`, the error names the limit."""
    bench = make_bench(memory_bytes=200 * 2**20, memory_check_seconds=0.05)
    bench.submit("a", do="grow")
    outcome = bench.heard.outcome("a")
    assert (outcome.status, outcome.progress.stage) == ("killed", "load")
    assert "WORKER_MEMORY_LIMIT (200 MiB)" in outcome.error.message
    assert bench.heard.restarts == [(0, "memory")]


def test_recycles_a_worker_after_its_share_of_tasks(make_bench):
    """The third of three tasks at two a worker runs in a new process."""
    bench = make_bench(jobs_per_worker=2)
    for task_id in "abc":
        bench.submit(task_id, do="echo")
    pids = [bench.heard.outcome(task_id).value["pid"] for task_id in "abc"]
    assert pids[0] == pids[1] != pids[2]
    assert bench.heard.restarts == [(0, "recycled")]


def test_prefers_the_slot_that_ran_the_same_before(make_bench):
    """With all slots free, a task goes where its data may still be cached."""
    bench = make_bench(slots=2)
    slots = {}
    for source in ("x", "y", "x", "y", "y", "x"):
        bench.until_idle()
        task = f"{source}-{len(slots)}"
        bench.submit(task, affinity=Affinity(source, 0, 9), do="echo")
        slots[len(slots)] = bench.heard.outcome(task).slot
    assert slots[0] != slots[1]
    assert [slots[n] for n in (2, 3, 4, 5)] == [slots[0], slots[1], slots[1], slots[0]]


def test_a_task_that_cannot_be_prepared_ends_as_error(make_bench):
    """A failing `prepare` is the task's end, not the executor's."""
    from backend.executors.base import Task

    bench = make_bench()

    def prepare(slot: int) -> dict:
        raise LookupError("gone")

    bench.executor.submit(Task("a", prepare))
    assert bench.heard.outcome("a").error.type == "LookupError"
    bench.submit("b", do="echo")
    assert bench.heard.outcome("b").status == "ok"


def test_workers_run_at_lower_priority(make_bench):
    """The API and the exporter must win the processor."""
    bench = make_bench(niceness=3)
    bench.submit("a", do="niceness")
    assert bench.heard.outcome("a").value["niceness"] == os.nice(0) + 3


def test_close_ends_tasks_and_processes(make_bench, tmp_path):
    """Running and waiting tasks end as `cancelled`; no process is left."""
    bench, marker = make_bench(), tmp_path / "marker"
    bench.submit("a", do="hold_interpreter", marker=str(marker))
    bench.submit("b", do="echo")
    pid = int(bench.until(lambda: marker.exists() and marker.read_text()))
    bench.executor.close()
    assert {bench.heard.outcome(task_id).status for task_id in "ab"} == {"cancelled"}
    bench.until(lambda: not psutil.pid_exists(pid))
    assert [p for p in psutil.Process().children() if "multiprocessing.spawn" in str(p)] == []


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_killed_worker_leaves_no_files(make_bench, tmp_path):
    """Records and outcomes of past workers go with them."""
    bench = make_bench()
    for n in range(3):
        bench.until_idle()
        pid = bench.pid()
        os.kill(pid, signal.SIGKILL)
        bench.heard.wait(lambda n=n: len(bench.heard.restarts) == n + 1)
    bench.submit("a", do="echo")
    bench.heard.outcome("a")
    bench.until_idle()
    folder = bench.executor._folder
    bench.until(lambda: len(list(folder.iterdir())) == 1)


def test_a_worker_that_writes_its_pid_between_two_looks_is_alive(
    make_bench, marked_handler, monkeypatch
):
    """It was not there at the first look, and is at the next."""
    marker, handler = marked_handler
    read, looks = ProgressReader.read, Counter()

    def late_by_one_look(reader):
        record = read(reader)
        looks[reader] += record.state is State.STARTING
        return Record() if looks[reader] == 1 else record

    monkeypatch.setattr(ProgressReader, "read", late_by_one_look)
    bench = make_bench(make_handler=handler)
    bench.until(lambda: max(looks.values(), default=0) > 1)
    bench.until(Path(f"{marker}-0").exists)
    Path(f"{marker}-0").unlink()
    bench.until_idle()
    assert bench.heard.restarts == []
