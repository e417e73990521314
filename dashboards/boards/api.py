"""API: rate, errors and duration by route."""

from __future__ import annotations

from dataclasses import replace

from alerts.objectives import Objective, objectives
from dashboards import queries as q
from dashboards.house import Board, board, label_variable, link
from dashboards.model import Panel
from dashboards.panels import ORANGE, RED, above, heatmap, stat, timeseries
from nautilus_instrumentation import metrics as m

READING = (
    "Rate, errors, duration: first whether requests are refused or fail, then which route is slow. "
    "Event streams count up to their first byte; calls that wait for a backtest are left out."
)

DURATION = m.HTTP_REQUEST_DURATION
CHOSEN = {"http_route": "$http_route"}
INCIDENT = [link("Incident", "incident")]
UNTRACED = {"health"}
"""Objectives of routes that make no spans: their panels have no exemplars to ask for."""


def dashboard() -> Board:
    return board(
        "api",
        "API",
        READING,
        [
            ("Promises", [_promise(name) for name in ("health", "list_results", "get_result")]),
            ("Rate and errors", _errors()),
            ("Duration and size", _durations()),
        ],
        variables=[label_variable("http_route", "Route", DURATION)],
    )


def _promise(name: str) -> Panel:
    objective: Objective = objectives()[name]
    assert objective.threshold is not None
    spec, labels = objective.indicator.metric, objective.indicator.labels
    traced = name not in UNTRACED
    return timeseries(
        objective.title,
        f"{objective.target:%} of requests should be answered within {objective.threshold:g} s.",
        "s",
        ("99 %", replace(q.quantile(0.99, spec, **labels), exemplars=traced)),
        ("median", replace(q.quantile(0.5, spec, **labels), exemplars=traced)),
        thresholds=above((objective.threshold, RED)),
        links=INCIDENT,
        width=8,
    )


def _errors() -> list[Panel]:
    failed = {"http_response_status_code": "~5.."}
    refused = {"http_response_status_code": "~4.."}
    return [
        timeseries(
            "Requests", "Requests per second by route.", "reqps",
            ("{{http_request_method}} {{http_route}}", q.rate(
                DURATION, "http_request_method", "http_route", **CHOSEN)),
        ),
        timeseries(
            "Errors", "Requests per second that failed (5xx) or were refused (4xx), by status.",
            "reqps",
            ("{{http_response_status_code}} {{http_route}}", q.rate(
                DURATION, "http_response_status_code", "http_route",
                http_response_status_code="~[45]..", **CHOSEN)),
            stacked=True, links=INCIDENT,
        ),
        stat(
            "Failed", "Share of requests in the time range answered with 5xx.", "percentunit",
            ("5xx", q.share_or_zero(DURATION, of=failed, over=q.RANGE, **CHOSEN)),
            thresholds=above((0.001, ORANGE), (0.01, RED)), width=6, links=INCIDENT,
        ),
        stat(
            "Refused", "Share of requests in the time range answered with 4xx.", "percentunit",
            ("4xx", q.share_or_zero(DURATION, of=refused, over=q.RANGE, **CHOSEN)),
            thresholds=above((0.1, ORANGE)), width=6, links=INCIDENT,
        ),
        stat(
            "In flight", "Requests that are being answered now.", "short",
            ("requests", q.value(m.HTTP_ACTIVE_REQUESTS)), thresholds=above((50, ORANGE)),
            trend=True, width=6, links=[link("Runtime", "runtime")],
        ),
        stat(
            "Slowest 1 %", "Duration that 99 % of requests in the time range stayed below.", "s",
            ("99 %", q.quantile(0.99, DURATION, over=q.RANGE, **CHOSEN)),
            thresholds=above((0.5, ORANGE), (1, RED)), width=6, links=INCIDENT,
        ),
    ]  # fmt: skip


def _durations() -> list[Panel]:
    return [
        timeseries(
            "Slow routes", "Duration that 95 % of requests stay below, by route.", "s",
            ("{{http_route}}", q.quantile(0.95, DURATION, "http_route", **CHOSEN)),
            links=INCIDENT,
        ),
        heatmap(
            "Durations", "Requests by duration; dots open the trace.", "s",
            q.heat(DURATION, **CHOSEN),
        ),
        timeseries(
            "Response size", "Size of response bodies as sent, that 95 % stay below.", "bytes",
            ("{{http_route}}", q.quantile(
                0.95, m.HTTP_RESPONSE_BODY_SIZE, "http_route", **CHOSEN)),
        ),
        timeseries(
            "Bytes sent", "Bytes of response bodies per second.", "Bps",
            ("{{http_route}}", q.total_rate(m.HTTP_RESPONSE_BODY_SIZE, "http_route", **CHOSEN)),
            stacked=True,
        ),
    ]  # fmt: skip
