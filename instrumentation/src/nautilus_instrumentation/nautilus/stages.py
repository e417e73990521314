"""Where the time of a run goes."""

from __future__ import annotations

import time
from collections.abc import Callable

from nautilus_instrumentation import metrics
from nautilus_instrumentation.guard import Guard


class Stages:
    """Seconds by stage. A stage inside another stage belongs to that one."""

    def __init__(self, guard: Guard, border: Callable[[], object]) -> None:
        self._guard = guard
        self._border = border
        self.seconds: dict[str, float] = {}
        self.callbacks: list[Callable[[str], None]] = []
        self.last = ""
        self.inside = False
        """True inside a stage, which takes the time of everything within."""

    def timed(self, name: str) -> Timed:
        """Charge the block to a stage of `metrics.STAGES`."""
        return Timed(self, name)

    def charge(self, name: str, seconds: float) -> None:
        """Add to a stage what `timed` did not measure."""
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds

    def enter(self, name: str) -> None:
        """The outermost stage begins."""
        if name not in metrics.STAGES:
            with self._guard("run.stage"):
                raise ValueError(f"{name!r} is no stage of a run: {', '.join(metrics.STAGES)}")
        self.inside = True
        self.last = name
        self._guard.call("run.stage", self._border)
        for callback in self.callbacks:
            self._guard.call("run.on_stage", callback, name)

    def leave(self, name: str, seconds: float) -> None:
        """The outermost stage took so long."""
        self.inside = False
        self.charge(name, seconds)
        self._guard.call("run.stage", self._border)


class Timed:
    """Context of a stage; a class, because each chunk passes here and generators cost more."""

    __slots__ = ("_name", "_outermost", "_stages", "_started")

    def __init__(self, stages: Stages, name: str) -> None:
        self._stages = stages
        self._name = name
        self._outermost = False
        self._started = 0.0

    def __enter__(self) -> None:
        self._outermost = not self._stages.inside
        if self._outermost:
            self._stages.enter(self._name)
            self._started = time.perf_counter()

    def __exit__(self, *exception: object) -> None:
        if self._outermost:
            self._stages.leave(self._name, time.perf_counter() - self._started)
