"""Durations, sizes and columns as people read them."""

import pytest
from rich.text import Text

from tracestore.terminal.columns import Column, table
from tracestore.terminal.units import clock, duration, size, value


@pytest.mark.parametrize(
    ("nanoseconds", "shown"),
    [
        (0, "0 s"), (800, "0.8 µs"), (1_500, "1.5 µs"), (999_960, "1 ms"), (12_345_678, "12.3 ms"),
        (999_600_000, "1 s"), (4_560_000_000, "4.56 s"), (99.96e9, "100 s"), (119.4e9, "119 s"),
        (119.6e9, "2 min 0 s"), (200e9, "3 min 20 s"), (3_599.7e9, "60 min 0 s"),
    ],
)  # fmt: skip
def test_durations_have_three_digits_and_the_unit_that_fits(nanoseconds: float, shown: str) -> None:
    """Also where rounding reaches the next unit."""
    assert duration(nanoseconds) == shown


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0 B"), (1023, "1023 B"), (2048, "2 KiB"), (3 * 2**30, "3 GiB")]
)
def test_sizes_are_binary(count: int, shown: str) -> None:
    """Memory is counted in powers of two."""
    assert size(count) == shown


def test_values_are_shown_by_the_unit_of_their_key() -> None:
    """Keys end in their unit; text stays as it is."""
    assert value("nautilus.gc_seconds", 0.012) == "12 ms"
    assert value("nautilus.peak_memory_bytes", 2**20) == "1 MiB"
    assert value("nautilus.data_points", 86213) == "86,213"
    assert value("nautilus.flag", True) == "True"


def test_times_are_utc() -> None:
    """Whatever the machine's zone, traces of several machines compare."""
    assert clock(1_700_000_000 * 10**9) == "2023-11-14 22:13:20"


def test_columns_give_way_by_rank() -> None:
    """The highest rank goes first, rank 0 stays even where there is no room."""
    columns = (Column("keep"), Column("first", 9), Column("second", 1), Column("n", right=True))
    rows = [("a", "b", "c", "12"), (Text("long\nsecond line", "red"), "e", "f", "3")]
    assert [str(table(columns, rows, width)) for width in (23, 22, 5)] == [
        "keep  first  second   n\na     b      c       12\nlong  e      f        3",
        "keep  second   n\na     c       12\nlong  f        3",
        "keep   n\na     12\nlong   3",
    ]
