"""The benchmark of rankings: both ways rank alike, and a ranking that differs ends it."""

from __future__ import annotations

import pytest

from benchmarks.evaluation import agree, measure, section


def test_both_ways_rank_alike() -> None:
    """Else `measure` fails; each round has its seconds."""
    seconds = measure(runs=4, rounds=2)
    assert {way: len(values) for way, values in seconds.items()} == {
        "ours": 2, "plain": 2, "compare": 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    "wanted", [[("run-2", 1.0), ("run-1", 2.0)], [("run-1", 2.1), ("run-2", 1.0)]]
)
def test_a_ranking_that_differs_ends_the_measurement(wanted: list[tuple[str, float]]) -> None:
    """In its order or its figures."""
    with pytest.raises(AssertionError):
        agree([("run-1", 2.0), ("run-2", 1.0)], wanted)


def test_the_ratio_is_of_neighbours_in_time() -> None:
    """The middle of the rounds, with the lowest and the highest."""
    found = section(2, {"ours": [1.0, 2.0, 1.0], "plain": [4.0, 6.0, 5.0], "compare": [1.0] * 3})
    ratio = next(one for one in found.measures if one.unit == "x")
    assert (ratio.value, ratio.spread) == (4.0, (3.0, 5.0))
