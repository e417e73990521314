"""The sampler thread."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nautilus_instrumentation.guard import Guard
from nautilus_instrumentation.runtime.ticker import Ticker


@pytest.fixture
def ticker() -> Iterator[Ticker]:
    made = Ticker(0.005)
    yield made
    made.stop()


def _threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "nautobs-ticker"}


def test_a_function_is_called_again_and_again(ticker: Ticker) -> None:
    """Until it is removed."""
    seen = threading.Semaphore(0)
    remove = ticker.add(seen.release)
    for _ in range(3):
        assert seen.acquire(timeout=20)
    remove()
    remove()


def test_the_thread_lives_as_long_as_it_has_work(
    ticker: Ticker, wait_until: Callable[..., None]
) -> None:
    """None before the first function, one for many, none after the last."""
    others = _threads()
    removers = [ticker.add(int), ticker.add(int)]
    (mine,) = _threads() - others
    for remove in removers:
        remove()
    wait_until(lambda: mine not in _threads())


def test_it_starts_again_after_its_last_function(ticker: Ticker) -> None:
    """Work that comes back is done again."""
    ticker.add(int)()
    seen = threading.Semaphore(0)
    ticker.add(seen.release)
    assert seen.acquire(timeout=20)


def test_a_function_that_fails_is_reported_and_called_again() -> None:
    """The others are not harmed."""
    guard = Guard()
    ticker = Ticker(0.005, guard)
    seen = threading.Semaphore(0)

    def fail() -> None:
        raise ValueError("broken")

    ticker.add(fail)
    ticker.add(seen.release)
    for _ in range(3):
        assert seen.acquire(timeout=20)
    ticker.stop()
    assert guard.errors["ticker"] >= 2


def test_a_function_may_remove_itself_and_stop_the_ticker(
    ticker: Ticker, wait_until: Callable[..., None]
) -> None:
    """Stopping from the thread itself does not wait for itself."""
    others = _threads()
    ticker.add(ticker.stop)
    wait_until(lambda: _threads() <= others)


FORK = """
from nautilus_instrumentation.runtime.ticker import Ticker
import os, threading
ticker = Ticker(0.005)
seen = threading.Semaphore(0)
ticker.add(seen.release)
seen.acquire()
child = os.fork()
if child == 0:
    mine = threading.Semaphore(0)
    ticker.add(mine.release)
    os._exit(0 if mine.acquire(timeout=20) and seen.acquire(timeout=20) else 1)
say(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_it_ticks_in_a_forked_child(worker: Callable[..., Any]) -> None:
    """Its thread did not survive the fork; the next `add` starts a new one."""
    assert worker(FORK).heard() == "0"
