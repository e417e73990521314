"""Drives real work over HTTP, over and over, and checks that it ends as it should.

First the raw days are converted, all but one file, which the first backtest converts on its way.
Then drivers take steps from endless rounds: backtests of five minutes, an hour and a day by several
strategies, one that fails, bad requests, repeated conversions, sweeps. A reader reads, ranks and
compares all the while.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from stack.actions import Actions
from stack.client import Api, ApiError, Interrupted
from stack.tally import Tally
from stack.targets import BAD_REQUESTS, Target, targets_in

READ_SECONDS = 1.0
JOIN_SECONDS = 10.0
PAUSE_SECONDS = 0.5
"""After a failure: a backend that is gone must not be asked a thousand times a second."""

REFUSED_PER_ROUND = 3
FORCE_EVERY = 3
CANCEL_EVERY = 4
"""Rounds after which a conversion is forced, or a run cancelled (which costs its worker)."""
ALIKE = 4
"""Runs alike in the first round: throughput is told of a run that some were like."""


@dataclass(frozen=True, slots=True)
class Step:
    what: str
    run: Callable[[], None]
    first_round: bool = False


class Load:
    """Threads that work until `stop()`; what happens goes into `tally`."""

    def __init__(self, api: Api, tally: Tally, drivers: int = 2) -> None:
        self._api = api
        self._tally = tally
        self._drivers = drivers
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._actions = Actions(api, tally, self._stopping.is_set)
        self._first_round_left = 0
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        self._spawn("load", self._work)
        self._spawn("load-reader", self._read)

    def stop(self) -> None:
        """End the threads; jobs still under way are cancelled and counted as cut off."""
        self._stopping.set()
        for thread in list(self._threads):
            thread.join(JOIN_SECONDS)

    def _spawn(self, name: str, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=self._guarded, args=(name, work), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _guarded(self, name: str, work: Callable[[], None]) -> None:
        try:
            work()
        except Interrupted:
            self._tally.count("cut_off")
        except Exception as error:
            # Whatever it is, a load that stands still must not look like one that works.
            self._tally.failure(f"{name} ended: {type(error).__name__}: {error}")

    def _work(self) -> None:
        targets = targets_in(self._api.get("/datasets"))
        if not targets:
            self._tally.failure("GET /datasets lists no file that a description matches")
            return
        self._convert_all_but(targets[-1], targets)
        steps = self._rounds(targets)
        if len(targets) == 1:
            # Nothing is converted yet: the others would find no ticks.
            self._take(steps)
        for number in range(1, self._drivers):
            self._spawn(f"load-{number}", partial(self._drive, steps))
        self._drive(steps)

    def _convert_all_but(self, left_out: Target, targets: list[Target]) -> None:
        files: dict[str, set[str]] = {}
        for target in targets:
            if target is not left_out:
                files.setdefault(target.day, set()).add(target.path)
        submitted = [
            self._actions.submit_conversion(day, sorted(paths)) for day, paths in files.items()
        ]
        for job_id in submitted:
            self._actions.finish_conversion(job_id)

    def _drive(self, steps: Iterator[Step]) -> None:
        while not self._stopping.is_set():
            self._take(steps)

    def _take(self, steps: Iterator[Step]) -> None:
        with self._lock:
            step = next(steps)
        try:
            step.run()
        except ApiError as error:
            if not self._stopping.is_set():
                self._tally.failure(f"{step.what}: {error}")
            self._stopping.wait(PAUSE_SECONDS)
        if step.first_round:
            with self._lock:
                self._first_round_left -= 1
                self._tally.first_round_done = self._first_round_left == 0

    def _rounds(self, targets: list[Target]) -> Iterator[Step]:
        do = self._actions
        opening = [
            # Not converted yet: the run converts its window first, in the same trace.
            Step("backtest before conversion", partial(do.backtest, targets[-1], "idle", "1d", 0))
        ]
        # Long enough for its pace to be told.
        again = partial(do.backtest, targets[0], "market_maker", "1h", 0)
        closing = [
            *[Step("the same backtest again", again)] * ALIKE,
            Step("sweep", partial(do.sweep, targets[0], "5m", 0)),
        ]
        first = [*opening, *self._round(0, targets[0], "idle"), *closing]
        self._first_round_left = len(first)
        yield from (Step(step.what, step.run, first_round=True) for step in first)
        for number in itertools.count(1):
            # Another strategy for the day each time that the targets come round again.
            of_day = ("idle", "ema_cross")[number // len(targets) % 2]
            yield from self._round(number, targets[number % len(targets)], of_day)

    def _round(self, number: int, target: Target, of_day: str) -> Iterator[Step]:
        do = self._actions

        def run(strategy: str, window: str, expected: str = "ok") -> Step:
            work = partial(do.backtest, target, strategy, window, number, expected)
            return Step(f"{strategy} on {window}", work)

        yield run("market_maker", "5m")
        yield run("faulty", "5m", expected="error")
        yield run("ema_cross", "1h")
        for offset in range(REFUSED_PER_ROUND):
            bad = BAD_REQUESTS[(number * REFUSED_PER_ROUND + offset) % len(BAD_REQUESTS)]
            yield Step(bad.name, partial(do.refused, bad, target))
        yield run(of_day, "1d")
        force = number % FORCE_EVERY == FORCE_EVERY - 1
        yield Step("conversion again", partial(do.convert, target.day, force=force))
        yield run("ema_cross", "5m")
        yield run("market_maker", "5m")
        if number:
            yield Step("sweep", partial(do.sweep, target, "5m", number))
        if number % CANCEL_EVERY == CANCEL_EVERY - 1:
            yield Step("cancel", partial(do.cancel, target))

    def _read(self) -> None:
        while not self._stopping.wait(READ_SECONDS):
            try:
                self._actions.read()
            except ApiError as error:
                if not self._stopping.is_set():
                    self._tally.failure(f"reading: {error}")
