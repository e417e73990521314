"""Resident memory of this process, cheaply."""

from __future__ import annotations

import os
import sys

_LINUX = sys.platform == "linux"
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


class _Statm:
    """`/proc/self/statm`, kept open: 1.5 µs a read instead of 11."""

    def __init__(self) -> None:
        self._file: int | None = None

    def resident_bytes(self) -> int:
        if self._file is None:
            self._file = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
        return int(os.pread(self._file, 128, 0).split()[1]) * _PAGE

    def after_fork_in_child(self) -> None:
        # The open file still describes the parent.
        if self._file is not None:
            os.close(self._file)
            self._file = None


_statm = _Statm()
if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_statm.after_fork_in_child)


def rss_bytes() -> int:
    """Resident memory of this process in bytes. Raises OSError where it cannot be read."""
    if _LINUX:
        return _statm.resident_bytes()
    import psutil  # 60 ms to import: only where there is no /proc

    return int(psutil.Process().memory_info().rss)


def _high_water_bytes() -> int:
    """The kernel's high-water mark of resident memory since the process began; 0: unknown."""
    if not _LINUX:
        return 0
    with open("/proc/self/status", "rb") as status:
        for line in status:
            if line.startswith(b"VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


class PeakMemory:
    """Highest resident memory between its creation and `peak_bytes()`.

    `sample` belongs on the ticker. A peak between two samples is still seen when it is the highest
    of the whole process, because the kernel keeps that mark; a lower one can be missed.
    """

    def __init__(self) -> None:
        self._mark = _high_water_bytes()
        self._highest = rss_bytes()

    def sample(self) -> None:
        """Take the current value into account."""
        self._highest = max(self._highest, rss_bytes())

    def peak_bytes(self) -> int:
        """Highest value so far."""
        self.sample()
        mark = _high_water_bytes()
        return max(self._highest, mark) if mark > self._mark else self._highest
