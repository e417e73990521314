"""What counts as a slow run is the same for traces and for alerts."""

import tomllib
from pathlib import Path

from nautilus_instrumentation.metrics import BACKTEST_DURATION, RUN_OBJECTIVES

OBJECTIVES = Path(__file__).resolve().parents[1] / "alerts" / "objectives.toml"


def test_slow_runs_are_those_that_miss_the_objectives() -> None:
    """The library, which stands alone, repeats the thresholds of the platform's objectives."""
    durations = [
        objective
        for objective in tomllib.loads(OBJECTIVES.read_text()).values()
        if objective["indicator"]["metric"] == BACKTEST_DURATION.name
    ]
    assert {one["indicator"]["labels"]["window"]: one["threshold"] for one in durations} == (
        RUN_OBJECTIVES
    )
