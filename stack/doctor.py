"""`make doctor`: what is missing or unhealthy, and how to mend it.

Exit codes: 0 nothing to mend; 1 something optional is missing or degraded; 2 the demo cannot work.
"""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

import httpx
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stack import provision
from stack.console import FRONTEND, current, digest
from stack.processes import Service, StackError, bearer, require_free_port
from stack.services import api_token
from stack.settings import SettingsError, StackSettings, load_settings

PYTHONS = ((3, 11), (3, 14))
"""From, and up to but not including."""
DISTRIBUTIONS = ("nautilus-instrumentation", "nautilus_trader", "fastapi", "pyarrow", "pebble")
FREE_BYTES = 2 * 1024**3
ANSWER_SECONDS = 3.0

HEALTH = {
    "BACKEND_PORT": ("backend", "/api/ready"),
    "METRICS_PORT": ("exporter", "/-/healthy"),
    "PROMETHEUS_PORT": ("prometheus", "/-/ready"),
    "ALERTMANAGER_PORT": ("alertmanager", "/-/ready"),
    "TEMPO_PORT": ("tracestore", "/ready"),
    "OTLP_PORT": ("tracestore", "/ready"),
}
"""Port variable → service and its health call."""


class Verdict(IntEnum):
    """How a check went; the worst one is the exit code."""

    GOOD = 0
    WARNING = 1
    BROKEN = 2


STYLES = {Verdict.GOOD: "green", Verdict.WARNING: "yellow", Verdict.BROKEN: "bold red"}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at; `mend` is empty when there is nothing to do."""

    what: str
    verdict: Verdict
    found: str
    mend: str = ""


def examine(settings: StackSettings) -> list[Check]:
    """All checks, in the order of what depends on what."""
    return [
        python(sys.version_info[:2]),
        *distributions(),
        *tools(settings),
        pages(FRONTEND),
        data(settings),
        room(settings.var_dir),
        *ports(settings),
        *rules(settings.url("PROMETHEUS_PORT")),
        *watchdog(settings.url("BACKEND_PORT"), api_token(settings)),
    ]


def python(version: tuple[int, int]) -> Check:
    shown = ".".join(map(str, version))
    if PYTHONS[0] <= version < PYTHONS[1]:
        return Check("Python", Verdict.GOOD, shown)
    return Check(
        "Python", Verdict.BROKEN, shown,
        "install Python 3.11, 3.12 or 3.13 and run: make setup PYTHON=python3.13",
    )  # fmt: skip


def distributions(names: tuple[str, ...] = DISTRIBUTIONS) -> Iterator[Check]:
    """The packages without which nothing starts."""
    for name in names:
        try:
            yield Check(name, Verdict.GOOD, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Check(name, Verdict.BROKEN, "not installed", "run: make setup")


def tools(settings: StackSettings) -> Iterator[Check]:
    """Programs found, without fetching any."""
    for tool in provision.TOOLS:
        if tool is provision.REDIS and settings.environment.get("REDIS_URL"):
            yield Check(tool.name, Verdict.GOOD, "the one at REDIS_URL")
            continue
        try:
            found = provision.find(tool, settings.tools_dir, settings.environment)
        except provision.ToolError as error:
            mend = f"correct or unset {tool.variable}"
            yield Check(tool.name, Verdict.BROKEN, str(error), mend)
            continue
        if found is not None:
            shown = f"{found.version} ({found.source}: {found.path})"
            yield Check(tool.name, Verdict.GOOD, shown)
        elif shutil.which("apt-get"):
            mend = "nothing: make demo unpacks its Debian package, without installing it"
            yield Check(tool.name, Verdict.GOOD, "not here yet", mend)
        else:
            mend = f"install it, or do without:\n{tool.how_to_install()}"
            yield Check(tool.name, Verdict.WARNING, "not found", mend)


def pages(frontend: Path) -> Check:
    """The console, which is built by whatever needs it."""
    if current(frontend, digest(frontend)):
        return Check("console", Verdict.GOOD, "built of these sources")
    return Check(
        "console", Verdict.GOOD, "not built of these sources yet", "nothing: make demo builds it"
    )


def data(settings: StackSettings) -> Check:
    if settings.raw_tick_dir is None:
        return Check("raw ticks", Verdict.GOOD, "none of your own: the demo generates a day")
    days = sum(1 for _ in settings.raw_tick_dir.glob("by_date/day-*/"))
    if days:
        return Check("raw ticks", Verdict.GOOD, f"{days} days in {settings.raw_tick_dir}")
    return Check(
        "raw ticks", Verdict.BROKEN, f"no by_date/day-YYYY-MM-DD in {settings.raw_tick_dir}",
        "put Parquet files there, or unset RAW_TICK_DIR to have ticks generated",
    )  # fmt: skip


def room(var_dir: Path) -> Check:
    """Whether the folder of the stack can be written and has space."""
    folder = next(path for path in (var_dir, *var_dir.parents) if path.exists())
    if not os.access(folder, os.W_OK):
        mend = "make it writable, or set VAR_DIR to another folder"
        return Check("room", Verdict.BROKEN, f"{folder} cannot be written", mend)
    free = shutil.disk_usage(folder).free
    shown = f"{free / 1024**3:.1f} GiB free in {folder}"
    if free < FREE_BYTES:
        return Check("room", Verdict.WARNING, shown, "free some space, or set VAR_DIR")
    return Check("room", Verdict.GOOD, shown)


def ports(settings: StackSettings) -> Iterator[Check]:
    """Each port is free, or one of our services answers on it."""
    for variable, (name, call) in HEALTH.items():
        port = settings.ports[variable]
        service = Service(name, (), port, variable, host=settings.bind_host)
        try:
            require_free_port(service)
        except StackError as error:
            token = api_token(settings) if name == "backend" else ""
            yield running(name, settings.url(variable) + call, str(error), token)
        else:
            yield Check(f"port {port}", Verdict.GOOD, f"free for {name}")


def running(name: str, url: str, held: str, token: str = "") -> Check:
    """What holds the port: our service, healthy or not, or something else."""
    try:
        answer = _get(url, token)
    except httpx.HTTPError as error:
        return Check(name, Verdict.BROKEN, f"{url} does not answer ({error})", held)
    if answer.status_code == httpx.codes.NOT_FOUND:
        return Check(name, Verdict.BROKEN, f"something else answers at {url}", held)
    state = degraded(answer)
    if not answer.is_success or state:
        shown = state or f"{url} answers {answer.status_code}"
        return Check(name, Verdict.WARNING, shown, f"see var/logs/{name}.log")
    return Check(name, Verdict.GOOD, f"running and healthy at {url}")


def degraded(answer: httpx.Response) -> str:
    """What the backend's readiness complains of; empty when it does not, or is another service."""
    try:
        said = answer.json()
    except ValueError:
        return ""
    if not isinstance(said, Mapping) or said.get("status") in ("ok", None):
        return ""
    amiss = [check["detail"] for check in said.get("checks", ()) if not check["ok"]]
    return "; ".join((said["status"], *amiss))


def rules(prometheus_url: str) -> Iterator[Check]:
    """Whether a running Prometheus evaluates our rules; nothing when none runs."""
    said = _ask(f"{prometheus_url}/api/v1/rules")
    if said is None:
        return
    found = [rule for group in said["data"]["groups"] for rule in group["rules"]]
    broken = [
        f"{one['name']}: {one.get('lastError', '')}" for one in found if one["health"] == "err"
    ]
    # Debian's Prometheus has its pages elsewhere than others.
    mend = f"see {prometheus_url}/api/v1/rules and var/logs/prometheus.log"
    if not found:
        yield Check("alert rules", Verdict.WARNING, "none are loaded", mend)
    elif broken:
        yield Check("alert rules", Verdict.WARNING, "; ".join(broken), mend)
    else:
        yield Check("alert rules", Verdict.GOOD, f"{len(found)} rules are evaluated")


def watchdog(backend_url: str, token: str = "") -> Iterator[Check]:
    """Whether notifications reach a running backend; nothing when none runs."""
    said = _ask(f"{backend_url}/api/ready", token)
    if said is None:
        return
    check = {one["name"]: one for one in said["checks"]}.get("watchdog")
    if check is None:
        yield Check("watchdog", Verdict.GOOD, "none expected: ALERTMANAGER_URL is not set")
    elif check["ok"]:
        yield Check("watchdog", Verdict.GOOD, check["detail"])
    else:
        mend = f"read {backend_url}/api/runbooks/Watchdog"
        yield Check("watchdog", Verdict.WARNING, check["detail"], mend)


def _get(url: str, token: str) -> httpx.Response:
    return httpx.get(url, headers=bearer(token), timeout=ANSWER_SECONDS, trust_env=False)


def _ask(url: str, token: str = "") -> Any:
    """The JSON at `url`; None when nobody answers or it is something else's."""
    try:
        answer = _get(url, token)
        said = answer.json() if answer.is_success else None
    except (httpx.HTTPError, ValueError):
        return None
    return said if isinstance(said, dict) and {"data", "checks"} & said.keys() else None


def table(checks: list[Check]) -> Table:
    shown = Table(header_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("", "what", "found", "how to mend it"):
        shown.add_column(column, overflow="fold")
    for check in checks:
        verdict = Text(check.verdict.name.lower(), STYLES[check.verdict])
        # As text: an error's words may look like markup.
        shown.add_row(verdict, *map(Text, (check.what, check.found, check.mend)))
    return shown


def main() -> int:
    console = Console()
    try:
        checks = examine(load_settings())
    except SettingsError as error:
        console.print(str(error), style="bold red", markup=False)
        return Verdict.BROKEN
    console.print(table(checks))
    worst = max(check.verdict for check in checks)
    console.print(
        {
            Verdict.GOOD: "Nothing to mend.",
            Verdict.WARNING: "It works, with less.",
            Verdict.BROKEN: "The demo cannot work before this is mended.",
        }[worst]
    )
    return int(worst)


def command() -> None:
    """Say what is missing or unhealthy in the stack, and how to mend it."""
    raise typer.Exit(main())


if __name__ == "__main__":
    sys.exit(main())
