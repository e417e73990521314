"""Names of the series that are recorded for the objectives; dashboards and the console read them.

Windows in names are nominal (`5m`): a drill that shortens them keeps the names.
"""

from __future__ import annotations

from collections.abc import Mapping

from alerts.objectives import objectives
from alerts.windows import windows
from nautilus_instrumentation.metrics import Capped, Label, MetricSpec
from promql.select import Match, selector

OBJECTIVE = Label("objective", tuple(objectives()))
_JOB, _INSTANCE = Label("job", Capped(10)), Label("instance", Capped(100))


def _recorded(name: str, meaning: str, *more: Label) -> MetricSpec:
    return MetricSpec("gauge", "", "", name, "", meaning, (OBJECTIVE, _JOB, *more))


EVENTS = _recorded("slo:events:sum", "Events since the target's counters began.", _INSTANCE)
BAD_EVENTS = _recorded("slo:bad_events:sum", "Bad ones among the events.", _INSTANCE)
SPARSE_EVENTS = _recorded("slo:events:sum_sparse", "The events, seen once a minute.", _INSTANCE)
SPARSE_BAD_EVENTS = _recorded(
    "slo:bad_events:sum_sparse", "The bad events, seen once a minute.", _INSTANCE
)
MOMENTS = _recorded("slo:moments:count", "Series of a gauge that have a value now.")
BAD_MOMENTS = _recorded("slo:bad_moments:count", "Those of them whose value is bad.")
ERROR_BUDGET = _recorded("slo:error_budget:ratio", "Share of events that may be bad.")
BUDGET_LEFT = _recorded(
    "slo:error_budget_left:ratio",
    "Share of the error budget that is left in the objective's window; below 0 it is missed.",
)


def events_in(window: str) -> MetricSpec:
    """Events in the window; of a gauge, how often its value changed."""
    return _over("slo:events:increase", "Events in the window.", window)


def bad_events_in(window: str) -> MetricSpec:
    """Bad events in the window; not recorded for gauges."""
    return _over("slo:bad_events:increase", "Bad events in the window.", window)


def error_ratio(window: str) -> MetricSpec:
    """Share of bad events in the window; no value where there was no event."""
    return _over("slo:error:ratio", "Share of bad events in the window.", window)


def burn_rate(window: str) -> MetricSpec:
    """How many times faster than allowed the error budget was spent in the window."""
    return _over("slo:burn_rate:ratio", "Error ratio over error budget.", window)


def _over(name: str, meaning: str, window: str) -> MetricSpec:
    if window not in windows():
        raise ValueError(f"nothing is recorded over {window}, only over {', '.join(windows())}")
    return _recorded(f"{name}_{window}", meaning)


def recorded() -> Mapping[str, MetricSpec]:
    """Name → every series that is recorded, with all of its labels."""
    counts = (EVENTS, BAD_EVENTS, SPARSE_EVENTS, SPARSE_BAD_EVENTS, MOMENTS, BAD_MOMENTS)
    named = (*counts, ERROR_BUDGET, BUDGET_LEFT)
    over = (events_in, bad_events_in, error_ratio, burn_rate)
    found = [*named, *(make(window) for window in windows() for make in over)]
    return {spec.name: spec for spec in found}


def of(spec: MetricSpec, **match: Match) -> str:
    """Selector of a recorded series."""
    return selector(spec, "", (), match)
