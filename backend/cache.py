"""In-process cache: least recently used goes first, entries may also expire."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from cachetools import TTLCache

if TYPE_CHECKING:
    from nautilus_instrumentation import Session

V = TypeVar("V")


class _Entry(NamedTuple, Generic[V]):
    value: V
    load_seconds: float


class _CountingCache(TTLCache[Any, Any]):
    """Counts the entries it drops to keep its limits."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dropped = 0

    def popitem(self) -> tuple[Any, Any]:
        self.dropped += 1
        return super().popitem()

    def expire(self, time: float | None = None) -> list[tuple[Any, Any]]:
        expired = super().expire(time)
        self.dropped += len(expired)
        return expired


class Cache(Generic[V]):
    """A cache `name` (one of the contract's) with `maxsize` entries, or units of `size_of`.

    Thread-safe. Threads that miss the same key at once share one load; a load that fails is not
    kept, and all who waited for it get its error. A value larger than `maxsize` is returned and not
    kept. `ttl_seconds` counts from the load; `clock` is monotonic, in seconds.
    """

    def __init__(
        self,
        name: str,
        session: Session,
        maxsize: float,
        *,
        ttl_seconds: float = math.inf,
        size_of: Callable[[V], float] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._telemetry = session.cache(name)
        self._clock = clock
        self._mutex = threading.Lock()
        self._loading: dict[Hashable, Future[_Entry[V]]] = {}
        self._entries = _CountingCache(
            maxsize,
            ttl_seconds,
            timer=clock,
            getsizeof=None if size_of is None else lambda entry: size_of(entry.value),
        )

    def get_or_load(self, key: Hashable, loader: Callable[[], V]) -> V:
        """The value of `key`; `loader` makes it where it is missing, and may raise."""
        return self.fetch(key, loader)[0]

    def fetch(self, key: Hashable, loader: Callable[[], V]) -> tuple[V, bool]:
        """As `get_or_load`, and whether the value was there already."""
        began = self._clock()
        with self._mutex:
            entry: _Entry[V] | None = self._entries.get(key)
            shared = self._loading.get(key) if entry is None else None
            mine: Future[_Entry[V]] = Future()
            if entry is None and shared is None:
                self._loading[key] = mine
        if shared is not None:
            entry = self._wait(shared)
        if entry is not None:
            self._telemetry.hit(entry.load_seconds, self._clock() - began)
            return entry.value, True
        self._telemetry.miss()
        return self._load(key, loader, mine).value, False

    def invalidate(self, key: Hashable | None = None) -> None:
        """Drop one entry, or all of them."""
        with self._mutex:
            if key is None:
                self._entries.clear()
            else:
                self._entries.pop(key, None)
            self._telemetry.entries(len(self._entries))

    def __len__(self) -> int:
        with self._mutex:
            return len(self._entries)

    def _wait(self, shared: Future[_Entry[V]]) -> _Entry[V]:
        try:
            return shared.result()
        except BaseException:
            self._telemetry.miss()
            raise

    def _load(self, key: Hashable, loader: Callable[[], V], future: Future[_Entry[V]]) -> _Entry[V]:
        began = self._clock()
        try:
            value = loader()
            entry = _Entry(value, self._clock() - began)
            self._telemetry.loaded(entry.load_seconds)
            self._store(key, entry)
        except BaseException as error:
            future.set_exception(error)
            raise
        else:
            future.set_result(entry)
        finally:
            with self._mutex:
                self._loading.pop(key, None)
        return entry

    def _store(self, key: Hashable, entry: _Entry[V]) -> None:
        began = self._clock()
        with self._mutex:
            dropped = self._entries.dropped
            try:
                self._entries[key] = entry
            except ValueError:  # larger than the whole cache
                return
            dropped = self._entries.dropped - dropped
            kept = len(self._entries)
        self._telemetry.stored(self._clock() - began)
        self._telemetry.entries(kept)
        if dropped:
            self._telemetry.evicted(dropped)
