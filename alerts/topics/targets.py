"""Targets that Prometheus scrapes."""

from __future__ import annotations

from alerts.model import Alert, Board, Clock, Group, series
from promql.foreign import foreign


def group(clock: Clock) -> Group:
    return Group(
        "targets",
        (
            Alert(
                name="TargetDown",
                expr=f"{series(foreign('up'))} == 0",
                wait=clock.wait("1m"),
                severity="page",
                labels={},
                summary="{{ $labels.job }} at {{ $labels.instance }} cannot be scraped",
                description="Prometheus has not reached {{ $labels.instance }} for a minute: what "
                "it measures is missing from every dashboard and alert.",
                board=Board("stack"),
                traceql="{ status = error }",
            ),
        ),
    )
