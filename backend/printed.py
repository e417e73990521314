"""What native code prints while a task runs, kept in a file of the task's own.

NautilusTrader's logger writes to the process's standard streams by itself and puts no run's id into
its lines. A file survives the worker, so the last words of one that dies are kept too.
"""

from __future__ import annotations

import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

MOST_BYTES = 65_536
"""Of what a task printed, the end is kept: it is what tells."""

MOST_FILE_BYTES = 16 * MOST_BYTES
"""Size at which the file is emptied while the task goes on."""

_MARK = "end of what the run has logged:"
_path: Path | None = None


@contextmanager
def kept(path: Path) -> Iterator[None]:
    """Point standard output and error to the file at `path` for the block."""
    global _path  # a process has one pair of standard streams
    with ExitStack() as undo:
        try:
            target = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        except OSError:  # such as a full disk: the work is worth more than what it prints
            yield
            return
        undo.callback(os.close, target)
        for number in (1, 2):
            original = os.dup(number)
            undo.callback(os.close, original)
            undo.callback(os.dup2, original, number)
            os.dup2(target, number)
        _path = path
        try:
            yield
        finally:
            _path = None
            for stream in (sys.stdout, sys.stderr):
                if stream is not None:
                    with suppress(OSError):
                        stream.flush()


def settle(log: Callable[[str], None], seconds: float = 1.0) -> None:
    """Wait until all that was logged is in the file, for a logger with a thread of its own.

    Such a logger keeps the order: what was logged before is written when the line logged here is.
    """
    token = f"{_MARK} {uuid.uuid4().hex}"
    log(token)
    deadline = time.monotonic() + seconds
    while _path is not None and token not in tail(_path) and time.monotonic() < deadline:
        time.sleep(0.0005)


def bound(path: Path) -> None:
    """Empty a file that has grown beyond what anybody reads; its writer goes on at its start."""
    with suppress(OSError):
        if path.stat().st_size > MOST_FILE_BYTES:
            os.truncate(path, 0)


def lines(text: str) -> list[str]:
    """The lines that are for readers."""
    return [line for line in text.splitlines() if line.strip() and _MARK not in line]


def tail(path: Path) -> str:
    """The last of the file, as text; "" when there is none."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - MOST_BYTES))
            return file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
