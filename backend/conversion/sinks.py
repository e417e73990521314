"""Where the decoded ticks of one instrument go: its file, and the files of its bars."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from backend.conversion import check, sorting
from backend.conversion.background import Background
from backend.conversion.bar_types import BarSpec
from backend.conversion.bars import Aggregator, Bars
from backend.conversion.layout import BAR_LAYOUT, LAYOUTS, layout_of
from backend.conversion.sorting import Sorter
from backend.conversion.writer import TickWriter, Written
from backend.datasets import Dataset, Series
from backend.models import SeriesKind


@dataclass
class Staged:
    """A finished file that no query sees yet."""

    instrument_id: str
    kind: SeriesKind
    path: Path
    written: Written
    schema: pa.Schema
    bar_type: str | None = None
    ends: tuple[Bars, Bars] | None = None
    """First and last bar, as sums that were not brought into the catalog's form."""

    @property
    def identifier(self) -> str:
        """What names the folder that it goes to."""
        return self.bar_type or self.instrument_id

    @property
    def what(self) -> str:
        """What it holds, in a message."""
        if self.bar_type is not None:
            return f"bars {self.bar_type}"
        return f"{self.kind} ticks of {self.instrument_id}"


def verify(staged: Staged, each_value: bool = False) -> None:
    """Raise DomainError when a finished file could harm a query.

    `each_value`: look at all that it holds, not only whether that is what was written.
    """
    written = staged.written
    found = check.problems(
        staged.path, layout_of(staged.kind), staged.schema,
        written.first_init_ns, written.last_init_ns,
        None if each_value else written.digest,
    )  # fmt: skip
    if found:
        raise check.defect(staged.schema, found)


def left_out(bar_type: str, count: int) -> str:
    """The warning about bars that are too large."""
    return f"{count:,} bars {bar_type} were left out: the catalog cannot hold their volume"


class Files:
    """Ordered ticks of one instrument as a file of them, and one for each bar type.

    Enter them into an ExitStack with `opened`; they are named after `prefix`.
    """

    def __init__(
        self, dataset: Dataset, series: Series, prefix: Path, background: Background
    ) -> None:
        self._kind = dataset.kind
        self._instrument = series.instrument
        self._prefix = prefix
        spec = self._instrument
        layout = LAYOUTS[dataset.kind]
        self._schema = layout.schema(spec.instrument_id, spec.price_precision, spec.size_precision)
        path = self._path("tmp")
        self._ticks = TickWriter(path, layout, self._schema, background=background)
        self.relieve = self._ticks.relieve
        self._aggregators = [
            Aggregator(list(specs), spec.price_precision, spec.size_precision)
            for _, specs in groupby(
                sorted(dataset.bars, key=lambda bar: bar.price), key=lambda bar: bar.price
            )
        ]
        self._bars = {bar: self._bar_writer(bar) for bar in dataset.bars}

    def opened(self, stack: ExitStack) -> Files:
        for writer in (self._ticks, *self._bars.values()):
            stack.enter_context(writer)
        return self

    @property
    def buffered_rows(self) -> int:
        return self._ticks.buffered_rows

    def write(self, batch: pa.RecordBatch) -> None:
        """Take columns of `Layout.decoded`, ordered, not before what was written."""
        self._ticks.write(batch)
        for aggregator in self._aggregators:
            self._write_bars(aggregator.add(batch))

    def finish(self) -> list[Staged]:
        """Complete the files; none for what has no rows."""
        for aggregator in self._aggregators:
            self._write_bars(aggregator.finish())
        ticks = self._ticks.finish()
        if ticks is None:
            return []
        instrument = self._instrument.instrument_id
        staged = [Staged(instrument, self._kind, self._path("tmp"), ticks, self._schema)]
        ends = {bar: found for one in self._aggregators for bar, found in one.ends.items()}
        for bar, writer in self._bars.items():
            written = writer.finish()
            if written is not None:
                staged.append(
                    Staged(
                        instrument, "bar", self._bar_path(bar), written, self._bar_schema(bar),
                        bar.bar_type(instrument), ends[bar],
                    )
                )  # fmt: skip
        return staged

    def warnings(self) -> list[str]:
        found: Counter[BarSpec] = Counter()
        for aggregator in self._aggregators:
            found.update(aggregator.left_out)
        name = self._instrument.instrument_id
        return [left_out(bar.bar_type(name), count) for bar, count in found.items()]

    def _write_bars(self, made: Iterable[tuple[BarSpec, pa.RecordBatch]]) -> None:
        for bar, batch in made:
            self._bars[bar].write(batch)

    def _bar_writer(self, bar: BarSpec) -> TickWriter:
        return TickWriter(self._bar_path(bar), BAR_LAYOUT, self._bar_schema(bar))

    def _bar_schema(self, bar: BarSpec) -> pa.Schema:
        spec = self._instrument
        return BAR_LAYOUT.schema(
            spec.instrument_id, spec.price_precision, spec.size_precision,
            bar.bar_type(spec.instrument_id),
        )  # fmt: skip

    def _bar_path(self, bar: BarSpec) -> Path:
        return self._path(f"{bar.step}-{bar.unit}-{bar.price}.tmp")

    def _path(self, suffix: str) -> Path:
        return self._prefix.with_name(f"{self._prefix.name}.{suffix}")


class Sink(Protocol):
    """Takes the decoded rows of one instrument."""

    @property
    def buffered_rows(self) -> int: ...
    def add(self, batch: pa.RecordBatch) -> bool: ...
    def relieve(self) -> None: ...
    def finish(self) -> list[Staged]: ...


class Ordered:
    """Writes rows as they come; `add` says False, and takes no more, when they are out of order."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._last: int | None = None
        self.relieve = files.relieve
        self.finish = files.finish

    @property
    def buffered_rows(self) -> int:
        return self._files.buffered_rows

    def add(self, batch: pa.RecordBatch) -> bool:
        events = sorting.times_of(batch)
        if not sorting.is_ordered(events, self._last):
            return False
        self._last = int(events[-1])
        self._files.write(batch)
        return True


class Sorting:
    """Collects rows in any order and writes them at the end."""

    def __init__(self, files: Files, sorter: Sorter) -> None:
        self._files = files
        self._sorter = sorter
        self.relieve = sorter.spill

    @property
    def buffered_rows(self) -> int:
        return self._sorter.buffered_rows

    def add(self, batch: pa.RecordBatch) -> bool:
        self._sorter.add(batch)
        return True

    def finish(self) -> list[Staged]:
        for batch in self._sorter.batches():
            self._files.write(batch)
        return self._files.finish()
