"""Cells in mapped files, as the process that writes them sees it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import prometheus_client
import pytest
from prometheus_client import values
from prometheus_client.multiprocess import MultiProcessCollector

from nautilus_instrumentation import metrics
from nautilus_instrumentation.exposition import SharedStore, shared
from nautilus_instrumentation.guard import Guard
from nautilus_instrumentation.recorder import Recorder

ORDERS = metrics.ENGINE_ORDERS
DEPTH = metrics.JOB_QUEUE_DEPTH


def test_prometheus_client_sees_what_we_see(
    folder: Path, process: Callable[..., Recorder], collect: Callable[..., Any], scrape: Any
) -> None:
    """Its collector and our exporter agree on counters, histograms and gauges of live processes."""
    for slot in range(3):
        recorder = process(slot)
        recorder.counter(metrics.BACKTEST_RUNS, "x", "ok").inc(slot + 1)
        recorder.histogram(metrics.BACKTEST_DURATION, "x", "1h").observe(10.0**slot)
        recorder.gauge(DEPTH, "sweep").set(slot)
        recorder.gauge(metrics.WEB_BUNDLE, "total").set(slot)
    theirs = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for metric in MultiProcessCollector(None, str(folder)).collect()
        for sample in metric.samples
    }
    ours = {key: sample.value for key, sample in scrape(collect()).samples.items()}
    assert len(theirs) > 20
    assert theirs == {key: ours[key] for key in theirs}


def test_the_hosts_own_prometheus_client_stays_as_it_was(process: Callable[..., Recorder]) -> None:
    """Default registry and value class are the host's."""
    value_class = values.ValueClass
    names = set(prometheus_client.REGISTRY._names_to_collectors)
    process().counter(ORDERS, "x").inc()
    assert values.ValueClass is value_class
    assert set(prometheus_client.REGISTRY._names_to_collectors) == names


def test_children_count_on_after_the_store_is_closed(process: Callable[..., Recorder]) -> None:
    """A child that someone kept does no harm."""
    recorder = process()
    child = recorder.counter(ORDERS, "x")
    child.inc()
    recorder.store.close()
    child.inc()
    recorder.gauge(DEPTH, "sweep").set(1)
    recorder.store.tick()
    assert child.values() == [2.0]


@pytest.fixture
def unusable(tmp_path: Path) -> Path:
    """A folder that cannot be made, also by root."""
    (tmp_path / "file").write_text("in the way")
    return tmp_path / "file" / "metrics"


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Failed attempts are repeated at the next tick."""
    monkeypatch.setattr(shared, "RETRY_SECONDS", 0.0)


def test_a_folder_that_cannot_be_made_is_counted(unusable: Path) -> None:
    """The host goes on; its children count in private memory."""
    guard = Guard()
    recorder = Recorder(SharedStore(unusable, "api", 0, guard), guard)
    guard.on_error = recorder.count_error
    child = recorder.counter(ORDERS, "x")
    child.inc(exemplar={"trace_id": "a"})
    recorder.histogram(metrics.BACKTEST_DURATION, "x", "1h").observe(1, {"trace_id": "a"})
    recorder.tick()
    assert child.values() == [1.0]
    assert guard.errors["store"] >= 1


def test_a_failing_folder_is_not_tried_for_every_child(unusable: Path) -> None:
    """Attempts are seconds apart, however many children are asked for."""
    guard = Guard()
    recorder = Recorder(SharedStore(unusable, "api", 0, guard), guard)
    for number in range(50):
        recorder.counter(ORDERS, f"s{number}").inc()
    assert guard.errors["store"] == 2  # the registration, and the file of the counters


@pytest.mark.usefixtures("patient")
def test_what_was_counted_meanwhile_is_kept(
    unusable: Path, collect: Callable[..., Any], scrape: Any, folder: Path
) -> None:
    """When the folder can be made at last, the values move into it."""
    guard = Guard()
    store = SharedStore(unusable, "api", 0, guard)
    recorder = Recorder(store, guard)
    child = recorder.counter(ORDERS, "x")
    child.inc(3)
    unusable.parent.unlink()
    recorder.tick()
    child.inc()
    shutil.copytree(unusable, folder)
    seen = scrape(collect())
    store.close()
    assert seen.value(ORDERS.name, strategy="x") == 4


@pytest.mark.usefixtures("patient")
def test_a_folder_that_is_removed_is_made_again_with_all_values(
    folder: Path, process: Callable[..., Recorder], collect: Callable[..., Any], scrape: Any
) -> None:
    """Someone cleaned up under a running host: counted, mended, nothing lost."""
    recorder = process()
    child = recorder.counter(ORDERS, "x")
    child.inc(3)
    shutil.rmtree(folder)
    child.inc()
    recorder.tick()
    child.inc()
    seen = scrape(collect())
    assert seen.value(ORDERS.name, strategy="x") == 5
    assert recorder.store.guard.errors == {"store": 1}


FULL = """
import resource
child = recorder.counter(metrics.ENGINE_ORDERS, "before")
child.inc()
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, resource.RLIM_INFINITY))
for number in range(2000):
    recorder.histogram(metrics.BACKTEST_DURATION, f"s{number % 40}", "1h").observe(number)
    child.inc()
say(guard.errors.get("store", 0))
sys.stdin.readline()
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
store._retry_at.clear()
recorder.tick()
say(len(store.homeless))
sys.stdin.readline()
"""


@pytest.mark.skipif(os.name != "posix", reason="needs resource limits")
def test_a_full_disk_harms_neither_the_host_nor_what_has_its_place(
    worker: Callable[..., Any], collect: Callable[..., Any], scrape: Any
) -> None:
    """Files cannot grow: counted, no SIGBUS; when there is room again, all values are shown."""
    full = worker(FULL)
    assert int(full.heard()) >= 1
    collector = collect()
    seen = scrape(collector)
    assert seen.value(ORDERS.name, strategy="before") == 2001
    assert seen.value(metrics.TELEMETRY_ERRORS.name, site="store") >= 1
    full.tell("there is room again")
    assert full.heard() == "0"
    counts = scrape(collector).named(f"{metrics.BACKTEST_DURATION.family}_count")
    assert sum(sample.value for sample in counts) == 2000


FORK = """
child = recorder.counter(metrics.ENGINE_ORDERS, "x")
histogram = recorder.histogram(metrics.BACKTEST_DURATION, "x", "1h")
child.inc(10)
histogram.observe(1, {"trace_id": "parent"})
pids = []
for number in range(3):
    pid = os.fork()
    if pid == 0:
        if number:
            child.inc()
            histogram.observe(1, {"trace_id": "child"})
        os._exit(0 if child.values() == [min(number, 1.0)] else 1)
    pids.append(pid)
codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
child.inc()
say(codes)
sys.stdin.readline()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_forked_children_count_from_zero_in_their_own_files(
    worker: Callable[..., Any], collect: Callable[..., Any], scrape: Any, folder: Path
) -> None:
    """Their counts and exemplars add to the parent's; one that records nothing leaves no file."""
    forking = worker(FORK)
    assert forking.heard() == "[0, 0, 0]"
    assert len(list(folder.glob("process_*"))) == 3
    seen = scrape(collect())
    assert seen.value(ORDERS.name, strategy="x") == 13
    bucket = f"{metrics.BACKTEST_DURATION.family}_bucket"
    traces = {
        sample.exemplar.labels["trace_id"] for sample in seen.named(bucket) if sample.exemplar
    }
    assert traces == {"child"}  # the newest; the second of the parent's exemplar is not theirs


ORPHAN = """
pid = os.fork()
if pid == 0:
    sys.stdin.readline()
    os._exit(0)
recorder.gauge(metrics.JOB_QUEUE_DEPTH, "sweep").set(7)
say(pid)
sys.stdin.readline()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_does_not_keep_its_dead_parent_alive(
    worker: Callable[..., Any], collect: Callable[..., Any], scrape: Any
) -> None:
    """The child lets go of the lock that it inherited."""
    parent = worker(ORPHAN)
    child = int(parent.heard())
    collector = collect()
    assert scrape(collector).value(DEPTH.name, job_type="sweep") == 7
    parent.kill()
    assert scrape(collector).value(DEPTH.name, job_type="sweep") == 0
    os.kill(child, 9)


HELD = """
import threading
child = recorder.counter(metrics.ENGINE_ORDERS, "x")
holding = threading.Event()
def hold():
    with store.lock:
        holding.set()
        time.sleep(0.2)
        recorder.counter(metrics.ENGINE_EVENTS, "x").inc()
threading.Thread(target=hold).start()
holding.wait()
pid = os.fork()
if pid == 0:
    signal.alarm(20)
    child.inc()
    os._exit(0)
say(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
sys.stdin.readline()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_forking_while_another_thread_records_does_not_deadlock(
    worker: Callable[..., Any], collect: Callable[..., Any], scrape: Any
) -> None:
    """The fork waits until the lock is free; otherwise nobody could free it in the child."""
    forking = worker(HELD)
    assert forking.heard() == "0"
    seen = scrape(collect())
    assert seen.value(ORDERS.name, strategy="x") == 1
    assert seen.value(metrics.ENGINE_EVENTS.name, strategy="x") == 1
