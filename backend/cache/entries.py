"""Entries in memory: least recently used goes first, each until its own time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

from cachetools import TLRUCache

V = TypeVar("V")


class Entry(NamedTuple, Generic[V]):
    """What was loaded, or how loading failed; the seconds that took; how long it holds."""

    value: V
    load_seconds: float
    seconds_left: float
    error: Exception | None = None

    def take(self) -> V:
        """The value; raises the error that is kept in its place."""
        if self.error is not None:
            # Every raise would add frames to the traceback of the kept object.
            raise self.error.with_traceback(None)
        return self.value


class Entries(TLRUCache[Any, Any]):
    """Counts the entries it drops to keep its limits. Not thread-safe."""

    def __init__(
        self, maxsize: float, clock: Callable[[], float], size_of: Callable[[Any], float] | None
    ) -> None:
        super().__init__(
            maxsize,
            lambda key, entry, now: now + entry.seconds_left,
            timer=clock,
            getsizeof=size_of and (lambda entry: 0 if entry.error else size_of(entry.value)),
        )
        self.dropped = 0

    def popitem(self) -> tuple[Any, Any]:
        self.dropped += 1
        return super().popitem()

    def expire(self, time: float | None = None) -> list[tuple[Any, Any]]:
        expired = super().expire(time)
        self.dropped += len(expired)
        return expired
