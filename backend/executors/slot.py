"""One worker's place: a pool of one process, thrown away whenever that process ends.

A pool outlives some deaths of its worker and not others, and a worker that is killed at the wrong
moment can leave its pool's pipe or lock unusable. So one pool serves for one process: every death,
wanted or not, takes the same way, to a new pool with a new record.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

import orjson
import psutil
from pebble import ProcessPool

from backend import printed
from backend.executors import host
from backend.executors.affinity import Held
from backend.executors.base import Ending, Outcome, Progress, SlotStatus, Task
from backend.executors.progress import ProgressReader, Record, State
from backend.models import ErrorInfo

_SPAWN = multiprocessing.get_context("spawn")
_ALLOWED = 3
"""Deaths in a row, each soon after the start, that are followed by a new start at once."""
_SOON_SECONDS = 10.0
_LONGEST_PAUSE_SECONDS = 30.0


@dataclass
class Running:
    """The task in a slot."""

    number: int
    task: Task
    since: float
    told: bool = False
    """Its end was reported; the worker is still flushing."""
    told_at: float = 0.0
    progress: Progress = field(default_factory=Progress)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.since


class Slot:
    """A worker process and its replacements.

    Used by the executor's thread only, `status` by any.
    """

    def __init__(
        self,
        index: int,
        folder: Path,
        make_handler: Callable[[int], host.Handler],
        niceness: int,
        post: Callable[[Callable[[], None]], None],
        on_event: Callable[[Slot, int, Future[None]], None],
    ) -> None:
        self.index = index
        self.state: Literal["starting", "idle", "busy", "failed"] = "failed"
        self.running: Running | None = None
        self.held = Held()
        self.jobs_done = 0
        self.detail = ""
        self.retry_at = 0.0
        self.memory_due = 0.0
        self.generation = 0
        self._quick_deaths = 0
        self._failed_starts = 0
        self._proven = False
        self._born = 0.0
        self._folder = folder
        self._make_handler = make_handler
        self._niceness = niceness
        self._post = post
        self._on_event = on_event
        self._pool: ProcessPool | None = None
        self._reader: ProgressReader | None = None
        self._process: psutil.Process | None = None
        self._disposals: list[threading.Thread] = []

    # Life ---------------------------------------------------------------------------------------

    def spawn(self) -> None:
        """Start a worker; its readiness, or its death, comes as an event of this generation."""
        self.generation += 1
        self.state = "starting"
        self.jobs_done = 0
        self.held.clear()
        self._born = time.monotonic()
        self._reader = ProgressReader(self._folder / f"slot-{self.index}-{self.generation}")
        setup = host.Setup(
            self.index, self._make_handler, self._reader.path, os.getpid(), self._niceness
        )
        self._pool = ProcessPool(
            max_workers=1, context=_SPAWN, initializer=host.start, initargs=(setup,)
        )
        self._schedule(host.ready)

    def ready(self) -> None:
        self.state, self.detail = "idle", ""
        self._proven = True
        self._failed_starts = 0

    def give(self, number: int, task: Task, payload: dict[str, Any]) -> None:
        """Hand a task to the idle worker."""
        self.state = "busy"
        if task.affinity is not None:
            self.held.add(task.affinity)
        self.running = Running(number, task, time.monotonic())
        self._schedule(host.run, number, payload)

    def free(self) -> None:
        """The worker has finished its task and what follows it."""
        if self._reader is not None and self.running is not None:
            for path in (host.outcome_path, host.printed_path):
                path(self._reader.path, self.running.number).unlink(missing_ok=True)
        self.state = "idle"
        self.running = None
        self.jobs_done += 1
        self._quick_deaths = 0

    def bury(self) -> str:
        """Kill what is left of the worker, forget it; returns why it could not start, or ""."""
        record = self.record()
        message = record.message if record.state is State.UNFIT else ""
        self._count_death()
        pool, reader, process = self._pool, self._reader, None
        with suppress(psutil.NoSuchProcess):
            process = self._find()
        self._pool = self._reader = self._process = None
        self.running = None
        self.state = "failed"  # what its pool still has to say is of no interest
        if pool is not None:
            pool.stop()  # first, so that it does not start a worker of its own accord
            if process is not None:
                with suppress(psutil.NoSuchProcess):
                    process.kill()  # not by its pid, which may be somebody else's by now
            self._dispose(pool, reader)
        return message

    def rest(self, detail: str = "") -> None:
        """Before the next start: at once after a stray death, ever later after many quick ones.

        `detail` says what is wrong; a worker that is replaced on purpose has nothing wrong.
        """
        self.state, self.detail = "failed", detail
        pause = 0.0
        if self._quick_deaths >= _ALLOWED:
            pause = min(2.0 ** (self._quick_deaths - _ALLOWED), _LONGEST_PAUSE_SECONDS)
        self.retry_at = time.monotonic() + pause

    @property
    def hopeless(self) -> bool:
        """True when starting has failed so often that waiting jobs should be told."""
        return self._failed_starts >= _ALLOWED

    def wait_gone(self, seconds: float) -> None:
        """Wait until the processes of earlier generations are gone."""
        deadline = time.monotonic() + seconds
        for thread in self._disposals:
            thread.join(max(0.0, deadline - time.monotonic()))

    # What the worker tells ----------------------------------------------------------------------

    def record(self) -> Record:
        return self._reader.read() if self._reader is not None else Record()

    def alive(self) -> bool:
        """False when the process is known to have ended, or its pool has given up."""
        if self._pool is None or not self._pool.active:
            return False
        with suppress(psutil.NoSuchProcess):
            process = self._find()
            if process is None:
                return True  # its interpreter is still starting
            return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
        return False

    def resident_bytes(self) -> int:
        with suppress(psutil.NoSuchProcess):
            process = self._find()
            return process.memory_info().rss if process is not None else 0
        return 0

    def outcome(self) -> dict[str, Any] | None:
        """What the worker stored for its task, once it has."""
        if self._reader is None or self.running is None:
            return None
        path = host.outcome_path(self._reader.path, self.running.number)
        try:
            return orjson.loads(path.read_bytes())
        except FileNotFoundError:
            return None

    def bound_printed(self) -> None:
        """Keep a task that prints without end from filling the disk."""
        if self._reader is not None and self.running is not None:
            printed.bound(host.printed_path(self._reader.path, self.running.number))

    def printed(self) -> str:
        """The end of what the task has printed."""
        if self._reader is None or self.running is None:
            return ""
        return printed.tail(host.printed_path(self._reader.path, self.running.number))

    def has_begun(self) -> bool:
        """True when the worker has touched its task."""
        record = self.record()
        return self.running is not None and record.task == self.running.number

    def loss(self, status: Ending, error: ErrorInfo | None) -> Outcome:
        """The end of the slot's task when its worker ends with it."""
        progress = self.record().progress
        stage = f" in the stage {progress.stage!r}" if progress.stage else ""
        died = ErrorInfo(type="WorkerDied", message=f"the worker process died{stage}")
        seconds = self.running.seconds if self.running else 0.0
        return Outcome(status, None, error or died, progress, self.index, seconds, self.printed())

    def status(self) -> SlotStatus:
        pid = self.record().pid or None
        return SlotStatus(self.index, self.state, pid, self.detail, self._proven)

    # Inside -------------------------------------------------------------------------------------

    def _count_death(self) -> None:
        """A worker that dies of its task, or is ended on purpose, has proved that it can start."""
        if self.state == "starting":
            self._failed_starts += 1
        soon = time.monotonic() - self._born < _SOON_SECONDS
        if soon and not self.jobs_done and not self.has_begun():
            self._quick_deaths += 1
        else:
            self._quick_deaths = 0

    def _schedule(self, function: Callable[..., None], *args: object) -> None:
        assert self._pool is not None
        future = self._pool.schedule(function, args=args)
        generation = self.generation
        future.add_done_callback(
            lambda done: self._post(partial(self._on_event, self, generation, done))
        )

    def _find(self) -> psutil.Process | None:
        """None as long as the worker has not written its pid; raises NoSuchProcess.

        The record is read once: were it read again to learn which of the two it is, a worker that
        writes its pid in between would be taken for dead.
        """
        if self._process is None and (pid := self.record().pid):
            self._process = psutil.Process(pid)
        return self._process

    def _dispose(self, pool: ProcessPool, reader: ProgressReader | None) -> None:
        def dispose() -> None:
            pool.join()
            if reader is not None:
                for leftover in reader.path.parent.glob(f"{reader.path.name}-*"):
                    leftover.unlink(missing_ok=True)
                reader.close()

        self._disposals = [thread for thread in self._disposals if thread.is_alive()]
        thread = threading.Thread(target=dispose, name=f"bury-slot-{self.index}", daemon=True)
        thread.start()
        self._disposals.append(thread)
