"""What native code prints is kept per task."""

import os
from pathlib import Path

import pytest

from backend import printed


def test_what_native_code_prints_lands_in_the_file(tmp_path: Path) -> None:
    """Both standard streams, and only during the block."""
    path = tmp_path / "task.log"
    with printed.kept(path):
        os.write(1, b"to output\n")
        os.write(2, b"to error\n")
    os.write(1, b"after\n")
    assert printed.lines(printed.tail(path)) == ["to output", "to error"]


def test_settling_waits_for_a_logger_and_leaves_no_mark(tmp_path: Path) -> None:
    """The line that is waited for is none for readers."""
    path = tmp_path / "task.log"
    with printed.kept(path):
        os.write(2, b"last words\n")
        printed.settle(lambda line: os.write(2, f"{line}\n".encode()))
    assert printed.lines(printed.tail(path)) == ["last words"]


def test_the_end_of_a_long_log_is_kept(tmp_path: Path) -> None:
    """A chatty run cannot fill the parent's memory."""
    path = tmp_path / "task.log"
    path.write_bytes(b"x" * printed.MOST_BYTES + b"\nthe end\n")
    assert len(printed.tail(path)) == printed.MOST_BYTES
    assert printed.lines(printed.tail(path))[-1] == "the end"


def test_a_task_that_printed_nothing_has_no_lines(tmp_path: Path) -> None:
    """A file that is not there is an empty one."""
    assert printed.lines(printed.tail(tmp_path / "none.log")) == []


def test_work_goes_on_where_nothing_can_be_kept(tmp_path: Path) -> None:
    """A folder that is gone, or a full disk, costs the log and not the task."""
    with printed.kept(tmp_path / "gone" / "task.log"):
        done = True
    assert done


def test_the_streams_come_back_when_flushing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fills up meanwhile is no reason to stay redirected, nor an error of the task."""
    before = [os.fstat(number).st_ino for number in (1, 2)]

    class Full:
        def flush(self) -> None:
            raise OSError(28, "No space left on device")

    with printed.kept(tmp_path / "task.log"):
        monkeypatch.setattr("sys.stdout", Full())
    monkeypatch.undo()
    assert [os.fstat(number).st_ino for number in (1, 2)] == before


def test_a_log_without_end_is_emptied(tmp_path: Path) -> None:
    """What goes on being written lands at the file's start."""
    path = tmp_path / "task.log"
    with printed.kept(path):
        os.write(1, b"x" * (printed.MOST_FILE_BYTES + 1))
        printed.bound(path)
        os.write(1, b"the end\n")
    assert path.read_bytes() == b"the end\n"
