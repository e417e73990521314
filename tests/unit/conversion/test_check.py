"""The check of a finished file finds what would end a querying process."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from backend.conversion import check, fixed
from backend.conversion.digest import Digest
from backend.conversion.layout import LAYOUTS, PRICE_RAW_MAX, SIZE_RAW_MAX
from backend.errors import DomainError

LAYOUT = LAYOUTS["trade"]
SCHEMA = LAYOUT.schema("X.SIM", 2, 0)
ONE = 10**16


def column(*raws):
    return fixed.to_array(fixed.from_python(list(raws)))


def good():
    return {
        "price": column(ONE, -ONE // 4), "size": column(ONE, 2 * ONE),
        "aggressor_side": pa.array([0, 2], pa.uint8()), "trade_id": pa.array(["a", "b"]),
        "ts_event": pa.array([5, 5], pa.uint64()), "ts_init": pa.array([5, 6], pa.uint64()),
    }  # fmt: skip


def problems(path, columns, schema=None, **options):
    if schema is None:
        fields = [pa.field(f.name, columns[f.name].type, nullable=True) for f in SCHEMA]
        schema = pa.schema(fields, metadata=SCHEMA.metadata)
    table = pa.table([columns[name] for name in schema.names], schema=schema)
    pq.write_table(table, path, **options)
    return check.problems(path, LAYOUT, SCHEMA, 5, 6)


def test_a_good_file_has_no_problems(tmp_path):
    """Nothing is found where nothing is wrong."""
    assert problems(tmp_path / "x", good()) == []


@pytest.mark.parametrize(
    ("name", "values", "found"),
    [
        ("price", column(ONE, PRICE_RAW_MAX + 1), "price: out of range"),
        ("price", column(ONE, -PRICE_RAW_MAX - 1), "price: out of range"),
        ("price", column(ONE, ONE + 1), "price: more digits than its precision"),
        ("size", column(ONE, SIZE_RAW_MAX + 1), "size: out of range"),
        ("size", column(ONE, -ONE), "size: negative"),
        ("size", column(ONE, 0), "size: zero"),
        ("aggressor_side", pa.array([0, 3], pa.uint8()), "aggressor_side is unknown"),
        ("aggressor_side", pa.array([0, None], pa.uint8()), "aggressor_side has nulls"),
        ("aggressor_side", pa.array([0, 1], pa.int64()), "the columns are not the catalog's"),
        ("trade_id", pa.array(["a", ""]), "trade_id has a wrong length"),
        ("trade_id", pa.array(["a", "x" * 37]), "trade_id has a wrong length"),
        ("trade_id", pa.array(["a", "é"]), "trade_id is not ASCII"),
        ("ts_init", pa.array([5, 5], pa.uint64()), "ts_init does not increase strictly"),
        ("ts_init", pa.array([4, 6], pa.uint64()), "ts_init does not increase strictly"),
        ("ts_init", pa.array([5, 7], pa.uint64()), "ts_init ends at 7"),
    ],
)
def test_a_bad_column_is_found(tmp_path, name, values, found):
    """Each thing that the catalog's reader aborts on, or reads as something else."""
    assert any(text.startswith(found) for text in problems(tmp_path / "x", good() | {name: values}))


def test_missing_statistics_are_found(tmp_path):
    """Without them every query reads the whole file."""
    (found,) = problems(tmp_path / "x", good(), write_statistics=False)
    assert "statistics" in found


def test_foreign_metadata_is_found(tmp_path):
    """The reader takes instrument and precisions from there."""
    other = LAYOUT.schema("Y.SIM", 2, 0)
    assert problems(tmp_path / "x", good(), other) == ["the metadata is not the instrument's"]


def written(columns):
    digest = Digest(SCHEMA)
    digest.update(pa.record_batch(columns, schema=SCHEMA))
    return digest


def test_a_file_is_held_against_what_was_written(tmp_path):
    """The digest of its own values lets a file pass."""
    path = tmp_path / "x"
    assert problems(path, good()) == []
    assert check.problems(path, LAYOUT, SCHEMA, 5, 6, written(good())) == []


@pytest.mark.parametrize(
    ("name", "values", "found"),
    [
        ("price", column(ONE, ONE), "price is not what was written"),
        ("size", column(2 * ONE, ONE), "size is not what was written"),
        ("aggressor_side", pa.array([0, 1], pa.uint8()), "aggressor_side is not what was written"),
        ("aggressor_side", pa.array([0, None], pa.uint8()), "there are nulls"),
        ("trade_id", pa.array(["ab", ""]), "trade_id is not what was written"),
        ("ts_event", pa.array([5, 6], pa.uint64()), "ts_event is not what was written"),
        ("ts_init", pa.array([6, 6], pa.uint64()), "ts_init is not what was written"),
        ("ts_init", pa.array([5, 7], pa.uint64()), "ts_init ends at 7"),
    ],
)
def test_a_file_with_other_values_is_found(tmp_path, name, values, found):
    """Good values too, when they are not the ones that were looked at."""
    path = tmp_path / "x"
    problems(path, good() | {name: values})
    told = check.problems(path, LAYOUT, SCHEMA, 5, 6, written(good()))
    assert any(text.startswith(found) for text in told)


@pytest.mark.parametrize(
    ("name", "values", "found"),
    [
        ("price", column(ONE, PRICE_RAW_MAX + 1), "price: out of range"),
        ("price", column(ONE, -PRICE_RAW_MAX - 1), "price: out of range"),
        ("price", column(ONE, 2**126), "price: out of range"),
        ("size", column(ONE, SIZE_RAW_MAX + 1), "size: out of range"),
        ("size", column(ONE, -1), "size: negative"),
        ("size", column(ONE, 0), "size: zero"),
        ("aggressor_side", pa.array([0, 3], pa.uint8()), "aggressor_side is unknown"),
        ("aggressor_side", pa.array([0, None], pa.uint8()), "aggressor_side has nulls"),
        ("trade_id", pa.array(["a", ""]), "trade_id has a wrong length"),
        ("trade_id", pa.array(["a", "x" * 37]), "trade_id has a wrong length"),
        ("trade_id", pa.array(["a", "é"]), "trade_id is not ASCII"),
        ("ts_init", pa.array([5, 5], pa.uint64()), "ts_init does not increase strictly"),
        ("ts_init", pa.array([4, 6], pa.uint64()), "ts_init does not increase strictly"),
    ],
)
def test_unusable_ticks_are_refused_before_they_are_written(name, values, found):
    """What would end a querying process does not get as far as a file."""
    batch = pa.record_batch(good() | {name: values}, schema=pa.schema(
        [pa.field(f.name, f.type) for f in SCHEMA], metadata=SCHEMA.metadata
    ))  # fmt: skip
    with pytest.raises(DomainError, match=r"X\.SIM did not pass its check") as raised:
        check.refuse_unusable(batch, LAYOUT, SCHEMA, 4)
    assert found in str(raised.value)


@pytest.mark.parametrize("raw", [0, -ONE, PRICE_RAW_MAX, -PRICE_RAW_MAX])
def test_ticks_up_to_the_bounds_are_let_pass(raw):
    """Any price that the reader takes, also those that the glance leaves to the exact look."""
    batch = pa.record_batch(good() | {"price": column(ONE, raw)}, schema=SCHEMA)
    check.refuse_unusable(batch, LAYOUT, SCHEMA, 4)
