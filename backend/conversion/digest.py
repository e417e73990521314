"""A digest of ticks, column by column, that does not depend on how they are cut into batches."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import xxhash


class Digest:
    """Of the rows of one schema: columns of fixed width, and strings; none of them null."""

    def __init__(self, schema: pa.Schema) -> None:
        self._hashes = [(xxhash.xxh3_128(), xxhash.xxh3_128()) for _ in schema]

    def update(self, batch: pa.RecordBatch) -> None:
        """Add the rows of a batch, in their order."""
        for column, (values, lengths) in zip(batch.columns, self._hashes, strict=True):
            if pa.types.is_string(column.type):
                offsets = _offsets(column)
                lengths.update(np.diff(offsets))
                values.update(text_bytes(column))
            else:
                width = column.type.bit_width // 8
                start, end = column.offset * width, (column.offset + len(column)) * width
                values.update(memoryview(column.buffers()[1])[start:end])

    def differing(self, other: Digest) -> list[int]:
        """Places of the columns whose values, or whose number, are not the same."""
        pairs = zip(self._hashes, other._hashes, strict=True)
        return [
            place
            for place, (mine, theirs) in enumerate(pairs)
            if [h.digest() for h in mine] != [h.digest() for h in theirs]
        ]


def text_bytes(column: pa.Array) -> np.ndarray:
    """uint8[n]: the characters of a string column, one value after the other, without a copy."""
    data = column.buffers()[2]
    if data is None:
        return np.empty(0, np.uint8)
    offsets = _offsets(column)
    return np.frombuffer(data, np.uint8)[offsets[0] : offsets[-1]]


def _offsets(column: pa.Array) -> np.ndarray:
    offsets = np.frombuffer(column.buffers()[1], np.int32)
    return offsets[column.offset : column.offset + len(column) + 1]
