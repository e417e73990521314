"""Edges of times that chance would seldom find."""

import datetime as dt

import pyarrow as pa
import pytest

from backend.conversion import times
from backend.conversion.times import TimeSpec
from backend.errors import Invalid

DAY = dt.date(2024, 3, 10)
MIDNIGHT = int(dt.datetime(2024, 3, 10, tzinfo=dt.UTC).timestamp()) * 10**9
HOUR = 3_600 * 10**9


def decoded(column, spec):
    """Nanoseconds after midnight of DAY, with the reason in place of a bad time."""
    result = times.decode(column, spec, DAY)
    found = [ns - MIDNIGHT for ns in result.ns.tolist()]
    for reason, mask in reversed(result.faults):
        found = [reason if bad else ns for ns, bad in zip(found, mask.tolist(), strict=True)]
    return found


def test_a_year_is_no_time_of_day():
    """Times since the epoch in a file of times of day are rejected, not added to the day."""
    column = pa.array([1_000, 1_710_028_800_000, -90_000_000])
    assert decoded(column, TimeSpec("ms", from_midnight=True)) == [
        10**9, times.OUT_OF_RANGE, times.OUT_OF_RANGE,
    ]  # fmt: skip


@pytest.mark.parametrize("kind", [pa.string(), pa.decimal128(38, 9)])
def test_a_huge_time_does_not_wrap_into_a_believable_one(kind):
    """2**64 ns too late is out of range, though its low word is a time of today."""
    ns = MIDNIGHT + 2**64
    column = pa.array([f"{ns // 10**9}.{ns % 10**9:09d}"]).cast(kind)
    assert decoded(column, TimeSpec("s")) == [times.OUT_OF_RANGE]


def test_local_times_around_a_clock_change():
    """On 10 March 2024 Chicago skips 02:00 to 03:00: such times are no times."""
    column = pa.array([1 * HOUR, 2 * HOUR, 3 * HOUR])
    spec = TimeSpec("ns", from_midnight=True, zone="America/Chicago")
    assert decoded(column, spec) == [7 * HOUR, times.AMBIGUOUS, 8 * HOUR]


def test_a_fixed_offset_is_taken_off():
    """Midnight in New York without daylight saving is 05:00 UTC."""
    spec = TimeSpec("ms", from_midnight=True, offset_ns=-5 * HOUR)
    assert decoded(pa.array([0]), spec) == [5 * HOUR]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["2024-03-10T01:00:00", "2024-03-10 02:00"], [HOUR, 2 * HOUR]),
        (["2024-03-10T01:00:00.000000001Z"], [HOUR + 1]),
        (["2024-03-10T01:00:00+02:00", "2024-03-10 02:00:00-0100"], [-HOUR, 3 * HOUR]),
        (["2024-03-10", "2024-13-10", "soon", None], [0, "not a time", "not a time", "missing"]),
    ],
)
def test_dates_that_are_written_out(texts, expected):
    """ISO 8601, with or without a zone; what is no date is told row by row."""
    assert decoded(pa.array(texts), TimeSpec("datetime")) == expected


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "America/Chicago"])
def test_timestamps_bring_their_own_unit_and_zone(unit, zone):
    """The description's unit does not matter for a timestamp column."""
    column = pa.array([MIDNIGHT // times.UNITS[unit]], pa.timestamp(unit, zone))
    assert decoded(column, TimeSpec("datetime")) == [0]


def test_timestamps_without_a_zone_are_local_where_the_description_has_one():
    """A naive timestamp is a wall clock time."""
    column = pa.array([MIDNIGHT], pa.timestamp("ns"))
    assert decoded(column, TimeSpec("datetime", zone="America/Chicago")) == [6 * HOUR]


def test_times_of_day_have_a_type_too():
    """time64 columns count from midnight of the folder's date."""
    column = pa.array([dt.time(1), None], pa.time64("us"))
    assert decoded(column, TimeSpec("us", from_midnight=True)) == [HOUR, times.MISSING]


@pytest.mark.parametrize(
    ("column", "spec", "words"),
    [
        (pa.array([0], pa.timestamp("ns")), TimeSpec("ns", from_midnight=True), "`day`"),
        (pa.array([0], pa.timestamp("ns", "UTC")), TimeSpec("ns", offset_ns=0), "another"),
        (pa.array(["2024-03-10T00:00Z"]), TimeSpec("datetime", zone="UTC"), "another"),
        (pa.array([0], pa.time64("ns")), TimeSpec("ns"), "origin to `day`"),
        (pa.array([0]), TimeSpec("datetime"), "give its unit"),
        (pa.array([dt.date(2024, 3, 10)]), TimeSpec("datetime"), "without a time of day"),
        (pa.array([True]), TimeSpec("s"), "type bool"),
    ],
)
def test_a_column_that_contradicts_the_description_is_refused(column, spec, words):
    """The message says what column and description disagree on."""
    with pytest.raises(Invalid, match=words):
        times.decode(column, spec, DAY)
