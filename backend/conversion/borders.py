"""Bars that several raw files have ticks of, put together from the part that each of them has.

A bar belongs to the first file that has ticks of it; the files after it leave it out. What each
file has of its own first and last bar is kept in a book for each bar type: whenever a file is
converted, its neighbours' bars can be made again without their ticks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, Field, ValidationError

from backend.conversion import bar_types
from backend.conversion.bar_types import BarSpec
from backend.conversion.bars import Bars, batch_of
from backend.conversion.layout import BAR_LAYOUT, BATCH_ROWS, TS_EVENT, TS_INIT
from backend.conversion.manifest import Output
from backend.conversion.sinks import Staged
from backend.conversion.workspace import RawName
from backend.conversion.writer import TickWriter, Written

_WORDS = ("open", "high", "low", "close", "volume")

Part = tuple[int, ...]
"""A bar as a file has it: its start (Unix ns), then two words each of prices and raw volume."""
Shown = tuple[tuple[Part, ...], ...]
"""Bars at a file's ends, each as the parts that it is put together from."""


class Entry(BaseModel):
    """A raw file's first and last bar; the same one where it has ticks of one only."""

    day: dt.date
    path: str
    first_event_ns: int = Field(description="of its ticks, as the next two")
    last_event_ns: int
    first_init_ns: int
    price_precision: int
    size_precision: int
    first: Part
    last: Part

    @property
    def name(self) -> RawName:
        return RawName(self.day, self.path)

    @property
    def order(self) -> tuple[int, int, int]:
        return self.first_event_ns, self.last_event_ns, self.first_init_ns

    def reaches(self, later: Entry) -> bool:
        """Whether the first bar of the next file is this one's last."""
        mine, other = (
            (entry.price_precision, entry.size_precision, part[0])
            for entry, part in ((self, self.last), (later, later.first))
        )
        return mine == other


class Book(BaseModel):
    """The entries of one bar type."""

    entries: list[Entry] = Field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> Book:
        """Empty when there is none, or none of ours."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            return cls()

    def put(self, name: RawName, entry: Entry | None) -> None:
        """Replace what is known of a file."""
        kept = [other for other in self.entries if other.name != name]
        self.entries = sorted([*kept, *([entry] if entry else [])], key=lambda one: one.order)

    def shown(self) -> dict[RawName, Shown]:
        """The bars at the ends of each file: none, one or two."""
        found: dict[RawName, Shown] = {}
        for place, entry in enumerate(self.entries):
            owned = place == 0 or not self.entries[place - 1].reaches(entry)
            last = (entry.last, *self._after(place))
            if entry.first[0] == entry.last[0]:
                found[entry.name] = (last,) if owned else ()
            else:
                found[entry.name] = ((entry.first,), last) if owned else (last,)
        return found

    def _after(self, place: int) -> Iterator[Part]:
        """What the files after this one have of its last bar."""
        for earlier, later in zip(self.entries[place:], self.entries[place + 1 :], strict=False):
            if not earlier.reaches(later):
                return
            yield later.first
            if later.first[0] != later.last[0]:
                return


def entry_of(name: RawName, item: Staged, ticks: Output) -> Entry:
    """What a converted file has of its first and last bar; `ticks` are those they are made of."""
    assert item.ends is not None
    metadata = item.schema.metadata
    return Entry(
        day=name.day,
        path=name.path,
        first_event_ns=ticks.first_event_ns,
        last_event_ns=ticks.last_event_ns,
        first_init_ns=ticks.first_init_ns,
        price_precision=int(metadata[b"price_precision"]),
        size_precision=int(metadata[b"size_precision"]),
        first=_part(item.ends[0]),
        last=_part(item.ends[1]),
    )


def rewrite(
    target: Path, source: Path | None, bar_type: str, entry: Entry, shown: Shown
) -> tuple[Written | None, pa.Schema, int]:
    """Write a file's bars with others at its ends.

    Gives what was written (None: no bar is left), its schema, and how many bars were left out since
    the catalog cannot hold their volume.
    """
    instrument_id, spec = _parsed(bar_type)
    schema = BAR_LAYOUT.schema(instrument_id, entry.price_precision, entry.size_precision, bar_type)
    ends = [entry.first[0] + spec.step_ns, entry.last[0] + spec.step_ns]
    made = [_merged(parts, spec, entry.size_precision) for parts in shown]
    with ExitStack() as stack:
        writer = stack.enter_context(TickWriter(target, BAR_LAYOUT, schema))
        for parts, (batch, _) in zip(shown, made, strict=True):
            if parts[0][0] == entry.first[0]:
                writer.write(batch)
        if source is not None:
            file = stack.enter_context(pq.ParquetFile(source, pre_buffer=False))
            for batch in file.iter_batches(BATCH_ROWS, use_threads=False):
                closes = batch.column(TS_EVENT).to_numpy()
                inner = batch.filter(pa.array(~np.isin(closes, ends)))
                writer.write(inner.drop_columns([TS_INIT]))
        for parts, (batch, _) in zip(shown, made, strict=True):
            if parts[0][0] != entry.first[0]:
                writer.write(batch)
        return writer.finish(), schema, sum(left_out for _, left_out in made)


def _parsed(bar_type: str) -> tuple[str, BarSpec]:
    named = bar_types.of_folder(bar_type)
    assert named is not None  # we made it
    step, unit, price = named[1].split("-")
    return named[0], BarSpec(int(step), unit, price)


def _merged(
    parts: tuple[Part, ...], spec: BarSpec, size_precision: int
) -> tuple[pa.RecordBatch, int]:
    rows = np.array([part[1:] for part in parts], np.uint64).reshape(len(parts), len(_WORDS), 2)
    starts = np.array([part[0] for part in parts], np.int64)
    bars = Bars(starts, *(np.ascontiguousarray(rows[:, n]) for n in range(len(_WORDS))))
    return batch_of(bars.merged(spec.step_ns), spec, size_precision)


def _part(bar: Bars) -> Part:
    words = [int(word) for name in _WORDS for word in getattr(bar, name)[0]]
    return int(bar.starts[0]), *words
