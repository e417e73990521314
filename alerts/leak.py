"""Memory that runs leave behind: telling a leak from a worker that warms up.

Retained memory is a sawtooth: it climbs while a new worker fills its cache of ticks, and falls when
the worker is replaced. Only growth above what a warm worker holds counts, and of that the median,
which neither a single step nor a replacement changes.
"""

from __future__ import annotations

from alerts.model import Clock, Recording, seconds, series
from nautilus_instrumentation import metrics as m

FULL = 0.5
"""Share of its limit that a warm worker stays below: code and engine take 0.4 GB, its cache of
ticks a quarter of the limit (2 GiB)."""
RUNS_PER_WORKER = 200
"""JOBS_PER_WORKER of the backend: after as many jobs a worker is replaced."""
PER_RUN = (1 - FULL) / RUNS_PER_WORKER
"""Share of the limit (5.4 MB of 2 GiB) that each run must leave for a worker to reach its limit
before it is replaced; the leaks known of NautilusTrader leave 20 to 170 MB."""
FEWEST_RUNS = 10
MOMENTS = 60
"""Moments of the range at which growth is looked for."""


def growth(clock: Clock, over: str) -> Recording:
    """Bytes that each run adds to the retained memory of a slot, where that is above what is warm.

    Nothing while nothing runs. Runs are counted by target, so each slot is taken to do its share.
    """
    retained, window = series(m.ENGINE_RETAINED_MEMORY), clock.over(over)
    pace = f"sum by (job, instance) (rate({series(m.BACKTEST_RUNS)}[{window}]))"
    return Recording(
        f"slot:{m.ENGINE_RETAINED_MEMORY.name}:per_run_{over}",
        f"(deriv({retained}[{window}])"
        f" and ({retained} > on (job, instance, slot) {FULL:g} * {limit()}))"
        f" / on (job, instance) group_left ()"
        f" ({pace} / count by (job, instance) ({retained}) > 0)",
    )


def limit() -> str:
    """Bytes at which the worker of a slot is replaced."""
    return f"max by (job, instance, slot) ({series(m.PROCESS_MEMORY_LIMIT, role='worker')})"


def leak(clock: Clock, growing: Recording, over: str) -> str:
    """Bytes per run, by slot, where they let a worker reach its limit before it is replaced.

    `growing` is a recording by `growth`. It must have been there for a quarter of the range `over`,
    the last time within the last quarter.
    """
    name, whole, quarter = growing.record, clock.over(over), clock.part(over, 4)
    step = clock.part(over, MOMENTS)
    moments = seconds(whole) // seconds(step) // 4
    runs = f"sum by (job, instance) (increase({series(m.BACKTEST_RUNS)}[{whole}]))"
    return (
        f"(quantile_over_time(0.5, {name}[{whole}])"
        f" > on (job, instance, slot) {PER_RUN:g} * {limit()})"
        f" and count_over_time({name}[{whole}:{step}]) >= {moments}"
        f" and last_over_time({name}[{quarter}])"
        f" and on (job, instance) {runs} >= {FEWEST_RUNS}"
    )
