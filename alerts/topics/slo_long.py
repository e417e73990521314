"""Objectives over days: error budgets, and tickets for those that burn for long."""

from __future__ import annotations

from alerts.burn import burn_alerts
from alerts.model import Clock, Group, text
from alerts.recording import budgets, long_windows, ratios

SHORTEST = 5
"""Seconds: prometheus.yml's own interval."""


def group(clock: Clock) -> Group:
    tickets = [alert for alert in burn_alerts(clock) if alert.severity == "ticket"]
    interval = text(max(SHORTEST, clock.seconds("1m")))
    rules = (*ratios(clock, long_windows()), *budgets(), *tickets)
    return Group("slo_long", rules, interval)
