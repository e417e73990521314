"""`make drill`: starts the embedded stack with shortened windows, breaks it on purpose, one fault
after another, and measures how long the right notification takes to come and to be resolved.

Exit codes: 0 all came and were resolved in time; 1 one did not; 2 it could not start; 130 it was
interrupted.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from nautilus_instrumentation.metrics import TELEMETRY_WATCHDOG
from stack.client import ApiError
from stack.demo import only_one
from stack.drill import outcome as outcomes
from stack.drill.drill import Drill
from stack.drill.expected import Timetable, seconds
from stack.drill.fault import Fault
from stack.drill.faults import FAULTS, choose
from stack.drill.load import LightLoad
from stack.drill.receiver import ALERTS, DEADMAN, Receiver
from stack.drill.starting import MEMORY_LIMIT_MIB, find_monitors, start
from stack.drill.world import Stopped, World
from stack.monitor import MonitorError, Prometheus
from stack.processes import StackError, Supervisor
from stack.provision import ToolError
from stack.services import Layout
from stack.settings import DEFAULT_PORTS, SettingsError, StackSettings, load_settings
from stack.ticks import ensure_ticks

OK, FAILED, NOT_STARTED, INTERRUPTED = 0, 1, 2, 130

SCALE = "0.02"
"""An hour becomes 72 s, 15 minutes 20 s (the least that ranges take), `for: 1m` one second."""
WATCHDOG_SECONDS = 10
WORKERS = 2
"""So many, whatever the machine: one may stand still while the other works."""
WARM_UP_SECONDS = 120.0
"""How long it may take until everything is scraped and the Watchdog has arrived."""
PLAIN_WIDTH = 150
"""Columns of the table where there is no terminal to ask."""

REAL_RECEIVERS = (
    "ALERT_EMAIL_", "ALERT_WEBHOOK_", "DEADMAN_", "PAGERDUTY_", "SLACK_", "SMTP_",
)  # fmt: skip
"""Variables of people's receivers, by prefix: nobody is paged by a drill."""
NOT_THE_USERS = ("API_TOKEN_FILE", "RAW_TICK_DIR", "DATASETS_FILE", "CONSOLE_URL", "GRAFANA_URL")
"""Further variables that a drill does without."""


def drill_environment(env: Mapping[str, str], receiver: Receiver, folder: Path) -> dict[str, str]:
    """`env` for a stack of the drill's own, on free ports, that tells only the receiver."""
    unset = {name: "" for name in env if name.startswith(REAL_RECEIVERS) or name in NOT_THE_USERS}
    return {
        **env,
        **unset,
        **dict.fromkeys(DEFAULT_PORTS, "0"),
        "VAR_DIR": str(folder),
        "ALERT_TIME_SCALE": env.get("ALERT_TIME_SCALE") or SCALE,
        "ALERT_WEBHOOK_URL": receiver.url(ALERTS),
        "DEADMAN_WEBHOOK": receiver.url(DEADMAN),
        "WATCHDOG_INTERVAL": str(WATCHDOG_SECONDS),
        "WORKERS": str(WORKERS),
        "WORKER_MEMORY_LIMIT": f"{MEMORY_LIMIT_MIB}MiB",
    }


@dataclass(slots=True)
class Command:
    """One call of `make drill`. `stopping` is set by signals."""

    faults: Sequence[Fault]
    console: Console
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> int:
        """Set up, drill, sum up, stop; returns the exit code."""
        started = time.monotonic()
        user = load_settings()
        folder = user.var_dir / "drill"
        with only_one(folder), Receiver() as receiver:
            environment = drill_environment(user.environment, receiver, folder)
            settings = load_settings(environment, root=user.root)
            found = find_monitors(user, self.say)
            ticks = ensure_ticks(user.var_dir / "ticks")
            with Supervisor(settings.logs_dir) as supervisor:
                world = start(supervisor, settings, ticks, found, self.stopping, self.say)
                waits = timetable(Layout(settings.demo_dir), world.prometheus)
                drill = Drill(world, receiver.inbox, waits, self.say)
                code = self._drill(drill, world)
        self._sum_up(drill, settings, folder / "summary.json", time.monotonic() - started)
        return code

    def say(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    # Drilling ------------------------------------------------------------------------------------

    def _drill(self, drill: Drill, world: World) -> int:
        load = LightLoad(world.api)
        try:
            load.start()
            self.say("Light load; waiting until all is watched …")
            world.until(lambda: watched(world), WARM_UP_SECONDS, "all targets up, Watchdog arrives")
            return outcomes.exit_code(drill.run(self.faults))
        except Stopped:
            self.say("Interrupted; stopping …")
            return INTERRUPTED
        finally:
            load.stop()

    def _sum_up(self, drill: Drill, settings: StackSettings, path: Path, elapsed: float) -> None:
        scale = str(settings.alert_time_scale)
        summary = outcomes.as_json(drill.outcomes, scale, elapsed)
        path.write_text(json.dumps(summary, indent=2))
        self.console.print()
        self.console.print(outcomes.table(drill.outcomes))
        self.say(f"{elapsed:.0f} s, windows at {scale} of their length; as JSON: {path}")
        self.say(f"Logs: {settings.logs_dir}")


def watched(world: World) -> bool:
    """Whether Prometheus reaches the platform, and its notifications reach the backend."""
    arrived = world.prometheus.scalar(f"max({TELEMETRY_WATCHDOG.name})") > 0
    return arrived and world.api.get("/ready")["status"] == "ok"


def timetable(layout: Layout, prometheus: Prometheus) -> Timetable:
    """Of the stack as it runs."""
    flags = prometheus.get("status/flags")
    return Timetable.read(
        layout.prometheus / "prometheus.yml",
        layout.alertmanager / "alertmanager.yml",
        seconds(flags["rules.alert.resend-delay"]),
    )


@contextlib.contextmanager
def signals(stopping: threading.Event) -> Iterator[None]:
    """Ctrl-C and its like end the drill in order."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, lambda *_: stopping.set()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="stack.drill", description=__doc__.partition("\n\n")[0],
        epilog="Windows are scaled by ALERT_TIME_SCALE (default here: " + SCALE + ").",
    )  # fmt: skip
    parser.add_argument("--only", action="append", default=[], metavar="FAULT", help="repeatable")
    parser.add_argument("--list", action="store_true", help="list the faults and what they raise")
    options = parser.parse_args(argv)
    console = Console()
    if not console.is_terminal:
        console = Console(width=PLAIN_WIDTH)
    if options.list:
        for fault in FAULTS:
            raised = ", ".join(map(str, fault.expects))
            console.print(f"{fault.name:<18} {fault.title}\n{'':<18} → {raised}", markup=False)
        return OK
    try:
        command = Command(choose(options.only), console)
        with signals(command.stopping):
            return command.run()
    except (SettingsError, StackError, ToolError, MonitorError, ApiError, ValueError) as error:
        console.print(str(error), style="bold red", markup=False, highlight=False)
        return NOT_STARTED
