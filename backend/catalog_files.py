"""What the catalog's tick files hold, read from names and footers alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pyarrow.parquet as pq

from backend.conversion.layout import TS_INIT, parse_file_name, tick_folder
from backend.models import TickKind


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


def tick_files(
    catalog: Path, kind: TickKind, instrument_id: str, start_ns: int, end_ns: int
) -> list[TickFile]:
    """Files that may hold ticks of the closed window, in order of time."""
    found = []
    try:
        paths = list(tick_folder(catalog, kind, instrument_id).iterdir())
    except FileNotFoundError:
        return []
    for path in paths:
        span = parse_file_name(path.name)
        if span is not None and span[0] <= end_ns and span[1] >= start_ns:
            status = path.stat()
            found.append(TickFile(path, *span, status.st_mtime_ns, status.st_size))
    return sorted(found, key=lambda file: (file.first_ns, file.path))


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
