"""Stack health: whether the monitors can be believed."""

from __future__ import annotations

from dashboards import queries as q
from dashboards.house import Board, board, link
from dashboards.model import Panel
from dashboards.panels import GREEN, ORANGE, RED, above, below, stat, table, timeline, timeseries
from nautilus_instrumentation import metrics as m
from promql.foreign import foreign

READING = (
    "If this board is not green, the others may be wrong: a target that is down, a rule that fails "
    "or a dropped span leaves a gap where a problem may be."
)

UP_OR_DOWN = [
    {"options": {"0": {"color": RED, "text": "down"}, "1": {"color": GREEN, "text": "up"}},
     "type": "value"},
]  # fmt: skip
KEPT = {"http_request_method": "POST", "http_route": "/api/alerts/notifications"}
"""What Alertmanager's webhook calls."""
INCIDENT = [link("Incident", "incident")]


def dashboard() -> Board:
    return board(
        "stack",
        "Stack health",
        READING,
        [
            ("Scrapes", _scrapes()),
            ("Prometheus and Alertmanager", _monitors()),
            ("Telemetry of the platform", _telemetry()),
            ("Trace store", _traces()),
        ],
    )


def _scrapes() -> list[Panel]:
    target = "{{job}} {{instance}}"
    by = ("job", "instance")
    return [
        timeline(
            "Targets", "Whether Prometheus could scrape each target.", "none",
            (target, q.value(foreign("up"), *by, how="min")), mappings=UP_OR_DOWN,
            thresholds=below((1, GREEN)), links=INCIDENT,
        ),
        timeseries(
            "Scrape duration", "Time that a scrape took; ours should stay far below its interval "
            "of 5 s.", "s", (target, q.value(foreign("scrape_duration_seconds"), *by, how="max")),
            thresholds=above((1, ORANGE), (4, RED)),
        ),
        timeseries(
            "Samples per scrape", "Samples that a scrape brought; at 50000 ours is refused.",
            "short", (target, q.value(foreign("scrape_samples_scraped"), *by)),
        ),
        timeseries(
            "Limited series", "Label values per second that were recorded as other, because the "
            "cap of the label was reached.", "ops",
            ("{{metric}}", q.rate(m.TELEMETRY_SERIES_LIMITED, "metric")),
        ),
    ]  # fmt: skip


def _monitors() -> list[Panel]:
    loaded = [
        ("Prometheus", q.value(foreign("prometheus_config_last_reload_successful"), how="min")),
        ("Alertmanager", q.value(foreign("alertmanager_config_last_reload_successful"), how="min")),
    ]
    duration = m.HTTP_REQUEST_DURATION
    failures = foreign("prometheus_rule_evaluation_failures_total")
    sent = foreign("alertmanager_notifications_total")
    failed = foreign("alertmanager_notifications_failed_total")
    return [
        stat(
            "Configuration", "1 when the last configuration could be loaded.", "none", *loaded,
            thresholds=below((1, GREEN)), width=6, rows=8, links=INCIDENT,
        ),
        stat(
            "Series", "Series in Prometheus' memory.", "short",
            ("series", q.value(foreign("prometheus_tsdb_head_series"))), trend=True,
            width=6, rows=8, links=INCIDENT,
        ),
        stat(
            "Storage", "Bytes of Prometheus' blocks on disk; 0 until the first block is written, "
            "after two hours.", "bytes",
            ("blocks", q.value(foreign("prometheus_tsdb_storage_blocks_bytes"))), width=6, rows=8,
        ),
        stat(
            "Samples", "Samples that Prometheus takes in per second.", "ops",
            ("samples", q.rate(foreign("prometheus_tsdb_head_samples_appended_total"))),
            trend=True, width=6, rows=8,
        ),
        timeseries(
            "Rule failures", "Evaluations of rules that failed per second; an alert that cannot be "
            "evaluated cannot fire.", "ops", ("{{rule_group}}", q.rate(failures, "rule_group")),
            links=INCIDENT,
        ),
        timeseries(
            "Rule evaluation", "Time that the last evaluation of each group took; it should stay "
            "far below the interval of 5 s.", "s",
            ("{{rule_group}}", q.value(
                foreign("prometheus_rule_group_last_duration_seconds"), "rule_group", how="max")),
            thresholds=above((1, ORANGE), (4, RED)),
        ),
        timeseries(
            "Missed evaluations", "Evaluations per second that were left out because the one "
            "before took too long.", "ops",
            ("{{rule_group}}", q.rate(
                foreign("prometheus_rule_group_iterations_missed_total"), "rule_group")),
        ),
        timeseries(
            "Notifications", "Notifications per second that Alertmanager tried and failed to send, "
            "and that Prometheus dropped on the way to it.", "ops",
            ("sent {{integration}}", q.rate(sent, "integration")),
            ("failed {{integration}}", q.rate(failed, "integration")),
            ("dropped", q.rate(foreign("prometheus_notifications_dropped_total"))),
            links=INCIDENT,
        ),
        timeseries(
            "Notifications kept", "Notifications per second that the platform took from "
            "Alertmanager and keeps; without any for longer than the Watchdog's interval, nothing "
            "arrives.", "ops",
            ("taken", q.rate(duration, http_response_status_code="~2..", **KEPT)),
            ("refused", q.or_zero(q.rate(duration, http_response_status_code="~[45]..", **KEPT))),
            links=INCIDENT,
        ),
        table(
            "Alerts held", "Alerts that Alertmanager holds, by state.", "short",
            ("alerts", q.value(foreign("alertmanager_alerts"), "state")), links=INCIDENT,
        ),
    ]  # fmt: skip


def _telemetry() -> list[Panel]:
    return [
        timeseries(
            "Spans", "Spans per second that left our processes, and that did not.", "ops",
            ("{{outcome}}", q.rate(m.TELEMETRY_SPANS, "outcome")), links=INCIDENT,
        ),
        timeseries(
            "Errors in the instrumentation", "Errors per second that the instrumentation swallowed "
            "to spare the platform, by where they happened.", "ops",
            ("{{site}}", q.rate(m.TELEMETRY_ERRORS, "site")), links=INCIDENT,
        ),
        stat(
            "Dead-man switch", "Time since the watchdog alert last came back to the backend. When "
            "it does not, nobody would be told of anything.", "s",
            ("last arrival", q.age(m.TELEMETRY_WATCHDOG)),
            thresholds=above((180, ORANGE), (600, RED)), width=12, links=INCIDENT,
        ),
        table(
            "Versions", "What runs where.", "none",
            ("processes", q.value(
                m.BUILD_INFO, "version", "nautilus_version", "python_version", "instance",
                how="count")),
            links=INCIDENT,
        ),
    ]  # fmt: skip


def _traces() -> list[Panel]:
    return [
        timeseries(
            "Spans taken", "Spans per second that the embedded trace store kept and refused.",
            "ops", ("{{outcome}}", q.rate(m.TRACESTORE_SPANS, "outcome")), width=8,
        ),
        timeseries(
            "Queries", "Duration that 95 % of queries stay below, by endpoint.", "s",
            ("{{endpoint}}", q.quantile(0.95, m.TRACESTORE_QUERY_DURATION, "endpoint")), width=8,
        ),
        timeseries(
            "Size", "Bytes that the trace store takes on disk; the oldest traces leave at its "
            "limit.", "bytes", ("size", q.value(m.TRACESTORE_SIZE)), width=8,
        ),
    ]  # fmt: skip
