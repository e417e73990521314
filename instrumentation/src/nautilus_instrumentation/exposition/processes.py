"""Memory, CPU time, threads and files of the host's processes, read from outside.

From outside, because a worker that is busy in compiled code cannot run its own sampler.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from nautilus_instrumentation import metrics
from nautilus_instrumentation.exposition import directory as folder
from nautilus_instrumentation.exposition.directory import Registration
from nautilus_instrumentation.exposition.table import Table

if TYPE_CHECKING:
    import psutil

STATE = "cpu.json"
CREATE_TIME_SLACK_SECONDS = 2.0
"""The kernel counts start times from a boot time that clock corrections move."""

Place = tuple[str, ...]
"""Role and slot."""


@dataclass(slots=True)
class _Watched:
    place: Place
    cpu_seconds: float = 0.0
    limit_bytes: int | None = None
    figures: dict[str, float] = field(default_factory=dict)
    process: psutil.Process | None = None


class ProcessFigures:
    """Figures of the registered processes, as of the last `sample`.

    CPU seconds of a slot are carried on when its process is replaced. With a `directory` they are
    kept there at each sample, so that a new exporter goes on where the old one was.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self._state = None if directory is None else directory / STATE
        self._carried: dict[Place, float] = {}
        self._watched: dict[str, _Watched] = {}

    def load(self) -> None:
        """Take up what the last exporter left. Raises OSError and ValueError."""
        if self._state is None or not self._state.exists():
            return
        try:
            state = json.loads(self._state.read_text(encoding="utf-8"))
            self._carried = {(role, slot): float(cpu) for role, slot, cpu in state["carried"]}
            self._watched = {
                ident: _Watched((role, slot), float(cpu))
                for ident, (role, slot, cpu) in state["watched"].items()
            }
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"{STATE} is broken: {error!r}") from error

    def knows(self, ident: str) -> bool:
        """False until the process was sampled once."""
        return ident in self._watched and bool(self._watched[ident].figures)

    def sample(self, live: Mapping[str, Registration]) -> None:
        """Read the figures of these processes; the others have ended. Raises OSError."""
        for ident in self._watched.keys() - live.keys():
            ended = self._watched.pop(ident)
            self._carried[ended.place] = self._carried.get(ended.place, 0.0) + ended.cpu_seconds
        for ident, registration in live.items():
            place = (registration.role, str(registration.slot))
            watched = self._watched.setdefault(ident, _Watched(place))
            watched.limit_bytes = registration.memory_limit_bytes
            _read(watched, registration)
        self._save()

    def show(self, table: Table) -> None:
        """Put the figures into the table; processes that share a slot are added up."""
        sums: dict[str, dict[Place, float]] = {spec.name: {} for spec in _SPECS}
        sums[metrics.PROCESS_CPU.name].update(self._carried)
        for watched in self._watched.values():
            for name, value in watched.figures.items():
                sums[name][watched.place] = sums[name].get(watched.place, 0.0) + value
        for spec in _SPECS:
            table.of(spec).show_only(sums[spec.name])

    def _save(self) -> None:
        if self._state is None:
            return
        state = {
            "carried": [[*place, cpu] for place, cpu in self._carried.items()],
            "watched": {
                ident: [*watched.place, watched.cpu_seconds]
                for ident, watched in self._watched.items()
            },
        }
        folder.write_whole(self._state, json.dumps(state))


_SPECS = (
    metrics.PROCESS_MEMORY, metrics.PROCESS_FDS, metrics.PROCESS_THREADS,
    metrics.PROCESS_MEMORY_LIMIT, metrics.PROCESS_CPU,
)  # fmt: skip


def _read(watched: _Watched, registration: Registration) -> None:
    """Update the figures; a process that cannot be read keeps only its CPU seconds so far."""
    import psutil

    watched.figures = {metrics.PROCESS_CPU.name: watched.cpu_seconds}
    try:
        if watched.process is None:
            process = psutil.Process(registration.pid)
            # Another container's pid, or a pid that came back, is somebody else.
            if abs(process.create_time() - registration.create_time) > CREATE_TIME_SLACK_SECONDS:
                return
            watched.process = process
        with watched.process.oneshot():
            cpu = watched.process.cpu_times()
            # max: a clock correction must not make a counter go back.
            watched.cpu_seconds = max(watched.cpu_seconds, cpu.user + cpu.system)
            watched.figures = {
                metrics.PROCESS_CPU.name: watched.cpu_seconds,
                metrics.PROCESS_MEMORY.name: float(watched.process.memory_info().rss),
                metrics.PROCESS_THREADS.name: float(watched.process.num_threads()),
                metrics.PROCESS_FDS.name: float(_open_files(watched.process)),
            }
    except psutil.Error:
        watched.process = None
        return
    if watched.limit_bytes is not None:
        watched.figures[metrics.PROCESS_MEMORY_LIMIT.name] = float(watched.limit_bytes)


def _open_files(process: psutil.Process) -> int:
    if hasattr(process, "num_fds"):
        return process.num_fds()
    return int(process.num_handles())  # type: ignore[attr-defined]  # Windows
