"""Result files, and the exit code that follows from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.report.results import Profile, exit_code, load, newest, save


@pytest.mark.parametrize(
    ("why", "speed", "gated", "code"),
    [
        ("mission", 20.0, True, 0), ("mission", 17.0, True, 1), ("issue", 17.0, True, 0),
        ("aim", 17.0, True, 0), ("mission", 17.0, False, 0),
    ],
)  # fmt: skip
def test_a_missed_target_decides_the_exit_code(
    make_section: Any, make_results: Any, why: str, speed: float, gated: bool, code: int
) -> None:
    """Of the mission, where targets count; others are only shown."""
    assert exit_code(make_results(make_section(speed, why)), gated) == code


def test_a_failed_benchmark_fails_a_quick_run_too(make_section: Any, make_results: Any) -> None:
    """It has to work, whatever its figures."""
    assert exit_code(make_results(make_section(), failed="writing"), gated=False) == 1


def test_a_profile_whose_work_failed_fails_the_run(make_results: Any) -> None:
    """It shows that the platform does not do what it should."""
    results = make_results(profiles=(Profile("cache", "Cache", failed="ended with 1"),))
    assert exit_code(results) == 1


def test_a_profile_that_may_not_be_taken_fails_nothing(make_results: Any) -> None:
    """Where py-spy may not attach, the rest of the report stands."""
    results = make_results(profiles=(Profile("cache", "Cache", skipped="not allowed"),))
    assert exit_code(results) == 0


def test_results_are_the_same_after_a_file(
    make_section: Any, make_results: Any, tmp_path: Path
) -> None:
    """The page is made of what was measured."""
    results = make_results(make_section(), failed="writing")
    assert load(save(results, tmp_path)) == results


def test_the_newest_results_are_those_of_the_latest_day(make_results: Any, tmp_path: Path) -> None:
    """The files' names are their dates."""
    for day in ("2026-03-04", "2026-12-01", "2025-12-31"):
        save(make_results(taken_at=f"{day}T00:00:00+00:00"), tmp_path)
    found = newest(tmp_path)
    assert found is not None
    assert found.name == "2026-12-01.json"


def test_no_results_are_no_error(tmp_path: Path) -> None:
    """A fresh clone has none."""
    assert newest(tmp_path / "nowhere") is None
