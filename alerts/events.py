"""Counting events of series that are born with their first event.

`increase()` needs two samples: of a series whose first sample is 1 it sees no event, and an error
that happens once is never told. Closed sets of label values are exported as zeros from the start
and need none of this; capped labels (`site`, `metric`, `strategy`) do.
"""

from __future__ import annotations

from alerts.model import series
from nautilus_instrumentation.metrics import MetricSpec
from promql.foreign import foreign
from promql.select import check_label


def events(spec: MetricSpec, over: str, *by: str) -> str:
    """Events of the counter `spec` within the range `over`, by job, instance and `by`.

    A series counts from 0 when it was born within the range: it did not exist before it, and the
    target was scraped more often than the series was seen. When Prometheus itself starts anew, both
    were seen equally often, and what happened before is not counted again.
    """
    for label in by:
        check_label(spec, label, ())
    counted = series(spec)
    scrapes = f"sum_over_time({series(foreign('up'), job='nautilus')}[{over}])"
    seen_less = f"count_over_time({counted}[{over}]) < on (job, instance) group_left () {scrapes}"
    born = f"({counted} and ({seen_less}) unless {counted} offset {over})"
    return f"sum by ({', '.join(('job', 'instance', *by))}) ({born} or increase({counted}[{over}]))"
