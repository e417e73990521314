"""Objectives: what happens now, and pages for error budgets that burn fast."""

from __future__ import annotations

from alerts.burn import burn_alerts
from alerts.model import Clock, Group
from alerts.recording import counts, ratios, short_windows


def group(clock: Clock) -> Group:
    pages = [alert for alert in burn_alerts(clock) if alert.severity == "page"]
    return Group("slo", (*counts(), *ratios(clock, short_windows()), *pages))
