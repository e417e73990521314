"""Which raw files a window needs, and converting them."""

import datetime as dt

import pyarrow as pa
import pytest

from backend.errors import Invalid

DAY = dt.date(2024, 1, 2)
HOUR = 3_600 * 10**9
MIDNIGHT = int(dt.datetime(2024, 1, 2, tzinfo=dt.UTC).timestamp()) * 10**9


def days(files):
    return [file.day.day for file in files]


@pytest.fixture
def three_days(world):
    """Quotes at 01:00 and 23:00 of 2, 3 and 4 January."""
    for n in range(3):
        start = n * 24 * HOUR
        world.quotes([start + HOUR, start + 23 * HOUR], day=DAY + dt.timedelta(days=n))
    return world


def missing(world, start, end, instrument="EUR/USD.SIM", kind="quote"):
    return world.converter().missing(instrument, kind, MIDNIGHT + start, MIDNIGHT + end)


def test_only_files_that_reach_into_the_window_are_missing(three_days):
    """Statistics tell what an unconverted file can hold."""
    assert days(missing(three_days, 30 * HOUR, 40 * HOUR)) == [3]
    assert days(missing(three_days, 23 * HOUR, 25 * HOUR)) == [2, 3]
    assert missing(three_days, 24 * HOUR, 24 * HOUR + 1) == []
    assert missing(three_days, 500 * HOUR, 600 * HOUR) == []


def test_other_instruments_and_kinds_need_nothing(three_days):
    """A file is only converted for what it holds."""
    assert missing(three_days, 0, HOUR, instrument="GBP/USD.SIM") == []
    assert missing(three_days, 0, HOUR, kind="trade") == []


def test_ensure_converts_what_is_missing_once(three_days):
    """The second time there is nothing to do."""
    window = ("EUR/USD.SIM", "quote", MIDNIGHT, MIDNIGHT + 25 * HOUR)
    report = three_days.converter().ensure(*window)
    assert [file.outcome for file in report.files] == ["first", "first"]
    assert three_days.converter().ensure(*window) is None


def test_a_file_may_reach_into_the_next_day(world):
    """A folder's day in another zone covers hours of the next one in UTC."""
    zoned = 'time = { unit = "ms", origin = "day", utc_offset = "-05:00" }'
    world.describe(world.datasets.read_text().replace('time = { unit = "ns" }', zoned, 1))
    local = pa.array([0, 24 * 3_600_000 - 1], pa.int64())
    world.write("quotes.parquet", {"ts": local, "bid": [1.0, 1.0], "ask": [1.0, 1.0]})
    assert days(missing(world, 28 * HOUR, 28 * HOUR + 1)) == [2]
    assert missing(world, 29 * HOUR, 30 * HOUR) == []
    assert missing(world, 0, 5 * HOUR - 1) == []


def test_without_statistics_the_folders_day_and_its_neighbours_count(world):
    """Times written as text show no range, so a day to each side is taken."""
    texts = [str(MIDNIGHT), str(MIDNIGHT + 1)]
    world.write("quotes.parquet", {"ts": texts, "bid": [1.0, 1.0], "ask": [1.0, 1.0]})
    assert days(missing(world, 30 * HOUR, 31 * HOUR)) == [2]
    assert missing(world, 49 * HOUR, 50 * HOUR) == []


def test_a_long_file_is_found_by_what_it_held(world):
    """Once converted, a file is known to cover days far from its folder's."""
    path = world.quotes([0, 240 * HOUR])
    world.convert()
    world.rewrite_later(path)
    assert days(missing(world, 200 * HOUR, 241 * HOUR)) == [2]


def test_a_window_that_a_source_has_left_is_missing(world):
    """The catalog still holds ticks that the changed file has no more."""
    world.quotes([0, 10 * HOUR])
    world.convert()
    world.rewrite_later(world.quotes([0, HOUR]))
    assert days(missing(world, 9 * HOUR, 11 * HOUR)) == [2]


def test_statistics_that_make_no_sense_are_not_believed(world):
    """One bad time, and only the folder's day tells what a file may hold."""
    world.quotes([-MIDNIGHT, HOUR])
    assert days(missing(world, 2 * HOUR, 3 * HOUR)) == [2]


def test_a_deleted_output_is_missing_again(three_days):
    """`ensure` repairs a catalog that lost a file."""
    three_days.convert()
    (three_days.catalog / three_days.files()[0]).unlink()
    assert days(missing(three_days, 0, 2 * HOUR)) == [2]
    three_days.converter().ensure("EUR/USD.SIM", "quote", MIDNIGHT, MIDNIGHT + 2 * HOUR)
    assert len(three_days.files()) == 1


def test_an_unreadable_file_is_missing_and_its_conversion_tells(world):
    """What cannot be looked into might hold the window."""
    world.quotes([0]).write_bytes(b"torn")
    assert days(missing(world, 0, 1)) == [2]
    report = world.converter().ensure("EUR/USD.SIM", "quote", MIDNIGHT, MIDNIGHT + 1)
    assert [file.outcome for file in report.files] == ["failed"]


def test_no_datasets_file_is_said_so(world):
    """The error names the setting."""
    world.quotes([0])
    world.datasets.unlink()
    with pytest.raises(Invalid) as caught:
        missing(world, 0, 1)
    assert caught.value.field == "DATASETS_FILE"


def test_without_raw_files_nothing_is_missing(world):
    """A catalog that came from elsewhere is used as it is, without a datasets file."""
    world.datasets.unlink()
    assert missing(world, 0, 1) == []
    assert world.converter().ensure("EUR/USD.SIM", "quote", MIDNIGHT, MIDNIGHT + 1) is None
