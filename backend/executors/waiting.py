"""The queue of an executor: first come, first served, with a liking for warm caches."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from backend.executors.base import Task
from backend.executors.slot import Slot

_DISPATCHES_ALLOWED = 5
"""Times a task is handed to a worker that dies before touching it, before it is given up."""


class Waiting:
    """Tasks that no worker has begun."""

    def __init__(self) -> None:
        self._tasks: deque[Task] = deque()
        self._dispatches: dict[str, int] = {}

    def __bool__(self) -> bool:
        return bool(self._tasks)

    def add(self, task: Task) -> None:
        self._tasks.append(task)

    def pick(self, idle: Iterable[Slot]) -> tuple[Slot, Task] | None:
        """Take the first task out, with the slot that suits it best; None when there is none."""
        if not self._tasks:
            return None
        task = self._tasks[0]
        # Among those that hold nothing of use, the one with the least to lose.
        slot = max(
            idle,
            key=lambda slot: (
                slot.held.coverage(task.affinity) if task.affinity is not None else 0.0,
                -len(slot.held),
            ),
            default=None,
        )
        if slot is None:
            return None
        self._tasks.popleft()
        self._dispatches[task.task_id] = self._dispatches.get(task.task_id, 0) + 1
        return slot, task

    def put_back(self, task: Task) -> bool:
        """Queue it again, first in line; False when workers have died of it too often."""
        if self._dispatches[task.task_id] >= _DISPATCHES_ALLOWED:
            return False
        self._tasks.appendleft(task)
        return True

    def remove(self, task_id: str) -> Task | None:
        for task in self._tasks:
            if task.task_id == task_id:
                self._tasks.remove(task)
                return task
        return None

    def drain(self) -> list[Task]:
        """Take all out."""
        tasks = list(self._tasks)
        self._tasks.clear()
        return tasks

    def forget(self, task: Task) -> None:
        """The task has ended."""
        self._dispatches.pop(task.task_id, None)
