"""Writing the boards, and seeing that somebody edited or forgot one."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboards import build
from dashboards.build import main, render, stale, write


def test_the_same_source_gives_the_same_files(rendered: dict[str, str]) -> None:
    """Nothing depends on time, order of dictionaries or what was built before."""
    assert render() == rendered


def test_two_boards_cannot_have_the_same_uid(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of them would be lost without a word."""
    twice = [board for board in build.all_boards() for _ in range(2)]
    monkeypatch.setattr(build, "all_boards", lambda: twice)
    with pytest.raises(ValueError, match="the same uid"):
        render()


def test_files_of_boards_that_are_gone_are_removed(tmp_path: Path) -> None:
    """The folder holds the boards and nothing else."""
    (tmp_path / "old.json").write_text("{}")
    write(tmp_path, {"new.json": "{}\n"})
    assert [path.name for path in tmp_path.iterdir()] == ["new.json"]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"a.json": "1"}, []),
        ({"a.json": "2"}, ["a.json"]),
        ({}, ["a.json"]),
        ({"a.json": "1", "b.json": "1"}, ["b.json"]),
    ],
)
def test_a_file_that_is_not_current_is_named(
    tmp_path: Path, found: dict[str, str], expected: list[str]
) -> None:
    """Edited, missing and left-over files are all found."""
    for name, content in found.items():
        (tmp_path / name).write_text(content)
    assert stale(tmp_path, {"a.json": "1"}) == expected


def test_the_check_fails_for_an_edited_file_and_says_which(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`make check` stops on it."""
    assert main(["--folder", str(tmp_path)]) == 0
    assert main(["--folder", str(tmp_path), "--check"]) == 0
    edited = tmp_path / "nautobs-api.json"
    edited.write_text(edited.read_text().replace("API", "Api"))
    assert main(["--folder", str(tmp_path), "--check"]) == 1
    assert "nautobs-api.json is not current: run make dashboards" in capsys.readouterr().err
