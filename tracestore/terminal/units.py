"""Times, durations and sizes, short and for people."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


def duration(nanoseconds: float) -> str:
    """A duration in the unit that keeps it short: 12.3 ms, 4.56 s, 3 min 20 s."""
    seconds = nanoseconds / 1e9
    if not seconds:
        return "0 s"
    if round(seconds) >= 120:
        return f"{round(seconds) // 60} min {round(seconds) % 60} s"
    if seconds >= 99.95:
        return f"{seconds:.0f} s"
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if float(f"{seconds / size:.3g}") >= 1 or unit == "µs":
            return f"{_three_digits(seconds / size)} {unit}"
    raise AssertionError("µs takes everything")


def clock(nanoseconds: int) -> str:
    """A Unix time in UTC, to the second."""
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S")


def size(count: float) -> str:
    """Bytes as KiB, MiB or GiB."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{_three_digits(count)} {unit}"
        count /= 1024
    return f"{_three_digits(count)} GiB"


def value(key: str, found: Any) -> str:
    """An attribute's value, by the unit that its key ends in."""
    if isinstance(found, int | float) and not isinstance(found, bool):
        if key.endswith("_seconds"):
            return duration(found * 1e9)
        if key.endswith("_bytes"):
            return size(found)
        return f"{found:,}"
    return str(found)


def _three_digits(number: float) -> str:
    """1.23, 12.3, 123, 1234."""
    return f"{number:.0f}" if number >= 99.95 else f"{number:.3g}"
