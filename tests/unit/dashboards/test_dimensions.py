"""What an expression measures follows from the names in it and from what is done with them."""

from __future__ import annotations

import pytest

from dashboards.dimensions import (
    BYTES,
    COUNT,
    PER_SECOND,
    SECONDS,
    Dimension,
    DimensionError,
    of_expression,
)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("job_queue_depth", COUNT),
        ("sum(process_resident_memory_bytes)", BYTES),
        ('sum by (a) (rate(jobs_total{a="}", b=~"x|y"}[$__rate_interval]))', PER_SECOND),
        ("rate(catalog_bytes_total[5m])", BYTES.per(SECONDS)),
        ("rate(process_cpu_seconds_total[5m])", COUNT),
        ("increase(cache_seconds_saved_total[$__range])", SECONDS),
        ("histogram_quantile(0.9, sum by (le) (rate(d_seconds_bucket[5m])))", SECONDS),
        ("histogram_quantile(0.9, rate(size_bytes_bucket[5m]))", BYTES),
        ("increase(d_seconds_bucket[5m])", COUNT),
        ("rate(d_seconds_sum[5m]) / (rate(d_seconds_count[5m]) > 0)", SECONDS),
        ("delta(memory_bytes[1h]) / (increase(runs_total[1h]) > 0)", BYTES),
        ("time() - (max(last_timestamp_seconds) > 0)", SECONDS),
        ("count(memory_bytes < 1)", COUNT),
        ("1 - (memory_bytes < bool 5)", COUNT),
        ("max_over_time((memory_bytes)[1h:]) offset 5m", BYTES),
        ("sum(rate(x_total[5m])) or vector(0)", PER_SECOND),
        ("up unless up offset $__interval", COUNT),
        ("a_seconds * on (x) group_left () b_seconds", Dimension(seconds=2)),
        ("-memory_bytes * 2", BYTES),
        ("slo:error_budget_left:ratio", COUNT),
    ],
)
def test_the_dimension_of_an_expression(expression: str, expected: Dimension) -> None:
    """Rates divide by time, quotients cancel, comparisons filter."""
    assert of_expression(expression) == expected


@pytest.mark.parametrize(
    "expression",
    ["a_seconds + b_bytes", "rate(a_total[5m]) > a_total", "a_bytes or up", "sum(up", "up +"],
)
def test_what_cannot_be_added_or_read_is_refused(expression: str) -> None:
    """Seconds are not compared to bytes, nor a rate to a count."""
    with pytest.raises(DimensionError):
        of_expression(expression)
