"""Which alerts silence which: a cause is told, what follows from it is not."""

from __future__ import annotations

from typing import Any

WATCHDOG = "Watchdog"

STOPS_WITH_THE_BACKEND = (
    "ApiLatencyBudgetBurn",
    "BacktestDurationBudgetBurn",
    "BacktestRunStuck",
    "BacktestRunsFailing",
    "BacktestThroughputLow",
    "EventLoopLagging",
    "JobQueueGrowing",
    "ResultsUnavailable",
    "WebVitalsBudgetBurn",
)
"""What a platform without its API process cannot help but show.

Alerts that may tell why it died (memory, collections) or that damage stays (rejected rows, dropped
spans) are not among them.
"""


def inhibit_rules() -> list[dict[str, Any]]:
    """Alertmanager's `inhibit_rules`. A label that both alerts lack counts as equal."""
    return [
        {
            # Nothing that a dead target measures is true, and its monitors know only that.
            "source_matchers": ['alertname="TargetDown"'],
            "target_matchers": [f'alertname!~"TargetDown|{WATCHDOG}"'],
            "equal": ["job", "instance"],
        },
        {
            "source_matchers": ['alertname="BackendDown"'],
            "target_matchers": [f'alertname=~"{"|".join(STOPS_WITH_THE_BACKEND)}"'],
            "equal": ["job"],
        },
        {
            # What Alertmanager cannot tell the backend: its webhook is the backend's own.
            "source_matchers": ['alertname="BackendDown"'],
            "target_matchers": [
                'alertname="AlertmanagerUnhealthy"',
                'problem="notifications_failing"',
                'integration="webhook"',
            ],
        },
        {
            # Spans are dropped by other jobs than the store that does not take them.
            "source_matchers": ['alertname=~"TargetDown|TraceStoreUnhealthy"', 'job="tracestore"'],
            "target_matchers": ['alertname="SpansDropped"'],
        },
        {
            # Fast and slow burn of one objective: who was woken needs no ticket.
            "source_matchers": ['severity="page"'],
            "target_matchers": ['severity="ticket"'],
            "equal": ["alertname", "job", "instance", "objective", "problem"],
        },
    ]
