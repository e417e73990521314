"""Figures of the console in the browser, made of what it tells."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.console_history import GROWN, Now, lines, named_in, past
from benchmarks.console_probes import Interactions, interactive


def task(start: float, duration: float) -> dict[str, float]:
    return {"startTime": start, "duration": duration}


@pytest.mark.parametrize(
    ("tasks", "seconds"),
    [
        ([], 0.2),
        ([task(300, 100)], 0.4),
        ([task(900, 60), task(300, 100), task(2_500, 500)], 0.96),
        ([task(1_500, 60), task(900, 100)], 1.56),
        ([task(100, 150)], 0.25),
        ([task(50, 100)], 0.2),
    ],
)
def test_a_page_is_interactive_as_the_console_itself_says(
    tasks: list[dict[str, float]], seconds: float
) -> None:
    """The same cases as in frontend/src/vitals/interactive.test.ts."""
    assert interactive(0.2, tasks) == pytest.approx(seconds)


def test_of_fifty_interactions_the_slowest_is_left_out() -> None:
    durations = {str(number): number / 1000 for number in range(50)}
    assert Interactions(durations, 49, 0.0).inp == 0.049
    assert Interactions(durations, 50, 0.0).inp == 0.048


def test_quick_interactions_count_as_the_least_that_is_told() -> None:
    assert Interactions({}, 3, 0.0).inp == 0.016


def test_names_of_metrics_are_found_in_queries() -> None:
    text = 'sum(rate(nautilus_backtest_runs_total{status="ok"}[5m])) / slo:budget_left:ratio'
    names = ["nautilus_backtest_runs_total", "slo:budget_left:ratio", "nautilus_backtest_runs"]
    assert named_in(text, names) == names[:2]


def test_buckets_of_a_histogram_stay_in_order_in_the_past() -> None:
    """None is ever above the next one, and each grows."""
    low, high = (
        past(Now({"__name__": "took_bucket", "le": le, "job": "a"}, value), 200)
        for le, value in (("1", 5.0), ("+Inf", 8.0))
    )
    assert (low <= high).all()
    assert (np.diff(low) > 0).all()
    assert low[-1] == pytest.approx(5.0 * GROWN)


def test_a_state_stays_what_it_is() -> None:
    assert set(past(Now({"__name__": "up"}, 1.0), 50)) == {1.0}


def test_history_is_written_as_openmetrics() -> None:
    """Each series with its moments, and the end."""
    series = [Now({"__name__": "up", "job": 'a"b\\c'}, 1.0)]
    text = "".join(lines(series, np.array([100, 115])))
    assert text == 'up{job="a\\"b\\\\c"} 1 100\nup{job="a\\"b\\\\c"} 1 115\n# EOF\n'
