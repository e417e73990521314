"""Raw files on disk: where they are, and what their footers tell."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from backend.cache import Cache, Codec, RedisStore
from backend.conversion import times
from backend.conversion.layout import TS_EVENT
from backend.conversion.reading import open_parquet
from backend.conversion.workspace import RawName
from backend.datasets import Dataset
from backend.errors import DomainError
from nautilus_instrumentation import Session

_DAY = re.compile(r"day-(\d{4}-\d\d-\d\d)")
_DAY_NS = 86_400 * 10**9


@dataclass(frozen=True)
class Source:
    """A raw file."""

    name: RawName
    location: Path


@dataclass(frozen=True)
class Footer:
    """What a raw file's footer tells; times in nanoseconds since the epoch."""

    rows: int | None = None
    first_ns: int | None = None
    last_ns: int | None = None
    error: str | None = None


_FOOTER: Codec[Footer] = Codec(Footer)


class RawFolder:
    """`$RAW_TICK_DIR`, with the footers that were read."""

    def __init__(self, folder: Path, session: Session, store: RedisStore | None = None) -> None:
        self._folder = folder / "by_date"
        self._footers: Cache[Footer] = Cache(
            "datasets", session, 16_384, negative=(_Unreadable,), store=store
        )

    def days(self) -> list[dt.date]:
        """Days that have a folder."""
        if not self._folder.is_dir():
            return []
        found = (_DAY.fullmatch(path.name) for path in self._folder.iterdir() if path.is_dir())
        return sorted(day for match in found if match and (day := _date(match[1])))

    def sources(self, day: dt.date) -> Iterator[Source]:
        """Raw files of a day, by path; none when it has no folder."""
        folder = self._folder / f"day-{day.isoformat()}"
        for path in sorted(folder.rglob("*.parquet")):
            if path.is_file():
                yield Source(RawName(day, path.relative_to(folder).as_posix()), path)

    def source(self, name: RawName) -> Source | None:
        """The raw file of that name; None when it is gone."""
        location = self._folder / name.folder / name.path
        return Source(name, location) if location.is_file() else None

    def footer(self, source: Source, dataset: Dataset | None) -> Footer:
        """Rows and time range of a file, read once for each state of the file."""
        try:
            found = source.location.stat()
        except OSError as error:
            return Footer(error=str(error))
        key = source.location, found.st_size, found.st_mtime_ns, dataset.digest if dataset else ""
        try:
            return self._footers.get_or_load(key, lambda: _read_footer(source, dataset), _FOOTER)
        except _Unreadable as error:
            return Footer(error=str(error))


class _Unreadable(Exception):
    """A footer that could not be read; the next attempt may succeed, with the same file."""


def expected_range(day: dt.date) -> tuple[int, int]:
    """Nanoseconds that a file of a day's folder may reach, as long as it was not looked into.

    A day to each side: local days of any zone, and captures that run over midnight.
    """
    start = int(dt.datetime.combine(day, dt.time(), dt.UTC).timestamp()) * 10**9
    return start - _DAY_NS, start + 2 * _DAY_NS


def _date(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _read_footer(source: Source, dataset: Dataset | None) -> Footer:
    try:
        with open_parquet(source.location) as file:
            first, last = _time_range(file, dataset, source.name.day) if dataset else (None, None)
            return Footer(file.metadata.num_rows, first, last)
    except DomainError as error:
        raise _Unreadable(str(error)) from None


def _time_range(
    file: pq.ParquetFile, dataset: Dataset, day: dt.date
) -> tuple[int | None, int | None]:
    """First and last time by the statistics; None where they do not tell, as with strings."""
    unknown = None, None
    names = file.schema_arrow.names
    column = next((name for name in dataset.columns[TS_EVENT] if name in names), None)
    if column is None:
        return unknown
    kind = file.schema_arrow.field(column).type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_timestamp(kind)):
        return unknown
    place = next(i for i in range(len(file.schema)) if file.schema.column(i).path == column)
    ends = []
    for group in range(file.metadata.num_row_groups):
        found = file.metadata.row_group(group).column(place).statistics
        if found is None or not found.has_min_max or found.physical_type == "INT96":
            return unknown
        ends += [found.min_raw, found.max_raw]
    if not ends:
        return unknown
    bounds = pa.array([min(ends), max(ends)])
    if pa.types.is_timestamp(kind):
        unit = file.schema.column(place).logical_type.to_json()
        bounds = bounds.cast(pa.timestamp(_unit(unit), kind.tz))
    try:
        moments = times.decode(bounds, dataset.time, day)
    except DomainError:
        return unknown
    if moments.faults:
        return unknown
    return int(moments.ns[0]), int(moments.ns[1])


def _unit(logical_type: str) -> str:
    """Unit of a Parquet timestamp's physical values."""
    for word, unit in (("milli", "ms"), ("micro", "us"), ("nano", "ns")):
        if word in logical_type:
            return unit
    return "ns"
