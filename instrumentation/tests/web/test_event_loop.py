"""The lag of the event loop is measured while it is watched, and not after."""

from __future__ import annotations

import asyncio
import time

import pytest

from nautilus_instrumentation import metrics
from nautilus_instrumentation.exposition.cells import MemoryStore
from nautilus_instrumentation.guard import Guard
from nautilus_instrumentation.recorder import NULL_RECORDER, Recorder
from nautilus_instrumentation.web.event_loop import LoopWatch


@pytest.fixture
def recorder():
    guard = Guard(strict=True)
    return Recorder(MemoryStore(guard), guard)


def _lags(recorder):
    *counts, total = recorder.histogram(metrics.EVENT_LOOP_LAG).values()
    return sum(counts), total


async def _until(condition):
    async with asyncio.timeout(120):
        while not condition():
            await asyncio.sleep(0.001)


def test_a_blocked_loop_shows_as_lag(recorder):
    """Work that holds the loop for 50 ms makes the lag that long."""

    async def main():
        async with LoopWatch(recorder, period=0.001):
            await asyncio.sleep(0)
            time.sleep(0.05)
            await _until(lambda: _lags(recorder)[0] >= 1)

    asyncio.run(main())
    assert _lags(recorder)[1] >= 0.045


def test_leaving_ends_the_measurement(recorder):
    """No task is left behind, and cancelling it logs nothing."""

    async def main():
        async with LoopWatch(recorder, period=0.001):
            await _until(lambda: _lags(recorder)[0] >= 2)
        return [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]

    assert asyncio.run(main()) == []


def test_it_is_a_plain_context_manager_too(recorder):
    """Where nothing can be awaited, leaving cancels the task."""

    async def main():
        with LoopWatch(recorder, period=0.001):
            await _until(lambda: _lags(recorder)[0] >= 1)
        await asyncio.sleep(0)
        seen = _lags(recorder)[0]
        await asyncio.sleep(0.01)
        return _lags(recorder)[0] - seen

    assert asyncio.run(main()) == 0


def test_the_bodys_exception_passes(recorder):
    """Leaving by an exception ends the task as well."""

    async def main():
        async with LoopWatch(recorder):
            raise KeyError("body")

    with pytest.raises(KeyError, match="body"):
        asyncio.run(main())


def test_without_telemetry_there_is_no_task():
    """The null twin leaves the loop alone."""

    async def main():
        async with LoopWatch(NULL_RECORDER):
            return len(asyncio.all_tasks())

    assert asyncio.run(main()) == 1


def test_cancelling_the_host_passes(recorder):
    """A cancelled host is cancelled, not swallowed by the watch."""

    async def host():
        async with LoopWatch(recorder):
            await asyncio.Event().wait()

    async def main():
        task = asyncio.create_task(host())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
