"""Alertmanager's configuration: who is told of which alert, how soon and how often again.

Valid for Alertmanager 0.25 and later. 0.25 takes neither environment variables nor the address of
a webhook from a file, so one file is rendered for each place.
"""

from __future__ import annotations

from typing import Any

from alerts.model import Clock, text
from alerts.notifications.inhibition import WATCHDOG, inhibit_rules
from alerts.notifications.receivers import receivers
from alerts.place import Place

TEMPLATES = "templates/*.tmpl"
"""Relative to the configuration, as Alertmanager looks for it."""

INCIDENT = ("alertname", "job", "objective")
"""Alerts that agree in these are one message: fifty slots that fail are one incident."""


def configuration(place: Place) -> dict[str, Any]:
    """What alertmanager.yml of `place` holds."""
    return {
        "templates": [TEMPLATES],
        "route": _route(place),
        "inhibit_rules": inhibit_rules(),
        "receivers": receivers(place),
    }


def _route(place: Place) -> dict[str, Any]:
    return {
        # Of a severity that no route below knows, people are told all the same.
        "receiver": "ticket",
        "group_by": list(INCIDENT),
        **_pace(place.clock, wait="1m", interval="5m", repeat="1d"),
        "routes": [
            _watchdog(place),
            {
                "receiver": "page",
                "matchers": ['severity="page"'],
                # Long enough for a dead target to be known before its symptoms are told.
                **_pace(place.clock, wait="15s", interval="1m", repeat="1h"),
            },
            {"receiver": "ticket", "matchers": ['severity="ticket"']},
        ],
    }


def _pace(clock: Clock, *, wait: str, interval: str, repeat: str) -> dict[str, str]:
    """`wait` before the first message, `interval` before news of the same incident, `repeat`."""
    return {
        "group_wait": _whole(clock, wait),
        "group_interval": _whole(clock, interval),
        "repeat_interval": _whole(clock, repeat),
    }


def _whole(clock: Clock, duration: str) -> str:
    """Scaled; Alertmanager refuses intervals of 0."""
    return text(max(1, clock.seconds(duration)))


def _watchdog(place: Place) -> dict[str, Any]:
    interval = place.watchdog_interval
    return {
        "receiver": "watchdog",
        "matchers": [f'alertname="{WATCHDOG}"'],
        "group_by": ["alertname"],
        "group_wait": "0s",
        "group_interval": f"{interval}s",
        # Were it the interval, every other message would be left out: the one before was sent a
        # few milliseconds after its own tick, so at the next tick it is not yet old enough.
        "repeat_interval": f"{interval * 500}ms",
    }
