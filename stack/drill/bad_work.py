"""Faults in the work: strategies, workers, the queue."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nautilus_instrumentation.metrics import BACKTEST_RUNS
from stack.drill.fault import Expectation, Fault
from stack.drill.world import World, frozen

START_SECONDS = 60.0
FAILING_EVERY = 1.0
NEVER = 10**9
"""Ticks: more than any day has."""
FLOOD_EVERY = 0.1
"""Ten jobs a second: more than two workers can do of whole days."""


@contextmanager
def failing(world: World) -> Iterator[None]:
    """Runs of a strategy that worked and now raises, one after another."""
    worked = f'increase({BACKTEST_RUNS.name}{{strategy="faulty", status="ok"}}[2m:20s]) > 0'
    with world.repeating(lambda: world.run("faulty", "5m", fail_after_ticks=NEVER), FAILING_EVERY):
        world.until(
            lambda: world.prometheus.scalar(worked) > 0, START_SECONDS, "good runs of the strategy"
        )
    with world.repeating(lambda: world.run("faulty", "5m", fail_after_ticks=1), FAILING_EVERY):
        yield


@contextmanager
def memory_filled(world: World) -> Iterator[None]:
    """One run that takes more memory than a worker may have."""
    world.run("faulty", "5m", fail_after_ticks=1, fill_memory_mib=world.memory_limit_mib)
    yield


@contextmanager
def stalled(world: World) -> Iterator[None]:
    """The worker of a run in the middle of it stands still."""
    job_id = world.run("market_maker", "1d")
    world.until(
        lambda: world.job(job_id)["stage"] == "run", START_SECONDS, "a run in the stage `run`"
    )
    with frozen(world.worker_pid(world.job(job_id)["slot"])):
        yield
    world.cancel(job_id)


@contextmanager
def flooded(world: World) -> Iterator[None]:
    """More jobs than the workers can do, and ever more of them."""
    jobs: list[str] = []
    with world.repeating(lambda: jobs.append(world.run("ema_cross", "1d")), FLOOD_EVERY):
        yield
    # The newest first: those that wait, before those that would take their place.
    for job_id in reversed(jobs):
        world.cancel(job_id)


FAULTS = (
    Fault(
        "break-strategy",
        "A strategy that worked raises in every run",
        failing,
        (Expectation("BacktestRunsFailing", {"strategy": "faulty", "severity": "ticket"}),),
        {"BacktestRunsFailing": "where few others run, the strategy is most of what runs: a page"},
    ),
    Fault(
        "fill-memory",
        "A run fills the memory of its worker, which is killed",
        memory_filled,
        # Memory fills at 640 MB a second; workers are looked at once a second.
        (Expectation("WorkerKilledForMemory", {"job": "nautilus"}, lead=15.0),),
        {"MemoryNearLimit": "the worker was near its limit before it was killed"},
    ),
    Fault(
        "stall-run",
        "A worker is stopped (SIGSTOP) in the middle of a run",
        stalled,
        (Expectation("BacktestRunStuck", {"job": "nautilus"}),),
        {},
    ),
    Fault(
        "flood-queue",
        "Jobs come faster than the workers can do them",
        flooded,
        (Expectation("JobQueueGrowing", {"job": "nautilus"}, mend=10.0),),
        {"RetainedMemoryRising": "whole days fill the workers' caches within the shortened hour"},
    ),
)
