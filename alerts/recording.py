"""Recording rules of the objectives.

*Counted, then divided.* Every evaluation (5 s) records two cumulative counts for each objective and
target: events, and bad ones among them. All windows take increases of these two, so that a ratio is
one increase divided by another, never a mean of ratios.

- A count is 0 from the first scrape on, and not missing until the first event: `increase` cannot
  see the step to the first value of a series, and a new strategy's first slow run would be lost.
  Bad events that never happened are 0 for the same reason, with the labels of their target.
- Counts are added up for one target only. All its counters begin anew together, which `increase`
  sees as it sees a counter's restart; sums over targets would fall when one of them restarts.
- Bad events are those in the buckets above the threshold, all from one scrape: never fewer than
  before.
- Gauges have no events. The recorded counts are how many series have a value and how many a bad
  one, and the ratio divides sums over all moments.

*Long windows.* Two series for an objective replace every route, status and strategy of its raw
counters. Over 30 days they have 518 400 samples each, of which increases take 150 ms; so the counts
are recorded once more, once a minute, and the budgets' windows read these: a twelfth of the
samples, and the same sums. Windows from a day on are evaluated once a minute. Together that is less
than 1 % of a processor. Prometheus must keep its data for 30 days, or what is left of a budget is
what is left of the time it kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from alerts import slo
from alerts.model import JOB, Clock, Recording, series
from alerts.objectives import Objective, objectives, plain
from alerts.windows import windows
from promql.foreign import foreign

LONG = ("1d", "3d")
"""Windows of an alert's long side that are evaluated once a minute, as budgets are."""


def short_windows() -> list[str]:
    """Windows that pages need, evaluated with every scrape."""
    return [window for window in windows() if window not in long_windows()]


def long_windows() -> list[str]:
    return [window for window in windows() if window in _budget_windows() or window in LONG]


def sparse_counts() -> Iterator[Recording]:
    """The counts again, as often as the group is evaluated."""
    yield Recording(slo.SPARSE_EVENTS.name, slo.of(slo.EVENTS))
    yield Recording(slo.SPARSE_BAD_EVENTS.name, slo.of(slo.BAD_EVENTS))


def counts() -> Iterator[Recording]:
    """Events, bad events and the budget of every objective."""
    for objective in objectives().values():
        labels = {"objective": objective.name}
        names = (slo.MOMENTS, slo.BAD_MOMENTS) if is_gauge(objective) else (
            slo.EVENTS, slo.BAD_EVENTS,
        )  # fmt: skip
        for spec, expr in zip(names, _moments(objective) or _events(objective), strict=True):
            yield Recording(spec.name, expr, labels)
        yield Recording(
            slo.ERROR_BUDGET.name,
            f"vector({plain(objective.error_budget)})",
            {**labels, "job": JOB},
        )


def ratios(clock: Clock, names: Iterable[str]) -> Iterator[Recording]:
    """Events, bad events, error ratio and burn rate over each window."""
    for window in names:
        over = clock.over(window)
        events, bad = slo.events_in(window), slo.bad_events_in(window)
        error = slo.error_ratio(window)
        counted, wrong = (
            (slo.SPARSE_EVENTS, slo.SPARSE_BAD_EVENTS)
            if window in _budget_windows()
            else (slo.EVENTS, slo.BAD_EVENTS)
        )
        yield Recording(events.name, _increase(slo.of(counted), over))
        yield Recording(bad.name, _increase(slo.of(wrong), over))
        # Idle: no event, no value. A ratio of 0/0 would be NaN, and poison what uses it.
        yield Recording(error.name, f"{slo.of(bad)} / ({slo.of(events)} > 0)")
        for objective in filter(is_gauge, objectives().values()):
            yield from _gauge_ratios(objective, window, over)
        yield Recording(slo.burn_rate(window).name, f"{slo.of(error)} / {slo.of(slo.ERROR_BUDGET)}")


def budgets() -> Iterator[Recording]:
    """What is left of each error budget, over its objective's own window."""
    found = list(objectives().values())
    for window in dict.fromkeys(each.window for each in found):
        names = tuple(each.name for each in found if each.window == window)
        burnt = slo.of(slo.burn_rate(window), objective=names)
        yield Recording(slo.BUDGET_LEFT.name, f"1 - {burnt}")


def is_gauge(objective: Objective) -> bool:
    """True where moments are counted instead of events."""
    return objective.indicator.metric.kind == "gauge"


def threshold(objective: Objective) -> str:
    """The threshold as PromQL writes a number."""
    return plain(Decimal(str(objective.threshold)))


# Parts -------------------------------------------------------------------------------------------


def _events(objective: Objective) -> tuple[str, str]:
    """(events, bad events), cumulative, for each target."""
    spec, match = objective.indicator.metric, dict(objective.indicator.labels)
    suffix = "_count" if spec.kind == "histogram" else ""
    events = _of_target(series(spec, suffix, **match))
    if objective.threshold is None:
        wrong = {label: f"~{expression}" for label, expression in objective.bad.items()}
        bad = _of_target(series(spec, suffix, **{**match, **wrong}))
    else:
        good = _of_target(series(spec, "_bucket", **match, le=objective.bound))
        bad = f"{events} - {good}"
    never = f"0 * {_of_target(series(foreign('up'), job=JOB) + ' == 1')}"
    return f"{events} or {never}", f"{bad} or {never}"


def _moments(objective: Objective) -> tuple[str, str] | None:
    """(series, bad series) of a gauge now."""
    if not is_gauge(objective):
        return None
    chosen = series(objective.indicator.metric, **dict(objective.indicator.labels))
    every = f"count by (job) ({chosen})"
    return every, f"count by (job) ({chosen} >= {threshold(objective)}) or 0 * {every}"


def _gauge_ratios(objective: Objective, window: str, over: str) -> Iterator[Recording]:
    labels = {"objective": objective.name}
    chosen = series(objective.indicator.metric, **dict(objective.indicator.labels))
    events = f"sum by (job) (changes({chosen}[{over}]))"
    yield Recording(slo.events_in(window).name, events, labels)
    bad, every = (
        f"sum by (job) (sum_over_time({slo.of(spec, objective=objective.name)}[{over}]))"
        for spec in (slo.BAD_MOMENTS, slo.MOMENTS)
    )
    yield Recording(slo.error_ratio(window).name, f"{bad} / ({every} > 0)", labels)


def _budget_windows() -> set[str]:
    return {objective.window for objective in objectives().values()}


def _of_target(inner: str) -> str:
    return f"sum by (job, instance) ({inner})"


def _increase(chosen: str, over: str) -> str:
    return f"sum by (objective, job) (increase({chosen}[{over}]))"
