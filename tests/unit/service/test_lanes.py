"""Groups of tasks that wait apart."""

from __future__ import annotations

from collections.abc import Iterable

from backend.executors.base import Task
from backend.lanes import Lanes


def tasks(*names: str) -> list[Task]:
    return [Task(name, lambda slot: {}) for name in names]


def names(found: Iterable[Task]) -> list[str]:
    return [task.task_id for task in found]


def test_a_lane_lets_out_no_more_than_its_width() -> None:
    """The others follow one by one, in order, as those before them end."""
    lanes = Lanes()
    assert names(lanes.add("a", tasks("1", "2", "3", "4"), 2)) == ["1", "2"]
    assert len(lanes) == 2
    assert names(lanes.ended("2")) == ["3"]
    assert names(lanes.ended("1")) == ["4"]
    assert names(lanes.ended("3")) == []
    assert len(lanes) == 0


def test_lanes_do_not_wait_for_each_other() -> None:
    """Each group has its own width."""
    lanes = Lanes()
    assert names(lanes.add("a", tasks("1", "2"), 1)) == ["1"]
    assert names(lanes.add("b", tasks("3", "4"), 1)) == ["3"]
    assert names(lanes.ended("3")) == ["4"]


def test_what_waits_can_be_taken_out() -> None:
    """It is never let out; what is out already stays."""
    lanes = Lanes()
    lanes.add("a", tasks("1", "2", "3"), 1)
    assert not lanes.take_out("1")
    assert lanes.take_out("2")
    assert names(lanes.ended("2")) == []
    assert lanes.waiting() == ["3"]
    assert names(lanes.ended("1")) == ["3"]


def test_tasks_of_no_lane_are_left_alone() -> None:
    """Jobs that are no part of a group end like before."""
    assert Lanes().ended("x") == []
    assert not Lanes().take_out("x")


def test_a_lane_is_forgotten_with_its_last_task() -> None:
    """A group of the same name starts anew."""
    lanes = Lanes()
    lanes.add("a", tasks("1"), 1)
    lanes.ended("1")
    assert names(lanes.add("a", tasks("2", "3"), 2)) == ["2", "3"]
