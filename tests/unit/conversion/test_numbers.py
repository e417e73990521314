"""Edges of prices and sizes that chance would seldom find."""

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from backend.conversion import numbers
from backend.conversion.exact import NumberSpec
from backend.conversion.layout import PRICE_RAW_MAX, SIZE_RAW_MAX


def raws(result):
    return [int.from_bytes(row.tobytes(), "little", signed=True) for row in result.words]


@pytest.mark.parametrize(
    ("column", "scale"),
    [
        (pa.array([0.125, -0.125, 0.375]), None),
        (pa.array(["0.125", "-0.125", "0.375"]), None),
        (pa.array(["125e-3", "-125e-3", "375e-3"]), None),
        (pa.array(["0.125", "-0.125", "0.375"]).dictionary_encode(), None),
        (pa.array([Decimal("0.125"), Decimal("-0.125"), Decimal("0.375")]), None),
        (pa.array([125, -125, 375]), 3),
        (pa.array([125.0, -125.0, 375.0]), 3),
        (pa.array(["125", "-125", "375"]), 3),
    ],
    ids=["float", "string", "exponent", "dictionary", "decimal", "integer", "whole", "digits"],
)
def test_halves_are_rounded_away_from_zero(column, scale):
    """Every way to write a number is rounded alike, as NautilusTrader rounds floats."""
    result = numbers.decode(column, NumberSpec("price", 2, scale, is_size=False))
    assert raws(result) == [13 * 10**14, -13 * 10**14, 38 * 10**14]
    assert result.off_grid == 3


@pytest.mark.parametrize("precision", range(17))
@pytest.mark.parametrize("is_size", [False, True])
def test_floats_around_the_limit_never_pass_it(precision, is_size):
    """The reader's limit is no float at most precisions; what rounds above it is rejected."""
    limit = SIZE_RAW_MAX if is_size else PRICE_RAW_MAX
    values = [limit / 1e16]
    fitting = 0.999 * values[0]
    for _ in range(6):
        values = [np.nextafter(values[0], 0.0), *values, np.nextafter(values[-1], np.inf)]
    spec = NumberSpec("x", precision, None, is_size)
    result = numbers.decode(pa.array([fitting, *values]), spec)
    assert max(map(abs, raws(result))) <= limit
    assert raws(result)[0] > 0.99 * limit
    assert [reason for reason, _ in result.faults] == ["out of range"]


def test_every_row_of_a_column_of_nulls_is_missing():
    """A column without a type has no numbers."""
    result = numbers.decode(pa.nulls(2), NumberSpec("price", 2, None, is_size=False))
    assert [(reason, mask.tolist()) for reason, mask in result.faults] == [("missing", [True] * 2)]


@pytest.mark.parametrize("text", ["1_000", "1,5", "0x10", "", " ", "--1", "1" * 250, "nan", "-inf"])
def test_text_that_is_no_number_is_told(text):
    """Only decimals with a point and perhaps an exponent are numbers."""
    column = pa.array([text, "1.5"])
    result = numbers.decode(column, NumberSpec("price", 2, None, is_size=False))
    ((reason, mask),) = result.faults
    assert (reason, mask.tolist()) == ("not a finite number", [True, False])
    assert raws(result)[1] == 15 * 10**15


def test_fractions_are_no_scaled_integers():
    """A price that was scaled already must not be divided again unseen."""
    result = numbers.decode(pa.array([15000.0, 1.5]), NumberSpec("price", 2, 4, is_size=False))
    ((reason, mask),) = result.faults
    assert mask.tolist() == [False, True]
    assert "not a whole number" in reason
