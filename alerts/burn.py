"""Alerts of the objectives: the error budget is being spent too fast."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from alerts import slo
from alerts.culprits import in_words, traceql
from alerts.model import JOB, Alert, Board, Clock
from alerts.objectives import Objective, objectives, plain
from alerts.recording import is_gauge
from alerts.windows import BurnWindow, windows_of
from nautilus_instrumentation.metrics import MetricSpec
from promql.select import Match


def burn_alerts(clock: Clock) -> Iterator[Alert]:
    """One alert for each objective and each row of windows.toml that applies to it."""
    for objective in objectives().values():
        for row in windows_of(objective):
            yield _alert(objective, row, clock)


def condition(objective: Objective, row: BurnWindow) -> str:
    """PromQL that gives the error ratio over the long window while the alert should fire."""
    limit = plain(row.error_ratio(objective))
    match: dict[str, Match] = {"job": JOB, "objective": objective.name}
    if is_gauge(objective):
        seen, least = slo.events_in(row.long), row.values
    else:
        seen, least = slo.bad_events_in(row.long), row.bad_events
    return (
        f"{slo.of(slo.error_ratio(row.long), **match)} > {limit}"
        f" and {slo.of(slo.error_ratio(row.short), **match)} > {limit}"
        f" and {slo.of(seen, **match)} >= {least}"
    )


def _alert(objective: Objective, row: BurnWindow, clock: Clock) -> Alert:
    long, short = clock.over(row.long), clock.over(row.short)
    bad = f"{{{{ $value | humanizePercentage }}}} {in_words(objective)}"
    allowed = f"{plain(objective.error_budget * 100)} %"
    pace = _asked(slo.burn_rate(row.long), objective, "humanize")
    left = _asked(slo.BUDGET_LEFT, objective, "humanizePercentage")
    return Alert(
        name=objective.runbook,
        expr=condition(objective, row),
        severity=row.severity,
        # No `for`: the long window says that it lasts, the short one that it goes on.
        labels={
            "objective": objective.name,
            "long_window": row.long,
            "short_window": row.short,
        },
        summary=f"{objective.title}: {bad} in {long}, where {allowed} may",
        description=f"{objective.protects} Over the last {long} {bad}, and the last {short} was no "
        f"better: {pace} times what the objective allows, which is {allowed} over "
        f"{objective.window}. At {plain(row.burn_rate)} times, where this alert begins, a whole "
        f"error budget lasts {_lasts(objective, row)} days; left of it now: {left}.",
        board=Board(objective.board, objective.board_variables, since=row.long),
        traceql=traceql(objective),
    )


def _asked(spec: MetricSpec, objective: Objective, how: str) -> str:
    """Template: the value of a recorded series now, if it has one."""
    query = f"{spec.name}{{job='{JOB}', objective='{objective.name}'}}"
    found = f"{{{{ . | first | value | {how} }}}}"
    return f'{{{{ with query "{query}" }}}}{found}{{{{ else }}}}unknown{{{{ end }}}}'


def _lasts(objective: Objective, row: BurnWindow) -> str:
    """Days that an error budget lasts at the row's burn rate."""
    return plain((objective.window_seconds / row.burn_rate / 86400).quantize(Decimal("0.1")))
