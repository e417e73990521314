"""A circuit breaker: what fails again and again is left alone for a while.

Our own, because the clock must be given and a cache must tell a server that is away from one that
answers with an error; libraries wrap the call. They were not tried.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Breaker:
    """Opens after `failures` in a row; every `rest_seconds` it then lets one caller try.

    Thread-safe. `clock` is monotonic, in seconds.
    """

    def __init__(
        self,
        failures: int = 3,
        rest_seconds: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit, self._rest, self._clock = failures, rest_seconds, clock
        self._mutex = threading.Lock()
        self._failures = 0
        self._next_try = 0.0

    @property
    def is_open(self) -> bool:
        return self._failures >= self._limit

    def allows(self) -> bool:
        """Whether the caller may try. While open, one in `rest_seconds` may: the probe."""
        if not self.is_open:
            return True
        with self._mutex:
            now = self._clock()
            if now < self._next_try:
                return False
            self._next_try = now + self._rest  # also when this probe never reports
            return True

    def succeeded(self) -> bool:
        """A call was answered; True when that closed the breaker."""
        if not self._failures:
            return False
        with self._mutex:
            closed, self._failures = self.is_open, 0
            return closed

    def failed(self) -> bool:
        """A call was not answered; True when that opened the breaker."""
        with self._mutex:
            was_open, self._failures = self.is_open, self._failures + 1
            self._next_try = self._clock() + self._rest
            return self.is_open and not was_open
