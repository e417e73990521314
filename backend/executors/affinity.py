"""Which data a task reads, and what a worker has read and so may still hold decoded."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

REMEMBERED = 16
"""Parts that are remembered of a worker: more than its memory is likely to hold."""


@dataclass(frozen=True)
class Affinity:
    """The data that a task reads: of `source` all from `start` to `end`, both included.

    Sources are compared as they are; the unit of start and end is the source's own.
    """

    source: str
    start: int
    end: int

    def shared(self, other: Affinity) -> int:
        """How much of it the other reads too; 0 for another source."""
        if self.source != other.source:
            return 0
        return max(0, min(self.end, other.end) - max(self.start, other.start) + 1)

    def touches(self, other: Affinity) -> bool:
        """True when both together are one part without a gap."""
        return (
            self.source == other.source
            and self.start <= other.end + 1
            and other.start <= self.end + 1
        )


class Held:
    """What a worker has read last, parts that touch as one; the oldest are forgotten.

    A worker may have dropped some of it since: a choice made by this is good, not certain.
    """

    def __init__(self) -> None:
        self._parts: deque[Affinity] = deque(maxlen=REMEMBERED)

    def __len__(self) -> int:
        return len(self._parts)

    def add(self, read: Affinity) -> None:
        """Remember it as the newest."""
        touching = [part for part in self._parts if part.touches(read)]
        for part in touching:
            self._parts.remove(part)
        whole = [read, *touching]
        self._parts.append(
            Affinity(read.source, min(p.start for p in whole), max(p.end for p in whole))
        )

    def coverage(self, wanted: Affinity) -> float:
        """Share of `wanted` that is held, from 0 to 1."""
        length = wanted.end - wanted.start + 1
        return sum(part.shared(wanted) for part in self._parts) / length if length > 0 else 0.0

    def clear(self) -> None:
        self._parts.clear()
