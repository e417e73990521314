"""The in-process cache."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from backend.cache import Cache


class Telemetry:
    """Writes down what a cache reports."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *values: self.calls.append((name, *values))

    def count(self, name: str) -> int:
        return sum(call[0] == name for call in self.calls)


class FakeSession:
    def __init__(self) -> None:
        self.telemetry = Telemetry()

    def cache(self, name: str, backend: str = "memory") -> Telemetry:
        return self.telemetry


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def session() -> FakeSession:
    return FakeSession()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def never() -> Any:
    raise AssertionError("loaded again")


def test_a_value_is_loaded_once(session: FakeSession) -> None:
    """The second look-up takes what the first one loaded."""
    cache: Cache[str] = Cache("config", session, 10)
    assert cache.get_or_load("a", lambda: "A") == "A"
    assert cache.get_or_load("a", never) == "A"
    assert (session.telemetry.count("miss"), session.telemetry.count("hit")) == (1, 1)


def test_a_hit_saves_what_the_load_cost(session: FakeSession, clock: Clock) -> None:
    """A hit reports the seconds that loading took when it was a miss."""

    def load() -> str:
        clock.now += 2.5
        return "A"

    cache: Cache[str] = Cache("config", session, 10, clock=clock)
    assert cache.fetch("a", load) == ("A", False)
    assert cache.fetch("a", never) == ("A", True)
    assert ("loaded", 2.5) in session.telemetry.calls
    assert ("hit", 2.5, 0.0) in session.telemetry.calls


def test_the_least_recently_used_entry_goes_first(session: FakeSession) -> None:
    """A full cache drops what was not asked for, and counts it."""
    cache: Cache[str] = Cache("config", session, 2)
    for key in ("a", "b", "a", "c"):
        cache.get_or_load(key, key.upper)
    cache.get_or_load("a", never)
    assert cache.fetch("b", lambda: "again") == ("again", False)
    assert session.telemetry.count("evicted") == 2
    assert ("entries", 2) in session.telemetry.calls


def test_sizes_are_what_the_caller_says(session: FakeSession) -> None:
    """With a size function the limit is in its units, and what is larger is not kept."""
    cache: Cache[str] = Cache("config", session, 10, size_of=len)
    cache.get_or_load("six", lambda: "x" * 6)
    cache.get_or_load("five", lambda: "x" * 5)
    assert len(cache) == 1
    assert cache.get_or_load("giant", lambda: "x" * 11) == "x" * 11
    assert len(cache) == 1


def test_an_entry_expires(session: FakeSession, clock: Clock) -> None:
    """After its time to live a value is loaded again."""
    cache: Cache[str] = Cache("config", session, 10, ttl_seconds=5, clock=clock)
    cache.get_or_load("a", lambda: "old")
    clock.now = 4.9
    assert cache.get_or_load("a", never) == "old"
    clock.now = 5.0
    assert cache.get_or_load("a", lambda: "new") == "new"


def test_a_failed_load_is_not_kept(session: FakeSession) -> None:
    """An error reaches the caller and the next look-up tries again."""
    cache: Cache[str] = Cache("config", session, 10)
    with pytest.raises(ZeroDivisionError):
        cache.get_or_load("a", lambda: str(1 // 0))
    assert cache.get_or_load("a", lambda: "A") == "A"


def test_an_entry_can_be_dropped(session: FakeSession) -> None:
    """One key, or all, can be forgotten."""
    cache: Cache[str] = Cache("config", session, 10)
    for key in ("a", "b"):
        cache.get_or_load(key, key.upper)
    cache.invalidate("a")
    assert cache.fetch("a", lambda: "A")[1] is False
    cache.invalidate()
    assert len(cache) == 0


@pytest.mark.parametrize("fails", [False, True])
def test_threads_that_miss_together_share_one_load(session: FakeSession, fails: bool) -> None:
    """While one thread loads, the others wait for its value or its error."""
    cache: Cache[str] = Cache("config", session, 10)
    loading, finish = threading.Event(), threading.Event()
    loads: list[int] = []
    outcomes: list[object] = []

    def load() -> str:
        loads.append(1)
        loading.set()
        finish.wait(10)
        if fails:
            raise KeyError("gone")
        return "A"

    def look_up() -> None:
        try:
            outcomes.append(cache.get_or_load("a", load))
        except KeyError as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=look_up) for _ in range(4)]
    threads[0].start()
    assert loading.wait(10)
    for thread in threads[1:]:
        thread.start()
    finish.set()
    for thread in threads:
        thread.join(10)
    if not fails:
        assert loads == [1]
    assert set(outcomes) == ({"'gone'"} if fails else {"A"})
    assert len(outcomes) == 4
