"""From the executor's thread to the event loop that jobs live on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from backend.executors.base import Outcome, Progress, RestartReason

if TYPE_CHECKING:
    from backend.jobs import JobManager


class OnLoop:
    """An executor's listener that carries each event over to the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, jobs: JobManager) -> None:
        self._loop = loop
        self._jobs = jobs

    def started(self, task_id: str, slot: int) -> None:
        self._loop.call_soon_threadsafe(self._jobs.on_started, task_id, slot)

    def progressed(self, task_id: str, progress: Progress) -> None:
        self._loop.call_soon_threadsafe(self._jobs.on_progress, task_id, progress)

    def ended(self, task_id: str, outcome: Outcome) -> None:
        self._loop.call_soon_threadsafe(self._jobs.on_ended, task_id, outcome)

    def restarted(self, slot: int, reason: RestartReason) -> None:
        self._loop.call_soon_threadsafe(self._jobs.on_restarted, slot, reason)
