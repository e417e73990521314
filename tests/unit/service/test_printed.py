"""What native code prints is kept per task."""

import os
from pathlib import Path

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
