"""Run A against run B."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from backend.evaluation.comparison import compare, difference
from backend.evaluation.models import Change, Difference
from backend.models import BacktestResult

Results = Callable[..., BacktestResult]


def named(rows: list[Any], name: str) -> Any:
    """The only row of that name."""
    (row,) = [row for row in rows if row.name == name]
    return row


def test_parameters_that_differ_are_told(make_result: Results) -> None:
    """Each parameter of either run; one that a run left to its default is null."""
    found = compare(
        make_result(params={"fast": 5, "slow": 20}), make_result(params={"fast": 7, "size": "1"})
    )
    assert [row.name for row in found.parameters if not row.same] == [
        "params.fast", "params.slow", "params.size",
    ]  # fmt: skip
    assert named(found.parameters, "params.fast") == Change(
        name="params.fast", a=5, b=7, same=False
    )
    assert named(found.parameters, "params.slow").b is None
    assert named(found.parameters, "venue.oms_type").same


@pytest.mark.parametrize(("a", "b", "same"), [(1, 1.0, True), (1, True, False), ("1", 1, False)])
def test_values_are_the_same_as_in_json(make_result: Results, a: Any, b: Any, same: bool) -> None:
    """True is not one there, and 1.0 is."""
    found = compare(make_result(params={"x": a}), make_result(params={"x": b}))
    assert named(found.parameters, "params.x").same is same


def test_versions_of_both_are_told(make_result: Results) -> None:
    """A slower version is what one looks for."""
    found = compare(make_result(versions={"python": "3.11"}), make_result(versions={"new": "1"}))
    assert found.versions == [
        Change(name="python", a="3.11", b=None, same=False),
        Change(name="new", a=None, b="1", same=False),
    ]


def test_stages_of_either_run_are_told(make_result: Results) -> None:
    """Seconds, their difference, and the difference relative to A."""
    found = compare(
        make_result(stages={"run": 2.0, "convert": 9.0}), make_result(stages={"run": 1.5})
    )
    assert found.stages == [
        Difference(name="run", unit="seconds", a=2.0, b=1.5, difference=-0.5, relative=-0.25),
        Difference(name="convert", unit="seconds", a=9.0, b=None, difference=None, relative=None,
                   undefined="B lacks it"),
    ]  # fmt: skip


def test_memory_is_told(make_result: Results) -> None:
    """Peak memory and the time of the garbage collector."""
    found = compare(make_result(peak_memory_bytes=100), make_result(peak_memory_bytes=150))
    row = named(found.memory, "peak_memory_bytes")
    assert (row.unit, row.difference, row.relative) == ("bytes", 50, 0.5)
    assert named(found.memory, "gc_seconds").undefined == "A is 0: nothing is relative to it"


def test_results_hold_figures_and_pnl_by_currency(make_result: Results) -> None:
    """What a run was worth, and what it came to."""
    found = compare(
        make_result(curve=[(0, 100.0), (60, 110.0)], pnl={"USD": 10.0}),
        make_result(curve=[(0, 100.0), (60, 105.0)], pnl={"USD": 5.0, "BTC": 1.0}),
    )
    assert named(found.results, "total_return").difference == pytest.approx(-0.05)
    assert named(found.results, "pnl.USD").relative == -0.5
    assert named(found.results, "pnl.BTC").undefined == "A lacks it"


def test_a_figure_that_one_lacks_has_that_run_s_reason(make_result: Results) -> None:
    """Not only that it is missing, but why."""
    found = compare(make_result(), make_result(status="killed"))
    assert named(found.results, "win_rate").undefined == (
        "A: no position was closed; B: the run ended with status killed"
    )


def test_statistics_are_those_of_nautilus_trader(make_result: Results) -> None:
    """By group and name; one that is text is no number."""
    stats = {"pnls": {"USD": {"Win Rate": 0.5}}, "general": {"Long Ratio": "0.33"}}
    found = compare(make_result(statistics=stats), make_result(statistics=stats))
    assert [row.name for row in found.statistics] == ["pnls.USD.Win Rate", "general.Long Ratio"]
    assert [row.difference for row in found.statistics] == [0.0, None]


@pytest.mark.parametrize(
    ("a", "b", "absolute", "relative"),
    [(2, 3, 1, 0.5), (-2, -3, -1, -0.5), (-2, 2, 4, 2.0), (0, 1, 1, None), (0, 0, 0, None),
     (1e308, -1e308, None, None), (1e-300, 1e300, 1e300, None), (None, 1, None, None)],
)  # fmt: skip
def test_differences_are_finite_or_null_with_a_reason(
    a: float | None, b: float | None, absolute: float | None, relative: float | None
) -> None:
    """Relative to the size of A, so that the sign is that of the difference."""
    row = difference("x", "", a, b)
    assert (row.difference, row.relative) == (absolute, relative)
    assert (row.undefined is None) == (relative is not None)
