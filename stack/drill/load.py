"""A light healthy load: what a quiet platform does all day, so that rates and ratios have a value.

The same few windows again and again, so that caches are warm and runs have runs like them.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Callable
from functools import partial

from stack.client import Api, ApiError, Interrupted, Json
from stack.targets import Target, backtest, targets_in, window_start

PAUSE_SECONDS = 0.3
READ_SECONDS = 0.25
"""Pause between reads of the catalog, so that its cache has enough look-ups for a rate."""
RUN_SECONDS = 30.0
"""After which a run is left alone: its worker may stand still on purpose."""
JOIN_SECONDS = 10.0
RUNS = (("ema_cross", "5m"), ("ema_cross", "1h"))
"""Nothing that raises alerts by itself: a market maker's runs stand still for the garbage collector
for more than 5 % of their time, and idle ones are over in so few milliseconds that pace varies."""


class LightLoad:
    """Two threads, from `start` to `stop`; what a fault makes fail is no business of theirs."""

    def __init__(self, api: Api, pause: float = PAUSE_SECONDS) -> None:
        """`pause`: seconds between two runs."""
        self._api = api
        self._pause = pause
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Convert what there is, then begin. Raises ApiError when that cannot be done."""
        days = self._api.get("/datasets")
        for day in days:
            job = self._api.post("/datasets/convert", {"date": day["day"]})["job_id"]
            self._api.wait(job, self._over.is_set)
        runs = self._runs(targets_in(days)[0])
        self._spawn("light-load", runs, self._pause)
        self._spawn("light-reader", [lambda: self._api.get("/catalog/instruments")], READ_SECONDS)

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(JOIN_SECONDS)

    def _spawn(self, name: str, steps: list[Callable[[], object]], pause: float) -> None:
        thread = threading.Thread(target=self._work, args=(steps, pause), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self, steps: list[Callable[[], object]], pause: float) -> None:
        for step in itertools.cycle(steps):
            if self._over.wait(pause):
                return
            with contextlib.suppress(ApiError, Interrupted):
                step()

    def _runs(self, target: Target) -> list[Callable[[], object]]:
        requests = [
            backtest(target, strategy, window_start(self._api, target, window, 1), window)
            for strategy, window in RUNS
        ]
        return [partial(self._run, request) for request in requests]

    def _run(self, request: Json) -> None:
        accepted = self._api.post("/backtest/run", request)
        deadline = time.monotonic() + RUN_SECONDS
        self._api.wait(
            accepted["job_id"], lambda: self._over.is_set() or time.monotonic() > deadline
        )
        self._api.get("/backtest/results", limit=20)
        self._api.get(f"/backtest/results/{accepted['run_id']}")
        self._api.get("/health")
