"""One thread beside the caller's: Arrow encodes and hashes there without holding the GIL."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor

AHEAD = 2
"""Calls that may wait: enough that neither side idles, and memory stays bounded."""


class Background:
    """Runs calls in a thread, one after the other. Use as a context manager."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="conversion")
        self._calls: deque[Future[None]] = deque()

    def __enter__(self) -> Background:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def submit(self, call: Callable[..., None], *arguments: object) -> None:
        """Have a call made, after waiting for room. Raises what an earlier one raised."""
        while len(self._calls) >= AHEAD:
            self._calls.popleft().result()
        self._calls.append(self._pool.submit(call, *arguments))

    def wait(self) -> None:
        """Until all calls are made. Raises what the first to fail raised."""
        while self._calls:
            self._calls.popleft().result()

    def settle(self) -> None:
        """Until no call is running any more, whatever became of them."""
        for call in reversed(self._calls):  # the last first: none may begin meanwhile
            call.cancel()
        while self._calls:
            with contextlib.suppress(Exception, CancelledError):
                self._calls.popleft().result()
