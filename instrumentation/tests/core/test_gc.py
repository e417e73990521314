"""Garbage collection pauses."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nautilus_instrumentation import metrics
from nautilus_instrumentation.runtime.gc import GcWatch
from nautilus_instrumentation.testing import Recording


class _Node:
    """Part of a ring of garbage."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture
def recording() -> Recording:
    return Recording()


@pytest.fixture
def watch(recording: Recording) -> Iterator[GcWatch]:
    """A watch while only the test itself collects."""
    made = GcWatch(recording.recorder, "worker")
    gc.collect()
    gc.disable()
    made.install()
    yield made
    made.uninstall()
    gc.enable()


def test_collections_are_published_by_generation(recording: Recording, watch: GcWatch) -> None:
    """Pauses, collections and freed objects of real collections, when flushed."""
    for _ in range(50):
        _Node()
    gc.collect()
    gc.collect(0)
    gc.collect(0)
    assert recording.samples() == {}
    watch.flush()
    assert recording.value(metrics.GC_COLLECTIONS, "2", "worker") == 1
    assert recording.value(metrics.GC_COLLECTIONS, "0", "worker") == 2
    assert recording.value(metrics.GC_PAUSE, "0", "worker") == 2
    assert recording.value(metrics.GC_COLLECTED, "2", "worker") >= 50


def test_a_second_flush_adds_nothing(recording: Recording, watch: GcWatch) -> None:
    """Only what is new is published."""
    gc.collect()
    watch.flush()
    before = recording.samples()
    watch.flush()
    assert recording.samples() == before


def test_pauses_are_summed_for_runs(recording: Recording, watch: GcWatch) -> None:
    """Seconds so far are known without a flush and agree with what is published."""
    gc.collect()
    gc.collect()
    seconds = watch.seconds_total
    watch.flush()
    assert seconds > 0
    assert recording.total(metrics.GC_PAUSE, "2", "worker") == pytest.approx(seconds)


def test_objects_that_cannot_be_freed_are_counted(recording: Recording, watch: GcWatch) -> None:
    """They end up in gc.garbage and in the metric."""
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        _Node()
        gc.collect()
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
    watch.flush()
    counted = sum(
        recording.value(spec, "2", "worker")
        for spec in (metrics.GC_COLLECTED, metrics.GC_UNCOLLECTABLE)
    )
    assert counted >= 1


def test_the_hook_is_shared_by_count() -> None:
    """Installed once for two users, removed by the second; more removals are harmless."""
    watch = GcWatch(Recording().recorder, "api")
    hooks = len(gc.callbacks)
    watch.install()
    watch.install()
    assert len(gc.callbacks) == hooks + 1
    watch.uninstall()
    assert len(gc.callbacks) == hooks + 1
    watch.uninstall()
    watch.uninstall()
    assert len(gc.callbacks) == hooks


BUSY = """
import gc, threading
from nautilus_instrumentation.runtime.gc import GcWatch
watch = GcWatch(recorder, "worker")
watch.install()
gc.set_threshold(1)
stop = threading.Event()
def flush():
    while not stop.is_set():
        watch.flush()
flusher = threading.Thread(target=flush)
flusher.start()
class Node:
    def __init__(self):
        self.me = self
    def __del__(self):
        recorder.counter(metrics.ENGINE_EVENTS, "deleted").inc()
for number in range(3000):
    Node()
    recorder.counter(metrics.ENGINE_ORDERS, f"s{number % 20}").inc()
    recorder.histogram(metrics.BACKTEST_DURATION, f"s{number % 20}", "1h").observe(number)
stop.set()
flusher.join()
gc.set_threshold(700, 10, 10)
gc.collect()
watch.flush()
say("through")
sys.stdin.readline()
"""


def test_collecting_at_every_allocation_does_not_deadlock(
    worker: Callable[..., Any],
    collect: Callable[..., Any],
    scrape: Callable[..., Any],
) -> None:
    """In mapped files, with finalisers that record, a flushing thread, and nothing lost."""
    busy = worker(BUSY)
    assert busy.heard() == "through"
    seen = scrape(collect())
    orders = [sample.value for sample in seen.named(metrics.ENGINE_ORDERS.name)]
    assert sum(orders) == 3000
    collections = seen.value(metrics.GC_COLLECTIONS.name, generation="0", role="worker")
    assert collections > 100
    assert seen.value(metrics.TELEMETRY_ERRORS.name, site="store") is None


FORK = """
import gc
from nautilus_instrumentation.runtime.gc import GcWatch
watch = GcWatch(recorder, "worker")
gc.disable()
watch.install()
for _ in range(10):
    gc.collect()
child = os.fork()
if child == 0:
    gc.collect()
    watch.flush()
    os._exit(0)
os.waitpid(child, 0)
watch.flush()
say("done")
sys.stdin.readline()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_publishes_its_own_pauses_only(
    worker: Callable[..., Any],
    collect: Callable[..., Any],
    scrape: Callable[..., Any],
) -> None:
    """What the parent had not published yet is counted once."""
    forking = worker(FORK)
    assert forking.heard() == "done"
    seen = scrape(collect())
    assert seen.value(metrics.GC_COLLECTIONS.name, generation="2", role="worker") == 11
