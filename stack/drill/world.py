"""What faults are done to: the running stack, and hands to hurt and mend it."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stack.client import FINISHED, Api, ApiError, Json
from stack.monitor import Prometheus
from stack.processes import Service, StackError, Supervisor
from stack.targets import Target, backtest, targets_in

POLL_SECONDS = 0.2
JOIN_SECONDS = 30.0


class DrillError(Exception):
    """A fault could not be injected or healed; the message says why."""


class Stopped(Exception):
    """The drill was told to end."""


@dataclass(slots=True)
class World:
    """The stack under drill. Use from the main thread, as the supervisor asks."""

    supervisor: Supervisor
    services: Mapping[str, Service]
    """By name, to start again what a fault has stopped."""
    api: Api
    prometheus: Prometheus
    catalog: Path
    metrics: Path
    """The folder that all processes write their metrics to."""
    raw: Path
    memory_limit_mib: int
    """Of a worker."""
    stopping: threading.Event = field(default_factory=threading.Event)

    # Services ------------------------------------------------------------------------------------

    def kill(self, name: str) -> None:
        """End a service and all of its processes as a power cut would."""
        self.supervisor.end(name, kill=True)

    def start(self, name: str) -> None:
        """Start it again and wait until it is ready."""
        try:
            self.supervisor.start(self.services[name], self.stopping.is_set)
        except StackError as error:
            raise DrillError(str(error)) from error

    # Work ----------------------------------------------------------------------------------------

    def target(self) -> Target:
        """The day's quotes: the most ticks."""
        return targets_in(self.api.get("/datasets"))[0]

    def run(self, strategy: str, window: str, **params: object) -> str:
        """Begin a backtest of the target from its midnight; returns its job's id."""
        target = self.target()
        request = backtest(target, strategy, target.midnight, window, params=params)
        return str(self.api.post("/backtest/run", request)["job_id"])

    def job(self, job_id: str) -> Json:
        found: Json = self.api.get(f"/jobs/{job_id}")
        return found

    def until_finished(self, job_id: str, seconds: float) -> Json:
        """The job when it has ended. Raises DrillError after `seconds`."""
        found: list[Json] = [{}]

        def over() -> bool:
            found[0] = self.job(job_id)
            return found[0]["status"] in FINISHED

        self.until(over, seconds, f"job {job_id} has ended")
        return found[0]

    def cancel(self, job_id: str) -> None:
        """End a job, if it has not ended by itself."""
        with contextlib.suppress(ApiError):
            self.api.call("DELETE", f"/jobs/{job_id}")

    def worker_pid(self, slot: int) -> int:
        """Process of the worker in that slot. Raises DrillError when there is none."""
        for worker in self.api.get("/ready")["workers"]:
            if worker["slot"] == slot and worker["pid"]:
                return int(worker["pid"])
        raise DrillError(f"slot {slot} has no worker")

    # Time ----------------------------------------------------------------------------------------

    def until(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        """Wait until it holds. Raises DrillError after `seconds`, Stopped when told to end."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise DrillError(f"after {seconds:.0f} s still not: {what}")
            self.pause(POLL_SECONDS)

    def pause(self, seconds: float) -> None:
        """Raises Stopped when told to end."""
        if self.stopping.wait(seconds):
            raise Stopped

    @contextlib.contextmanager
    def repeating(self, act: Callable[[], object], every: float) -> Iterator[None]:
        """Do it again and again, every so many seconds, in the block; it may fail to be answered.

        Raises what ended it otherwise, when the block is over.
        """
        over, failures = threading.Event(), []

        def work() -> None:
            try:
                while not over.is_set() and not self.stopping.is_set():
                    with contextlib.suppress(ApiError):
                        act()
                    over.wait(every)
            except Stopped:
                return
            except Exception as error:
                failures.append(error)

        thread = threading.Thread(target=work, name="fault", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(JOIN_SECONDS)
        if failures:
            raise DrillError(f"the fault ended early: {failures[0]}") from failures[0]


@contextlib.contextmanager
def frozen(pid: int) -> Iterator[None]:
    """The process stands still in the block, and goes on after it."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
