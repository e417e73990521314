"""The in-process cache."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from backend.cache import Cache


def never() -> Any:
    raise AssertionError("loaded again")


def test_a_value_is_loaded_once(session: Any) -> None:
    """The second look-up takes what the first one loaded."""
    cache: Cache[str] = Cache("config", session, 10)
    assert cache.get_or_load("a", lambda: "A") == "A"
    assert cache.get_or_load("a", never) == "A"
    assert (session.telemetry.count("miss"), session.telemetry.count("hit")) == (1, 1)


def test_a_hit_saves_what_the_load_cost(session: Any, clock: Any) -> None:
    """A hit reports the seconds that loading took when it was a miss."""

    def load() -> str:
        clock.now += 2.5
        return "A"

    cache: Cache[str] = Cache("config", session, 10, clock=clock)
    assert cache.fetch("a", load) == ("A", False)
    assert cache.fetch("a", never) == ("A", True)
    assert ("loaded", 2.5) in session.telemetry.calls
    assert ("hit", 2.5, 0.0) in session.telemetry.calls


def test_what_cannot_be_kept_is_a_miss_each_time(session: Any, clock: Any) -> None:
    """With what it cost, so that the hit rate and the seconds say what callers go through."""

    def load() -> str:
        clock.now += 2.5
        return "A"

    cache: Cache[str] = Cache("config", session, 10, clock=clock)
    assert [cache.load_unkept(load), cache.load_unkept(load)] == ["A", "A"]
    assert session.telemetry.results() == {"miss": 2}
    assert session.telemetry.calls.count(("loaded", 2.5)) == 2
    assert len(cache) == 0


def test_the_least_recently_used_entry_goes_first(session: Any) -> None:
    """A full cache drops what was not asked for, and counts it."""
    cache: Cache[str] = Cache("config", session, 2)
    for key in ("a", "b", "a", "c"):
        cache.get_or_load(key, key.upper)
    cache.get_or_load("a", never)
    assert cache.fetch("b", lambda: "again") == ("again", False)
    assert session.telemetry.count("evicted") == 2
    assert ("entries", 2) in session.telemetry.calls


def test_sizes_are_what_the_caller_says(session: Any) -> None:
    """With a size function the limit is in its units, and what is larger is not kept."""
    cache: Cache[str] = Cache("config", session, 10, size_of=len)
    cache.get_or_load("six", lambda: "x" * 6)
    cache.get_or_load("five", lambda: "x" * 5)
    assert len(cache) == 1
    assert cache.get_or_load("giant", lambda: "x" * 11) == "x" * 11
    assert len(cache) == 1


def test_an_entry_expires(session: Any, clock: Any) -> None:
    """After its time to live a value is loaded again."""
    cache: Cache[str] = Cache("config", session, 10, ttl_seconds=5, clock=clock)
    cache.get_or_load("a", lambda: "old")
    clock.now = 4.9
    assert cache.get_or_load("a", never) == "old"
    clock.now = 5.0
    assert cache.get_or_load("a", lambda: "new") == "new"


def test_a_failed_load_is_not_kept(session: Any) -> None:
    """An error reaches the caller and the next look-up tries again."""
    cache: Cache[str] = Cache("config", session, 10)
    with pytest.raises(ZeroDivisionError):
        cache.get_or_load("a", lambda: str(1 // 0))
    assert cache.get_or_load("a", lambda: "A") == "A"


def test_known_errors_are_kept_for_a_while(session: Any, clock: Any) -> None:
    """What is not there is not looked for again at once; nor is that remembered for ever."""

    def load() -> str:
        clock.now += 0.5
        raise LookupError("none")

    cache: Cache[str] = Cache(
        "config", session, 10, negative=(LookupError,), negative_seconds=3, clock=clock
    )
    for loader in (load, never):
        with pytest.raises(LookupError, match="none"):
            cache.get_or_load("a", loader)
    assert ("hit", 0.5, 0.0) in session.telemetry.calls
    clock.now += 3
    assert cache.get_or_load("a", lambda: "A") == "A"


def test_an_error_that_is_kept_does_not_grow(session: Any) -> None:
    """Raised again and again, it holds the frames of the last time only."""
    cache: Cache[str] = Cache("config", session, 10, negative=(LookupError,))

    def depth() -> int:
        with pytest.raises(LookupError) as caught:
            cache.get_or_load("a", lambda: {}["a"])
        return len(caught.traceback)

    depth()
    assert depth() == depth()


def test_what_is_dropped_while_it_loads_is_not_kept(session: Any) -> None:
    """The loader may have read what was there before the change."""
    cache: Cache[str] = Cache("config", session, 10)

    def load() -> str:
        cache.invalidate("a")
        return "old"

    assert cache.get_or_load("a", load) == "old"
    assert cache.get_or_load("a", lambda: "new") == "new"


def test_an_entry_can_be_dropped(session: Any) -> None:
    """One key, or all, can be forgotten."""
    cache: Cache[str] = Cache("config", session, 10)
    for key in ("a", "b"):
        cache.get_or_load(key, key.upper)
    cache.invalidate("a")
    assert cache.fetch("a", lambda: "A")[1] is False
    cache.invalidate()
    assert len(cache) == 0


@pytest.mark.parametrize("fails", [False, True])
def test_threads_that_miss_together_share_one_load(session: Any, fails: bool) -> None:
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
