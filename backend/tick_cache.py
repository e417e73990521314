"""Decoded ticks that a worker keeps: stretches of time, from which any window is put together."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from backend.catalog_files import TickFile
from nautilus_instrumentation import Session

TICK_BYTES = 200
"""Memory of one decoded tick and its place in a list; measured on both versions."""
BAR_BYTES = 340
"""Of one bar: five numbers, and its type."""

MOST_GAPS = 4
"""A window with more holes than this is loaded whole: a query for each would cost more."""

MOST_KEPT = 500
"""Stretches, however small: each look-up goes through all of them."""

Series = tuple[str, str]
"""Instrument or bar type, and kind."""


def row_bytes(kind: str) -> int:
    """Memory of a decoded tick or bar."""
    return BAR_BYTES if kind == "bar" else TICK_BYTES


@dataclass(eq=False)
class Stretch:
    """All ticks of a closed window (Unix ns), and the files that were looked into for them."""

    series: Series
    start_ns: int
    end_ns: int
    ticks: list[Any]
    files: list[TickFile]
    load_seconds: float

    @property
    def size(self) -> int:
        return row_bytes(self.series[1]) * len(self.ticks)

    def places(self, start_ns: int, end_ns: int) -> tuple[int, int]:
        """Where its ticks of the closed window begin and end in its list."""
        first, last = 0, len(self.ticks)
        if start_ns > self.start_ns:
            first = bisect_left(self.ticks, start_ns, key=_time_of)
        if end_ns < self.end_ns:
            last = bisect_right(self.ticks, end_ns, key=_time_of)
        return first, last

    def within(self, start_ns: int, end_ns: int) -> list[Any]:
        """Its ticks of the closed window: the list itself where that is all of them."""
        first, last = self.places(start_ns, end_ns)
        return self.ticks if last - first == len(self.ticks) else self.ticks[first:last]

    def seconds_of(self, start_ns: int, end_ns: int) -> float:
        """What loading its part of the closed window took."""
        first, last = self.places(start_ns, end_ns)
        return self.load_seconds * (last - first) / max(1, len(self.ticks))

    def agrees(self, start_ns: int, end_ns: int, files: list[TickFile]) -> bool:
        """True when `files`, those of a window now, are for its part what they were at loading."""
        first, last = max(start_ns, self.start_ns), min(end_ns, self.end_ns)
        return _reaching(self.files, first, last) == _reaching(files, first, last)


class TickCache:
    """Stretches of ticks under a budget in bytes, none twice; the least recently used go first.

    Thread-safe; one thread loads at a time.
    """

    def __init__(self, session: Session, budget: int) -> None:
        self._telemetry = session.cache("ticks")
        self._budget = budget
        self._kept: list[Stretch] = []
        """From the one that was not used for longest."""
        self._last: tuple[tuple[int, int], list[Stretch], list[Any]] | None = None
        """Window, stretches and ticks that were put together last."""
        self._mutex = threading.RLock()

    def read(
        self,
        series: Series,
        start_ns: int,
        end_ns: int,
        files: list[TickFile],
        rows: Callable[[int, int], int],
        load: Callable[[int, int], list[Any]],
    ) -> tuple[list[Any], bool]:
        """Ticks of the closed window, and whether all were there. Do not change the list.

        The next call for the same window gives the same list, unless other ticks pushed it out.
        `files` are those of the window, by time. `load` gives the ticks of a closed window, `rows`
        how many these can be at most.
        """
        began = time.perf_counter()
        with self._mutex:
            used = self._usable(series, start_ns, end_ns, files)
            gaps = _gaps(used, start_ns, end_ns, files)
            if len(gaps) > MOST_GAPS:
                self._drop(used)
                used, gaps = [], [(start_ns, end_ns)]
            self._touch(used)
            if not gaps:
                found = self._joined(used, start_ns, end_ns)
                saved = sum(stretch.seconds_of(start_ns, end_ns) for stretch in used)
                self._telemetry.hit(saved, time.perf_counter() - began)
                return found, True
            self._telemetry.miss()
            for first, last in gaps:
                self._make_room(row_bytes(series[1]) * rows(first, last))
                used.append(self._load(series, first, last, files, load))
            return self._joined(used, start_ns, end_ns), False

    def __len__(self) -> int:
        with self._mutex:
            return len(self._kept)

    def _load(
        self,
        series: Series,
        start_ns: int,
        end_ns: int,
        files: list[TickFile],
        load: Callable[[int, int], list[Any]],
    ) -> Stretch:
        began = time.perf_counter()
        ticks = load(start_ns, end_ns)
        seconds = time.perf_counter() - began
        self._telemetry.loaded(seconds)
        reached = _reaching(files, start_ns, end_ns)
        stretch = Stretch(series, start_ns, end_ns, ticks, reached, seconds)
        if stretch.size <= self._budget:
            began = time.perf_counter()
            self._make_room(stretch.size)
            self._kept.append(stretch)
            self._telemetry.stored(time.perf_counter() - began)
        self._telemetry.entries(len(self._kept))
        return stretch

    def _usable(
        self, series: Series, start_ns: int, end_ns: int, files: list[TickFile]
    ) -> list[Stretch]:
        """What is kept of the window; what a conversion has replaced is dropped."""
        touching = [
            kept
            for kept in self._kept
            if kept.series == series and kept.start_ns <= end_ns and kept.end_ns >= start_ns
        ]
        stale = [kept for kept in touching if not kept.agrees(start_ns, end_ns, files)]
        self._drop(stale)
        return [kept for kept in touching if kept not in stale]

    def _touch(self, used: list[Stretch]) -> None:
        self._kept = [kept for kept in self._kept if kept not in used] + used

    def _drop(self, stretches: list[Stretch]) -> None:
        if stretches:
            self._last = None
            self._kept = [kept for kept in self._kept if kept not in stretches]

    def _make_room(self, size: int) -> None:
        """Before ticks are decoded, so that memory never holds budget and new ones at once."""
        room = self._budget - min(size, self._budget)
        total, oldest = sum(kept.size for kept in self._kept), 0
        while total > room or len(self._kept) - oldest >= MOST_KEPT:
            total -= self._kept[oldest].size
            oldest += 1
        if oldest:
            self._telemetry.evicted(oldest)
            self._drop(self._kept[:oldest])

    def _joined(self, used: list[Stretch], start_ns: int, end_ns: int) -> list[Any]:
        used = sorted(used, key=lambda stretch: stretch.start_ns)
        if self._last is not None and self._last[:2] == ((start_ns, end_ns), used):
            return self._last[2]
        parts = [part for stretch in used if (part := stretch.within(start_ns, end_ns))]
        found = parts[0] if len(parts) == 1 else [tick for part in parts for tick in part]
        if all(stretch in self._kept for stretch in used):
            self._last = (start_ns, end_ns), used, found
        return found


def _gaps(
    used: list[Stretch], start_ns: int, end_ns: int, files: list[TickFile]
) -> list[tuple[int, int]]:
    """Closed windows that no stretch covers and some file reaches into."""
    found, at = [], start_ns
    for stretch in sorted(used, key=lambda stretch: stretch.start_ns):
        found.append((at, stretch.start_ns - 1))
        at = stretch.end_ns + 1
    found.append((at, end_ns))
    return [(first, last) for first, last in found if first <= last and _any(files, first, last)]


def _any(files: list[TickFile], start_ns: int, end_ns: int) -> bool:
    return next(_overlapping(files, start_ns, end_ns), None) is not None


def _reaching(files: list[TickFile], start_ns: int, end_ns: int) -> list[TickFile]:
    return list(_overlapping(files, start_ns, end_ns))


def _overlapping(files: list[TickFile], start_ns: int, end_ns: int) -> Iterator[TickFile]:
    return (file for file in files if file.first_ns <= end_ns and file.last_ns >= start_ns)


def _time_of(tick: Any) -> int:
    return int(tick.ts_init)
