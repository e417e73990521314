"""Decoded prices and sizes against Python's decimals."""

from decimal import ROUND_HALF_UP, Decimal, localcontext

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.conversion import exact, numbers
from backend.conversion.exact import NumberSpec
from backend.conversion.layout import PRICE_RAW_MAX, SIZE_RAW_MAX

PRECISION = st.integers(0, 16)
SCALE = st.integers(0, 18)
# Half-way cases of every size: digits, a 5, zeros.
TIES = st.builds(
    lambda n, zeros: (10 * n + 5) * 10**zeros, st.integers(-(10**4), 10**4), st.integers(0, 13)
)


def reference(value: Decimal, spec: NumberSpec) -> int | None:
    """The raw value, rounded half away from zero; None when the catalog could not hold it."""
    if spec.is_size and value < 0:
        return None
    with localcontext(prec=400):
        unit = Decimal(1).scaleb(-spec.precision)
        raw = int(value.quantize(unit, rounding=ROUND_HALF_UP).scaleb(16))
    limit = SIZE_RAW_MAX if spec.is_size else PRICE_RAW_MAX
    return raw if abs(raw) <= limit else None


def decoded(column: pa.Array, spec: NumberSpec) -> list[int | None]:
    result = numbers.decode(column, spec)
    bad = np.zeros(len(column), bool)
    for _, mask in result.faults:
        bad |= mask
    raws = [int.from_bytes(row.tobytes(), "little", signed=True) for row in result.words]
    return [None if wrong else raw for raw, wrong in zip(raws, bad, strict=True)]


@given(st.lists(st.decimals(allow_nan=False, allow_infinity=False), max_size=6), PRECISION,
       st.booleans())  # fmt: skip
def test_decimal_strings(values: list[Decimal], precision: int, is_size: bool) -> None:
    """Any way to write a decimal, exponents and long fractions too, is read exactly."""
    spec = NumberSpec("x", precision, None, is_size)
    texts = [str(value)[:199] for value in values]
    expected = [reference(Decimal(text), spec) for text in texts]
    assert expected == decoded(pa.array(texts, pa.string()), spec)


@given(
    st.lists(st.integers(-(2**63), 2**63 - 1) | TIES, max_size=6), PRECISION, SCALE, st.booleans()
)
def test_scaled_integers(values: list[int], precision: int, scale: int, is_size: bool) -> None:
    """Integers of any scale are divided exactly, and rounded half away from zero."""
    spec = NumberSpec("x", precision, scale, is_size)
    expected = [reference(Decimal(value).scaleb(-scale), spec) for value in values]
    assert expected == decoded(pa.array(values, pa.int64()), spec)


@given(
    st.lists(st.integers(-(10**37), 10**37) | st.integers(-(10**20), 10**20) | TIES, max_size=6),
    st.integers(0, 37), PRECISION, st.none() | st.integers(0, 18), st.booleans(),
)  # fmt: skip
def test_decimal_columns(
    values: list[int], own: int, precision: int, scale: int | None, is_size: bool
) -> None:
    """decimal128 columns are read exactly, whatever their own scale and the described one."""
    spec = NumberSpec("x", precision, scale, is_size)
    with localcontext(prec=60):
        exactly = [Decimal(value).scaleb(-own) for value in values]
        expected = [reference(value.scaleb(-(scale or 0)), spec) for value in exactly]
    assert expected == decoded(pa.array(exactly, pa.decimal128(38, own)), spec)


@pytest.mark.parametrize("kind", [pa.uint8(), pa.uint64(), pa.int16(), pa.int32()])
@given(data=st.data(), precision=PRECISION)
def test_integers_of_any_width(kind: pa.DataType, data: st.DataObject, precision: int) -> None:
    """Unsigned and narrow integers are read like any number."""
    bits = kind.bit_width
    signed = pa.types.is_signed_integer(kind)
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    values = data.draw(st.lists(st.integers(low, high), max_size=6))
    spec = NumberSpec("x", precision, None, False)
    expected = [reference(Decimal(value), spec) for value in values]
    assert expected == decoded(pa.array(values, kind), spec)


@given(st.lists(st.floats(width=32), max_size=6), PRECISION)
def test_narrow_floats_are_widened_first(values: list[float], precision: int) -> None:
    """A float32 means the float64 of the same value."""
    spec = NumberSpec("x", precision, None, False)
    narrow = pa.array(np.array(values, np.float32))
    assert decoded(narrow.cast(pa.float64()), spec) == decoded(narrow, spec)


@given(st.lists(st.none() | st.floats(), max_size=6), PRECISION, st.booleans())
def test_each_float_is_held_or_blamed_once(
    values: list[float | None], precision: int, is_size: bool
) -> None:
    """A float becomes a raw value within the limits, or gets a reason."""
    spec = NumberSpec("x", precision, None, is_size)
    result = decoded(pa.array(values, pa.float64()), spec)
    for value, raw in zip(values, result, strict=True):
        if value is None or not np.isfinite(value) or (is_size and value < 0):
            assert raw is None
        elif raw is not None:
            assert abs(raw) <= (SIZE_RAW_MAX if is_size else PRICE_RAW_MAX)
            assert raw % 10 ** (16 - precision) == 0
            assert abs(raw / 1e16 - value) <= 0.5 * 10.0**-precision + abs(value) * 1e-15


@given(st.lists(st.integers(-(2**53), 2**53), min_size=1, max_size=6), PRECISION, SCALE)
def test_scaled_integers_that_became_floats(values: list[int], precision: int, scale: int) -> None:
    """A column that nulls turned into floats is read like the integers it was."""
    spec = NumberSpec("x", precision, scale, False)
    whole = decoded(pa.array(values, pa.int64()), spec)
    floats = pa.array([*map(float, values), None], pa.float64())
    assert [*whole, None] == decoded(floats, spec)
    assert numbers.decode(floats, spec).faults[0][0] == exact.MISSING
