"""Several raw files at once, in threads: Arrow and numpy work without holding the GIL."""

from __future__ import annotations

import contextvars
import os
import threading
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import TypeVar

import psutil

from backend.context import ProgressSink

T = TypeVar("T")

FILE_BYTES = 200 * 10**6
"""Memory that one more file may take, its share of a sort included; measured at 100 to 200 MB."""


class Abandoned(Exception):
    """The caller does not wait for this file any more."""


def threads_for(files: int, memory_limit: int) -> int:
    """How many files to convert at once: bounded by cores, and by the memory that is left."""
    left = memory_limit - psutil.Process().memory_info().rss
    return max(1, min(files, _cores(), left // FILE_BYTES))


def _cores() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1


class Turns:
    """Lets files that fill the same series commit in their order, whichever is ready first."""

    def __init__(self, series: Iterable[set[Hashable]]) -> None:
        self._series = list(series)
        self._over = [threading.Event() for _ in self._series]

    def wait(self, place: int) -> None:
        """Until all files before this one that share a series with it are over."""
        for before in range(place):
            if self._series[before] & self._series[place]:
                self._over[before].wait()

    def over(self, place: int) -> None:
        self._over[place].set()


class Meter:
    """Progress over the rows of several files; never goes back.

    Threads say how far they are; `tell` passes it on, in the thread of whoever calls it.
    """

    def __init__(self, progress: ProgressSink, rows: Iterable[int]) -> None:
        self._progress = progress
        self._rows = list(rows)
        self._done = [0] * len(self._rows)
        self._total = sum(self._rows) or 1
        self._told = 0

    def reach(self, place: int, rows: int) -> None:
        """So many rows of a file are done; a sort begins it again."""
        self._done[place] = max(self._done[place], rows)  # one thread per place

    def finish(self, place: int) -> None:
        """A file is over, whatever became of it."""
        self.reach(place, self._rows[place])

    def tell(self) -> None:
        done = sum(self._done)
        if done > self._told:
            self._told = done
            self._progress("convert", min(1.0, done / self._total))


class Crew:
    """Runs calls in threads, and makes their news known in the caller's."""

    def __init__(self, threads: int, on_news: Callable[[], None]) -> None:
        self._threads = threads
        self._on_news = on_news
        self._news: SimpleQueue[bool] = SimpleQueue()
        self._abandoned = False

    def news(self) -> None:
        """Call from a thread when there are any. Raises Abandoned when nobody listens."""
        if self._abandoned:
            raise Abandoned("the conversion was broken off")
        if self._threads == 1:
            self._on_news()
        else:
            self._news.put(False)

    def run(self, calls: list[Callable[[], T]]) -> list[T]:
        """Make all calls, in the context of the caller; what they return, in their order.

        When something is raised here, running calls are abandoned and waited for.
        """
        if self._threads == 1 or len(calls) < 2:
            self._threads = 1
            return [call() for call in calls]
        pool = ThreadPoolExecutor(self._threads, thread_name_prefix="conversion-file")
        try:
            futures = [pool.submit(contextvars.copy_context().run, call) for call in calls]
            for future in futures:
                future.add_done_callback(lambda _: self._news.put(True))
            unfinished = len(futures)
            while unfinished:
                unfinished -= self._news.get()
                self._on_news()
            return [future.result() for future in futures]
        except BaseException:
            self._abandoned = True
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
