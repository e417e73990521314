"""Targets that Prometheus scrapes, and the process behind the exporter."""

from __future__ import annotations

from alerts.model import Alert, Board, Clock, Group, series
from alerts.numbers import said
from nautilus_instrumentation import attributes as a
from nautilus_instrumentation import metrics as m
from promql.foreign import foreign


def group(clock: Clock) -> Group:
    return Group("targets", (_target(clock), _backend(clock)))


def _target(clock: Clock) -> Alert:
    wait = clock.wait("1m")
    return Alert(
        name="TargetDown",
        expr=f"{series(foreign('up'))} == 0",
        wait=wait,
        severity="page",
        labels={},
        summary="{{ $labels.job }} at {{ $labels.instance }} cannot be scraped",
        description=f"Prometheus has not reached {{{{ $labels.instance }}}} for {said(wait)}: what "
        "{{ $labels.job }} measures there is missing from every dashboard, and alerts about it "
        "cannot fire.",
        board=Board("stack"),
        traceql="{ status = error }",
    )


def _backend(clock: Clock) -> Alert:
    reached = f"{series(foreign('up'), job='nautilus')} == 1"
    # Never below what a backend takes to start, however fast the drill's clock runs.
    wait = clock.over("1m")
    return Alert(
        name="BackendDown",
        expr=f"{reached} unless on (job, instance) {series(m.PROCESS_MEMORY, role='api')}",
        wait=wait,
        severity="page",
        labels={},
        summary="No backend is running at {{ $labels.instance }}",
        description=f"The exporter at {{{{ $labels.instance }}}} answers, but for {said(wait)} "
        "there has been no process that serves the API: nobody can start a run or read a result, "
        "and queued runs are lost.",
        board=Board("runtime", {"job": "{{ $labels.job }}", "instance": "{{ $labels.instance }}"}),
        traceql=f'{{ resource.{a.ROLE} = "api" }}',
    )
