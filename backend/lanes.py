"""Groups of tasks that wait apart, so that a large group keeps nobody else waiting."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from backend.executors.base import Task


@dataclass
class _Lane:
    width: int
    waiting: deque[Task] = field(default_factory=deque)
    out: set[str] = field(default_factory=set)


class Lanes:
    """Of each group at most `width` tasks are out, queued or running; the others wait here."""

    def __init__(self) -> None:
        self._lanes: dict[str, _Lane] = {}
        self._lane_of: dict[str, str] = {}

    def __len__(self) -> int:
        """Tasks that wait here."""
        return sum(len(lane.waiting) for lane in self._lanes.values())

    def add(self, group: str, tasks: Iterable[Task], width: int) -> list[Task]:
        """Take the tasks in; returns those to hand over now."""
        lane = self._lanes.setdefault(group, _Lane(width))
        for task in tasks:
            lane.waiting.append(task)
            self._lane_of[task.task_id] = group
        return self._next(lane)

    def ended(self, task_id: str) -> list[Task]:
        """The task has ended, wherever it was; returns those to hand over now."""
        group = self._lane_of.pop(task_id, None)
        if group is None:
            return []
        lane = self._lanes[group]
        lane.out.discard(task_id)
        freed = self._next(lane)
        if not lane.out and not lane.waiting:
            del self._lanes[group]
        return freed

    def take_out(self, task_id: str) -> bool:
        """Remove a task that waits here; False for any other."""
        lane = self._lanes.get(self._lane_of.get(task_id, ""))
        if lane is None or task_id in lane.out:
            return False
        lane.waiting = deque(task for task in lane.waiting if task.task_id != task_id)
        return True

    def waiting(self) -> list[str]:
        """The tasks that wait here."""
        return [task.task_id for lane in self._lanes.values() for task in lane.waiting]

    def _next(self, lane: _Lane) -> list[Task]:
        freed = []
        while lane.waiting and len(lane.out) < lane.width:
            task = lane.waiting.popleft()
            lane.out.add(task.task_id)
            freed.append(task)
        return freed
