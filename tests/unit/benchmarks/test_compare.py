"""Two result files side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.report.compare import differences, main, rows, verdict
from benchmarks.report.results import save
from benchmarks.section import Measure


@pytest.mark.parametrize(
    ("better", "a", "b", "said"),
    [
        ("lower", (10.0, (9, 11)), (8.0, (7.5, 8.5)), "better"),
        ("lower", (10.0, (9, 11)), (12.0, (11.5, 13)), "worse"),
        ("higher", (10.0, (9, 11)), (12.0, (11.5, 13)), "better"),
        ("higher", (10.0, (9, 11)), (8.0, (7.5, 8.5)), "worse"),
        ("lower", (10.0, (9, 11)), (12.0, (11, 13)), "within spread"),
        ("lower", (10.0, None), (10.4, None), "within spread"),
        ("lower", (10.0, None), (11.0, None), "worse"),
        ("lower", (0.0, None), (0.0, None), "within spread"),
    ],
)
def test_a_difference_counts_beyond_the_spread(better: Any, a: Any, b: Any, said: str) -> None:
    """Ranges that overlap say nothing; without a range, five per cent do not."""
    one, other = (Measure("m", value, "s", spread, better) for value, spread in (a, b))
    assert verdict(one, other) == said


def test_both_figures_and_their_ratio_are_shown(make_section: Any, make_results: Any) -> None:
    """B over A, as the heading says."""
    a, b = make_results(make_section(20.0)), make_results(make_section(30.0))
    assert list(rows(a, b)) == [
        ("reading", "speed", "20x (19–21x)", "30x (29–31x)", "1.500", "better")
    ]


def test_a_figure_that_one_lacks_is_told(make_section: Any, make_results: Any) -> None:
    """On either side."""
    extra = make_section(name="writing")
    a, b = make_results(make_section()), make_results(make_section(), extra)
    assert [row[-1] for row in rows(a, b)] == ["within spread", "only in B"]
    assert [row[-1] for row in rows(b, a)] == ["within spread", "only in A"]


def test_figures_of_different_units_are_not_compared(make_section: Any, make_results: Any) -> None:
    """The measure has changed its meaning."""
    other = make_section(measures=(Measure("speed", 20.0, "s"),))
    assert [row[-1] for row in rows(make_results(make_section()), make_results(other))] == [
        "another unit"
    ]


def test_other_machines_are_told(make_results: Any) -> None:
    """Their figures may differ for that alone."""
    a = make_results(environment={"cores": "2", "CPU": "one"})
    b = make_results(environment={"cores": "4", "CPU": "one", "pyarrow": "22"})
    assert differences(a, b) == ["cores: 2 in A, 4 in B", "pyarrow: ? in A, 22 in B"]


def test_the_command_prints_the_comparison(
    make_section: Any, make_results: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what failed in either."""
    a = save(make_results(make_section(20.0)), tmp_path / "a")
    b = save(make_results(make_section(30.0), failed="writing"), tmp_path / "b")
    assert main([str(a), str(b)]) == 0
    printed = capsys.readouterr().out
    assert [each in printed for each in ("1.500", "better", "failed in B: writing")] == [True] * 3


@pytest.mark.parametrize("content", [None, "{}"], ids=["missing", "rubbish"])
def test_what_is_no_result_file_is_refused(content: str | None, tmp_path: Path) -> None:
    """With a word, not a traceback."""
    path = tmp_path / "a.json"
    if content is not None:
        path.write_text(content)
    assert main([str(path), str(path)]) == 2
