"""What the load has done so far: one writer per thread, one reader for the tables."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field

MAX_FAILURES = 20
KEPT = 10_000
"""Runs and conversions that medians are taken over, so that a demo can go on for days."""


@dataclass(frozen=True, slots=True)
class Run:
    """A finished backtest."""

    run_id: str
    trace_id: str
    strategy: str
    window: str
    status: str
    seconds: float
    data_points: int
    points_per_second: float
    orders: int

    @property
    def what(self) -> str:
        """Name of its kind of job in tables."""
        return f"{self.strategy} {self.window}"


@dataclass(slots=True)
class Tally:
    """Counts and durations; take `snapshot()` to read them."""

    jobs: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(what, status) → number; what is a strategy's window or `convert`."""
    runs: deque[Run] = field(default_factory=lambda: deque(maxlen=KEPT))
    conversions: dict[str, deque[float]] = field(
        default_factory=lambda: defaultdict(lambda: deque(maxlen=KEPT))
    )
    """`first` or `cached` → seconds of each file."""
    rows_converted: int = 0
    rows_rejected: int = 0
    refused: int = 0
    """Bad requests that were answered by a problem document, as they must be."""
    reads: int = 0
    """Successful calls that only read."""
    unchanged: int = 0
    """Those that were answered by 304: the caller had it already."""
    cut_off: int = 0
    """Jobs still under way at the end."""
    failures: list[str] = field(default_factory=list)
    failure_count: int = 0
    first_round_done: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def job(self, what: str, status: str) -> None:
        with self._lock:
            self.jobs[what, status] += 1

    def run(self, run: Run) -> None:
        with self._lock:
            self.runs.append(run)

    def conversion(self, outcome: str, seconds: float, written: int, rejected: int) -> None:
        """Record one converted file."""
        with self._lock:
            self.conversions[outcome].append(seconds)
            if outcome == "first":
                self.rows_converted += written
                self.rows_rejected += rejected

    def count(self, field_name: str) -> None:
        """Add one to `refused`, `reads`, `unchanged` or `cut_off`."""
        with self._lock:
            setattr(self, field_name, getattr(self, field_name) + 1)

    def failure(self, message: str) -> None:
        """Something that should have worked did not, or the other way round."""
        with self._lock:
            self.failure_count += 1
            if len(self.failures) < MAX_FAILURES:
                self.failures.append(message)

    def snapshot(self) -> Tally:
        """A copy that no longer changes."""
        with self._lock:
            return Tally(
                jobs=Counter(self.jobs),
                runs=self.runs.copy(),
                conversions={name: values.copy() for name, values in self.conversions.items()},
                rows_converted=self.rows_converted,
                rows_rejected=self.rows_rejected,
                refused=self.refused,
                reads=self.reads,
                unchanged=self.unchanged,
                cut_off=self.cut_off,
                failures=list(self.failures),
                failure_count=self.failure_count,
                first_round_done=self.first_round_done,
            )
