"""What the catalog's files of ticks and bars hold, read from names and footers alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pyarrow.parquet as pq

from backend.cache import Cache
from backend.conversion import bar_types
from backend.conversion.layout import TS_INIT, bar_folder, parse_file_name, safe_id, tick_folder
from backend.errors import Conflict
from backend.models import SeriesKind

SETTLED_NS = 2 * 10**9
"""A folder that changed this recently may change again without showing it: file systems keep
times in steps of milliseconds, old ones of seconds."""
_ATTEMPTS = 20

T = TypeVar("T")


@dataclass(frozen=True)
class TickFile:
    """One file, and the first and last `ts_init` (ns) that its name promises."""

    path: Path
    first_ns: int
    last_ns: int
    mtime_ns: int
    size: int

    @property
    def identity(self) -> tuple[str, int, int]:
        """Changes when the file does."""
        return str(self.path), self.mtime_ns, self.size


@dataclass(frozen=True)
class RowGroup:
    """A row group of a file: its place, its span of `ts_init` (ns, closed) and its rows."""

    index: int
    first_ns: int
    last_ns: int
    rows: int


@dataclass(frozen=True)
class Slice:
    """A closed window of `ts_init` (ns), and at most how many rows it holds."""

    start_ns: int
    end_ns: int
    rows: int


class Named(NamedTuple):
    """A file by its name: first and last `ts_init` (ns), and where it is."""

    first_ns: int
    last_ns: int
    path: Path


Names = tuple[Named, ...]
"""The tick files of a folder, in order of time."""


class FileIndex:
    """Which files there are, by kind and identifier; folders are listed when they change.

    An identifier is an instrument's id, or a bar type where the kind is `bar`.
    `cache` keeps the lists. Files come and go by renaming, which their folder's time shows; what
    is in a file only its own time and size can tell, so these are looked up each time.
    """

    def __init__(self, catalog: Path, cache: Cache[Any]) -> None:
        self._catalog = catalog
        self._cache = cache

    def names(self, kind: SeriesKind, identifier: str) -> Names:
        """All files."""
        return self._listing(tick_folder(self._catalog, kind, identifier), _listed) or ()

    def bar_types(self, instrument_id: str) -> list[str]:
        """Step, unit and price of the bars that there are of an instrument."""
        known = self._listing(bar_folder(self._catalog), _bar_types) or {}
        return [
            short
            for short in known.get(safe_id(instrument_id), ())
            if self.names("bar", bar_types.bar_type(instrument_id, short))
        ]

    def _listing(self, folder: Path, load: Callable[[Path], T]) -> T | None:
        """What is told from a folder's list; None where there is no folder."""
        try:
            changed = folder.stat().st_mtime_ns
        except FileNotFoundError:
            return None
        if time.time_ns() - changed < SETTLED_NS:
            unsettled: T = self._cache.load_unkept(lambda: load(folder))
            return unsettled
        found: T = self._cache.get_or_load(("files", str(folder), changed), lambda: load(folder))
        return found

    def files(
        self, kind: SeriesKind, identifier: str, start_ns: int, end_ns: int
    ) -> list[TickFile]:
        """Files that may hold ticks of the closed window, in order of time."""
        for _ in range(_ATTEMPTS):
            with suppress(FileNotFoundError):  # a conversion has just replaced a file
                return [
                    _described(name)
                    for name in self.names(kind, identifier)
                    if name.first_ns <= end_ns and name.last_ns >= start_ns
                ]
        raise Conflict(
            f"the {kind} files of {identifier} change all the time", "instrument_id",
            "wait for the conversions to end",
        )  # fmt: skip


def _listed(folder: Path) -> Names:
    spans = ((parse_file_name(path.name), path) for path in folder.iterdir())
    return tuple(sorted(Named(*span, path) for span, path in spans if span is not None))


def _bar_types(folder: Path) -> dict[str, tuple[str, ...]]:
    """By instrument, as folders name it."""
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted(folder.iterdir()):
        named = bar_types.of_folder(path.name)
        if named is not None:
            instrument, short = named
            found[instrument] = (*found.get(instrument, ()), short)
    return found


def _described(name: Named) -> TickFile:
    status = name.path.stat()
    return TickFile(name.path, name.first_ns, name.last_ns, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=4096)
def row_groups(file: TickFile) -> tuple[RowGroup, ...]:
    """Row groups from the footer; without statistics a group spans what the name promises.

    Raises ArrowInvalid or OSError for a file that is no Parquet file.
    """
    metadata = pq.read_metadata(file.path)
    column = metadata.schema.names.index(TS_INIT)
    groups = []
    for index in range(metadata.num_row_groups):
        group = metadata.row_group(index)
        statistics = group.column(column).statistics
        known = statistics is not None and statistics.has_min_max
        first, last = (statistics.min, statistics.max) if known else (file.first_ns, file.last_ns)
        groups.append(RowGroup(index, first, last, group.num_rows))
    return tuple(groups)


def groups_within(file: TickFile, start_ns: int, end_ns: int) -> Iterator[RowGroup]:
    """Row groups that may hold ticks of the closed window, in the file's order."""
    for group in row_groups(file):
        if group.first_ns <= end_ns and group.last_ns >= start_ns:
            yield group


def rows_at_most(files: list[TickFile], start_ns: int, end_ns: int) -> int:
    """Rows of the row groups that may hold ticks of the closed window."""
    return sum(group.rows for file in files for group in groups_within(file, start_ns, end_ns))


def slices(files: list[TickFile], start_ns: int, end_ns: int, most_rows: int) -> list[Slice]:
    """Windows that together cover `start_ns` to `end_ns`, each of at most `most_rows` rows.

    They end where row groups end, so a single group (or several that overlap) may exceed the limit.
    Without ticks there is no slice.
    """
    groups = sorted(
        (group for file in files for group in groups_within(file, start_ns, end_ns)),
        key=lambda group: (group.first_ns, group.last_ns),
    )
    found: list[Slice] = []
    begin, reached, rows = start_ns, start_ns - 1, 0
    for group in groups:
        if rows and rows + group.rows > most_rows and group.first_ns > reached:
            found.append(Slice(begin, reached, rows))
            begin, rows = reached + 1, 0
        reached, rows = max(reached, group.last_ns), rows + group.rows
    if rows:
        found.append(Slice(begin, end_ns, rows))
    return found
