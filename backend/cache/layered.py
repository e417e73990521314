"""A cache: entries of this process, in front of those that processes share."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from backend.cache.codec import Codec
from backend.cache.entries import Entries, Entry
from backend.cache.redis_store import RedisStore
from backend.cache.shared import SharedLayer

if TYPE_CHECKING:
    from nautilus_instrumentation import Session

V = TypeVar("V")

NEGATIVE_SECONDS = 5.0


class Cache(Generic[V]):
    """A cache `name` (one of the contract's) with `maxsize` entries, or units of `size_of`.

    Thread-safe. Threads that miss the same key at once share one load; processes do not, so each
    may load what the others load too. A load that fails is not kept, and all who waited for it get
    its error; but errors of the types `negative` are raised again for `negative_seconds`. A value
    larger than `maxsize` is returned and not kept. `ttl_seconds` counts from the load, wherever
    that was; `clock` is monotonic, in seconds.

    With a `store`, look-ups with a `codec` also go to Redis, where other processes find the entry;
    their keys consist of strings, numbers, paths and tuples. Whatever Redis does, callers see
    nothing but the time it takes. Nobody tells a process of an entry that another one dropped: keys
    should hold what identifies the content, such as a file's path, time and size.
    """

    def __init__(
        self,
        name: str,
        session: Session,
        maxsize: float,
        *,
        ttl_seconds: float = math.inf,
        size_of: Callable[[V], float] | None = None,
        negative: tuple[type[Exception], ...] = (),
        negative_seconds: float = NEGATIVE_SECONDS,
        store: RedisStore | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._telemetry = session.cache(name)
        self._clock, self._ttl = clock, ttl_seconds
        self._negative, self._negative_seconds = negative, negative_seconds
        self._mutex = threading.Lock()
        self._loading: dict[Hashable, Future[Entry[V]]] = {}
        self._entries = Entries(maxsize, clock, size_of)
        self._shared: SharedLayer | None = None
        if store is not None:
            self._shared = SharedLayer(name, session, store, ttl_seconds, clock)

    def get_or_load(
        self, key: Hashable, loader: Callable[[], V], codec: Codec[V] | None = None
    ) -> V:
        """The value of `key`; `loader` makes it where it is missing, and may raise."""
        return self.fetch(key, loader, codec)[0]

    def fetch(
        self, key: Hashable, loader: Callable[[], V], codec: Codec[V] | None = None
    ) -> tuple[V, bool]:
        """As `get_or_load`, and whether the value was there already."""
        began = self._clock()
        with self._mutex:
            entry: Entry[V] | None = self._entries.get(key)
            shared = self._loading.get(key) if entry is None else None
            mine: Future[Entry[V]] = Future()
            if entry is None and shared is None:
                self._loading[key] = mine
        if shared is not None:
            entry = self._wait(shared)
        if entry is not None:
            self._telemetry.hit(entry.load_seconds, self._clock() - began)
            return entry.take(), True
        self._telemetry.miss()
        entry, found = self._make(key, loader, codec, mine)
        return entry.take(), found

    def load_unkept(self, loader: Callable[[], V]) -> V:
        """What cannot be kept, as the content of a file that still changes: a miss each time."""
        self._telemetry.miss()
        began = self._clock()
        value = loader()
        self._telemetry.loaded(self._clock() - began)
        return value

    def invalidate(self, key: Hashable | None = None) -> None:
        """Drop one entry, or all of them, here and in Redis; what is being loaded is not kept.

        Other processes keep what they have in memory. Walks over all keys of Redis.
        """
        with self._mutex:
            if key is None:
                self._entries.clear()
                self._loading.clear()
            else:
                self._entries.pop(key, None)
                self._loading.pop(key, None)
            self._telemetry.entries(len(self._entries))
        if self._shared is not None:
            self._shared.delete(key)

    def __len__(self) -> int:
        with self._mutex:
            return len(self._entries)

    def _wait(self, shared: Future[Entry[V]]) -> Entry[V]:
        try:
            return shared.result()
        except BaseException:
            self._telemetry.miss()
            raise

    def _make(
        self,
        key: Hashable,
        loader: Callable[[], V],
        codec: Codec[V] | None,
        mine: Future[Entry[V]],
    ) -> tuple[Entry[V], bool]:
        """From Redis or the loader, for all who wait; and whether it was there already."""
        shared = self._shared if codec is not None else None
        found, writable = (None, False)
        try:
            if shared is not None and codec is not None:
                found, writable = shared.get(key, codec)
            entry = self._load(loader) if found is None else found
            current = self._keep(key, entry, mine)
        except BaseException as error:
            mine.set_exception(error)
            raise
        else:
            mine.set_result(entry)
        finally:
            with self._mutex:
                if self._loading.get(key) is mine:
                    del self._loading[key]
        if shared and codec and current and writable and found is None and entry.error is None:
            shared.set(key, codec, entry.value, entry.load_seconds)
        return entry, found is not None

    def _load(self, loader: Callable[[], V]) -> Entry[V]:
        began = self._clock()
        try:
            value = loader()
        except self._negative as error:
            seconds = self._clock() - began
            return Entry(cast(Any, None), seconds, self._negative_seconds, error)
        seconds = self._clock() - began
        self._telemetry.loaded(seconds)
        return Entry(value, seconds, self._ttl)

    def _keep(self, key: Hashable, entry: Entry[V], mine: Future[Entry[V]]) -> bool:
        """Keep it in memory if it fits; False when it was invalidated while it was loaded."""
        began = self._clock()
        with self._mutex:
            if self._loading.get(key) is not mine:
                return False
            dropped = self._entries.dropped
            try:
                self._entries[key] = entry
            except ValueError:  # larger than the whole cache
                return True
            dropped = self._entries.dropped - dropped
            kept = len(self._entries)
        self._telemetry.stored(self._clock() - began)
        self._telemetry.entries(kept)
        if dropped:
            self._telemetry.evicted(dropped)
        return True
