"""The shared layer of one cache: entries in Redis, counted, and never an error for the caller."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, TypeVar

from backend.cache.codec import Codec, key_text
from backend.cache.entries import Entry
from backend.cache.redis_store import MAX_BYTES, RedisStore, StoreError

if TYPE_CHECKING:
    from nautilus_instrumentation import Session

V = TypeVar("V")

KEEP_SECONDS = 86_400.0
"""Entries without a time to live of their own go after a day, so that no server fills for ever."""


class SharedLayer:
    """The entries of cache `name` in `store`.

    Each look-up counts once: hit, miss, or error, also while the store is left alone. What cannot
    be read back counts as an error and is then overwritten. A write that fails counts an error too.
    """

    def __init__(
        self,
        name: str,
        session: Session,
        store: RedisStore,
        ttl_seconds: float = math.inf,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._telemetry = session.cache(name, "redis")
        self._store, self._ttl, self._clock = store, ttl_seconds, clock
        self._prefix = f"nautobs:{name}:"

    def get(self, key: Hashable, codec: Codec[V]) -> tuple[Entry[V] | None, bool]:
        """The entry, and whether a new one may be written in its place."""
        began = self._clock()
        try:
            content, left = self._read(self._name(key, codec))
        except StoreError as error:
            self._telemetry.error()
            return None, error.answered
        if content is None:
            self._telemetry.miss()
            return None, True
        try:
            value, seconds = codec.decode(content)
        except ValueError:
            self._telemetry.error()
            return None, True
        self._telemetry.hit(seconds, self._clock() - began)
        return Entry(value, seconds, left), True

    def set(self, key: Hashable, codec: Codec[V], value: V, load_seconds: float) -> None:
        """Keep what was loaded; what is too large is left out."""
        began = self._clock()
        try:
            content = codec.encode(value, load_seconds)
            if len(content) > MAX_BYTES:
                return
            self._store.set(self._name(key, codec), content, min(self._ttl, KEEP_SECONDS))
        except (StoreError, ValueError):  # ValueError: not of the type it should be
            self._telemetry.error()
        else:
            self._telemetry.stored(self._clock() - began)

    def delete(self, key: Hashable | None) -> None:
        """Delete one entry, of whatever version, or all of this cache."""
        try:
            self._store.clear(self._prefix + (f"{key_text(key)}:" if key is not None else ""))
        except StoreError:
            self._telemetry.error()

    def _name(self, key: Hashable, codec: Codec[V]) -> str:
        return f"{self._prefix}{key_text(key)}:{codec.version}"

    def _read(self, name: str) -> tuple[bytes | None, float]:
        if math.isinf(self._ttl):
            return self._store.get(name), math.inf
        return self._store.get_with_ttl(name)
