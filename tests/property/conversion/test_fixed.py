"""128-bit arithmetic against Python's integers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.conversion import fixed

INT64 = st.integers(-(2**63), 2**63 - 1) | st.sampled_from([0, 1, -1, 2**32, 2**63 - 1, -(2**63)])
WIDE = st.integers(-(10**30), 10**30) | st.integers(-(2**70), 2**70)
FACTORS = st.integers(0, 16).map(lambda n: 10**n)


def integers(words: np.ndarray) -> list[int]:
    return [int.from_bytes(row.tobytes(), "little", signed=True) for row in words]


@given(st.lists(INT64, max_size=8), FACTORS)
def test_integers_times_a_factor(values: list[int], factor: int) -> None:
    """int64 times a power of ten is exact, whatever the sign."""
    words = fixed.from_integers(np.array(values, np.int64), factor)
    assert [value * factor for value in values] == integers(words)


@pytest.mark.parametrize("digits", range(17))
def test_integers_about_the_edge_of_a_word(digits: int) -> None:
    """The short way ends where the product, without its powers of two, leaves 63 bits."""
    edges = [(2**bits - 1) // 5**digits for bits in (63, 64)]
    near = {edge + step for edge in edges for step in (-1, 0, 1)}
    for value in sorted(n for n in near if n < 2**63):
        for signed in (value, -value):
            words = fixed.from_integers(np.array([signed], np.int64), 10**digits)
            assert [signed * 10**digits] == integers(words)


@given(st.lists(st.integers(-(2**97), 2**97).map(float), max_size=8), st.integers(0, 8))
def test_whole_floats_times_a_factor(values: list[float], digits: int) -> None:
    """Whole floats beyond 64 bits keep every digit they have."""
    words = fixed.from_floats(np.array(values, np.float64), 10**digits)
    assert [int(value) * 10**digits for value in values] == integers(words)


@given(st.lists(WIDE, min_size=1, max_size=8), st.integers(0, 16).map(lambda n: 10**n))
def test_magnitude_comparison_and_remainder(values: list[int], divisor: int) -> None:
    """Magnitudes, signs, comparisons and remainders agree with Python's."""
    low, high, negative = fixed.magnitudes(fixed.from_python(values))
    size = [abs(value) for value in values]
    assert size == [int(a) + (int(b) << 64) for a, b in zip(low, high, strict=True)]
    assert [value < 0 for value in values] == negative.tolist()
    limit = size[0]
    assert [value > limit for value in size] == fixed.above(low, high, limit).tolist()
    assert [value % divisor for value in size] == fixed.remainders(low, high, divisor).tolist()


@given(st.lists(WIDE, max_size=8))
def test_columns_round_trip(values: list[int]) -> None:
    """Words survive the way through an Arrow column and its slices."""
    column = fixed.to_array(fixed.from_python(values))
    assert values[1:] == integers(fixed.words_of(column.slice(1)))
