from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType
from typing import Any

import pytest

from backend.executors.affinity import Affinity
from backend.executors.base import Outcome, Progress, Task
from backend.executors.local import Limits, LocalExecutor
from tests.unit.service import trivial_jobs

DEADLINE_SECONDS = 300


class Recording:
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.heard = threading.Condition()
        self.started_in: dict[str, list[int]] = {}
        self.progress: dict[str, list[Progress]] = {}
        self.outcomes: dict[str, list[Outcome]] = {}
        self.restarts: list[tuple[int, str]] = []

    def started(self, task_id: str, slot: int) -> None:
        with self.heard:
            self.started_in.setdefault(task_id, []).append(slot)
            self.heard.notify_all()

    def progressed(self, task_id: str, progress: Progress) -> None:
        with self.heard:
            self.progress.setdefault(task_id, []).append(progress)
            self.heard.notify_all()

    def ended(self, task_id: str, outcome: Outcome) -> None:
        with self.heard:
            self.outcomes.setdefault(task_id, []).append(outcome)
            self.heard.notify_all()

    def restarted(self, slot: int, reason: str) -> None:
        with self.heard:
            self.restarts.append((slot, reason))
            self.heard.notify_all()

    def wait(self, condition: Callable[[], Any]) -> None:
        with self.heard:
            assert self.heard.wait_for(condition, DEADLINE_SECONDS), "nothing heard in time"

    def outcome(self, task_id: str) -> Outcome:
        """The task's only outcome, once it is there."""
        self.wait(lambda: task_id in self.outcomes)
        (outcome,) = self.outcomes[task_id]
        return outcome


class Bench:
    """An executor with its recording, and short ways to use both."""

    def __init__(self, executor: LocalExecutor) -> None:
        self.executor = executor
        self.heard = Recording()
        executor.start(self.heard)

    def submit(self, task_id: str, affinity: Affinity | None = None, **payload: Any) -> None:
        self.executor.submit(Task(task_id, lambda slot: payload, affinity))

    def pid(self, slot: int = 0) -> int | None:
        return self.executor.status()[slot].pid

    def until(self, condition: Callable[[], Any]) -> Any:
        """Poll until the condition is true; returns what it gave."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < deadline:
            if value := condition():
                return value
            time.sleep(0.01)
        raise AssertionError("it did not happen in time")

    def until_idle(self) -> None:
        self.until(lambda: all(slot.state == "idle" for slot in self.executor.status()))


@pytest.fixture
def trivial() -> ModuleType:
    return trivial_jobs


@pytest.fixture
def make_bench() -> Iterator[Callable[..., Bench]]:
    """Start executors of trivial handlers; they are closed after the test."""
    benches: list[Bench] = []

    def make(slots: int = 1, make_handler: Any = trivial_jobs.make_handler, **limits: Any) -> Bench:
        defaults = dict(memory_bytes=2**40, timeout_seconds=600, jobs_per_worker=1000)
        chosen = Limits(**{**defaults, "tick_seconds": 0.05, **limits})
        benches.append(Bench(LocalExecutor(slots, make_handler, chosen)))
        return benches[-1]

    yield make
    for bench in benches:
        bench.executor.close()


@pytest.fixture
def marked_handler(tmp_path: Any) -> tuple[str, Any]:
    """A marker's path and a handler factory that waits, in each slot, until it goes."""
    marker = str(tmp_path / "starting")
    return marker, partial(trivial_jobs.make_when_marked, marker)
