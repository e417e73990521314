"""PromQL from metric specs."""

from __future__ import annotations

import pytest

from alerts.objectives import objectives
from dashboards import queries as q
from nautilus_instrumentation import metrics as m
from promql.foreign import foreign

OWN = 'job="$job", instance=~"$instance"'


def test_our_metrics_select_our_scrape_job() -> None:
    """A family of the same name from another program is not counted in."""
    assert q.value(m.PROCESS_FDS).expr == f"sum({m.PROCESS_FDS.name}{{{OWN}}})"


def test_metrics_of_others_and_of_the_trace_store_do_not() -> None:
    """They come from other scrape jobs."""
    assert q.value(foreign("up"), "job").expr == "sum by (job) (up)"
    assert q.value(m.TRACESTORE_SIZE).expr == f"sum({m.TRACESTORE_SIZE.name})"


def test_several_values_are_any_of_them_and_escaped() -> None:
    """A route's braces are no quantifier."""
    routes = ("/a/{id}", "/b")
    text = q.select(m.HTTP_RESPONSE_BODY_SIZE, "_count", http_route=routes)
    assert r'http_route=~"/a/\\{id\\}|/b"' in text


@pytest.mark.parametrize(
    ("match", "expected"),
    [("x", 'strategy="x"'), ("$strategy", 'strategy=~"$strategy"'), ("~x.*", 'strategy=~"x.*"')],
)
def test_a_match_is_a_value_a_variable_or_an_expression(match: str, expected: str) -> None:
    """The first character tells them apart."""
    assert expected in q.select(m.ENGINE_ORDERS, strategy=match)


@pytest.mark.parametrize(
    "build",
    [
        lambda: q.rate(m.ENGINE_ORDERS, shape="round"),
        lambda: q.rate(m.ENGINE_ORDERS, "shape"),
        lambda: q.rate(m.BACKTEST_RUNS, status="fine"),
        lambda: q.rate(m.BACKTEST_IN_PROGRESS),
        lambda: q.quantile(0.5, m.ENGINE_ORDERS),
        lambda: q.changed(m.ENGINE_ORDERS),
        lambda: q.select(m.ENGINE_ORDERS, le="1.0"),
    ],
    ids=["label", "grouping", "value", "rate of a gauge", "quantile", "delta", "bucket"],
)
def test_what_a_metric_does_not_have_cannot_be_asked_for(build: object) -> None:
    """A query that could only be empty is refused when it is written."""
    assert callable(build)
    with pytest.raises(q.QueryError):
        build()


def test_an_unknown_foreign_metric_is_refused() -> None:
    """What others expose is listed in one file."""
    with pytest.raises(KeyError, match="lists no metric 'down'"):
        foreign("down")


def test_a_mean_divides_sums_by_counts_and_drops_idle_time() -> None:
    """No event gives a gap, not NaN."""
    name = m.JOB_QUEUE_WAIT.name
    assert q.mean(m.JOB_QUEUE_WAIT, over="5m").expr == (
        f"sum(rate({name}_sum{{{OWN}}}[5m])) / (sum(rate({name}_count{{{OWN}}}[5m])) > 0)"
    )


def test_only_histograms_with_exemplars_ask_for_them() -> None:
    """Grafana asks Prometheus for exemplars only where there are some."""
    assert q.quantile(0.9, m.BACKTEST_DURATION).exemplars
    assert not q.quantile(0.9, m.GC_PAUSE).exemplars


def test_the_good_share_of_durations_is_read_from_the_bucket_of_the_threshold() -> None:
    """Good events are those up to the threshold, among all."""
    name, labels = m.BACKTEST_DURATION.name, f'{OWN}, window="5m"'
    assert q.good_share(objectives()["backtest_5m"], "1h").expr == (
        f'sum(increase({name}_bucket{{{labels}, le="10.0"}}[1h]))'
        f" / (sum(increase({name}_count{{{labels}}}[1h])) > 0)"
    )


def test_the_good_share_of_requests_counts_failures_that_may_never_have_happened() -> None:
    """Without a failed request there is no series of failed requests, and all is good."""
    text = q.good_share(objectives()["results_available"], "1h").expr
    assert text.startswith("1 - ((sum(increase(")
    assert 'http_response_status_code=~"5.."}[1h])) or vector(0)) / (' in text


def test_the_good_share_of_a_gauge_is_time_and_the_worst_series() -> None:
    """A kind that always misses is not hidden by those that never do."""
    name = m.CONVERSION_REPEAT_RATIO.name
    assert q.good_share(objectives()["repeat_conversion"], "1h").expr == (
        f"min(avg_over_time(({name}{{{OWN}}} < bool 0.1)[1h:]))"
    )


def test_budgets_and_burn_rates_divide_by_the_exact_budget() -> None:
    """1 - 0.999 is 0.001, with no digits of a float behind it."""
    objective = objectives()["results_available"]
    assert q.burn_rate(objective).expr.endswith(") / 0.001")
    assert q.budget_left(objective).expr.endswith(") / 0.001)")


def test_a_quantile_is_taken_of_summed_buckets() -> None:
    """Of all processes together, by what was asked for."""
    name = m.JOB_QUEUE_WAIT.name
    assert q.quantile(0.95, m.JOB_QUEUE_WAIT, "job_type", over="5m").expr == (
        f"histogram_quantile(0.95, sum by (job_type, le) (rate({name}_bucket{{{OWN}}}[5m])))"
    )
