"""What one run is charged of work that was done for several at once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Share:
    """One of `runs` equal parts of time; memory is that of the process, and so the same for all."""

    runs: int
    seconds: float
    stages: dict[str, float]
    gc_seconds: float
    peak_memory_bytes: int
