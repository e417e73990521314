"""Starts the stack that faults are done to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace

from stack.client import Api
from stack.drill.catalog import raw_folder
from stack.drill.world import World
from stack.monitor import Prometheus
from stack.processes import Service, StackError, Supervisor
from stack.provision import ALERTMANAGER, PROMETHEUS, Found, Missing, provision
from stack.services import api_token, fresh_layout, services
from stack.settings import StackSettings
from stack.ticks import RawTicks

RESEND = "5s"
MEMORY_LIMIT_MIB = 2048
"""As without a drill. The tens of thousands of files that slow a fast machine take 30 kB each; what
NautilusTrader's 0.4 GB leave is filled within seconds."""


def find_monitors(settings: StackSettings, say: Callable[[str], None]) -> dict[str, Found]:
    """Prometheus and Alertmanager by name. Raises StackError where one cannot be had."""
    found = {}
    for tool in (PROMETHEUS, ALERTMANAGER):
        answer = provision(tool, settings, say)
        if isinstance(answer, Missing):
            raise StackError(f"{answer}\nA drill needs {tool.name}.")
        found[tool.name] = answer
        say(f"{tool.name} {answer.version} ({answer.source}: {answer.path})")
    return found


def start(
    supervisor: Supervisor,
    settings: StackSettings,
    ticks: RawTicks,
    found: Mapping[str, Found],
    stopping: threading.Event,
    say: Callable[[str], None],
) -> World:
    """All services on fresh data, ready. Raises StackError."""
    layout = fresh_layout(settings)
    raw = layout.demo / "raw"
    raw_folder(ticks.folder, ticks.datasets_file, raw)
    planned = [
        impatient(service)
        for service in services(settings, layout, RawTicks(raw, raw / "datasets.toml"), dict(found))
    ]
    for service in planned:
        supervisor.start(service, stopping.is_set)
        say(f"{service.name} ready on port {service.port}")
    return World(
        supervisor=supervisor,
        services={service.name: service for service in planned},
        api=Api(settings.url("BACKEND_PORT"), api_token(settings)),
        prometheus=Prometheus(settings.url("PROMETHEUS_PORT")),
        catalog=layout.catalog,
        metrics=layout.metrics,
        raw=raw,
        memory_limit_mib=MEMORY_LIMIT_MIB,
        stopping=stopping,
    )


def impatient(service: Service) -> Service:
    """Prometheus with a resend delay that fits the other waits of a drill; others as they are.

    With its minute the first Watchdog, which is lost where rules are evaluated before Alertmanager
    is known, would be followed by another only when the backend has missed three.
    """
    if service.name != "prometheus":
        return service
    flag = "--rules.alert.resend-delay="
    rest = [part for part in service.command if not part.startswith(flag)]
    return replace(service, command=[*rest, f"{flag}{RESEND}"])
