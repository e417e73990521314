"""The digest of ticks tells every change, and no change of batches."""

import numpy as np
import pyarrow as pa
import pytest

from backend.conversion.digest import Digest
from backend.conversion.layout import FIXED

SCHEMA = pa.schema([("price", FIXED), ("trade_id", pa.string()), ("ts", pa.uint64())])
ROWS = {
    "price": [bytes([n] * 16) for n in range(5)],
    "trade_id": ["a", "bc", "", "d", "ef"],
    "ts": [1, 2, 3, 4, 5],
}


def batch(**changed):
    return pa.record_batch(ROWS | changed, schema=SCHEMA)


def digest(*batches):
    made = Digest(SCHEMA)
    for part in batches:
        made.update(part)
    return made


@pytest.mark.parametrize("cut", range(6))
def test_batches_do_not_matter(cut):
    """The same rows, cut anywhere, slices of larger buffers or not, have the same digest."""
    whole = batch()
    copied = pa.RecordBatch.from_pydict(whole.slice(cut).to_pydict(), schema=SCHEMA)
    assert digest(whole).differing(digest(whole.slice(0, cut), copied)) == []


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("price", [bytes(16), *ROWS["price"][:-1]]),
        ("trade_id", ["ab", "c", "", "d", "ef"]),
        ("trade_id", ["a", "bc", "d", "", "ef"]),
        ("ts", [1, 2, 4, 3, 5]),
    ],
)
def test_a_changed_column_is_told(name, values):
    """One other value, one border between strings, one swap: the column differs."""
    assert digest(batch()).differing(digest(batch(**{name: values}))) == [
        SCHEMA.get_field_index(name)
    ]


def test_a_missing_row_is_told():
    """The number of rows counts, also where the values would be equal."""
    nothing = {"price": [bytes(16)] * 5, "trade_id": [""] * 5, "ts": np.zeros(5, np.uint64)}
    rows = batch(**nothing)
    assert digest(rows).differing(digest(rows.slice(1))) == [0, 1, 2]
