"""The objectives as the API and the console read them: generated/objectives.json."""

from __future__ import annotations

from typing import Any

from alerts import slo
from alerts.burn import condition
from alerts.culprits import in_words, traceql
from alerts.model import JOB
from alerts.objectives import Objective, objectives, plain
from alerts.recording import is_gauge
from alerts.windows import windows, windows_of
from nautilus_instrumentation.metrics import MetricSpec


def objectives_document() -> dict[str, Any]:
    """JSON: `objectives`, each with its texts, numbers, recorded series and ready PromQL.

    Ratios are decimals as texts (`"0.99"`), because JSON's numbers are binary in most readers;
    thresholds are in the indicator's base unit.
    """
    return {"objectives": [_objective(each) for each in objectives().values()]}


def _objective(objective: Objective) -> dict[str, Any]:
    indicator = objective.indicator
    return {
        "name": objective.name,
        "title": objective.title,
        "protects": objective.protects,
        "indicator": {
            "metric": indicator.metric.name,
            "labels": {label: list(values) for label, values in indicator.labels.items()},
        },
        "counts": "moments" if is_gauge(objective) else "events",
        "threshold": objective.threshold,
        "unit": "" if objective.threshold is None else indicator.metric.unit,
        "bad": in_words(objective),
        "target": plain(objective.target),
        "error_budget": plain(objective.error_budget),
        "window": objective.window,
        "severity": objective.severity,
        "runbook": objective.runbook,
        "board": {"topic": objective.board, "variables": objective.board_variables},
        "traceql": traceql(objective),
        "series": _series(objective),
        "queries": _queries(objective),
        "alerts": [
            {
                "severity": row.severity,
                "burn_rate": plain(row.burn_rate),
                "long_window": row.long,
                "short_window": row.short,
                "error_ratio": plain(row.error_ratio(objective)),
                "expr": condition(objective, row),
            }
            for row in windows_of(objective)
        ],
    }


def _series(objective: Objective) -> dict[str, Any]:
    """Names of what is recorded; by window where there are several."""
    over = {"events": slo.events_in, "error_ratio": slo.error_ratio, "burn_rate": slo.burn_rate}
    if not is_gauge(objective):
        over["bad_events"] = slo.bad_events_in
    named = {key: {each: make(each).name for each in windows()} for key, make in over.items()}
    return {"budget_left": slo.BUDGET_LEFT.name, **named}


def _queries(objective: Objective) -> dict[str, str]:
    """PromQL that gives one number for the objective, or nothing while it is idle."""

    def ask(spec: MetricSpec) -> str:
        return slo.of(spec, job=JOB, objective=objective.name)

    return {
        "budget_left": ask(slo.BUDGET_LEFT),
        "good_ratio": f"1 - {ask(slo.error_ratio(objective.window))}",
        "events": ask(slo.events_in(objective.window)),
        "burn_rate": ask(slo.burn_rate("1h")),
    }
