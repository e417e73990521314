"""Decoded times against exact fractions."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.conversion import times
from backend.conversion.layout import EARLIEST_NS, LATEST_NS
from backend.conversion.times import TimeSpec

DAY = dt.date(2024, 1, 2)
MIDNIGHT = int(dt.datetime(2024, 1, 2, tzinfo=dt.UTC).timestamp()) * 10**9
UNITS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
NS = st.integers(EARLIEST_NS, LATEST_NS - 1)
UNIT = st.sampled_from(sorted(UNITS))


def decoded(column: pa.Array, spec: TimeSpec) -> list[int]:
    result = times.decode(column, spec, DAY)
    assert result.faults == []
    return result.ns.tolist()


@given(st.lists(st.floats(1e9, 4e9), min_size=1, max_size=8), UNIT)
def test_float_times_round_as_exact_fractions(values: list[float], unit: str) -> None:
    """A float is the fraction it is: the nearest nanosecond, ties to even."""
    values = [value * (10**9 // UNITS[unit]) for value in values]
    expected = [round(Fraction(value) * UNITS[unit]) for value in values]
    assert expected == decoded(pa.array(values), TimeSpec(unit))


@given(
    st.lists(
        st.integers(0, 86_399).flatmap(
            lambda s: st.integers(0, 2**30).map(lambda n: s + n / 2**30)
            | st.floats(0, 1, exclude_max=True).map(lambda f: f / 10**6)
            # close to a tie, but for the float's own error
            | st.integers(0, 10**9 - 1).map(lambda k: (k + 0.5) / 10**9)
        ),
        min_size=1, max_size=8,
    ),
    st.sampled_from(["s", "ms", "us"]),
)  # fmt: skip
def test_float_times_of_a_day_round_exactly_at_ties(values: list[float], unit: str) -> None:
    """Values that end in a dyadic fraction hit ties, and keep to the even nanosecond."""
    expected = [round(Fraction(value) * UNITS[unit]) + MIDNIGHT for value in values]
    assert expected == decoded(pa.array(values), TimeSpec(unit, from_midnight=True))


@given(st.lists(NS, min_size=1, max_size=8), UNIT)
def test_integers_strings_and_decimals_agree(values: list[int], unit: str) -> None:
    """The same times as integers, decimal strings and decimals are the same nanoseconds."""
    spec = TimeSpec(unit)
    whole = [value // UNITS[unit] for value in values]
    expected = [value * UNITS[unit] for value in whole]
    inside = [value for value in expected if value >= EARLIEST_NS]
    whole = [value // UNITS[unit] for value in inside]
    if not inside:
        return
    assert inside == decoded(pa.array(whole), spec)
    assert inside == decoded(pa.array([str(value) for value in whole]), spec)
    exact = [Decimal(value) / UNITS[unit] for value in values]
    expected = [round(Fraction(value) * UNITS[unit]) for value in exact]
    assert expected == decoded(pa.array([format(value, "f") for value in exact]), spec)
    assert expected == decoded(pa.array(exact, pa.decimal128(38, 9)), spec)


@given(st.lists(NS, min_size=1, max_size=8), UNIT)
def test_the_unit_shows_in_the_magnitude(values: list[int], unit: str) -> None:
    """`auto` finds the unit of every time between 1980 and 2199."""
    whole = [value // UNITS[unit] for value in values]
    spec = TimeSpec(unit)
    result = times.decode(pa.array(whole), TimeSpec("auto"), DAY)
    assert times.decode(pa.array(whole), spec, DAY).ns.tolist() == result.ns.tolist()


@pytest.mark.parametrize("zone", ["America/Chicago", "Europe/London", "Asia/Kolkata", "UTC"])
@given(values=st.lists(NS, min_size=1, max_size=8))
def test_local_times_become_utc_or_are_blamed(zone: str, values: list[int]) -> None:
    """Wall clock times of a zone are told apart from those that a clock change makes unclear."""
    local, unclear = [], []
    for ns in values:
        moment = dt.datetime.fromtimestamp(ns // 10**9, ZoneInfo(zone))
        local.append(ns + int(moment.utcoffset().total_seconds()) * 10**9)
        wall = moment.replace(fold=0)
        unclear.append(wall.utcoffset() != wall.replace(fold=1).utcoffset())
    result = times.decode(pa.array(local), TimeSpec("ns", zone=zone), DAY)
    bad = [any(mask[i] for _, mask in result.faults) for i in range(len(values))]
    for ns, found, wrong, doubtful in zip(values, result.ns.tolist(), bad, unclear, strict=True):
        assert wrong == doubtful
        assert doubtful or found == ns


@given(st.lists(st.integers(-(2**63), 2**63 - 1) | NS, min_size=1, max_size=8), UNIT)
def test_no_integer_becomes_a_wrong_time(values: list[int], unit: str) -> None:
    """What lies outside of the believable years is blamed, also when it would overflow."""
    result = times.decode(pa.array(values, pa.int64()), TimeSpec(unit), DAY)
    bad = [any(mask[i] for _, mask in result.faults) for i in range(len(values))]
    for value, ns, wrong in zip(values, result.ns.tolist(), bad, strict=True):
        exact = value * UNITS[unit]
        assert wrong == (not EARLIEST_NS <= exact < LATEST_NS)
        assert wrong or exact == ns


@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 10**18), min_size=1, max_size=8))
def test_no_magnitude_overflows_into_a_believable_time(values: list[int]) -> None:
    """With `auto`, a time that no unit explains is blamed, not wrapped around."""
    result = times.decode(pa.array(values, pa.int64()), TimeSpec("auto"), DAY)
    bad = [any(mask[i] for _, mask in result.faults) for i in range(len(values))]
    for value, ns, wrong in zip(values, result.ns.tolist(), bad, strict=True):
        fits = any(EARLIEST_NS <= value * unit < LATEST_NS for unit in UNITS.values())
        assert wrong != fits
        assert wrong or ns in {value * unit for unit in UNITS.values()}
