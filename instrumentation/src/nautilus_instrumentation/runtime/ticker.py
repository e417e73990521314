"""One sampler thread for everything that has to happen about once a second."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable

from nautilus_instrumentation.guard import Guard


class Ticker:
    """Calls each added function every `period` seconds on one daemon thread.

    The thread starts with the first function and ends with the last. A function that fails is
    reported to the guard and called again next time. After a fork the child's functions start to
    tick again with the child's next `add`.
    """

    def __init__(self, period: float = 1.0, guard: Guard | None = None) -> None:
        self._period = period
        self._guard = guard or Guard()
        self._functions: dict[object, Callable[[], object]] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        _tickers.add(self)

    def add(self, fn: Callable[[], object]) -> Callable[[], None]:
        """Call `fn` from now on; returns the function that removes it (twice is harmless)."""
        entry = object()
        with self._lock:
            self._functions[entry] = fn
            if self._thread is None:
                self._wake = threading.Event()
                self._thread = threading.Thread(
                    target=self._loop, args=(self._wake,), name="nautobs-ticker", daemon=True
                )
                self._thread.start()

        def remove() -> None:
            with self._lock:
                self._functions.pop(entry, None)
                if not self._functions:
                    self._end()

        return remove

    def stop(self) -> None:
        """Remove every function and wait for the thread, unless called from it."""
        with self._lock:
            self._functions.clear()
            thread = self._thread
            self._end()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=self._period + 1.0)

    def _end(self) -> None:
        self._wake.set()
        self._thread = None

    def _loop(self, wake: threading.Event) -> None:
        while not wake.wait(self._period):
            with self._lock:
                functions = list(self._functions.values())
            for fn in functions:
                if wake.is_set():
                    return
                try:
                    fn()
                except Exception as error:
                    self._guard.failed("ticker", error)

    def _after_fork_in_child(self) -> None:
        # Threads do not survive a fork, and the lock may have been held by one of them.
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread = None


_tickers: weakref.WeakSet[Ticker] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for ticker in list(_tickers):
        ticker._after_fork_in_child()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_after_fork_in_child)
