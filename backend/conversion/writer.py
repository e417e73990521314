"""Writes ordered ticks of one instrument as one catalog file."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from backend.conversion.background import Background
from backend.conversion.check import refuse_unusable
from backend.conversion.digest import Digest
from backend.conversion.layout import ROW_GROUP_ROWS, TS_EVENT, TS_INIT, Layout


@dataclass(frozen=True)
class Written:
    """What a finished file holds; times in nanoseconds since the epoch."""

    rows: int
    first_event_ns: int
    last_event_ns: int
    first_init_ns: int
    last_init_ns: int
    digest: Digest
    """Of the file's columns, each value looked at before it was written."""


def strictly_increasing(events: npt.NDArray[np.int64], floor: int | None) -> npt.NDArray[np.int64]:
    """Ordered times, moved on by the fewest nanoseconds that make all differ and exceed `floor`.

    The catalog returns equal `ts_init` in an order that depends on the machine's cores.
    """
    later = floor is None or not len(events) or int(events[0]) > floor
    if later and (events[1:] > events[:-1]).all():
        return events
    steps = np.arange(len(events))
    slack = events - steps
    if floor is not None and len(slack):
        slack[0] = max(int(slack[0]), floor + 1)
    return np.maximum.accumulate(slack) + steps


class TickWriter:
    """Collects batches into full row groups. Use as a context manager; `finish` before leaving.

    `floor`: a `ts_init` that all of the file's must exceed. `background` encodes the row groups,
    else `write` does.
    """

    def __init__(
        self, path: Path, layout: Layout, schema: pa.Schema, floor: int | None = None,
        row_group_rows: int = ROW_GROUP_ROWS, background: Background | None = None,
    ) -> None:  # fmt: skip
        self._path = path
        self._layout = layout
        self._schema = schema
        self._row_group_rows = row_group_rows
        self._background = background
        self._digest = Digest(schema)
        self._looked_at = floor
        self._file: pq.ParquetWriter | None = None
        self._pending: list[pa.RecordBatch] = []
        self.buffered_rows = 0
        self._last_init = floor
        self._first: tuple[int, int] | None = None
        self._last_event = 0
        self._rows = 0

    def __enter__(self) -> TickWriter:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if self._background is not None:
            self._background.settle()
        file, self._file = self._file, None
        if file is not None:  # left early: the file is thrown away, and so is what close says
            with contextlib.suppress(OSError, pa.ArrowException):
                file.close()

    def write(self, batch: pa.RecordBatch) -> None:
        """Take columns of `Layout.decoded`, ordered, not before what was written."""
        if not batch.num_rows:
            return
        events = batch.column(TS_EVENT).to_numpy().view(np.int64)
        inits = strictly_increasing(events, self._last_init)
        if self._first is None:
            self._first = int(events[0]), int(inits[0])
        self._last_event, self._last_init = int(events[-1]), int(inits[-1])
        column = batch.column(TS_EVENT)
        if inits is not events:
            column = pa.Array.from_buffers(pa.uint64(), len(inits), [None, pa.py_buffer(inits)])
        columns = [*batch.columns, column]
        self._pending.append(pa.RecordBatch.from_arrays(columns, schema=self._schema))
        self.buffered_rows += batch.num_rows
        self._rows += batch.num_rows
        while self.buffered_rows >= self._row_group_rows:
            self._write_group(self._row_group_rows)

    def relieve(self) -> None:
        """Write what is buffered, as a row group of less than full size."""
        if self.buffered_rows:
            self._write_group(self.buffered_rows)

    def finish(self) -> Written | None:
        """Complete the file; None (and no file) when there were no rows."""
        self.relieve()
        if self._background is not None:
            self._background.wait()
        if self._first is None or self._last_init is None:
            return None
        assert self._file is not None
        self._file.close()
        self._file = None
        first_event, first_init = self._first
        return Written(
            self._rows, first_event, self._last_event, first_init, self._last_init, self._digest
        )

    def _write_group(self, rows: int) -> None:
        table = pa.Table.from_batches(self._pending)
        group = table.slice(0, rows)
        if self._background is None:
            self._encode(group)
        else:
            self._background.submit(self._encode, group)
        rest = table.slice(rows)
        self._pending = rest.to_batches()
        self.buffered_rows = rest.num_rows

    def _encode(self, group: pa.Table) -> None:
        for batch in group.to_batches():
            refuse_unusable(batch, self._layout, self._schema, self._looked_at)
            self._looked_at = int(batch.column(TS_INIT)[-1].as_py())
            self._digest.update(batch)
        if self._file is None:
            self._file = pq.ParquetWriter(self._path, self._schema, **self._layout.writer_options)
        self._file.write_table(group, row_group_size=group.num_rows)
