"""Sections: figures, targets, recommendations, and what a benchmark prints and writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.figures import between, shown
from benchmarks.section import QUICK, SECTION, Measure, Recommendation, Target, emit


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0123, "s", "12.3 ms"), (0.9997, "s", "1 s"), (0.0, "s", "0 s"), (4e-8, "s", "40 ns"),
        (2e8, "B", "200 MB"), (0.0, "B", "0 B"), (1234567.3, "rows/s", "1,234,567 rows/s"),
        (3.14159, "x", "3.14x"), (0.00001234, "x", "0.00001234x"), (12, "", "12"),
        (-0.25, "%", "-0.25%"), (62_669.0, "B/run", "62.7 kB/run"),
    ],
)  # fmt: skip
def test_a_figure_has_three_digits_and_a_scaled_unit(value: float, unit: str, text: str) -> None:
    """Whoever reads it need not count zeros."""
    assert shown(value, unit) == text


@pytest.mark.parametrize(
    ("low", "high", "unit", "text"),
    [(17, 19.2, "x", "17–19.2x"), (0.0012, 0.0015, "s", "1.2–1.5 ms"),
     (0.0009, 0.0015, "s", "900 µs–1.5 ms"), (1, 2, "", "1–2")],
)  # fmt: skip
def test_a_range_writes_its_unit_once(low: float, high: float, unit: str, text: str) -> None:
    """Unless its ends have different ones."""
    assert between(low, high, unit) == text


@pytest.mark.parametrize(
    ("bound", "value", "met"),
    [("at most", 18.0, True), ("at most", 18.1, False),
     ("at least", 18.0, True), ("at least", 17.9, False)],
)  # fmt: skip
def test_a_target_is_met_up_to_its_limit(bound: Any, value: float, met: bool) -> None:
    """The limit itself is within."""
    target = Target("t", "speed", 18.0, bound, "x", "issue")
    assert target.met(Measure("speed", value, "x")) is met


def test_what_was_not_measured_is_not_met(make_section: Any) -> None:
    """A benchmark that leaves a measure out does not pass by it."""
    section = make_section(measures=(), recommendations=())
    assert [each.name for each in section.missed()] == ["reading is fast"]


def test_a_recommendation_shows_the_measured_figure(make_section: Any) -> None:
    """It is never typed."""
    assert make_section(20.0).advice == ["Read with ours: 20x (19–21x)."]


@pytest.mark.parametrize("text", ["Read with ours.", "Read with ours: {sped}."])
def test_a_recommendation_needs_a_measurement(make_section: Any, text: str) -> None:
    """One that names none, or one that is not there, is refused."""
    with pytest.raises(ValueError, match="no measurement"):
        make_section(recommendations=(Recommendation(text),))


def test_a_measure_has_a_name_of_its_own(make_section: Any) -> None:
    """Two of a name are refused: a target could not say which it means."""
    with pytest.raises(ValueError, match="same name"):
        make_section(measures=(Measure("speed", 1.0), Measure("speed", 2.0)))


def test_a_section_is_the_same_after_json(make_section: Any, tmp_path: Path) -> None:
    """What `emit` writes is what the report reads."""
    section = make_section()
    emit(section, tmp_path / "section.json")
    assert SECTION.validate_json((tmp_path / "section.json").read_bytes()) == section


def test_a_verdict_is_printed(make_section: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever runs one benchmark sees what it means."""
    emit(make_section(17.0), None)
    assert "MISSED reading is fast: 17x (16–18x), at least 18x" in capsys.readouterr().out


def test_a_quick_run_prints_no_verdict(
    make_section: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Small inputs miss targets and say nothing by it."""
    monkeypatch.setenv(QUICK, "1")
    emit(make_section(17.0), None)
    assert "MISSED" not in capsys.readouterr().out
