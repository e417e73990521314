"""The embedded stack for the tests: all of it, on free ports, at light work, on a quick clock."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from stack.actions import GRID
from stack.client import ApiError
from stack.drill.command import drill_environment
from stack.drill.load import LightLoad
from stack.drill.receiver import Receiver
from stack.drill.starting import find_monitors, start
from stack.drill.world import World
from stack.load import Load
from stack.processes import Supervisor
from stack.provision import REDIS, Found, provision
from stack.settings import load_settings
from stack.tally import Tally
from stack.targets import backtest
from stack.ticks import RawTicks, ensure_ticks
from tests.integration.service_process import (
    DATASETS,
    DAY,
    DEADLINE_SECONDS,
    until,
    write_raw_day,
)
from tests.ports import free_ports

ROOT = Path(__file__).resolve().parents[2]
SCALE = "0.1"
"""Of alerts' durations: Alertmanager tells after 6 s instead of a minute."""
PAUSE_SECONDS = 2.0
"""Between two runs of the light load; the browser wants the processor too."""

RENAMED = ("EUR/USD.SIM", "GBP/USD.SIM")
"""The other day is of an instrument of its own."""

Say = Callable[[str], None]


@dataclass
class Embedded:
    """The stack at work, and hands to hurt it."""

    world: World
    url: str
    load: Load | LightLoad
    raw_day: Path
    """A day of quotes, which `bring_raw_day` puts beside the others."""

    def bring_raw_day(self) -> str:
        """A raw day that nobody has converted; returns its date."""
        place = self.world.raw / "by_date" / self.raw_day.name
        place.mkdir(exist_ok=True)
        for path in self.raw_day.iterdir():
            with contextlib.suppress(FileExistsError):
                (place / path.name).symlink_to(path)
        return DAY

    def get(self, path: str, **params: Any) -> Any:
        return self.world.api.get(path, **params)

    def rest(self) -> None:
        """End the load."""
        self.load.stop()

    @cached_property
    def finished_run(self) -> str:
        """The id of a run that has ended well, with trades to show."""
        return self.run("ema_cross", "1h")

    @cached_property
    def other_run(self) -> str:
        """One like it, with other parameters."""
        return self.run("ema_cross", "1h", fast_ema_period=5)

    @cached_property
    def finished_sweep(self) -> str:
        """The id of a sweep whose runs have all ended."""
        target = self.world.target()
        request = backtest(target, "ema_cross", target.midnight, "5m", params={"interval": "tick"})
        sweep_id = self.world.api.post("/backtest/sweep", {**request, "grid": GRID})["sweep_id"]
        until(lambda: self.get(f"/backtest/sweeps/{sweep_id}")["status"] != "running")
        return str(sweep_id)

    @cached_property
    def finished_trace(self) -> str:
        """The id of its trace, once all of it is in the store."""
        trace_id = str(self.get(f"/backtest/results/{self.finished_run}")["trace_id"])
        until(lambda: "result persist" in self._trace_text(trace_id))
        return trace_id

    def _trace_text(self, trace_id: str) -> str:
        with contextlib.suppress(ApiError):
            return json.dumps(self.get(f"/traces/{trace_id}"))
        return ""

    def run(self, strategy: str = "ema_cross", window: str = "5m", **params: object) -> str:
        """The id of a run that has ended well."""
        job_id = self.world.run(strategy, window, **params)
        job = self.world.until_finished(job_id, DEADLINE_SECONDS)
        assert job["status"] == "ok", job
        return str(job["run_id"])


@contextlib.contextmanager
def embedded(
    folder: Path, *, scale: str = SCALE, rich: bool = False, say: Say = print
) -> Iterator[Embedded]:
    """Start it with its files in `folder`; stops all of it at the end.

    `rich`: the demo's own load, with all kinds of work, instead of a light one. Raises StackError.
    """
    user = load_settings(root=ROOT)
    found = find_monitors(user, say)
    if isinstance(redis := provision(REDIS, user, say), Found):
        found[REDIS.name] = redis
    with Receiver() as receiver, Supervisor(folder / "logs") as supervisor:
        clock = {**user.environment, "ALERT_TIME_SCALE": scale}
        ports = {name: str(port) for name, port in free_ports().items()}
        environment = {**drill_environment(clock, receiver, folder), **ports}
        settings = load_settings(environment, root=ROOT)
        ticks = _described(ensure_ticks(user.var_dir / "ticks"), folder)
        world = start(supervisor, settings, ticks, found, threading.Event(), say)
        load = Load(world.api, Tally()) if rich else LightLoad(world.api, PAUSE_SECONDS)
        load.start()
        try:
            until(world.prometheus.watches_the_platform)
            yield Embedded(world, settings.url("BACKEND_PORT"), load, _raw_day(folder))
        finally:
            load.stop()


def _described(ticks: RawTicks, folder: Path) -> RawTicks:
    """The same ticks; their description tells of the other day as well."""
    described = folder / "datasets.toml"
    described.parent.mkdir(parents=True, exist_ok=True)
    described.write_text(ticks.datasets_file.read_text() + DATASETS.replace(*RENAMED))
    return RawTicks(ticks.folder, described)


def _raw_day(folder: Path) -> Path:
    write_raw_day(folder / "other")
    return folder / "other" / "by_date" / f"day-{DAY}"
