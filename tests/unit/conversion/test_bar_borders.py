"""Bars that several raw files have ticks of."""

from __future__ import annotations

import datetime as dt
import json

import pyarrow.parquet as pq
import pytest

from tests.unit.conversion.test_crash import convert_and_die

MINUTE = 60 * 10**9
HOUR = 60 * MINUTE
MIDNIGHT = 1_704_153_600 * 10**9
NEXT = dt.date(2024, 1, 3)
BARS = ("1-HOUR-MID", "1-DAY-BID")


@pytest.fixture
def barred(world):
    text = world.datasets.read_text()
    world.describe(text.replace('kind = "quote"\n', f'kind = "quote"\nbars = {list(BARS)}\n'))
    return world


def bars(world, name="1-HOUR-MID"):
    """(hour of the start, open, high, low, close, volume), in the order of times."""
    from nautilus_trader.persistence.catalog import ParquetDataCatalog

    found = ParquetDataCatalog(str(world.catalog)).bars(bar_types=[f"EUR/USD.SIM-{name}-EXTERNAL"])
    assert [bar.ts_init for bar in found] == [bar.ts_event for bar in found]
    step = HOUR if "HOUR" in name else 24 * HOUR
    return [
        ((bar.ts_event - MIDNIGHT) // step - 1, *(
            value.as_double() for value in (bar.open, bar.high, bar.low, bar.close, bar.volume)
        ))
        for bar in found
    ]  # fmt: skip


def files(world):
    return sorted(path.name for path in world.catalog.glob("data/bar/EURUSD.SIM-1-HOUR*/*"))


def quotes(world, name, *minutes, day=dt.date(2024, 1, 2)):
    """Quotes at minutes after midnight; the bids of a file are 1.000, 1.001, …"""
    return world.quotes([minute * MINUTE for minute in minutes], f"quotes-{name}.parquet", day)


def test_a_bar_of_two_files_is_one(barred):
    """First and last price, extremes and volume are those of all its ticks."""
    quotes(barred, "a", 0, 20, 70)
    quotes(barred, "b", 90, 100, 130)
    reports = barred.convert().files
    assert [report.warnings for report in reports] == [[], []]
    assert [report.outcome for report in reports] == ["first", "first"]
    assert bars(barred) == [
        (0, 1.0, 1.001, 1.0, 1.001, 2e6),
        (1, 1.002, 1.002, 1.0, 1.001, 3e6),
        (2, 1.002, 1.002, 1.002, 1.002, 1e6),
    ]
    assert bars(barred, "1-DAY-BID") == [(0, 1.0, 1.002, 1.0, 1.002, 6e6)]
    states = {file.state for day in barred.converter().days() for file in day.files}
    assert states == {"converted"}
    assert {file.outcome for file in barred.convert().files} == {"cached"}


@pytest.mark.parametrize("order", ["abc", "acb", "bac", "bca", "cab", "cba"])
def test_the_order_of_conversions_does_not_matter(barred, order):
    """Three files share a bar, the one in the middle has no other."""
    quotes(barred, "a", 0, 61)
    quotes(barred, "b", 70, 80)
    quotes(barred, "c", 90, 130)
    for name in order:
        barred.convert(files=[f"quotes-{name}.parquet"])
    assert bars(barred) == [
        (0, 1.0, 1.0, 1.0, 1.0, 1e6),
        (1, 1.001, 1.001, 1.0, 1.0, 4e6),
        (2, 1.001, 1.001, 1.001, 1.001, 1e6),
    ]
    assert bars(barred, "1-DAY-BID") == [(0, 1.0, 1.001, 1.0, 1.001, 6e6)]
    before = {path: path.stat().st_mtime_ns for path in barred.catalog.rglob("data/bar/*/*")}
    assert {file.outcome for file in barred.convert().files} == {"cached"}
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_days_meet_within_a_bar(barred):
    """A capture that runs over midnight gives the next day's first bar its first ticks."""
    quotes(barred, "late", 23 * 60, 24 * 60 + 10)
    quotes(barred, "early", 24 * 60 + 20, 24 * 60 + 70, day=NEXT)
    barred.convert(NEXT)
    barred.convert()
    assert bars(barred)[1:] == [
        (24, 1.001, 1.001, 1.0, 1.0, 2e6),
        (25, 1.001, 1.001, 1.001, 1.001, 1e6),
    ]


def test_a_changed_file_makes_its_neighbours_bars_again(barred):
    """Its ticks leave the shared bar, come back, and bring others."""
    quotes(barred, "a", 0, 70)
    quotes(barred, "b", 90, 130)
    barred.convert()
    for minutes, shared in (((130, 140), 1e6), ((80, 90, 130), 3e6), ((100, 110, 119), 4e6)):
        barred.rewrite_later(quotes(barred, "b", *minutes))
        changed = barred.convert()
        assert [file.outcome for file in changed.files] == ["cached", "first"]
        assert next(bar for bar in bars(barred) if bar[0] == 1)[5] == shared
        states = {file.state for day in barred.converter().days() for file in day.files}
        assert states == {"converted"}


def test_a_file_that_makes_no_bars_any_more_gives_them_back(barred):
    """What is left of a shared bar is the neighbours' part."""
    quotes(barred, "a", 0, 70)
    quotes(barred, "b", 90, 130)
    barred.convert()
    text = barred.datasets.read_text()
    without = text.replace(f"bars = {list(BARS)}\n", "").replace("*quotes*", "*quotes-b*")
    barred.describe(without + text[: text.index("[[dataset]]", 3)])
    barred.convert(files=["quotes-b.parquet"])
    assert bars(barred)[1] == (1, 1.001, 1.001, 1.001, 1.001, 1e6)
    assert len(bars(barred)) == 2


def test_a_bar_that_no_raw_file_made_stays_and_is_told(barred):
    """Its parts are not known: the file's own comes a nanosecond after it, with a warning."""
    quotes(barred, "a", 0, 70)
    barred.convert()
    (book,) = (barred.catalog / "conversion" / "borders").glob("*HOUR*")
    assert len(json.loads(book.read_text())["entries"]) == 1
    book.unlink()
    quotes(barred, "b", 90, 130)
    (report,) = barred.convert(files=["quotes-b.parquet"]).files
    assert "is in two parts" in report.warnings[0]
    tables = [pq.read_table(path) for path in sorted(barred.catalog.glob("data/bar/*HOUR*/*"))]
    inits = [t for table in tables for t in table["ts_init"].to_pylist()]
    assert sorted(set(inits)) == inits
    (report,) = barred.convert(files=["quotes-a.parquet"], force=True).files
    assert report.warnings == []
    assert [bar[5] for bar in bars(barred)] == [1e6, 2e6, 1e6]


@pytest.mark.parametrize("step", range(2, 24, 4))
def test_a_crash_while_bars_are_put_together_can_be_made_good(barred, step):
    """The next conversion ends as if nothing had happened, for the neighbour as well."""
    quotes(barred, "b", 24 * 60 + 10, 24 * 60 + 70, day=NEXT)
    barred.convert(NEXT)
    quotes(barred, "a", 0, 24 * 60 + 5)
    assert convert_and_die(barred, step).returncode == 9
    assert [file.outcome for file in barred.convert().files] != ["failed"]
    assert bars(barred)[1:] == [(24, 1.001, 1.001, 1.0, 1.0, 2e6), (25, *[1.001] * 4, 1e6)]
    states = {file.state for day in barred.converter().days() for file in day.files}
    assert (states, barred.leftovers()) == ({"converted"}, [])


def test_files_converted_side_by_side_share_their_bars(barred):
    """Whichever is ready first."""
    barred.threads = 4
    for n in range(8):
        quotes(barred, f"{n}", *range(n * 25, n * 25 + 25))
    barred.convert()
    assert [bar[5] for bar in bars(barred)] == [60e6, 60e6, 60e6, 20e6]
    assert [bar[5] for bar in bars(barred, "1-DAY-BID")] == [200e6]
    assert barred.leftovers() == []
