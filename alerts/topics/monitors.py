"""The monitors themselves: Prometheus, Alertmanager, the trace store, and the dead-man switch.

One alert for each monitor; the label `problem` says what is wrong with it. The embedded trace
store's metrics are its own: with a Tempo in its place its alerts stay silent.
"""

from __future__ import annotations

from functools import partial

from alerts.model import Alert, Board, Clock, Group, Severity, series
from alerts.numbers import said
from nautilus_instrumentation import metrics as m
from promql.foreign import foreign

BOARD = Board("stack", since="3h")
BY_TARGET = "sum by (job, instance)"
FAILED = "{ status = error }"

NOTIFICATIONS_LOST = 0.5
"""Share of an integration's. The watchdog sends one a minute through the backend's webhook, so that
a restart of the backend loses a few."""
SLOW_QUERY, SLOW_SHARE, QUERIES = "1.0", 0.05, 20
"""Seconds; share of queries that may take longer; the queries that make up a share."""


def group(clock: Clock) -> Group:
    return Group(
        "monitors",
        (*_prometheus(clock), *_alertmanager(clock), *_trace_store(clock), _watchdog()),
    )


def _prometheus(clock: Clock) -> tuple[Alert, ...]:
    problem = partial(_problem, clock, "PrometheusUnhealthy", "Prometheus")
    took = _gauge("prometheus_rule_group_last_duration_seconds")
    pause = _gauge("prometheus_rule_group_interval_seconds")
    over = clock.over("5m")
    failures = _increase("prometheus_rule_evaluation_failures_total", over)
    return (
        problem(
            "config_reload", f"{_gauge('prometheus_config_last_reload_successful')} == 0", "1m",
            "ticket", "its configuration could not be loaded",
            "It goes on with the old one: new targets and rules are not there.",
        ),
        problem(
            "rule_failures",
            f"sum by (job, instance, rule_group) ({failures}) > 0", "1m", "page",
            "{{ $value | printf `%.0f` }} evaluations of rules failed in " + said(over),
            "Alerts of {{ $labels.rule_group }} cannot fire.",
        ),
        problem(
            "slow_rules", f"{took} > {pause}", "5m", "ticket",
            "rules take {{ $value | humanizeDuration }}, longer than the pause between them",
            "Evaluations of {{ $labels.rule_group }} are left out: its alerts come late.",
        ),
        problem(
            "notifications_dropped",
            f"{_increase('prometheus_notifications_dropped_total', over)} > 0", "5m", "page",
            "{{ $value | printf `%.0f` }} notifications to Alertmanager were lost in " + said(over),
            "What fires may reach nobody.",
        ),
        problem(
            "no_alertmanager",
            f"{_gauge('prometheus_notifications_alertmanagers_discovered')} < 1", "1m", "page",
            "it knows {{ $value }} Alertmanagers", "Nothing that fires reaches anybody.",
        ),
        problem(
            # The value and not its increase: corruption is found, and counted, at the start.
            "wal_corruption", f"{_gauge('prometheus_tsdb_wal_corruptions_total')} > 0", "0s",
            "ticket", "{{ $value }} corruptions of its write-ahead log since it started",
            "Samples from before the start are lost, and the disk may be failing.",
        ),
    )  # fmt: skip


def _alertmanager(clock: Clock) -> tuple[Alert, ...]:
    problem = partial(_problem, clock, "AlertmanagerUnhealthy", "Alertmanager")
    # Newer Alertmanagers add the labels `reason` and `receiver_name`; the sums do not mind.
    over, by = clock.over("10m"), "sum by (job, instance, integration)"
    failed = _increase("alertmanager_notifications_failed_total", over)
    sent = _increase("alertmanager_notifications_total", over)
    return (
        problem(
            "config_reload", f"{_gauge('alertmanager_config_last_reload_successful')} == 0", "1m",
            "ticket", "its configuration could not be loaded",
            "It goes on with the old one: new routes and receivers are not there.",
        ),
        problem(
            "notifications_failing",
            f"{by} ({failed}) / ({by} ({sent}) > 0) > {NOTIFICATIONS_LOST}", "0s", "page",
            "{{ $value | humanizePercentage }} of the notifications by {{ $labels.integration }} "
            "failed",
            f"In {said(over)} Alertmanager gave up on them after retries: whoever is told by "
            "{{ $labels.integration }} does not know what fires.",
        ),
    )  # fmt: skip


def _trace_store(clock: Clock) -> tuple[Alert, ...]:
    problem = partial(_problem, clock, "TraceStoreUnhealthy", "Trace store")
    over = clock.over("10m")
    rejected = series(m.TRACESTORE_SPANS, outcome="rejected")
    count, quick = (
        f"sum by (job, instance, endpoint) (increase({each}[{over}]))"
        for each in (
            series(m.TRACESTORE_QUERY_DURATION, "_count"),
            series(m.TRACESTORE_QUERY_DURATION, "_bucket", le=SLOW_QUERY),
        )
    )
    least = max(5, int(QUERIES * clock.scale))
    return (
        problem(
            "spans_rejected", f"{BY_TARGET} (increase({rejected}[{over}])) > 0", "0s",
            "ticket",
            "{{ $value | printf `%.0f` }} spans were refused in " + said(over),
            "They were malformed or the disk took no more; traces from then on have holes.",
        ),
        problem(
            "slow_queries", f"1 - {quick} / ({count} >= {least}) > {SLOW_SHARE}", "5m", "ticket",
            "{{ $value | humanizePercentage }} of the queries ({{ $labels.endpoint }}) took longer "
            "than a second",
            f"Pages with traces, and `nautobs`, keep people waiting (5 % in {said(over)} is "
            "tolerated).",
        ),
    )  # fmt: skip


def _problem(
    clock: Clock, alert: str, monitor: str, problem: str, expr: str, wait: str, severity: Severity,
    what: str, consequence: str,
) -> Alert:  # fmt: skip
    """An alert about `monitor`: `what` is wrong with it, and the `consequence` as a sentence."""
    told = f"{monitor} at {{{{ $labels.instance }}}}: {what}"
    return Alert(
        name=alert,
        expr=expr,
        wait=clock.wait(wait),
        severity=severity,
        labels={"problem": problem},
        summary=told,
        description=f"{told}. {consequence}",
        board=BOARD,
        traceql=FAILED,
    )


def _watchdog() -> Alert:
    return Alert(
        name="Watchdog",
        expr="vector(1)",
        severity="none",
        labels={"job": "prometheus"},
        summary="Alerts get through",
        description="Fires always. The backend waits for it: when it stays away for three "
        "intervals, Prometheus, Alertmanager or the way between them is broken, and GET /api/ready "
        "says so.",
        board=BOARD,
        traceql=FAILED,
    )


def _gauge(name: str) -> str:
    """Samples of a metric of Prometheus or Alertmanager that watches itself."""
    return series(foreign(name), job=name.split("_")[0])


def _increase(name: str, over: str) -> str:
    return f"increase({_gauge(name)}[{over}])"
