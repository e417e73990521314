"""Time, CPU time and memory of one piece of work, and ratios of pairs with their spread."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from typing import Any


class Peak:
    """Highest resident memory while open, over what the process had before."""

    def __enter__(self) -> Peak:
        import psutil

        self._process = psutil.Process()
        self._before = self._highest = self._process.memory_info().rss
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._look()

    def _watch(self) -> None:
        while not self._over.wait(0.005):
            self._look()

    def _look(self) -> None:
        self._highest = max(self._highest, self._process.memory_info().rss)

    @property
    def growth(self) -> int:
        return self._highest - self._before


def timed(work: Callable[[], int]) -> dict[str, Any]:
    """Figures of work that returns how many rows it took."""
    with Peak() as peak:
        started, cpu = time.perf_counter(), time.process_time()
        rows = work()
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    return {
        "rows": rows, "seconds": seconds, "cpu_seconds": cpu, "rows_per_second": rows / seconds,
        "memory_growth_bytes": peak.growth,
    }  # fmt: skip


def ratios(plain: list[float], ours: list[float]) -> dict[str, float]:
    """Plain over ours, pair by pair: on a busy machine both of a pair suffer alike."""
    found = [a / b for a, b in zip(plain, ours, strict=True)]
    return {"median": statistics.median(found), "lowest": min(found), "highest": max(found)}


def shown(ratio: dict[str, float]) -> str:
    return f"{ratio['median']:.1f}x ({ratio['lowest']:.1f}-{ratio['highest']:.1f})"
