"""Ticks that a worker keeps: any window out of what was read, each tick decoded once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.catalog_files import TickFile
from backend.tick_cache import MOST_GAPS, MOST_KEPT, TICK_BYTES, TickCache
from nautilus_instrumentation import metrics
from nautilus_instrumentation.cache import CacheTelemetry
from nautilus_instrumentation.testing import Recording, recording

SERIES = ("EUR/USD.SIM", "quote")


@dataclass(frozen=True)
class Tick:
    ts_init: int
    number: int


@dataclass
class Source:
    """Files of ticks, a cache of them, and what was loaded for whom."""

    record: Recording
    budget: int = 10**9
    files: list[TickFile] = field(default_factory=list)
    ticks: dict[Path, list[Tick]] = field(default_factory=dict)
    loads: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.kept = TickCache(self, self.budget)  # type: ignore[arg-type]

    def cache(self, name: str) -> CacheTelemetry:
        return CacheTelemetry(self.record.recorder, name)

    def write(self, name: str, times: list[int]) -> None:
        """A file, in place of what had that name."""
        path = Path(name)
        version = sum(file.mtime_ns for file in self.files) + 1
        self.files = [file for file in self.files if file.path != path]
        self.files.append(TickFile(path, min(times), max(times), version, 1))
        self.files.sort(key=lambda file: file.first_ns)
        self.ticks[path] = [Tick(time, 1000 * version + n) for n, time in enumerate(sorted(times))]

    def load(self, start: int, end: int) -> list[Tick]:
        self.loads.append((start, end))
        return self.wanted(start, end)

    def wanted(self, start: int, end: int) -> list[Tick]:
        every = (tick for file in self.files for tick in self.ticks[file.path])
        return [tick for tick in every if start <= tick.ts_init <= end]

    def read(
        self, start: int, end: int, series: tuple[str, str] = SERIES
    ) -> tuple[list[Any], bool]:
        reach = [f for f in self.files if f.first_ns <= end and f.last_ns >= start]
        return self.kept.read(
            series, start, end, reach, lambda a, b: len(self.wanted(a, b)), self.load
        )

    def looked_up(self, result: str) -> float:
        return self.record.value(metrics.CACHE_REQUESTS, "ticks", "memory", result)


@pytest.fixture
def make() -> Iterator[Callable[..., Source]]:
    """A source with a file of ticks at 0 to 99."""
    with recording() as record:

        def source(ticks: int = 10**6) -> Source:
            made = Source(record, TICK_BYTES * ticks)
            made.write("a", list(range(100)))
            return made

        yield source


def times(found: tuple[list[Any], bool]) -> list[int]:
    return [tick.ts_init for tick in found[0]]


def test_a_window_inside_a_kept_one_is_cut_from_it(make: Callable[..., Source]) -> None:
    """Both ends belong to it; nothing is loaded."""
    source = make()
    source.read(0, 99)
    assert times(source.read(20, 29)) == list(range(20, 30))
    assert source.read(0, 99)[1] is True
    assert source.loads == [(0, 99)]


def test_only_what_is_missing_is_loaded(make: Callable[..., Source]) -> None:
    """Before, between and after what is kept."""
    source = make()
    for window in ((20, 29), (40, 49), (10, 59)):
        source.read(*window)
    assert times(source.read(10, 59)) == list(range(10, 60))
    assert source.loads == [(20, 29), (40, 49), (10, 19), (30, 39), (50, 59)]


def test_a_window_full_of_holes_is_loaded_at_once(make: Callable[..., Source]) -> None:
    """And what was kept of it is not kept twice."""
    source = make()
    for start in range(0, 10 * MOST_GAPS + 1, 10):
        source.read(start + 5, start + 6)
    assert times(source.read(0, 99)) == list(range(100))
    assert source.loads[-1] == (0, 99)
    assert (len(source.kept), source.read(0, 99)[1]) == (1, True)


def test_where_no_file_reaches_nothing_is_asked(make: Callable[..., Source]) -> None:
    """A window that goes on after the last tick is known like any other."""
    source = make()
    source.read(50, 99)
    assert source.read(50, 10_000)[1] is True
    assert source.loads == [(50, 99)]


def test_a_time_without_ticks_is_known_too(make: Callable[..., Source]) -> None:
    """A pause in a file is not looked for again."""
    source = make()
    source.write("a", [0, 99])
    assert source.read(10, 20) == ([], False)
    assert source.read(10, 20) == ([], True)


def test_a_file_that_was_replaced_is_read_again(make: Callable[..., Source]) -> None:
    """For windows that it reaches into; the part of a kept one that it leaves alone is used."""
    source = make()
    source.write("b", list(range(100, 200)))
    source.read(0, 199)
    source.write("b", list(range(100, 150)))
    assert source.read(0, 99)[1] is True
    assert times(source.read(90, 199)) == list(range(90, 150))
    assert source.loads == [(0, 199), (90, 199)]


def test_a_file_that_came_is_read(make: Callable[..., Source]) -> None:
    """Where nothing was, there may be ticks now."""
    source = make()
    source.read(0, 199)
    source.write("b", list(range(150, 200)))
    assert times(source.read(0, 199)) == [*range(100), *range(150, 200)]


def test_series_are_kept_apart(make: Callable[..., Source]) -> None:
    """Another instrument's ticks are none of this one's."""
    source = make()
    source.write("a", [*range(99)])
    first, _ = source.read(0, 200)
    for series in (("GBP/USD.SIM", "quote"), (SERIES[0], "trade")):
        found, kept = source.read(0, 200, series)
        assert not kept
        assert found is not first


def test_the_least_recently_used_ticks_go_first(make: Callable[..., Source]) -> None:
    """Room is made before new ticks are decoded, and counted."""
    source = make(ticks=30)
    for window in ((0, 9), (20, 29), (40, 49), (0, 9), (60, 69)):
        source.read(*window)
    assert [source.read(*window)[1] for window in ((0, 9), (40, 49), (60, 69))] == [True] * 3
    assert source.read(20, 29)[1] is False
    assert source.record.value(metrics.CACHE_EVICTIONS, "ticks", "memory") == 2


def test_ticks_beyond_the_budget_are_not_kept(make: Callable[..., Source]) -> None:
    """They are given out all the same."""
    source = make(ticks=30)
    assert times(source.read(0, 99)) == list(range(100))
    assert (len(source.kept), source.read(0, 99)[1]) == (0, False)


def test_the_number_of_stretches_is_bounded(make: Callable[..., Source]) -> None:
    """However small they are."""
    source = make()
    source.write("a", list(range(2 * MOST_KEPT + 10)))
    for start in range(0, 2 * MOST_KEPT + 10, 2):
        source.read(start, start)
    assert len(source.kept) == MOST_KEPT


def test_the_same_window_gives_the_same_list(make: Callable[..., Source]) -> None:
    """An engine that has loaded it can tell that it has."""
    source = make()
    source.read(0, 49)
    found, _ = source.read(10, 99)
    assert source.read(10, 99)[0] is found
    source.write("a", list(range(100)))
    assert source.read(10, 99)[0] is not found


def test_look_ups_are_counted_with_what_they_save(make: Callable[..., Source]) -> None:
    """A window that lacks something is a miss; each load is timed."""
    source = make()
    for window in ((0, 9), (0, 19), (5, 14)):
        source.read(*window)
    assert (source.looked_up("miss"), source.looked_up("hit")) == (2, 1)
    operation = metrics.CACHE_OPERATION_DURATION
    assert source.record.value(operation, "ticks", "memory", "load") == 2
    assert source.record.value(metrics.CACHE_ENTRIES, "ticks", "memory") == 2


reads = st.tuples(st.integers(-5, 60), st.integers(0, 30)).map(
    lambda window: ("read", (window[0], window[0] + window[1]))
)
writes = st.tuples(st.integers(0, 3), st.lists(st.integers(0, 9), min_size=1, max_size=15)).map(
    lambda file: ("write", file)
)


@given(steps=st.lists(reads | writes), budget=st.integers(0, 60))
def test_every_window_is_what_the_files_hold(steps: list[Any], budget: int) -> None:
    """Whatever was read and replaced before, times shared by several ticks among them."""
    with recording() as record:
        source = Source(record, TICK_BYTES * budget)
        for what, (first, second) in steps:
            if what == "write":
                source.write(f"f{first}", [10 * first + time for time in second])
            else:
                assert source.read(first, second)[0] == source.wanted(first, second)
        held = sum(len(stretch.ticks) for stretch in source.kept._kept)
        assert held <= budget


def test_bars_take_more_of_the_budget(make: Callable[..., Source]) -> None:
    """What has room as ticks may have none as bars."""
    source = make(100)
    source.read(0, 99)
    source.read(0, 99, ("I-1-MINUTE-MID-EXTERNAL", "bar"))
    assert source.read(0, 99, ("I-1-MINUTE-MID-EXTERNAL", "bar"))[1] is False
    assert source.read(0, 57, ("I-1-MINUTE-MID-EXTERNAL", "bar"))[1] is False
    assert source.read(0, 57, ("I-1-MINUTE-MID-EXTERNAL", "bar"))[1] is True
