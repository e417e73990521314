"""Garbage collection pauses: measured in the collector's hook, published outside it."""

from __future__ import annotations

import gc
import os
import threading
import weakref
from bisect import bisect_left
from time import perf_counter_ns
from typing import Any

from nautilus_instrumentation import metrics
from nautilus_instrumentation.recorder import Recorder

_GENERATIONS = len(gc.get_stats())
_BOUNDS_NS = tuple(bound * 1e9 for bound in metrics.GC_PAUSE_BUCKETS)


class _Tally:
    """Plain numbers of one generation: pauses by bucket, nanoseconds, objects."""

    __slots__ = ("collected", "nanoseconds", "pauses", "uncollectable")

    def __init__(self) -> None:
        self.pauses = [0] * (len(_BOUNDS_NS) + 1)
        self.nanoseconds = 0
        self.collected = 0
        self.uncollectable = 0

    def copy(self) -> _Tally:
        twin = _Tally()
        twin.pauses = list(self.pauses)
        twin.nanoseconds = self.nanoseconds
        twin.collected = self.collected
        twin.uncollectable = self.uncollectable
        return twin


class GcWatch:
    """Measures each collection from `gc.callbacks` and publishes deltas in `flush()`.

    The hook fills plain lists only. A metric call inside it can deadlock: a collection may start
    while the same thread holds the lock of the metrics.
    """

    def __init__(self, recorder: Recorder, role: str) -> None:
        self._recorder = recorder
        self._role = role
        self._users = 0
        self._started_ns = 0
        self._tallies = [_Tally() for _ in range(_GENERATIONS)]
        self._published = [_Tally() for _ in range(_GENERATIONS)]
        self._lock = threading.Lock()
        _watches.add(self)

    @property
    def seconds_total(self) -> float:
        """Seconds of pause so far; the difference between two moments is charged to a run."""
        return sum(tally.nanoseconds for tally in self._tallies) / 1e9

    def install(self) -> None:
        """Begin to watch; shared by count."""
        with self._lock:
            self._users += 1
            if self._users == 1:
                gc.callbacks.append(self._on_collection)

    def uninstall(self) -> None:
        """Undo one `install`; the last one removes the hook. Further calls are harmless."""
        with self._lock:
            if self._users == 0:
                return
            self._users -= 1
            if self._users == 0 and self._on_collection in gc.callbacks:
                gc.callbacks.remove(self._on_collection)

    def flush(self) -> None:
        """Publish what was collected since the last flush."""
        with self._lock:
            for generation, tally in enumerate(self._tallies):
                now = tally.copy()
                self._publish(str(generation), self._published[generation], now)
                self._published[generation] = now

    def _on_collection(self, phase: str, info: dict[str, Any]) -> None:
        if phase == "start":
            self._started_ns = perf_counter_ns()
            return
        if not self._started_ns:  # installed in the middle of a collection
            return
        pause = perf_counter_ns() - self._started_ns
        self._started_ns = 0
        tally = self._tallies[info["generation"]]
        tally.pauses[bisect_left(_BOUNDS_NS, pause)] += 1
        tally.nanoseconds += pause
        tally.collected += info["collected"]
        tally.uncollectable += info["uncollectable"]

    def _publish(self, generation: str, old: _Tally, new: _Tally) -> None:
        pauses = [after - before for after, before in zip(new.pauses, old.pauses, strict=True)]
        if not any(pauses):
            return
        labels = (generation, self._role)
        seconds = (new.nanoseconds - old.nanoseconds) / 1e9
        self._recorder.histogram(metrics.GC_PAUSE, *labels).merge(pauses, seconds)
        for spec, amount in (
            (metrics.GC_COLLECTIONS, sum(pauses)),
            (metrics.GC_COLLECTED, new.collected - old.collected),
            (metrics.GC_UNCOLLECTABLE, new.uncollectable - old.uncollectable),
        ):
            self._recorder.counter(spec, *labels).inc(amount)

    def _after_fork_in_child(self) -> None:
        # What the parent has not published yet is the parent's to publish.
        self._lock = threading.Lock()
        self._published = [tally.copy() for tally in self._tallies]


_watches: weakref.WeakSet[GcWatch] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for watch in list(_watches):
        watch._after_fork_in_child()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_after_fork_in_child)
