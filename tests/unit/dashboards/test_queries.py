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


def test_objectives_are_read_from_what_the_rules_record() -> None:
    """Boards, alerts and the console show the same numbers."""
    objective, chosen = objectives()["health"], '{job="$job", objective="health"}'
    assert q.good_share(objective).expr == f"1 - slo:error:ratio_30d{chosen}"
    assert q.budget_left(objective).expr == f"slo:error_budget_left:ratio{chosen}"
    assert q.burn_rate(objective).expr == f"slo:burn_rate:ratio_1h{chosen}"


def test_a_window_that_nobody_records_cannot_be_asked_for() -> None:
    """It could only be empty."""
    with pytest.raises(ValueError, match="nothing is recorded over 2m, only over 5m, 30m"):
        q.burn_rate(objectives()["health"], "2m")


def test_a_quantile_is_taken_of_summed_buckets() -> None:
    """Of all processes together, by what was asked for."""
    name = m.JOB_QUEUE_WAIT.name
    assert q.quantile(0.95, m.JOB_QUEUE_WAIT, "job_type", over="5m").expr == (
        f"histogram_quantile(0.95, sum by (job_type, le) (rate({name}_bucket{{{OWN}}}[5m]))) >= 0"
    )
