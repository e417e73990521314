"""What an executor takes, does and tells. Nothing here knows of processes, HTTP or telemetry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from backend.executors.affinity import Affinity
from backend.models import ErrorInfo

Ending = Literal["ok", "error", "cancelled", "timeout", "killed"]
RestartReason = Literal["recycled", "memory", "timeout", "cancelled", "crashed"]


@dataclass(frozen=True)
class Task:
    """One piece of work.

    `prepare(slot)` gives the JSON-able payload. It is called when a worker is free, just before the
    work is handed over, in the executor's own thread; again if that worker died before it began.
    """

    task_id: str
    prepare: Callable[[int], Mapping[str, Any]]
    affinity: Affinity | None = None
    """What it reads; of the free slots the one is preferred that has read most of it before.
    No task waits for a busy slot."""


@dataclass(frozen=True)
class Progress:
    """Where a running task is; `fraction` is 0 to 1, None where it is not known."""

    stage: str | None = None
    fraction: float | None = None
    data_points: int | None = None


@dataclass(frozen=True)
class Outcome:
    """How a task ended."""

    status: Ending
    value: dict[str, Any] | None = None
    """What the handler returned, when it returned."""
    error: ErrorInfo | None = None
    progress: Progress = field(default_factory=Progress)
    """The last that was heard of it."""
    slot: int | None = None
    """None when it never reached a worker."""
    seconds: float = 0.0
    """In the worker."""
    printed: str = ""
    """The end of what native code, such as the engine's logger, printed meanwhile."""


class Listener(Protocol):
    """Hears what happens; called in the executor's own thread, must not block."""

    def started(self, task_id: str, slot: int) -> None: ...
    def progressed(self, task_id: str, progress: Progress) -> None: ...
    def ended(self, task_id: str, outcome: Outcome) -> None:
        """Called exactly once for each task that was submitted."""

    def restarted(self, slot: int, reason: RestartReason) -> None: ...


@dataclass(frozen=True)
class SlotStatus:
    """What one worker is doing; `detail` says why it is failed.

    `proven` slots have had a worker that started: one that starts there will soon take jobs.
    """

    slot: int
    state: Literal["starting", "idle", "busy", "failed"]
    pid: int | None
    detail: str = ""
    proven: bool = False

    @property
    def usable(self) -> bool:
        """True when jobs may be given to it, now or in a moment."""
        replaced = self.proven and not self.detail
        return self.state in ("idle", "busy") or (self.state == "starting" and replaced)


class Executor(Protocol):
    """Runs tasks, each at most once, and says how they ended."""

    def start(self, listener: Listener) -> None: ...
    def submit(self, task: Task) -> None: ...
    def cancel(self, task_id: str) -> None:
        """End a queued or running task as `cancelled`; unknown and ended ones are left alone."""

    def status(self) -> list[SlotStatus]: ...
    def close(self) -> None:
        """Cancel everything, stop all workers; returns when they are gone."""
