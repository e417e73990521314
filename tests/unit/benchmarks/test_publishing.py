"""The page in the tree, and whether it is current."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.report.__main__ import main
from benchmarks.report.publishing import PAGE, publish, stale
from benchmarks.report.results import FOLDER, save


@pytest.fixture
def results(make_section: Any, make_results: Any) -> Any:
    return make_results(make_section())


def test_a_published_page_is_current(results: Any, tmp_path: Path) -> None:
    """Checking right after writing finds nothing."""
    publish(results, tmp_path)
    assert stale(results, tmp_path) == []


def test_newer_results_make_the_page_stale(
    results: Any, make_section: Any, make_results: Any, tmp_path: Path
) -> None:
    """It shows the figures of the last run."""
    publish(results, tmp_path)
    assert (
        "is not what the newest results give"
        in stale(make_results(make_section(30.0)), tmp_path)[0]
    )


def test_a_missing_picture_is_told(results: Any, tmp_path: Path) -> None:
    """The page would show a broken one."""
    publish(results, tmp_path)
    picture = next(tmp_path.rglob("*.svg"))
    picture.unlink()
    assert [picture.name in line for line in stale(results, tmp_path)] == [True]


def test_the_page_comes_from_the_newest_file(results: Any, tmp_path: Path) -> None:
    """`python -m benchmarks.report` needs no arguments."""
    save(results, tmp_path / FOLDER)
    assert main([], tmp_path) == 0
    assert "Taken on 2026-03-04" in (tmp_path / PAGE).read_text()


@pytest.mark.parametrize(("edited", "code"), [(False, 0), (True, 1)])
def test_an_edited_page_fails_the_check(
    results: Any, tmp_path: Path, edited: bool, code: int
) -> None:
    """And the check leaves it as it is."""
    save(results, tmp_path / FOLDER)
    publish(results, tmp_path)
    if edited:
        (tmp_path / PAGE).write_text("mine")
    before = (tmp_path / PAGE).read_text()
    assert main(["--check"], tmp_path) == code
    assert (tmp_path / PAGE).read_text() == before
