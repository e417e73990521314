"""Sorting more rows than memory should hold: sorted runs on disk, merged block by block.

The sort is stable: rows of equal time keep the order in which they came.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from backend.conversion.layout import TS_EVENT

BLOCK_ROWS = 16_384
"""Rows of a run that the merge holds at a time."""


def times_of(batch: pa.RecordBatch) -> np.ndarray:
    return batch.column(TS_EVENT).to_numpy().view(np.int64)


def is_ordered(events: np.ndarray, after: int | None) -> bool:
    if not len(events):
        return True
    return (after is None or int(events[0]) >= after) and bool((events[1:] >= events[:-1]).all())


def sort(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    """One batch with the rows of all, by time."""
    whole = batches[0] if len(batches) == 1 else pa.concat_batches(batches)
    events = times_of(whole)
    if is_ordered(events, None):
        return whole
    order = np.argsort(events, kind="stable")
    column = pa.Array.from_buffers(pa.int64(), len(order), [None, pa.py_buffer(order)])
    return whole.take(column)


class Sorter:
    """Takes batches in any order and gives them back by time.

    Call `spill` whenever `buffered_rows` is more than there is room for.
    """

    def __init__(self, spill_path: Path, block_rows: int = BLOCK_ROWS) -> None:
        self._path = spill_path
        self._block_rows = block_rows
        self._buffered: list[pa.RecordBatch] = []
        self.buffered_rows = 0
        self._sink: pa.OSFile | None = None
        self._writer: pa.RecordBatchFileWriter | None = None
        self._runs: list[range] = []
        self._blocks = 0

    def __enter__(self) -> Sorter:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._close()
        self._path.unlink(missing_ok=True)

    def add(self, batch: pa.RecordBatch) -> None:
        self._buffered.append(batch)
        self.buffered_rows += batch.num_rows

    def spill(self) -> None:
        """Move what is buffered to disk, as a sorted run."""
        if not self._buffered:
            return
        run = sort(self._buffered)
        self._buffered, self.buffered_rows = [], 0
        if self._writer is None:
            self._sink = pa.OSFile(str(self._path), "wb")
            options = pa.ipc.IpcWriteOptions(compression="lz4")
            self._writer = pa.ipc.new_file(self._sink, run.schema, options=options)
        first = self._blocks
        for start in range(0, run.num_rows, self._block_rows):
            self._writer.write_batch(run.slice(start, self._block_rows))
            self._blocks += 1
        self._runs.append(range(first, self._blocks))

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows by time, once."""
        if not self._runs:
            if self._buffered:
                whole = sort(self._buffered)
                self._buffered, self.buffered_rows = [], 0
                yield from (
                    whole.slice(start, self._block_rows)
                    for start in range(0, whole.num_rows, self._block_rows)
                )
            return
        self.spill()
        self._close()
        with pa.OSFile(str(self._path), "rb") as source, pa.ipc.open_file(source) as reader:
            yield from _merge([_Run(reader, blocks) for blocks in self._runs])

    def _close(self) -> None:
        writer, sink = self._writer, self._sink
        self._writer = self._sink = None
        if writer is not None:
            writer.close()
        if sink is not None:
            sink.close()


@dataclass
class _Run:
    """A sorted run on disk, and its block in memory."""

    reader: pa.RecordBatchFileReader
    blocks: range
    block: pa.RecordBatch | None = None

    def load(self) -> bool:
        """See to a block in memory; False at the end of the run."""
        while self.block is None or not self.block.num_rows:
            if not self.blocks:
                return False
            self.block = self.reader.get_batch(self.blocks[0])
            self.blocks = self.blocks[1:]
        return True


def _merge(runs: list[_Run]) -> Iterator[pa.RecordBatch]:
    """Rows of all runs by time; equal times in the order of the runs.

    Each round gives out what no unread block can precede. The bound is the smallest last time of
    the blocks in memory; rows of exactly that time may go on in the next block of the first run
    that ends with it, and must come out before those of later runs.
    """
    while runs := [run for run in runs if run.load()]:
        lasts = [int(times_of(run.block)[-1]) for run in runs]
        bound = min(lasts)
        leader = lasts.index(bound)
        parts = []
        for place, run in enumerate(runs):
            side = "right" if place <= leader else "left"
            cut = int(np.searchsorted(times_of(run.block), bound, side=side))
            if cut:
                parts.append(run.block.slice(0, cut))
                run.block = run.block.slice(cut)
        yield sort(parts)
