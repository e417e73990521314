"""Objectives over days: error budgets, and tickets for those that burn for long."""

from __future__ import annotations

from alerts.burn import burn_alerts
from alerts.model import SCRAPE, Clock, Group, text
from alerts.recording import budgets, long_windows, ratios, sparse_counts


def group(clock: Clock) -> Group:
    tickets = [alert for alert in burn_alerts(clock) if alert.severity == "ticket"]
    interval = text(max(SCRAPE, clock.seconds("1m")))
    rules = (*sparse_counts(), *ratios(clock, long_windows()), *budgets(), *tickets)
    return Group("slo_long", rules, interval)
