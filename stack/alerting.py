"""What the alerting of the stack did: what fired, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stack.client import Api, ApiError
from stack.monitor import WATCHDOG, MonitorError, Prometheus
from stack.settings import StackSettings

NOTIFICATIONS = "/alerts/notifications"
MOST = 1_000
"""Notifications that the backend keeps."""
FIRED = 'count by (alertname) (last_over_time(ALERTS{{alertstate="firing",severity!="none"}}[{}s]))'


@dataclass(frozen=True, slots=True)
class Alerting:
    """A look at the alerting."""

    fired: tuple[str, ...]
    """Names of the alerts that fired, sorted; the Watchdog is not among them."""
    told: tuple[str, ...]
    """Names of those that a notification arrived of."""
    notifications: int
    watchdog_arrived: bool
    """Whether the dead-man switch has ever come through."""
    url: str
    """Where the notifications are."""

    @property
    def summary(self) -> str:
        """One line, and the address."""
        fired = f"{len(self.fired)} fired" + (f" ({', '.join(self.fired)})" if self.fired else "")
        count = f"{self.notifications} notification{'' if self.notifications == 1 else 's'}"
        return f"{fired}, {count} received\n{self.url}"

    def as_json(self) -> dict[str, Any]:
        return {
            "fired": list(self.fired), "told": list(self.told),
            "notifications": self.notifications, "watchdog_arrived": self.watchdog_arrived,
            "url": self.url,
        }  # fmt: skip


def examine(
    settings: StackSettings, api: Api, prometheus: Prometheus, seconds: float
) -> tuple[Alerting | None, str]:
    """What happened in the last `seconds`, in which all ran, and what is wrong with that."""
    try:
        found = look(settings.url("BACKEND_PORT"), api, prometheus, seconds)
    except (ApiError, MonitorError) as error:
        return None, f"the alerting cannot be looked at: {error}"
    if found.watchdog_arrived or seconds < settings.watchdog_interval:
        return found, ""
    return found, "no Watchdog came from Alertmanager to the backend, so no other alert would have"


def look(backend_url: str, api: Api, prometheus: Prometheus, seconds: float) -> Alerting:
    """What happened in the last `seconds`. Raises ApiError and MonitorError."""
    found = prometheus.get("query", query=FIRED.format(max(1, round(seconds))))["result"]
    kept = api.get(NOTIFICATIONS, limit=MOST)["items"]
    return Alerting(
        fired=tuple(sorted(one["metric"]["alertname"] for one in found)),
        told=tuple(sorted({one["name"] for one in kept if one["status"] == "firing"})),
        notifications=len(kept),
        watchdog_arrived=prometheus.scalar(WATCHDOG.promql) > 0,
        url=f"{backend_url}/api{NOTIFICATIONS}",
    )
