"""Runs tasks in worker processes of this machine, one process per slot.

One thread owns all state: whatever happens (a submission, a worker's end, a tick of the clock)
reaches it as a callable in its inbox. The queue stays here, so a worker that dies takes at most
the one task with it that it had begun.
"""

from __future__ import annotations

import logging
import queue
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pebble import ProcessExpired

from backend.executors.base import Ending, Listener, Outcome, RestartReason, SlotStatus, Task
from backend.executors.host import Handler, describe
from backend.executors.slot import Running, Slot
from backend.executors.waiting import Waiting
from backend.models import ErrorInfo

_log = logging.getLogger(__name__)

_CLOSE_SECONDS = 10.0
_FLUSH_SECONDS = 30.0
"""A worker that has not come back this long after its task's end is replaced."""
_CANCELLED = ErrorInfo(type="Cancelled", message="the job was cancelled")
_STOPPED = ErrorInfo(type="Cancelled", message="the service was stopped")


@dataclass(frozen=True)
class Limits:
    """What workers may use, and how often they are looked at."""

    memory_bytes: int
    timeout_seconds: float
    jobs_per_worker: int
    niceness: int = 10
    """Added to the workers' niceness, so that the API and the exporter come first."""
    tick_seconds: float = 0.25
    memory_check_seconds: float = 1.0


class LocalExecutor:
    """An `Executor` over `slots` worker processes that each make a handler by `make_handler(slot)`.

    `make_handler` crosses to the processes by pickle: a module's function or a partial of one.
    """

    def __init__(self, slots: int, make_handler: Callable[[int], Handler], limits: Limits) -> None:
        self._limits = limits
        self._folder = Path(tempfile.mkdtemp(prefix="nautobs-workers-"))
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._waiting = Waiting()
        self._tasks_given = 0
        self._slots = [
            Slot(n, self._folder, make_handler, limits.niceness, self._inbox.put, self._on_event)
            for n in range(slots)
        ]
        self._listener: Listener | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._loop, name="executor", daemon=True)

    # From any thread ----------------------------------------------------------------------------

    def start(self, listener: Listener) -> None:
        self._listener = listener
        self._thread.start()

    def submit(self, task: Task) -> None:
        self._inbox.put(lambda: self._accept(task))

    def cancel(self, task_id: str) -> None:
        self._inbox.put(lambda: self._cancel(task_id))

    def status(self) -> list[SlotStatus]:
        return [slot.status() for slot in self._slots]

    def close(self) -> None:
        if self._thread.is_alive():
            self._inbox.put(self._close)
            self._thread.join(2 * _CLOSE_SECONDS)
        shutil.rmtree(self._folder, ignore_errors=True)

    # The loop -----------------------------------------------------------------------------------

    def _loop(self) -> None:
        next_tick = 0.0
        while True:
            with suppress(queue.Empty):
                self._guarded(self._inbox.get(timeout=max(0.0, next_tick - time.monotonic())))
            if self._closing:
                return
            if time.monotonic() >= next_tick:
                next_tick = time.monotonic() + self._limits.tick_seconds
                for slot in self._slots:
                    self._guarded(partial(self._look_after, slot))
            self._guarded(self._dispatch)

    def _guarded(self, action: Callable[[], None]) -> None:
        """One bad event must not end the thread that all jobs depend on."""
        try:
            action()
        except Exception:
            _log.exception("the executor could not handle an event")

    def _accept(self, task: Task) -> None:
        if self._closing:
            self._tell_end(task, Outcome("cancelled", error=_STOPPED))
        else:
            self._waiting.add(task)

    def _cancel(self, task_id: str) -> None:
        if (task := self._waiting.remove(task_id)) is not None:
            self._tell_end(task, Outcome("cancelled", error=_CANCELLED))
            return
        for slot in self._slots:
            if slot.running and slot.running.task.task_id == task_id and not self._finish(slot):
                self._replace(slot, "cancelled", "cancelled", _CANCELLED)

    def _dispatch(self) -> None:
        while picked := self._waiting.pick([s for s in self._slots if s.state == "idle"]):
            self._give(*picked)
        if self._waiting and all(slot.hopeless for slot in self._slots):
            self._give_up()

    def _give(self, slot: Slot, task: Task) -> None:
        self._tasks_given += 1
        try:
            payload = dict(task.prepare(slot.index))
        except Exception as error:
            _log.exception("task %s could not be prepared", task.task_id)
            self._tell_end(task, Outcome("error", error=ErrorInfo(**describe(error))))
            return
        try:
            slot.give(self._tasks_given, task, payload)
        except Exception:
            # The pool gave up a moment ago; this puts the task back in line.
            _log.exception("worker %d did not take a task", slot.index)
            self._replace(slot, "crashed")
            return
        self._call(lambda listener: listener.started(task.task_id, slot.index))

    def _give_up(self) -> None:
        """When no worker starts any more, waiting would be for ever: say why instead."""
        why = "; ".join(sorted({slot.detail for slot in self._slots if slot.detail}))
        error = ErrorInfo(type="WorkerUnavailable", message=f"no worker can be started: {why}")
        for task in self._waiting.drain():
            self._tell_end(task, Outcome("error", error=error))

    # Events of slots ----------------------------------------------------------------------------

    def _on_event(self, slot: Slot, generation: int, done: Future[None]) -> None:
        if generation != slot.generation or slot.state == "failed":
            return  # of a worker that is gone
        error = done.exception()
        if isinstance(error, ProcessExpired | BrokenProcessPool):
            self._replace(slot, "crashed")
        elif error is not None:
            self._replace(slot, "crashed", "error", ErrorInfo(**describe(error)))
        elif slot.state == "starting":
            slot.ready()
        else:
            self._finish(slot)
            slot.free()
            if slot.jobs_done >= self._limits.jobs_per_worker:
                self._replace(slot, "recycled")

    def _look_after(self, slot: Slot) -> None:
        if slot.state == "failed":
            if time.monotonic() >= slot.retry_at:
                self._spawn(slot)
        elif not slot.alive():
            self._replace(slot, "crashed")
        else:
            if slot.running is not None:
                self._watch(slot, slot.running)
            self._check_memory(slot)

    def _watch(self, slot: Slot, running: Running) -> None:
        if self._finish(slot):
            if time.monotonic() - running.told_at > _FLUSH_SECONDS:
                self._replace(slot, "timeout")
            return
        record = slot.record()
        if record.task == running.number and record.progress != running.progress:
            running.progress = record.progress
            self._call(lambda listener: listener.progressed(running.task.task_id, record.progress))
        if running.seconds > self._limits.timeout_seconds:
            message = f"the job took longer than JOB_TIMEOUT ({self._limits.timeout_seconds:g} s)"
            self._replace(
                slot, "timeout", "timeout", ErrorInfo(type="TimeoutError", message=message)
            )

    def _check_memory(self, slot: Slot) -> None:
        now = time.monotonic()
        if now < slot.memory_due:
            return
        slot.memory_due = now + self._limits.memory_check_seconds
        slot.bound_printed()
        used = slot.resident_bytes()
        if used <= self._limits.memory_bytes:
            return
        message = (
            f"the worker used {used / 2**20:.0f} MiB, more than WORKER_MEMORY_LIMIT "
            f"({self._limits.memory_bytes / 2**20:.0f} MiB): raise it, or have the job keep "
            "less in memory"
        )
        self._replace(slot, "memory", "killed", ErrorInfo(type="MemoryError", message=message))

    # Ends ---------------------------------------------------------------------------------------

    def _finish(self, slot: Slot) -> bool:
        """Tell the end of the slot's task when its outcome is stored; True when it has ended."""
        running = slot.running
        if running is None or running.told:
            return True
        stored = slot.outcome()
        if stored is None:
            return False
        running.told, running.told_at = True, time.monotonic()
        error = ErrorInfo(**stored["error"]) if "error" in stored else None
        outcome = Outcome(
            "ok" if error is None else "error",
            value=stored.get("value"),
            error=error,
            progress=slot.record().progress,
            slot=slot.index,
            seconds=running.seconds,
            printed=slot.printed(),
        )
        self._tell_end(running.task, outcome)
        return True

    def _replace(
        self,
        slot: Slot,
        reason: RestartReason,
        status: Ending = "killed",
        error: ErrorInfo | None = None,
    ) -> None:
        """Bury the slot's worker, settle its task, start a new worker."""
        ended = self._finish(slot)
        running, begun, outcome = slot.running, slot.has_begun(), slot.loss(status, error)
        message = slot.bury() or "the worker process died"
        if reason == "crashed":
            _log.warning("worker %d: %s", slot.index, message)
        # Taken by its worker or ended on purpose: over. Otherwise another worker can have it.
        over = begun or status != "killed"
        if running and not ended and (over or not self._waiting.put_back(running.task)):
            self._tell_end(running.task, outcome)
        slot.rest(message if reason == "crashed" else "")
        self._call(lambda listener: listener.restarted(slot.index, reason))
        if time.monotonic() >= slot.retry_at:
            self._spawn(slot)

    def _spawn(self, slot: Slot) -> None:
        try:
            slot.spawn()
        except Exception as error:
            _log.exception("worker %d could not be started", slot.index)
            slot.bury()
            slot.rest(f"{type(error).__name__}: {error}")

    def _close(self) -> None:
        self._closing = True
        for task in self._waiting.drain():
            self._tell_end(task, Outcome("cancelled", error=_STOPPED))
        for slot in self._slots:
            ended, running = self._finish(slot), slot.running
            outcome = slot.loss("cancelled", _STOPPED)
            slot.bury()
            if running is not None and not ended:
                self._tell_end(running.task, outcome)
        while not self._inbox.empty():
            self._guarded(self._inbox.get())
        for slot in self._slots:
            slot.wait_gone(_CLOSE_SECONDS)

    def _tell_end(self, task: Task, outcome: Outcome) -> None:
        self._waiting.forget(task)
        self._call(lambda listener: listener.ended(task.task_id, outcome))

    def _call(self, tell: Callable[[Listener], None]) -> None:
        assert self._listener is not None
        try:
            tell(self._listener)
        except Exception:
            _log.exception("a listener of the executor failed")
