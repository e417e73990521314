"""Where to look at what the stack runs."""

from __future__ import annotations

import sys
from pathlib import Path

from stack.alerting import NOTIFICATIONS
from stack.provision import ALERTMANAGER, PROMETHEUS, REDIS, Found
from stack.services import notifies, redis_url
from stack.settings import DEFAULT_PORTS, StackSettings
from stack.status import Link


def nautobs(settings: StackSettings) -> str:
    """How to call the command line for the store of this stack."""
    command = Path(sys.executable).with_name("nautobs")
    if command.is_relative_to(Path.cwd()):
        command = command.relative_to(Path.cwd())
    if settings.ports["TEMPO_PORT"] == DEFAULT_PORTS["TEMPO_PORT"]:
        return str(command)
    return f"TEMPO_URL={settings.url('TEMPO_PORT')} {command}"


def links(settings: StackSettings, found: dict[str, Found]) -> tuple[Link, ...]:
    """Where to look, for what runs."""
    backend, exporter = settings.url("BACKEND_PORT"), settings.url("METRICS_PORT")
    shown = [
        Link("console", f"{backend}/", "objectives, what fires, backtests and their results"),
        Link("backend", f"{backend}/api/docs", "the API: jobs, results, datasets"),
        Link("boards", f"{backend}/dashboards", "each board, drawn where the console is built"),
        Link("exporter", f"{exporter}/metrics", "metrics of all processes"),
        Link("tracestore", settings.url("TEMPO_PORT"), "traces: nautobs, or Grafana's Tempo"),
    ]
    if PROMETHEUS.name in found:
        shown.append(Link("prometheus", settings.url("PROMETHEUS_PORT"), "queries over time"))
    if ALERTMANAGER.name in found:
        shown.append(Link("alertmanager", settings.url("ALERTMANAGER_PORT"), "alerts"))
    if REDIS.name in found:
        shown.append(Link("redis", redis_url(settings), "cache entries that processes share"))
    if notifies(found):
        shown.append(Link("notifications", f"{backend}/api{NOTIFICATIONS}", "who was told what"))
    return tuple(shown)
