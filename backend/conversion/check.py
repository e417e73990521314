"""Finds in a finished file what would abort or mislead a later catalog query.

The catalog's reader ends its process, without an exception, on much of this. So every file is
read once before it is moved to where queries look.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from backend.conversion import fixed
from backend.conversion.layout import (
    BATCH_ROWS,
    FIXED_PRECISION,
    PRICE_RAW_MAX,
    SELLER,
    SIZE_RAW_MAX,
    TRADE_ID_LENGTH,
    TS_INIT,
    Layout,
)


def problems(
    path: Path, layout: Layout, schema: pa.Schema, first_ns: int, last_ns: int
) -> list[str]:
    """What is wrong with a file that is to hold `ts_init` from first_ns to last_ns; sorted.

    Raises OSError or pa.ArrowException when the file cannot be read at all.
    """
    with pq.ParquetFile(path, pre_buffer=False) as file:
        found = _header_problems(file, layout, schema)
        if found:
            return sorted(found)
        previous = first_ns - 1
        for batch in file.iter_batches(BATCH_ROWS, use_threads=False):
            found |= _batch_problems(batch, layout, schema, previous)
            previous = int(batch.column(TS_INIT)[-1].as_py())
        if previous != last_ns:
            found.add(f"{TS_INIT} ends at {previous}, the file's name would say {last_ns}")
    return sorted(found)


def _header_problems(file: pq.ParquetFile, layout: Layout, schema: pa.Schema) -> set[str]:
    found = set()
    present = file.schema_arrow
    if [(f.name, f.type) for f in present] != [(f.name, f.type) for f in layout.fields]:
        found.add("the columns are not the catalog's")
    if present.metadata != schema.metadata:
        found.add("the metadata is not the instrument's")
    place = [field.name for field in layout.fields].index(TS_INIT)
    groups = file.metadata
    if not groups.num_rows:
        found.add("there are no rows")
    elif any(
        groups.row_group(group).column(place).statistics is None
        for group in range(groups.num_row_groups)
    ):
        found.add(f"{TS_INIT} lacks statistics, so that queries read all of the file")
    return found


def _batch_problems(
    batch: pa.RecordBatch, layout: Layout, schema: pa.Schema, previous: int
) -> set[str]:
    found = {f"{f.name} has nulls" for f in batch.schema if batch.column(f.name).null_count}
    if found:
        return found
    for names, key, limit in (
        (layout.prices, b"price_precision", PRICE_RAW_MAX),
        (layout.sizes, b"size_precision", SIZE_RAW_MAX),
    ):
        for name in names:
            words = fixed.words_of(batch.column(name))
            precision = int(schema.metadata[key])
            allowed = limit, name in layout.prices, layout.zero_size or name in layout.prices
            found |= {f"{name}: {text}" for text in _number_problems(words, precision, *allowed)}
    inits = batch.column(TS_INIT).to_numpy().view(np.int64)
    if inits[0] <= previous or not (inits[1:] > inits[:-1]).all():
        found.add(f"{TS_INIT} does not increase strictly")
    if "trade_id" in batch.schema.names:
        found |= _trade_problems(batch)
    return found


def _number_problems(
    words: fixed.Words, precision: int, limit: int, signed: bool, zero_allowed: bool
) -> set[str]:
    found = set()
    low, high, negative = fixed.magnitudes(words)
    if not signed and negative.any():
        found.add("negative")
    if int(high.max(initial=0)) >= limit >> 64 and fixed.above(low, high, limit).any():
        found.add("out of range")
    elif fixed.remainders(low, high, 10 ** (FIXED_PRECISION - precision)).any():
        found.add("more digits than its precision")
    if not zero_allowed and not (low | high).all():
        found.add("zero")
    return found


def _trade_problems(batch: pa.RecordBatch) -> set[str]:
    found = set()
    if pc.max(batch.column("aggressor_side")).as_py() > SELLER:
        found.add("aggressor_side is unknown")
    ids = batch.column("trade_id")
    lengths = pc.min_max(pc.binary_length(ids)).as_py()
    if lengths["min"] < 1 or lengths["max"] > TRADE_ID_LENGTH:
        found.add("trade_id has a wrong length")
    if not pc.all(pc.string_is_ascii(ids)).as_py():
        found.add("trade_id is not ASCII")
    return found
