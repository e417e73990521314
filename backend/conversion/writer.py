"""Writes ordered ticks of one instrument as one catalog file."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from backend.conversion.layout import ROW_GROUP_ROWS, TS_EVENT, Layout


@dataclass(frozen=True)
class Written:
    """What a finished file holds; times in nanoseconds since the epoch."""

    rows: int
    first_event_ns: int
    last_event_ns: int
    first_init_ns: int
    last_init_ns: int


def strictly_increasing(events: npt.NDArray[np.int64], floor: int | None) -> npt.NDArray[np.int64]:
    """Ordered times, moved on by the fewest nanoseconds that make all differ and exceed `floor`.

    The catalog returns equal `ts_init` in an order that depends on the machine's cores.
    """
    steps = np.arange(len(events))
    slack = events - steps
    if floor is not None and len(slack):
        slack[0] = max(int(slack[0]), floor + 1)
    return np.maximum.accumulate(slack) + steps


class TickWriter:
    """Collects batches into full row groups. Use as a context manager; `finish` before leaving.

    `floor`: a `ts_init` that all of the file's must exceed.
    """

    def __init__(
        self, path: Path, layout: Layout, schema: pa.Schema, floor: int | None = None,
        row_group_rows: int = ROW_GROUP_ROWS,
    ) -> None:  # fmt: skip
        self._path = path
        self._layout = layout
        self._schema = schema
        self._row_group_rows = row_group_rows
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
        if np.array_equal(events, inits):
            column = batch.column(TS_EVENT)
        else:
            column = pa.Array.from_buffers(
                pa.uint64(), len(inits), [None, pa.py_buffer(np.ascontiguousarray(inits))]
            )
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
        if self._first is None or self._last_init is None:
            return None
        assert self._file is not None
        self._file.close()
        self._file = None
        first_event, first_init = self._first
        return Written(self._rows, first_event, self._last_event, first_init, self._last_init)

    def _write_group(self, rows: int) -> None:
        table = pa.Table.from_batches(self._pending)
        group = table.slice(0, rows)
        if self._file is None:
            self._file = pq.ParquetWriter(self._path, self._schema, **self._layout.writer_options)
        self._file.write_table(group, row_group_size=rows)
        rest = table.slice(rows)
        self._pending = rest.to_batches()
        self.buffered_rows = rest.num_rows
