"""The worker's side of the local executor: what every worker process does, whatever its work.

The outcome of a task goes into a file, written whole and renamed, before the parent hears of the
task's end. A worker that dies after that still counts as having finished, one that dies before it
as killed; in neither case does the parent wait for the rest of a message.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import orjson

from backend import printed
from backend.context import ProgressSink
from backend.executors.progress import ProgressWriter, Record, State

_PR_SET_PDEATHSIG = 1
_CLAIMED_EXIT = 3
_LONGEST_TEXT = 16_384


class Handler(Protocol):
    """The work itself; made once in each worker process."""

    def run(self, payload: dict[str, Any], report: ProgressSink) -> dict[str, Any]:
        """Do one task; what it returns must be JSON-able. An exception ends the task as `error`."""

    def flush(self) -> None:
        """Called after each task, when its outcome is already stored."""


@dataclass(frozen=True)
class Setup:
    """What a new worker process is told. Crosses to the process by pickle."""

    slot: int
    make_handler: Callable[[int], Handler]
    record: Path
    parent_pid: int
    niceness: int


@dataclass
class _Host:
    setup: Setup
    writer: ProgressWriter
    handler: Handler


_host: _Host | None = None


def start(setup: Setup) -> None:
    """Make this process a worker; an exception is left in the record for the parent."""
    global _host  # a worker process is one host, and the pool passes only module-level functions
    _die_with(setup.parent_pid)
    if (writer := _claim(setup.record)) is None:
        os._exit(_CLAIMED_EXIT)
    writer.write(Record(os.getpid(), State.STARTING))
    try:
        os.nice(setup.niceness)
        _host = _Host(setup, writer, setup.make_handler(setup.slot))
    except BaseException as error:
        message = f"{type(error).__name__}: {error}"
        writer.write(Record(os.getpid(), State.UNFIT, message=message))
        raise
    writer.write(Record(os.getpid(), State.IDLE))


def _claim(record: Path) -> ProgressWriter | None:
    """The record's only writer, or None when it had one.

    A pool replaces a worker that died of its task by itself; the executor throws both away, and
    replaces the worker in a new pool.
    """
    try:
        writer = ProgressWriter(record)
    except FileNotFoundError:
        return None
    return writer if writer.record.state is State.UNBORN else None


def ready() -> None:
    """Run as the first task: its end tells the parent that the worker has started."""


def outcome_path(record: Path, task: int) -> Path:
    """Where the outcome of the task with that number is stored."""
    return record.with_name(f"{record.name}-{task}.json")


def printed_path(record: Path, task: int) -> Path:
    """Where what native code prints during the task is kept."""
    return record.with_name(f"{record.name}-{task}.log")


def run(task: int, payload: dict[str, Any]) -> None:
    """Do one task, store its outcome, flush."""
    assert _host is not None
    writer, pid = _host.writer, os.getpid()
    writer.write(Record(pid, State.RUNNING, task))
    try:
        with printed.kept(printed_path(_host.setup.record, task)):
            outcome = {"value": _host.handler.run(payload, writer.report)}
        raw = orjson.dumps(outcome, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS)
    # SystemExit too: a strategy that calls sys.exit() has failed, the worker has not.
    except BaseException as error:
        raw = orjson.dumps({"error": describe(error)})
    path = outcome_path(_host.setup.record, task)
    path.with_suffix(".part").write_bytes(raw)
    path.with_suffix(".part").replace(path)
    writer.write(Record(pid, State.DONE, task, writer.record.progress))
    _host.handler.flush()


def describe(error: BaseException) -> dict[str, str]:
    """The fields of `ErrorInfo`, cut where a host's error holds a whole data frame."""
    return {
        "type": type(error).__name__,
        "message": str(error)[:_LONGEST_TEXT],
        # The end of a stack trace is the part that tells most.
        "stacktrace": "".join(traceback.format_exception(error))[-_LONGEST_TEXT:],
    }


def _die_with(parent_pid: int) -> None:
    """End this process when its parent dies, however that happens."""
    if sys.platform == "linux":
        # Tied to the thread that started this process: the executor's own, which outlives it.
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        threading.Thread(target=_poll_parent, args=(parent_pid,), daemon=True).start()
    if os.getppid() != parent_pid:
        os._exit(1)


def _poll_parent(parent_pid: int) -> None:
    while os.getppid() == parent_pid:
        time.sleep(1)
    os._exit(1)
