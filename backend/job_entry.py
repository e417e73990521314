"""What is known of one job, and how to follow it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from backend.job_spans import JobSpans
from backend.models import Job
from backend.work import Work

Ended = Callable[[Job, Mapping[str, Any]], Awaitable[None]]
"""Told of the end of a sweep's job, with what its worker returned; nothing if it did not."""


@dataclass
class Entry:
    """A job with what hangs on it; it lives on the event loop."""

    job: Job
    work: Work
    spans: JobSpans
    queued_at: float
    version: int = 0
    taken: bool = False
    """A worker has it, or had it."""
    ended: Ended | None = None
    watchers: set[asyncio.Event] = field(default_factory=set)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def changed(self) -> None:
        self.version += 1
        for watcher in self.watchers:
            watcher.set()


async def watch(entry: Entry) -> AsyncIterator[Job]:
    """The job now and after each change, up to its end."""
    changed = asyncio.Event()
    entry.watchers.add(changed)
    try:
        while True:
            changed.clear()
            yield entry.job
            if entry.done.is_set():
                return
            await changed.wait()
    finally:
        entry.watchers.discard(changed)
