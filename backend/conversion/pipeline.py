"""One raw file into checked catalog files that wait to be moved into place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from backend.conversion import sorting
from backend.conversion.background import Background
from backend.conversion.decode import Decoder
from backend.conversion.layout import BATCH_ROWS
from backend.conversion.reading import batches_of, open_parquet, repeated_words
from backend.conversion.rejects import Rejects
from backend.conversion.sinks import Files, Ordered, Sink, Sorting, Staged, verify
from backend.conversion.sorting import Sorter
from backend.datasets import Dataset
from backend.errors import Invalid
from nautilus_instrumentation import Session, attributes

MAX_BUFFERED_ROWS = 1_000_000
"""Rows that one conversion holds in memory, whatever the file's size and order."""
MAX_SORTED_ROWS = 400_000
"""Rows that are sorted at a time, of those: sorting takes them three times over."""

OnRows = Callable[[int], None]


class TooManyRejected(Invalid):
    """More of a file's rows were rejected than is allowed."""

    rows = 0
    """Rows that the file has."""


class _OutOfOrder(Exception):
    """The file's rows are not ordered by time, and nobody sorts them yet."""


@dataclass
class Conversion:
    """What reading one raw file gave."""

    staged: list[Staged] = field(default_factory=list)
    rejects: Rejects = field(default_factory=Rejects)
    rows: int = 0
    was_sorted: bool = True
    warnings: list[str] = field(default_factory=list)


@dataclass
class Pipeline:
    """Reads one raw file; `scratch` is a folder and a prefix of names that are its own."""

    source: Path
    dataset: Dataset
    day: dt.date
    scratch: Path
    session: Session
    max_rejected: float
    on_rows: OnRows = lambda rows: None
    sorting: AbstractContextManager[object] = field(default_factory=nullcontext)
    """Held while rows are sorted: pipelines that share it sort one after the other."""
    max_buffered_rows: int = MAX_BUFFERED_ROWS
    batch_rows: int = BATCH_ROWS

    def run(self, rejects: Rejects) -> Conversion:
        """Convert and check; `rejects` is filled also when this raises.

        Raises Invalid for what is wrong with the file, TooManyRejected among it. The caller removes
        the scratch files.
        """
        conversion = self._in_order(rejects)
        if conversion is None:
            rejects.clear()
            with self.sorting:
                conversion = self._attempt(rejects, sort=True)
            conversion.was_sorted = False
        self._refuse_rejected(conversion)
        for staged in conversion.staged:
            verify(staged)
        return conversion

    def _in_order(self, rejects: Rejects) -> Conversion | None:
        """None when the rows are not in order. The memory of the attempt is free again then."""
        try:
            return self._attempt(rejects, sort=False)
        except _OutOfOrder:
            return None

    def _attempt(self, rejects: Rejects, sort: bool) -> Conversion:
        with ExitStack() as stack:
            file = stack.enter_context(open_parquet(self.source))
            background = stack.enter_context(Background())
            decoder = Decoder(self.dataset, self.day, file.schema_arrow.names, rejects)
            block_rows = self._block_rows(file.metadata.num_rows) if sort else None
            files = [
                Files(self.dataset, series, self._path(place), background).opened(stack)
                for place, series in enumerate(self.dataset.series)
            ]
            sinks = [self._sink(stack, place, own, block_rows) for place, own in enumerate(files)]
            words = repeated_words(file, decoder, self.batch_rows)
            if words:
                file = stack.enter_context(open_parquet(self.source, words))
            rows, total = 0, file.metadata.num_rows
            room = min(self.max_buffered_rows, MAX_SORTED_ROWS) if sort else self.max_buffered_rows
            batches = batches_of(file, decoder.columns, self.batch_rows)
            while rows < total:
                with self.session.conversion.batch(self.dataset.kind) as scope:
                    batch = next(batches)
                    scope.span.set_attribute(attributes.ROWS, batch.num_rows)
                    parts = decoder.decode(batch, rows)
                    ordered = all([sinks[place].add(part) for place, part in parts])
                if not ordered:
                    raise _OutOfOrder  # outside of the batch's span: it is no failure
                rows += batch.num_rows
                self._make_room(sinks, room)
                self.on_rows(rows)
            staged = [item for sink in sinks for item in sink.finish()]
        warnings = [warning for own in files for warning in own.warnings()]
        return Conversion(staged, rejects, rows, warnings=_warnings(decoder, rows) + warnings)

    def _sink(self, stack: ExitStack, place: int, files: Files, block_rows: int | None) -> Sink:
        """`block_rows`: of the runs of a sort; None for rows that come in order."""
        if block_rows is None:
            return Ordered(files)
        path = self._path(place)
        sorter = Sorter(path.with_name(f"{path.name}.spill"), block_rows)
        return Sorting(files, stack.enter_context(sorter))

    def _path(self, place: int) -> Path:
        """Prefix of an instrument's files."""
        return self.scratch.with_name(f"{self.scratch.name}.{place}")

    def _block_rows(self, rows: int) -> int:
        """Rows of a run that a merge may hold: the more runs, the fewer of each."""
        runs = -(-rows // min(self.max_buffered_rows, MAX_SORTED_ROWS)) or 1
        return max(1, min(sorting.BLOCK_ROWS, self.max_buffered_rows // runs))

    def _make_room(self, sinks: list[Sink], room: int) -> None:
        while sum(sink.buffered_rows for sink in sinks) > room:
            max(sinks, key=lambda sink: sink.buffered_rows).relieve()

    def _refuse_rejected(self, conversion: Conversion) -> None:
        count, rows = conversion.rejects.count, conversion.rows
        if count <= self.max_rejected * rows:
            return
        reason, often = conversion.rejects.reasons.most_common(1)[0]
        example = conversion.rejects.rows[0]
        shown = "" if example.value is None else f" ({example.value!r})"
        error = TooManyRejected(
            f"{count:,} of {rows:,} rows cannot be held by the catalog, more than the allowed "
            f"{self.max_rejected:.2%}; most often: {reason} ({often:,} rows); first: row "
            f"{example.row}, {example.field}: {example.reason}{shown}",
            example.column or example.field,
            f"see the reject report, and correct the file or {self.dataset.label}",
        )
        error.rows = rows
        raise error


def _warnings(decoder: Decoder, rows: int) -> list[str]:
    found = [
        f"{count:,} values of {name} have more digits than its precision and were rounded"
        for name, count in sorted(decoder.off_grid.items())
    ]
    return found if rows else ["the file holds no rows"]
