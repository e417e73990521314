"""Series at one moment."""

from __future__ import annotations

import pytest

from nautilus_instrumentation import metrics
from nautilus_instrumentation.exposition.cells import Exemplar, cell_keys
from nautilus_instrumentation.exposition.table import Series, Table

DURATION = metrics.BACKTEST_DURATION


@pytest.fixture
def table() -> Table:
    return Table(metrics.HOST)


@pytest.mark.parametrize("order", [(1.0, 2.0), (2.0, 1.0)])
def test_the_newest_exemplar_and_last_value_win(order: tuple[float, float]) -> None:
    """In whatever order processes are read."""
    series = Series((), 1)
    for time in order:
        series.point_at(0, Exemplar({"trace_id": str(time)}, 1.0, time))
        series.newest(time, time)
    assert series.exemplars[0].labels == {"trace_id": "2.0"}
    assert series.values == [2.0]


def test_begin_takes_back_what_was_not_committed() -> None:
    """Values, time and exemplars."""
    series = Series((), 1)
    series.add(0, 1.0)
    series.commit()
    series.add(0, 5.0)
    series.newest(9.0, 9.0)
    series.point_at(0, Exemplar({"a": "b"}, 1.0, 1.0))
    series.begin()
    assert (series.values, series.time, series.exemplars) == ([1.0], 0.0, {})


def test_a_key_finds_its_cell(table: Table) -> None:
    """Every key of a child leads back to its cell."""
    keys = cell_keys(DURATION, ("x", "1h"))
    assert [table.locate(key)[2] for key in keys] == list(range(len(keys)))
    assert {table.locate(key)[1].labels for key in keys} == {("x", "1h")}


def test_a_bucket_that_this_version_lacks_counts_in_the_next_larger_one(table: Table) -> None:
    """A worker of another version may have other bounds; the sum of the counts is right."""
    key = cell_keys(DURATION, ("x", "1h"))[0].replace('"0.1"', '"7.0"')
    cell = table.locate(key)[2]
    assert table.of(DURATION).bounds[cell] == 10


@pytest.mark.parametrize(
    ("key", "error"),
    [
        ("", ValueError),
        ("[]", ValueError),
        ("3", ValueError),
        ('["unknown", "unknown", {}, ""]', KeyError),
        (cell_keys(DURATION, ("x", "1h"))[0].replace("window", "span"), KeyError),
        (cell_keys(DURATION, ("x", "1h"))[0].replace("1h", "1y"), KeyError),
    ],
)
def test_other_keys_are_refused(table: Table, key: str, error: type[Exception]) -> None:
    """ValueError for what no process of ours wrote, KeyError for what this version lacks."""
    with pytest.raises(error):
        table.locate(key)
