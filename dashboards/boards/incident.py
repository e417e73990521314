"""Incident: what fires, what failed, what is slow, and the way to the trace of each."""

from __future__ import annotations

from dashboards import queries as q
from dashboards import traceql as t
from dashboards.house import PEOPLE, Board, board, link
from dashboards.model import Panel
from dashboards.panels import RED, above, table, timeline, timeseries
from nautilus_instrumentation import attributes as a
from nautilus_instrumentation import metrics as m
from promql.foreign import foreign

READING = (
    "Set the time range to the incident. First what fires and since when, then the failed traces: "
    "each row opens its run. What broke first is usually the lowest line that moved."
)

RUNS = t.spans(t.equals("name", a.BACKTEST_RUN))
TOLD = (a.RUN_ID, a.STRATEGY, a.INSTRUMENT_ID, a.WINDOW, a.STATUS, a.LAST_STAGE, a.PEAK_MEMORY)
NUMBERS = [(a.PEAK_MEMORY, "peak memory", "bytes")]
OPEN_RUN = [link("Open the run", "run", run_id=t.field_of(a.RUN_ID), trace_id=t.TRACE_ID)]
OPEN_TRACE = [link("Open the trace", "run", trace_id=t.TRACE_ID)]

FIRING = [{"options": {"1": {"color": RED, "text": "firing"}}, "type": "value"}]


def dashboard() -> Board:
    return board(
        "incident",
        "Incident",
        READING,
        [
            ("Alerts", _alerts()),
            ("Traces", _traces()),
            ("Symptoms", _symptoms()),
        ],
        traces=True,
    )


def _alerts() -> list[Panel]:
    alerts = foreign("ALERTS")
    by = ("alertname", "severity")
    objectives = [link("Objectives", "overview")]
    return [
        table(
            "Firing now", "Alerts that fire, and how many of each. The Watchdog, which always "
            "fires, is left out.", "short",
            ("alerts", q.value(alerts, *by, how="count", **PEOPLE)),
            links=objectives, width=8,
        ),
        timeline(
            "Since when", "Alerts that fired in the time range.", "none",
            ("{{alertname}} ({{severity}})", q.value(alerts, *by, how="max", **PEOPLE)),
            mappings=FIRING, thresholds=above((1, RED)), links=objectives, width=16,
        ),
    ]  # fmt: skip


def _traces() -> list[Panel]:
    return [
        t.table(
            "Failed runs", "Runs whose span ended with an error, with the last stage they reached.",
            t.select(t.spans(t.equals("name", a.BACKTEST_RUN), "status = error"), TOLD),
            numbers=NUMBERS, links=OPEN_RUN,
        ),
        t.table(
            "Errors", "Spans that ended with an error, of any kind.", t.spans("status = error"),
            links=OPEN_TRACE, width=12,
        ),
        t.table(
            "Slow requests", "API requests that took longer than half a second.",
            t.spans("kind = server", "duration > 500ms"), sort=t.LONGEST, links=OPEN_TRACE,
            width=12,
        ),
        t.table(
            "Slowest runs", "Runs by duration; with Tempo in place of the embedded store, the "
            "newest runs of a second or more.",
            t.slowest(t.select(
                t.spans(t.equals("name", a.BACKTEST_RUN), "duration > 1s"), TOLD)),
            numbers=NUMBERS, sort=t.LONGEST, links=OPEN_RUN,
        ),
        t.table(
            "Recent runs", "The newest runs.", t.select(RUNS, TOLD), numbers=NUMBERS,
            links=OPEN_RUN,
        ),
    ]  # fmt: skip


def _symptoms() -> list[Panel]:
    failed = ("error", "timeout", "killed")
    return [
        timeseries(
            "Failures", "Runs per second that failed, by outcome.", "ops",
            ("{{status}}", q.rate(m.BACKTEST_RUNS, "status", status=failed)), stacked=True,
            links=[link("Backtest engine", "backtest")],
        ),
        timeseries(
            "Replaced workers", "Workers replaced per second, by reason.", "ops",
            ("{{reason}}", q.rate(m.JOB_WORKER_RESTARTS, "reason")), stacked=True,
            links=[link("Runtime", "runtime")],
        ),
        timeseries(
            "Failed requests", "Requests per second answered with 5xx, by route.", "reqps",
            ("{{http_route}}", q.rate(
                m.HTTP_REQUEST_DURATION, "http_route", http_response_status_code="~5..")),
            stacked=True, links=[link("API", "api")],
        ),
        timeseries(
            "Waiting jobs", "Jobs that wait for a worker.", "short",
            ("{{job_type}}", q.value(m.JOB_QUEUE_DEPTH, "job_type")), stacked=True,
            links=[link("Runtime", "runtime")],
        ),
        timeseries(
            "Targets", "Scrape targets that Prometheus can reach: 1 is up.", "none",
            ("{{job}} {{instance}}", q.value(foreign("up"), "job", "instance", how="min")), high=1,
            links=[link("Stack health", "stack")],
        ),
        timeseries(
            "Resident memory", "Resident memory by process.", "bytes",
            ("{{role}} {{slot}}", q.value(m.PROCESS_MEMORY, "role", "slot")),
            links=[link("Runtime", "runtime")],
        ),
    ]  # fmt: skip
