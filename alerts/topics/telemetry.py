"""What the instrumentation could not measure or pass on."""

from __future__ import annotations

from alerts.events import events
from alerts.model import Alert, Board, Clock, Group, series
from alerts.numbers import said
from nautilus_instrumentation import attributes as a
from nautilus_instrumentation import metrics as m

BOARD = Board(
    "stack", {"job": "{{ $labels.job }}", "instance": "{{ $labels.instance }}"}, since="3h"
)

SPANS_LOST = 0.01
"""Share of spans; at a stop or a short outage of the trace store a few are lost for good reason."""


def group(clock: Clock) -> Group:
    return Group("telemetry", (_errors(clock), _spans(clock), _labels(clock)))


def _errors(clock: Clock) -> Alert:
    over = clock.over("15m")
    return Alert(
        name="TelemetryErrors",
        expr=f"{events(m.TELEMETRY_ERRORS, over, 'site')} > 0",
        severity="ticket",
        labels={},
        summary='{{ $value | printf "%.0f" }} errors in the instrumentation at {{ $labels.site }}',
        description=f"In {said(over)} the instrumentation at {{{{ $labels.instance }}}} swallowed "
        '{{ $value | printf "%.0f" }} errors at {{ $labels.site }}. The platform goes on; metrics '
        "or spans of that place are missing or wrong since then.",
        board=BOARD,
        traceql="{ status = error }",
    )


def _spans(clock: Clock) -> Alert:
    over = clock.over("10m")
    dropped, spans = series(m.TELEMETRY_SPANS, outcome="dropped"), series(m.TELEMETRY_SPANS)
    lost = f"sum by (job, instance) (increase({dropped}[{over}]))"
    all_spans = f"sum by (job, instance) (increase({spans}[{over}]))"
    return Alert(
        name="SpansDropped",
        expr=f"{lost} / ({all_spans} > 0) > {SPANS_LOST}",
        wait=clock.wait("1m"),
        severity="ticket",
        labels={},
        summary="{{ $value | humanizePercentage }} of the spans at {{ $labels.instance }} are lost",
        description=f"In {said(over)} {{{{ $value | humanizePercentage }}}} of the spans at "
        "{{ $labels.instance }} never reached the trace store (1 % is tolerated). Runs have holes "
        "in their traces or none at all; metrics and results are complete.",
        board=BOARD,
        traceql=f'{{ name = "{a.BACKTEST_RUN}" }}',
    )


def _labels(clock: Clock) -> Alert:
    over = clock.over("1h")
    return Alert(
        name="LabelValuesLimited",
        expr=f"{events(m.TELEMETRY_SERIES_LIMITED, over, 'metric')} > 0",
        severity="ticket",
        labels={},
        summary="{{ $labels.metric }} has more label values than its cap",
        description=f'In {said(over)} {{{{ $value | printf "%.0f" }}}} values of '
        "{{ $labels.metric }} at {{ $labels.instance }} were recorded as `other`, because the cap "
        "of the label was reached: dashboards and alerts no longer tell them apart.",
        board=BOARD,
        traceql=f'{{ name = "{a.BACKTEST_RUN}" }} | select(span.{a.STRATEGY})',
    )
