"""What is remembered of a worker, and which worker a task goes to."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from backend.executors.affinity import REMEMBERED, Affinity, Held
from backend.executors.base import Task
from backend.executors.waiting import Waiting


@dataclass
class Slot:
    """As much of a slot as choosing needs."""

    held: Held = field(default_factory=Held)


def holding(*parts: Affinity) -> Slot:
    slot = Slot()
    for part in parts:
        slot.held.add(part)
    return slot


def chosen(affinity: Affinity | None, *idle: Slot) -> int | None:
    waiting = Waiting()
    waiting.add(Task("a", lambda slot: {}, affinity))
    picked = waiting.pick(idle)  # type: ignore[arg-type]
    return None if picked is None else [slot is picked[0] for slot in idle].index(True)


@pytest.mark.parametrize(
    ("start", "end", "share"),
    [(10, 19, 1.0), (12, 13, 1.0), (10, 29, 0.5), (0, 9, 0.0), (19, 19, 1.0), (30, 20, 0.0)],
)
def test_coverage_is_the_share_that_was_read(start: int, end: int, share: float) -> None:
    """Both ends of a part belong to it."""
    held = holding(Affinity("x", 10, 19)).held
    assert held.coverage(Affinity("x", start, end)) == share
    assert held.coverage(Affinity("y", start, end)) == 0.0


def test_parts_that_touch_are_one() -> None:
    """Neighbours and overlaps are joined, across what was read between them."""
    held = holding(
        Affinity("x", 0, 9), Affinity("x", 20, 29), Affinity("y", 10, 19), Affinity("x", 10, 19)
    ).held
    assert len(held) == 2
    assert held.coverage(Affinity("x", 0, 29)) == 1.0


def test_only_the_newest_parts_are_remembered() -> None:
    """A worker that has read much holds the last of it at most."""
    held = holding(*(Affinity("x", 10 * n, 10 * n) for n in range(REMEMBERED + 1))).held
    assert len(held) == REMEMBERED
    assert held.coverage(Affinity("x", 0, 0)) == 0.0
    assert held.coverage(Affinity("x", 10 * REMEMBERED, 10 * REMEMBERED)) == 1.0


def test_a_task_goes_where_most_of_its_data_is() -> None:
    """A part of it is better than none, all of it better than a part."""
    part, whole = holding(Affinity("x", 0, 4)), holding(Affinity("x", 0, 20), Affinity("y", 0, 9))
    assert chosen(Affinity("x", 0, 9), Slot(), part, whole) == 2
    assert chosen(Affinity("x", 0, 9), Slot(), part) == 1
    assert chosen(Affinity("y", 0, 9), Slot(), part, whole) == 2


@pytest.mark.parametrize("affinity", [None, Affinity("z", 0, 9)])
def test_what_nobody_holds_goes_where_least_is_lost(affinity: Affinity | None) -> None:
    """A slot with nothing in memory comes first."""
    much = holding(Affinity("x", 0, 4), Affinity("y", 0, 4))
    assert chosen(affinity, much, holding(Affinity("x", 0, 4)), Slot()) == 2


def test_a_task_takes_any_free_slot_rather_than_wait() -> None:
    """Data in a busy slot do not keep a task from an idle one."""
    assert chosen(Affinity("x", 0, 9), Slot()) == 0
    assert chosen(Affinity("x", 0, 9)) is None
