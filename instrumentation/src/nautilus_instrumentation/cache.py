"""Metrics of a cache: hits, misses, evictions, and the seconds of loading that hits saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nautilus_instrumentation import metrics

if TYPE_CHECKING:
    from nautilus_instrumentation.recorder import Recorder


class CacheTelemetry:
    """What one cache reports. Children are bound here, so that a hit costs two additions.

    `name` is one of `metrics.CACHES`, `backend` is `memory` or `redis`.
    """

    def __init__(self, recorder: Recorder, name: str, backend: str = "memory") -> None:
        self._hits, self._misses, self._errors = (
            recorder.counter(metrics.CACHE_REQUESTS, name, backend, result)
            for result in ("hit", "miss", "error")
        )
        self._get, self._set, self._load = (
            recorder.histogram(metrics.CACHE_OPERATION_DURATION, name, backend, operation)
            for operation in ("get", "set", "load")
        )
        self._evictions = recorder.counter(metrics.CACHE_EVICTIONS, name, backend)
        self._entries = recorder.gauge(metrics.CACHE_ENTRIES, name, backend)
        self._saved = recorder.counter(metrics.CACHE_SECONDS_SAVED, name)

    def hit(self, load_seconds: float = 0.0, get_seconds: float = 0.0) -> None:
        """The cache had the entry.

        `load_seconds` is what loading that entry cost when it was stored, `get_seconds` what this
        look-up cost (0: not measured). The difference, never less than 0, is what was saved.
        """
        self._hits.inc()
        if get_seconds > 0:
            self._get.observe(get_seconds)
        if load_seconds > get_seconds:
            self._saved.inc(load_seconds - get_seconds)

    def miss(self) -> None:
        """The cache did not have the entry."""
        self._misses.inc()

    def error(self) -> None:
        """The cache could not answer, for example because Redis is down."""
        self._errors.inc()

    def loaded(self, seconds: float) -> None:
        """The entry was made anew: what a miss costs."""
        self._load.observe(seconds)

    def stored(self, seconds: float) -> None:
        """The entry was written into the cache."""
        self._set.observe(seconds)

    def evicted(self, n: int = 1) -> None:
        """The cache dropped `n` entries to keep its limits."""
        self._evictions.inc(n)

    def entries(self, n: int) -> None:
        """The cache holds `n` entries now."""
        self._entries.set(n)
