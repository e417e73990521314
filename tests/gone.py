"""Whether processes have ended. Who has ended, and nobody waited for, has."""

from __future__ import annotations

from collections.abc import Iterable

import psutil


def all_gone(processes: Iterable[psutil.Process]) -> bool:
    return not any(map(_runs, processes))


def gone(pid: int) -> bool:
    try:
        return not _runs(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return True


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # it ended between the two questions
        return False
