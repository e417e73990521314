"""How late an asyncio event loop comes back: what every request waits before its turn."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import TYPE_CHECKING

from nautilus_instrumentation import metrics

if TYPE_CHECKING:
    from nautilus_instrumentation.recorder import Recorder

PERIOD_SECONDS = 0.5


class LoopWatch:
    """Measures the running loop's lag until it is left.

    `async with session.watch_event_loop():` around an application's lifespan. It is a plain
    context manager as well, for places that cannot await; the loop must be running then too.
    """

    def __init__(self, recorder: Recorder, period: float = PERIOD_SECONDS) -> None:
        self._enabled = recorder.enabled
        self._lag = recorder.histogram(metrics.EVENT_LOOP_LAG)
        self._period = period
        self._task: asyncio.Task[None] | None = None

    async def _measure(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            asked = loop.time() + self._period
            await asyncio.sleep(self._period)
            self._lag.observe(max(0.0, loop.time() - asked))

    def __enter__(self) -> LoopWatch:
        if self._enabled and self._task is None:
            self._task = asyncio.get_running_loop().create_task(
                self._measure(), name="event loop lag"
            )
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def __aenter__(self) -> LoopWatch:
        return self.__enter__()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        task = self._task
        self.__exit__(exc_type, exc, traceback)
        if task is not None:
            await asyncio.wait({task})
