"""Ticks and bars of the catalog as tables with real prices, read without NautilusTrader."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from backend.catalog_files import RowGroup, TickFile, groups_within
from backend.conversion.fixed import magnitudes, words_of
from backend.conversion.layout import (
    BUYER,
    FIXED_PRECISION,
    NO_AGGRESSOR,
    SELLER,
    TS_EVENT,
    TS_INIT,
    layout_of,
)
from backend.models import SeriesKind

PART_ROWS = 65_536
"""Rows of several small row groups that are read together: 3 MB."""
AGGRESSORS = {NO_AGGRESSOR: "NO_AGGRESSOR", BUYER: "BUYER", SELLER: "SELLER"}


def read_ticks(
    files: list[TickFile], kind: SeriesKind, start_ns: int, end_ns: int, limit: int
) -> pa.Table:
    """The first `limit` ticks of the closed window; `files` are those of one series, by time.

    Columns: ts_event, ts_init (int64, Unix ns); quotes bid_price, ask_price, bid_size, ask_size;
    trades price, size, aggressor_side, trade_id; bars open, high, low, close, volume. Prices and
    sizes are float64: for display, not for arithmetic.
    """
    parts = list(tick_parts(files, kind, start_ns, end_ns, limit))
    return pa.concat_tables(parts) if parts else _decoded(_empty(kind), kind)


def tick_parts(
    files: list[TickFile],
    kind: SeriesKind,
    start_ns: int,
    end_ns: int,
    limit: int,
    columns: Collection[str] | None = None,
) -> Iterator[pa.Table]:
    """The same piece by piece, none of them empty; whoever stops asking stops the reading.

    `columns` names those that are wanted; times alone cost a tenth of all.
    """
    left = limit
    wanted = None if columns is None else sorted({TS_INIT, *columns})
    for file in files:
        with pq.ParquetFile(file.path) as reader:
            for groups in _together(groups_within(file, start_ns, end_ns)):
                part = reader.read_row_groups(groups, columns=wanted)
                time = part[TS_INIT]
                inside = pc.and_(
                    pc.greater_equal(time, pa.scalar(start_ns, pa.uint64())),
                    pc.less_equal(time, pa.scalar(end_ns, pa.uint64())),
                )
                part = part.filter(inside).slice(0, left)
                left -= part.num_rows
                if part.num_rows:
                    decoded = _decoded(part, kind)
                    yield decoded if columns is None else decoded.select(sorted(set(columns)))
                if left <= 0:
                    return


def known_columns(kind: SeriesKind) -> list[str]:
    """Columns of the tables that `read_ticks` makes."""
    layout = layout_of(kind)
    return [TS_EVENT, TS_INIT, *layout.numbers, *(name for name, _ in layout.extra)]


def count_ticks(files: list[TickFile], start_ns: int, end_ns: int) -> int:
    """How many ticks the closed window holds; only row groups at its ends are opened."""
    found = 0
    for file in files:
        ends = []
        for group in groups_within(file, start_ns, end_ns):
            if start_ns <= group.first_ns and group.last_ns <= end_ns:
                found += group.rows
            else:
                ends.append(group.index)
        if ends:
            with pq.ParquetFile(file.path) as reader:
                times = reader.read_row_groups(ends, columns=[TS_INIT])[TS_INIT].to_numpy()
            found += int(((times >= start_ns) & (times <= end_ns)).sum())
    return found


def _together(groups: Iterable[RowGroup]) -> Iterator[list[int]]:
    """Numbers of row groups to read at once: the first alone, so that it is soon there."""
    found: list[int] = []
    rows, most = 0, 0
    for group in groups:
        if found and rows + group.rows > most:
            yield found
            found, rows, most = [], 0, PART_ROWS
        found.append(group.index)
        rows += group.rows
    if found:
        yield found


def _empty(kind: SeriesKind) -> pa.Table:
    return layout_of(kind).schema("", 0, 0).empty_table()


def _decoded(table: pa.Table, kind: SeriesKind) -> pa.Table:
    layout = layout_of(kind)
    metadata = table.schema.metadata or {}
    there = set(table.schema.names)
    columns: dict[str, Any] = {
        name: table[name].cast(pa.int64()) for name in (TS_EVENT, TS_INIT) if name in there
    }
    for names, key in ((layout.prices, b"price_precision"), (layout.sizes, b"size_precision")):
        for name in (name for name in names if name in there):
            columns[name] = _floats(table[name], int(metadata.get(key, FIXED_PRECISION)))
    for name, _ in layout.extra:
        if name in there:
            columns[name] = _sides(table[name]) if name == "aggressor_side" else table[name]
    return pa.table(columns)


def _floats(column: pa.ChunkedArray, precision: int) -> pa.Array:
    """16-byte integers as the nearest floats with that many decimals."""
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):  # pyarrow gives one back when there is no chunk
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], column.type)
    if len(array) == 0:
        return pa.array([], pa.float64())
    low, high, negative = magnitudes(words_of(array))
    values = (high.astype(np.float64) * 2.0**64 + low.astype(np.float64)) / 10.0**FIXED_PRECISION
    return pa.array(np.round(np.where(negative, -values, values), precision))


def _sides(column: pa.ChunkedArray) -> pa.Array:
    names = pa.array([AGGRESSORS[code] for code in sorted(AGGRESSORS)])
    return names.take(column.combine_chunks().cast(pa.int64()))
