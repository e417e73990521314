"""The page: what stands on it, and in which order."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.report.page import page
from benchmarks.report.results import Frame, Profile
from benchmarks.section import Recommendation, Table


def headings(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("## ")]


def test_targets_come_first_and_recommendations_last(make_section: Any, make_results: Any) -> None:
    """The reader's first question and what to do about it."""
    profile = Profile("a", "A", 10, "a.svg", (Frame("f", 1.0),), (Frame("p", 1.0),))
    found = headings(page(make_results(make_section(), profiles=(profile,))))
    assert (found[0], found[-1]) == ("## Targets", "## Recommendations")


@pytest.mark.parametrize(("speed", "verdict"), [(20.0, "met"), (17.0, "**MISSED**")])
def test_a_target_has_its_verdict(
    make_section: Any, make_results: Any, speed: float, verdict: str
) -> None:
    """Measured, limit, who set it, and whether it is met."""
    measured = f"{speed:.0f}x ({speed - 1:.0f}–{speed + 1:.0f}x)"
    row = f"| reading is fast | speed | {measured} | at least 18x | mission | {verdict} |"
    assert row in page(make_results(make_section(speed)))


def test_targets_met_are_counted(make_section: Any, make_results: Any) -> None:
    """One number says how it stands."""
    sections = make_section(20.0), make_section(17.0, name="writing"), make_section(name="asking")
    assert "2 of 3 are met." in page(make_results(*sections))


def test_a_target_without_a_measurement_is_missed(make_section: Any, make_results: Any) -> None:
    """And says that it was not measured."""
    text = page(make_results(make_section(measures=(), recommendations=())))
    assert (
        "| reading is fast | speed | not measured | at least 18x | mission | **MISSED** |" in text
    )


def test_a_failed_benchmark_is_told(make_section: Any, make_results: Any) -> None:
    """Its figures are not just missing."""
    text = page(make_results(make_section(), failed="writing"))
    assert "**The benchmark `writing` failed: ended with 1.**" in text


def test_what_was_left_out_is_told(make_section: Any, make_results: Any) -> None:
    """With its reason."""
    text = page(make_results(make_section(left_out=("Redis: its program was not found",))))
    assert "*Left out: Redis: its program was not found*" in text


def test_a_section_shows_its_tables_measures_and_plots(
    make_section: Any, make_results: Any
) -> None:
    """All that the benchmark handed over."""
    text = page(make_results(make_section()))
    wanted = (
        "| ours | 1,000,000 |", "| speed | 20x (19–21x) |",
        "![Rows by way](images/performance/reading-rows-by-way.svg)",
    )  # fmt: skip
    assert [each for each in wanted if each not in text] == []


def test_text_is_no_markup(make_section: Any, make_results: Any) -> None:
    """A name with bars, stars and brackets leaves the table whole."""
    table = Table("T", ("a|b", "n"), (("<b> *x* _y_ a_b [z]", 1),))
    text = page(make_results(make_section(tables=(table,))))
    assert r"| a\|b | n |" in text
    assert r"| \<b> \*x\* \_y\_ a_b \[z] | 1 |" in text


def test_recommendations_carry_their_figures(make_section: Any, make_results: Any) -> None:
    """As measured in this run."""
    section = make_section(19.0, recommendations=(Recommendation("Prefer ours\n({speed})."),))
    assert "- Prefer ours (19x (18–20x))." in page(make_results(section))


def test_the_environment_and_loads_are_told(make_section: Any, make_results: Any) -> None:
    """A figure without its machine says little."""
    text = page(make_results(make_section()))
    assert "| cores | 2 |" in text
    assert "| reading | 2 s | 0.1 | 0.1 |" in text


def test_a_profile_says_where_the_time_goes(make_results: Any) -> None:
    """In one line, with its picture."""
    frames = (Frame("sort (backend/sorting.py)", 0.41),)
    parts = (Frame("backend", 0.6), Frame("pyarrow", 0.4))
    profile = Profile(
        "conversion", "Conversion", 1_200, "conversion.svg", frames, parts, "Waiting counts."
    )
    text = page(make_results(profiles=(profile,)))
    assert (
        "Of 1,200 samples, backend 60%, pyarrow 40%; the most in one function: "
        "sort (backend/sorting.py), 41%. Waiting counts."
    ) in text
    assert "(images/performance/profiles/conversion.svg)" in text


def test_a_profile_that_was_not_taken_says_why(make_results: Any) -> None:
    """In the place where it would stand."""
    text = page(make_results(profiles=(Profile("cache", "Cache", skipped="no py-spy"),)))
    assert "*Left out: no py-spy*" in text


def test_without_results_the_page_says_how_to_get_them() -> None:
    """A fresh clone has a page as well."""
    assert "`make bench`" in page(None)


def test_columns_of_figures_stand_to_the_right(make_section: Any, make_results: Any) -> None:
    """Words stand to the left, also beside figures, and so do the names of the rows."""
    table = Table(
        "T", ("way", "rows", "note"), (("1 of ours", -1, "1"), ("2 of theirs", 2.5, "none"))
    )
    assert "|---|---:|---|" in page(make_results(make_section(tables=(table,))))
