"""Entries that processes share through a real Redis, and what becomes of its faults."""

from __future__ import annotations

import asyncio
import logging
import pickle
import threading
from collections.abc import Callable
from typing import Any

import pytest

from backend.cache import Cache, Codec
from backend.cache.redis_store import MAX_BYTES, StoreError

LIST: Codec[list[int]] = Codec(list[int])
LARGE = b'{"load_seconds":1,"value":[' + b"1," * MAX_BYTES + b"1]}"


def never() -> Any:
    raise AssertionError("loaded again")


@pytest.fixture
def make_cache(make_store: Any, session: Any, clock: Any) -> Callable[..., Cache[list[int]]]:
    """Caches that share nothing but the server, as those of several processes."""

    def make(store: Any = None, **options: Any) -> Cache[list[int]]:
        store = store or make_store()
        return Cache("config", session, 100, store=store, clock=clock, **options)

    return make


def entries(server: Any) -> list[bytes]:
    return server.client.keys("nautobs:config:*")


# Sharing ------------------------------------------------------------------------------------------


def test_an_entry_of_another_process_is_found(make_cache: Any, session: Any, clock: Any) -> None:
    """It counts as a hit of Redis, and the seconds of its load are saved once a look-up."""

    def load() -> list[int]:
        clock.now += 2.5
        return [1, 2]

    first, second = make_cache(), make_cache()
    assert first.fetch("a", load, LIST) == ([1, 2], False)
    assert second.fetch("a", never, LIST) == ([1, 2], True)
    assert session.redis.results() == {"miss": 1, "hit": 1}
    assert session.telemetry.results() == {"miss": 2}
    assert ("hit", 2.5, 0.0) in session.redis.calls
    assert second.fetch("a", never, LIST) == ([1, 2], True)
    assert session.telemetry.results() == {"miss": 2, "hit": 1}
    assert ("hit", 2.5, 0.0) in session.telemetry.calls
    assert session.redis.results() == {"miss": 1, "hit": 1}


def test_what_has_no_codec_stays_here(make_cache: Any, server: Any, session: Any) -> None:
    """Objects that are no data are for one process."""
    make_cache().get_or_load("a", lambda: [1])
    assert entries(server) == []
    assert session.redis.calls == []


def test_a_new_version_never_reads_old_values(make_cache: Any) -> None:
    """Neither another number nor another type finds what was written before."""
    make_cache().get_or_load("a", lambda: [1], LIST)
    assert make_cache().get_or_load("a", lambda: [2], Codec(list[int], version=2)) == [2]
    assert make_cache().get_or_load("a", lambda: [3.5], Codec(list[float])) == [3.5]
    assert make_cache().get_or_load("a", never, LIST) == [1]


def test_an_entry_grows_old_wherever_it_is(make_cache: Any, server: Any, clock: Any) -> None:
    """Taken from Redis late in its life, it is kept for the rest of it, not anew."""
    make_cache(ttl_seconds=100).get_or_load("a", lambda: [1], LIST)
    (key,) = entries(server)
    assert 0 < server.client.pttl(key) <= 100_000
    server.client.pexpire(key, 40_000)
    second = make_cache(ttl_seconds=100)
    assert second.get_or_load("a", never, LIST) == [1]
    server.client.delete(key)
    clock.now = 41.0
    assert second.get_or_load("a", lambda: [2], LIST) == [2]


def test_nothing_stays_for_ever(make_cache: Any, server: Any) -> None:
    """Entries that do not grow old go after a day."""
    make_cache().get_or_load("a", lambda: [1], LIST)
    assert 0 < server.client.ttl(*entries(server)) <= 86_400


def test_an_entry_is_dropped_there_too(make_cache: Any, server: Any) -> None:
    """One key in all its versions, or all of this cache and of no other."""
    cache = make_cache()
    server.client.set("nautobs:other:x:1", "1")
    for key, codec in (("a", LIST), ("b", LIST)):
        cache.get_or_load(key, lambda: [1], codec)
    make_cache().get_or_load("a", lambda: [1], Codec(list[int], version=2))
    cache.invalidate("a")
    assert len(entries(server)) == 1
    assert cache.get_or_load("b", never, LIST) == [1]
    cache.invalidate()
    assert entries(server) == []
    assert server.client.exists("nautobs:other:x:1")


def test_large_values_are_not_shared(make_cache: Any, server: Any) -> None:
    """They are kept in memory alone."""
    cache = make_cache()
    cache.get_or_load("a", lambda: [10**9] * (MAX_BYTES // 10), LIST)
    cache.get_or_load("a", never, LIST)
    assert entries(server) == []


def test_errors_are_not_shared(make_cache: Any, server: Any) -> None:
    """What one process could not find another one may."""
    cache = make_cache(negative=(LookupError,))
    for _ in range(2):
        with pytest.raises(LookupError):
            cache.get_or_load("a", lambda: [{}["a"]], LIST)
    assert entries(server) == []


# Faults -------------------------------------------------------------------------------------------


def kill(server: Any) -> None:
    server.kill()


def restart(server: Any) -> None:
    server.start()


def freeze(server: Any) -> None:
    server.freeze()


def thaw(server: Any) -> None:
    server.thaw()


@pytest.mark.parametrize(
    ("fault", "mend"), [(kill, restart), (freeze, thaw)], ids=["killed", "frozen"]
)
def test_without_redis_memory_serves(
    make_cache: Any, make_store: Any, server: Any, session: Any, clock: Any, caplog: Any,
    fault: Callable[[Any], None], mend: Callable[[Any], None],
) -> None:  # fmt: skip
    """Errors are counted, the breaker spares callers the wait, and a probe finds it again."""
    caplog.set_level(logging.INFO, "backend.cache")
    store = make_store(timeout_seconds=0.3)
    cache = make_cache(store)
    cache.get_or_load("before", lambda: [0], LIST)
    fault(server)
    assert store.trouble()
    for number in range(2):
        assert cache.get_or_load(number, lambda: [1], LIST) == [1]
    assert store.breaker.is_open
    for number in range(2, 10):
        cache.get_or_load(number, lambda: [1], LIST)
    assert session.redis.results() == {"miss": 1, "error": 10}
    assert cache.get_or_load(5, never, LIST) == [1]
    mend(server)
    assert make_store().trouble() == ""
    cache.get_or_load(10, lambda: [2], LIST)
    assert store.breaker.is_open
    clock.now = 5.0
    cache.get_or_load(11, lambda: [3], LIST)
    assert not store.breaker.is_open
    assert make_cache().get_or_load(11, never, LIST) == [3]
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_a_full_redis_still_answers(
    make_cache: Any, make_store: Any, server: Any, session: Any
) -> None:
    """Writes fail and are counted; what is there is found, and nobody waits."""
    store = make_store()
    cache = make_cache(store)
    cache.get_or_load("before", lambda: [0], LIST)
    server.fill()
    assert "maxmemory" in store.trouble()
    for number in range(5):
        assert cache.get_or_load(number, lambda: [1], LIST) == [1]
    assert session.redis.count("error") == 5
    assert not store.breaker.is_open
    assert make_cache(store).get_or_load("before", never, LIST) == [0]
    server.empty()
    assert store.trouble() == ""
    cache.get_or_load("after", lambda: [2], LIST)
    assert make_cache().get_or_load("after", never, LIST) == [2]


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\xff\x00\x01", b"null", b'{"load_seconds":1,"value":"no list"}', pickle.dumps([1]),
        b'{"load_seconds":-1,"value":[1]}', b"[" * 10_000, LARGE, None,
    ],
    ids=["bytes", "null", "type", "pickle", "seconds", "deep", "large", "kind"],
)  # fmt: skip
def test_rubbish_is_a_miss(
    make_cache: Any, make_store: Any, server: Any, session: Any, rubbish: bytes | None
) -> None:
    """It counts as an error, is loaded anew, and is replaced; `None`: no string of Redis at all."""
    make_cache().get_or_load("a", lambda: [1], LIST)
    (key,) = entries(server)
    server.client.delete(key)
    if rubbish is None:
        server.client.rpush(key, "1")
    else:
        server.client.set(key, rubbish)
    store = make_store()
    assert make_cache(store).fetch("a", lambda: [2], LIST) == ([2], False)
    assert session.redis.results() == {"miss": 1, "error": 1}
    assert not store.breaker.is_open
    assert make_cache().get_or_load("a", never, LIST) == [2]


class Callers:
    """Threads that look up again and again, each time as a process that has just started."""

    def __init__(self, store: Any, make_cache: Callable[..., Cache[list[int]]]) -> None:
        self._store, self._make_cache = store, make_cache
        self._done = threading.Event()
        self._rounds = [0] * 4
        self.failures: list[BaseException] = []
        self._threads = [
            threading.Thread(target=self._look_up, args=(place,)) for place in range(4)
        ]

    def __enter__(self) -> Callers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join(30)

    def go_on(self) -> None:
        """Every thread has begun and ended a round from now on."""
        seen, pause = list(self._rounds), threading.Event()
        for _ in range(3000):
            ahead = (now - then for now, then in zip(self._rounds, seen, strict=True))
            if self.failures or min(ahead) >= 2:
                return
            pause.wait(0.01)
        raise AssertionError("threads do not get on")

    def _look_up(self, place: int) -> None:
        try:
            while not self._done.is_set():
                cache = self._make_cache(self._store)
                for number in range(20):
                    assert cache.get_or_load(number, lambda n=number: [n], LIST) == [number]
                self._store.breaker.succeeded()  # try Redis again, whatever it did before
                self._rounds[place] += 1
        except BaseException as error:
            self.failures.append(error)


def test_callers_never_see_a_fault(make_cache: Any, make_store: Any, server: Any) -> None:
    """Threads look up while Redis is killed, frozen, filled with rubbish and full, in turn."""

    def spoil() -> None:
        for key in entries(server):
            server.client.set(key, b"rubbish")

    steps = (
        server.kill, server.start, server.freeze, server.thaw, spoil, server.fill, server.empty,
        server.kill,
    )  # fmt: skip
    with Callers(make_store(timeout_seconds=0.1), make_cache) as callers:
        for step in steps:
            step()
            callers.go_on()
    assert callers.failures == []


def test_an_event_loop_is_never_held_up(make_cache: Any, server: Any, session: Any) -> None:
    """There the memory alone is asked, which is counted; Redis may be slow."""

    async def look_up() -> list[int]:
        return make_cache().get_or_load("a", lambda: [1], LIST)

    assert asyncio.run(look_up()) == [1]
    assert session.redis.results() == {"error": 1}
    assert entries(server) == []


# The password -------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["s%2Fcret-1", "wrong-s%2Fcret"])
def test_a_password_opens_and_is_never_said(
    make_cache: Any, make_store: Any, server: Any, caplog: Any, form: str
) -> None:
    """Neither by the address nor by what goes wrong."""
    server.client.config_set("requirepass", "s/cret-1")
    store = make_store(url=f"unix://:{form}@{server.socket}")
    cache = make_cache(store)
    for number in range(3):
        cache.get_or_load(number, lambda: [1], LIST)
    trouble = store.trouble()
    assert bool(trouble) == store.breaker.is_open == form.startswith("wrong")
    assert "cret" not in f"{store.address} {trouble} {caplog.text}"


def test_a_driver_that_says_the_password_is_not_quoted(make_store: Any, server: Any) -> None:
    """Whatever its errors contain, and however the address wrote it."""
    store = make_store(url=f"unix://:s%2Fcret@{server.socket}?password=oth%2Fer")

    def fail(_: Any) -> None:
        raise ValueError("bad s/cret, s%2Fcret, oth/er, oth%2Fer")

    with pytest.raises(StoreError, match="bad") as caught:
        store._call(fail)
    assert str(caught.value) == "bad …, …, …, …"
