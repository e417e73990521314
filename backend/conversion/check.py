"""Finds in a finished file what would abort or mislead a later catalog query.

The catalog's reader ends its process, without an exception, on much of this. So values are looked
at before they are written, and every file is read once before it is moved to where queries look: it
must hold, by their digest, the very values that were looked at.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from backend.conversion import fixed
from backend.conversion.digest import Digest, text_bytes
from backend.conversion.layout import (
    BATCH_ROWS,
    FIXED_PRECISION,
    PRICE_RAW_MAX,
    SELLER,
    SIZE_RAW_MAX,
    TS_INIT,
    Layout,
)
from backend.conversion.text import are_short
from backend.errors import DomainError


def problems(
    path: Path, layout: Layout, schema: pa.Schema, first_ns: int, last_ns: int,
    written: Digest | None = None,
) -> list[str]:  # fmt: skip
    """What is wrong with a file that is to hold `ts_init` from first_ns to last_ns; sorted.

    `written`: of ticks that `refuse_unusable` let pass. The file's values must be those, and are
    not looked at one by one.

    Raises OSError or pa.ArrowException when the file cannot be read at all.
    """
    with pq.ParquetFile(path, pre_buffer=False) as file:
        found = _header_problems(file, layout, schema)
        if found:
            return sorted(found)
        previous, read = first_ns - 1, Digest(schema)
        for batch in file.iter_batches(BATCH_ROWS, use_threads=True):
            if written is None:
                found |= _batch_problems(batch, layout, schema, previous)
            elif any(column.null_count for column in batch.columns):
                found.add("there are nulls")
            else:
                read.update(batch)
            previous = int(batch.column(TS_INIT)[-1].as_py())
        if written is not None:
            places = read.differing(written)
            found |= {f"{schema.names[place]} is not what was written" for place in places}
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
    found = _null_problems(batch)
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


def refuse_unusable(
    batch: pa.RecordBatch, layout: Layout, schema: pa.Schema, previous: int | None
) -> None:
    """Raise DomainError when ticks that follow `ts_init` `previous` could harm a query.

    That every price and size lies on its precision's grid is not looked at: it is a multiple of
    that grid's unit by the way it is made, as `fixed.multiply` and its tests say.
    """
    found = _null_problems(batch)
    if not found:
        for name in layout.numbers:
            found |= {f"{name}: {text}" for text in _bounds_problems(batch, name, layout)}
        inits = batch.column(TS_INIT).to_numpy().view(np.int64)
        if (previous is not None and inits[0] <= previous) or not (inits[1:] > inits[:-1]).all():
            found.add(f"{TS_INIT} does not increase strictly")
        if "trade_id" in batch.schema.names:
            found |= _trade_problems(batch)
    if found:
        raise defect(schema, sorted(found))


def defect(schema: pa.Schema, found: list[str]) -> DomainError:
    """The error for ticks or a file that the converter ought not to have made."""
    instrument = schema.metadata[b"instrument_id"].decode()
    return DomainError(
        f"the file made for {instrument} did not pass its check: {'; '.join(found)}",
        None, "this is a defect of the converter; please report it with the raw file",
    )  # fmt: skip


def _null_problems(batch: pa.RecordBatch) -> set[str]:
    return {f"{f.name} has nulls" for f in batch.schema if batch.column(f.name).null_count}


def _bounds_problems(batch: pa.RecordBatch, name: str, layout: Layout) -> set[str]:
    """The same as `_number_problems`, but for the grid; at a glance for values far from bounds."""
    words = fixed.words_of(batch.column(name))
    signed = name in layout.prices
    limit = PRICE_RAW_MAX if signed else SIZE_RAW_MAX
    zero_allowed = signed or layout.zero_size
    high = words[:, 1].view(np.int64)
    lowest, highest, bound = int(high.min()), int(high.max()), limit >> 64
    if lowest < (-bound if signed else 0) or highest >= bound:
        return _number_problems(words, FIXED_PRECISION, limit, signed, zero_allowed)
    zero = not zero_allowed and bool(((words[:, 0] == 0) & (high == 0)).any())
    return {"zero"} if zero else set()


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
    if not are_short(ids):
        found.add("trade_id has a wrong length")
    if text_bytes(ids).max(initial=0) > 0x7F:
        found.add("trade_id is not ASCII")
    return found
