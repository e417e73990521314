"""`make demo`: starts the embedded stack on fresh data, drives real work, and shows what happens.

Exit codes: 0 all parts worked; 1 a part failed; 2 it could not start.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.live import Live

from stack import alerting, status
from stack.alerting import Alerting
from stack.client import Api
from stack.links import links, nautobs
from stack.load import Load
from stack.monitor import (
    CACHE_HITS,
    CACHE_MISSES,
    GROUPS_PRUNED,
    GROUPS_READ,
    IN_PROGRESS,
    MUST_MOVE,
    REPEAT_RATIO,
    Exporter,
    MonitorError,
    Prometheus,
)
from stack.processes import Death, StackError, Supervisor
from stack.provision import PROMETHEUS, Found, ToolError, for_the_demo
from stack.services import (
    Layout,
    api_token,
    fresh_layout,
    notifies,
    place,
    services,
    trace_store_command,
)
from stack.settings import SettingsError, StackSettings, load_settings
from stack.status import Link, View
from stack.tally import Tally
from stack.ticks import RawTicks, ensure_ticks

OK, FAILED, NOT_STARTED = 0, 1, 2

TICK_SECONDS = 1.0
LINE_SECONDS = 5.0
FIRST_SCRAPE_SECONDS = 30.0
SETTLE_SECONDS = 15.0
"""How long the last scrapes may take to reach Prometheus at the end: three intervals.

The first Watchdog as well: what Alertmanager was not up to take is sent again a little later."""

READ = (
    *MUST_MOVE, CACHE_HITS, CACHE_MISSES, GROUPS_READ, GROUPS_PRUNED, REPEAT_RATIO, IN_PROGRESS,
)  # fmt: skip


@dataclass(slots=True)
class Demo:
    """One run of the demo. `stopping` is set by signals."""

    settings: StackSettings
    duration: float | None
    console: Console
    stopping: threading.Event = field(default_factory=threading.Event)
    tally: Tally = field(default_factory=Tally)
    deaths: list[Death] = field(default_factory=list)
    links: tuple[Link, ...] = ()
    monitor: Prometheus | Exporter | None = None
    before: dict[str, float] = field(default_factory=dict)
    now: dict[str, float] = field(default_factory=dict)
    alerting: Alerting | None = None
    notifies: bool = False
    """Whether both Prometheus and Alertmanager run."""
    unread: str = ""
    """Why the last reading of the metrics failed; empty when it did not."""
    started: float = 0.0
    ended: float | None = None

    def run(self) -> int:
        """Set up, work, sum up, stop; returns the exit code."""
        place(self.settings)  # what is wrong with a receiver is said before anything is fetched
        found = for_the_demo(self.settings, self._say)
        self.notifies = notifies(found)
        api = Api(self.settings.url("BACKEND_PORT"), api_token(self.settings))
        raw = self._raw_ticks()
        layout = fresh_layout(self.settings)
        with Supervisor(self.settings.logs_dir) as supervisor:
            self._start(supervisor, layout, raw, found)
            self.monitor = self._first_scrape(found)
            self.before = self.now = self.monitor.read(READ)
            self.started = time.monotonic()
            self.console.print("Ready. Driving work …\n")
            load = Load(api, self.tally)
            load.start()
            self._watch(supervisor)
            self.ended = time.monotonic()
            self.console.print("Stopping …")
            load.stop()
            problems = self._sum_up(layout, api)
        self._say_goodbye(layout, problems)
        return FAILED if problems else OK

    # Setting up ----------------------------------------------------------------------------------

    def _raw_ticks(self) -> RawTicks:
        folder, described = self.settings.raw_tick_dir, self.settings.datasets_file
        if folder is not None and described is not None:
            self._say(f"Raw ticks of your own: {folder}")
            return RawTicks(folder, described)
        start = time.monotonic()
        raw = ensure_ticks(self.settings.var_dir / "ticks")
        self._say(f"Generated ticks: {raw.folder} ({time.monotonic() - start:.1f} s)")
        return raw

    def _start(
        self, supervisor: Supervisor, layout: Layout, raw: RawTicks, found: dict[str, Found]
    ) -> None:
        for service in services(self.settings, layout, raw, found):
            start = time.monotonic()
            supervisor.start(service, self.stopping.is_set)
            took = time.monotonic() - start
            self._say(f"{service.name} ready on port {service.port} ({took:.1f} s)")
        self.links = links(self.settings, found)

    def _first_scrape(self, found: dict[str, Found]) -> Prometheus | Exporter:
        """Prometheus once it has scraped the platform, or the exporter when there is none."""
        if PROMETHEUS.name not in found:
            return Exporter(self.settings.url("METRICS_PORT"))
        monitor = Prometheus(self.settings.url("PROMETHEUS_PORT"))
        deadline = time.monotonic() + FIRST_SCRAPE_SECONDS
        while not monitor.watches_the_platform():
            if time.monotonic() > deadline:
                raise StackError(
                    f"Prometheus did not scrape the exporter within {FIRST_SCRAPE_SECONDS:.0f} s: "
                    f"see {self.settings.url('PROMETHEUS_PORT')}/api/v1/targets"
                )
            if self.stopping.wait(TICK_SECONDS):
                raise StackError("stopped while waiting for the first scrape")
        return monitor

    # Working -------------------------------------------------------------------------------------

    def _watch(self, supervisor: Supervisor) -> None:
        """Show the work until it is time to stop, a signal comes, or a service dies."""
        with self._display() as show:
            while not self._is_over():
                self.deaths += supervisor.deaths()
                if self.deaths:
                    return
                self._read()
                show(self._view())
                self.stopping.wait(TICK_SECONDS)

    def _is_over(self) -> bool:
        too_long = self.duration is not None and self._elapsed() >= self.duration
        return self.stopping.is_set() or too_long

    def _elapsed(self) -> float:
        return (self.ended or time.monotonic()) - self.started

    def _read(self) -> None:
        assert self.monitor is not None
        try:
            self.now = self.monitor.read(READ)
            self.unread = ""
        except MonitorError as error:
            self.unread = str(error)

    def _view(self) -> View:
        return View(
            elapsed=self._elapsed(),
            duration=self.duration,
            links=self.links,
            nautobs=nautobs(self.settings),
            tally=self.tally.snapshot(),
            source=self.monitor.name if self.monitor else "",
            before=self.before,
            now=self.now,
            alerting=self.alerting,
        )

    @contextlib.contextmanager
    def _display(self) -> Iterator[Callable[[View], None]]:
        """A function that shows a view: a redrawn table, or a line now and then."""
        if self.console.is_terminal:
            # The summary shows the last state again.
            with Live(console=self.console, auto_refresh=False, transient=True) as table:
                yield lambda view: table.update(status.live(view), refresh=True)
            return
        self.console.print(status.addresses(self.links))
        self.console.print(status.commands(self._view()))
        last = [-LINE_SECONDS]

        def line(view: View) -> None:
            if view.elapsed - last[0] >= LINE_SECONDS:
                last[0] = view.elapsed
                self._say(status.line(view))

        yield line

    # Summing up ----------------------------------------------------------------------------------

    def _sum_up(self, layout: Layout, api: Api) -> list[str]:
        """Print the summary and write it as JSON; returns what failed."""
        complete = self.tally.first_round_done
        deadline = time.monotonic() + (SETTLE_SECONDS if complete and not self.deaths else 0)
        self._read()
        while len(self._view().moved()) < len(MUST_MOVE) and time.monotonic() < deadline:
            time.sleep(TICK_SECONDS)
            self._read()
        unnotified = ""
        if isinstance(self.monitor, Prometheus) and self.notifies and not self.deaths:
            self.alerting, unnotified = self._examine(api, self.monitor, deadline)
        view = self._view()
        problems = status.problems(view, self.deaths, complete=complete)
        if self.unread:
            problems.append(self.unread)
        if unnotified:
            problems.append(unnotified)
        self.console.print()
        self.console.print(status.summary(view))
        layout.summary.write_text(json.dumps(status.as_json(view, problems), indent=2))
        return problems

    def _examine(
        self, api: Api, monitor: Prometheus, deadline: float
    ) -> tuple[Alerting | None, str]:
        """What the alerting did, and what is wrong; the first Watchdog may come late."""
        found = alerting.examine(self.settings, api, monitor, self._elapsed())
        while found[1] and time.monotonic() < deadline:
            time.sleep(TICK_SECONDS)
            found = alerting.examine(self.settings, api, monitor, self._elapsed())
        return found

    def _say_goodbye(self, layout: Layout, problems: list[str]) -> None:
        self._say(f"Results: {layout.results}   logs: {self.settings.logs_dir}")
        self._say(f"This summary as JSON: {layout.summary}")
        again = shlex.join(trace_store_command(layout))
        self._say(f"The traces, until the next demo: {again}")
        for problem in problems:
            self.console.print(f"FAILED: {problem}", style="bold red", markup=False)
        if not problems:
            self.console.print("All parts worked; everything that was started is stopped.")

    def _say(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)


@contextlib.contextmanager
def only_one(var_dir: Path) -> Iterator[None]:
    """Hold the folder for one demo; raises StackError when another demo has it."""
    var_dir.mkdir(parents=True, exist_ok=True)
    with (var_dir / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(
                f"another demo is running in {var_dir}; stop it, or set VAR_DIR to another folder"
            ) from None
        yield


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="stack.demo", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--duration", type=seconds, help="seconds to work, from readiness (default: until Ctrl-C)"
    )
    options = parser.parse_args(argv)
    console = Console()
    try:
        settings = load_settings()
        demo = Demo(settings, options.duration, console)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: demo.stopping.set())
        with only_one(settings.var_dir):
            return demo.run()
    except (SettingsError, StackError, ToolError, MonitorError) as error:
        console.print(str(error), style="bold red", markup=False, highlight=False)
        return NOT_STARTED


def seconds(text: str) -> float:
    """A positive number of seconds."""
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("a duration is a positive number of seconds")
    return value


if __name__ == "__main__":
    sys.exit(main())
