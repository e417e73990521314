"""PromQL of the boards.

Every query on our metrics selects the scrape job and the instances that the board's variables
name; others expose families of the same names (`process_…`). Rates use Grafana's `$__rate_interval`
and totals its `$__range`. Ratios divide increases and drop idle denominators, so an idle hour shows
as a gap and neither as 0 nor as NaN.
"""

from __future__ import annotations

from dataclasses import dataclass

from alerts import slo
from alerts.objectives import Objective
from nautilus_instrumentation.metrics import TRACESTORE, MetricSpec
from promql.foreign import foreign_metrics
from promql.select import SCRAPE_LABELS, Match, QueryError, check_label, selector

RATE = "$__rate_interval"
RANGE = "$__range"
JOB = 'job="$job"'


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL expression, and whether its series carry exemplars."""

    expr: str
    exemplars: bool = False


def select(spec: MetricSpec, suffix: str = "", /, **match: Match) -> str:
    """Selector of the samples `name + suffix` whose labels match."""
    return selector(spec, suffix, _own_target(spec), match)


def value(spec: MetricSpec, *by: str, how: str = "sum", **match: Match) -> Query:
    """A gauge, aggregated by `how`."""
    return Query(_aggregate(how, spec, by, select(spec, **match)))


def rate(spec: MetricSpec, *by: str, over: str = RATE, **match: Match) -> Query:
    """Events per second; of a histogram, its observations."""
    inner = f"rate({select(spec, _events(spec), **match)}[{over}])"
    return Query(_aggregate("sum", spec, by, inner))


def increase(spec: MetricSpec, *by: str, over: str = RANGE, **match: Match) -> Query:
    """Events within `over`."""
    inner = f"increase({select(spec, _events(spec), **match)}[{over}])"
    return Query(_aggregate("sum", spec, by, inner))


def total_rate(spec: MetricSpec, *by: str, over: str = RATE, **match: Match) -> Query:
    """What a histogram's observations add up to, per second."""
    _only(spec, "histogram")
    return Query(_aggregate("sum", spec, by, f"rate({select(spec, '_sum', **match)}[{over}])"))


def quantile(q: float, spec: MetricSpec, *by: str, over: str = RATE, **match: Match) -> Query:
    """The value that the share `q` of a histogram's observations stays below.

    Of no observations it is NaN, which no panel should show as a value; the comparison drops it.
    """
    _only(spec, "histogram")
    buckets = f"rate({select(spec, '_bucket', **match)}[{over}])"
    inner = _aggregate("sum", spec, (*by, "le"), buckets)
    return Query(f"histogram_quantile({q:g}, {inner}) >= 0", spec.exemplars)


def heat(spec: MetricSpec, **match: Match) -> Query:
    """Observations by bucket, for a heatmap."""
    _only(spec, "histogram")
    buckets = f"increase({select(spec, '_bucket', **match)}[{RATE}])"
    return Query(_aggregate("sum", spec, ("le",), buckets), spec.exemplars)


def mean(spec: MetricSpec, *by: str, over: str = RATE, **match: Match) -> Query:
    """Mean of a histogram's observations."""
    return ratio(total_rate(spec, *by, over=over, **match), rate(spec, *by, over=over, **match))


def ratio(part: Query, whole: Query) -> Query:
    """`part` over `whole`, with a gap where `whole` is 0."""
    return Query(f"{part.expr} / ({whole.expr} > 0)")


def share(
    spec: MetricSpec, *by: str, of: dict[str, Match], over: str = RATE, **match: Match
) -> Query:
    """Share of the events that match `of`, among all that match."""
    return ratio(rate(spec, *by, over=over, **{**match, **of}), rate(spec, *by, over=over, **match))


def share_or_zero(
    spec: MetricSpec, *, of: dict[str, Match], over: str = RATE, **match: Match
) -> Query:
    """`share`, where events that match `of` may never have happened and so have no series."""
    part = or_zero(rate(spec, over=over, **{**match, **of}))
    return ratio(Query(f"({part.expr})"), rate(spec, over=over, **match))


def or_zero(query: Query) -> Query:
    """`query`, which has no labels, or 0 where it finds no series."""
    return Query(f"{query.expr} or vector(0)", query.exemplars)


def count_below(spec: MetricSpec, bound: float, **match: Match) -> Query:
    """How many series of a gauge are below `bound`; nothing where none is."""
    _only(spec, "gauge")
    return Query(f"count({select(spec, **match)} < {bound:g})")


def changed(spec: MetricSpec, *by: str, over: str = RANGE, **match: Match) -> Query:
    """By how much a gauge moved within `over`."""
    _only(spec, "gauge")
    return Query(_aggregate("sum", spec, by, f"delta({select(spec, **match)}[{over}])"))


def age(spec: MetricSpec, *by: str, **match: Match) -> Query:
    """Seconds since the Unix time a gauge holds; nothing where it holds 0."""
    _only(spec, "gauge")
    return Query(f"time() - ({_aggregate('max', spec, by, select(spec, **match))} > 0)")


def good_share(objective: Objective) -> Query:
    """Share of good events (of a gauge: of good moments) within the objective's window."""
    return Query(f"1 - {_of_objective(slo.error_ratio(objective.window), objective)}")


def budget_left(objective: Objective) -> Query:
    """Share of the error budget that is left within the objective's window."""
    return Query(_of_objective(slo.BUDGET_LEFT, objective))


def burn_rate(objective: Objective, over: str = "1h") -> Query:
    """How many times faster than allowed the error budget is spent: 1 lasts for the window."""
    return Query(_of_objective(slo.burn_rate(over), objective))


# Parts -------------------------------------------------------------------------------------------


def _own_target(spec: MetricSpec) -> list[str]:
    """Matchers for the target that exposes the family, where the board's variables name it."""
    if spec.name in foreign_metrics() or spec in TRACESTORE:
        return []
    return [JOB, 'instance=~"$instance"']


def _of_objective(spec: MetricSpec, objective: Objective) -> str:
    return selector(spec, "", [JOB], {"objective": objective.name})


def _aggregate(how: str, spec: MetricSpec, by: tuple[str, ...], inner: str) -> str:
    for label in by:
        if label not in SCRAPE_LABELS:
            check_label(spec, label, ())
    return f"{how} by ({', '.join(by)}) ({inner})" if by else f"{how}({inner})"


def _events(spec: MetricSpec) -> str:
    """Suffix of the samples that count events."""
    if spec.kind == "gauge":
        raise QueryError(f"{spec.name} is a gauge: it counts no events")
    return "_count" if spec.kind == "histogram" else ""


def _only(spec: MetricSpec, kind: str) -> None:
    if spec.kind != kind:
        raise QueryError(f"{spec.name} is a {spec.kind}, not a {kind}")
