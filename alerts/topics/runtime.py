"""Memory, garbage collection, event loop and queue of our processes."""

from __future__ import annotations

from alerts import leak
from alerts.model import Alert, Board, Clock, Group, Recording, series
from alerts.numbers import said
from nautilus_instrumentation import attributes as a
from nautilus_instrumentation import metrics as m

BY_TARGET = "sum by (job, instance)"
RUNS = f'name = "{a.BACKTEST_RUN}"'

NEAR_LIMIT = 0.9
GC_SHARE = 0.05
GC_RUN_SECONDS = 60
"""Run time in the range, below which a share of it says nothing."""
LAG_BOUND, LAG_SHARE, LAG_CHECKS = "0.1", 0.05, 100
"""Seconds that every request then waits; share of the checks; the checks that make up a share."""
QUEUED_PER_WORKER = 2
LONG_WAIT = 300
"""Seconds: the longest that a backtest with an objective may take."""


def group(clock: Clock) -> Group:
    return Group(
        "runtime",
        (
            *_leaks(clock, "5m", over="1h"),
            # Where only a few runs a day are made, each leak is a step with hours between.
            *_leaks(clock, "1h", over="12h"),
            _memory(clock),
            _collections(clock),
            _event_loop(clock),
            _queue(clock),
        ),
    )


def _board(since: str = "1h") -> Board:
    target = {"job": "{{ $labels.job }}", "instance": "{{ $labels.instance }}"}
    return Board("runtime", target, since)


def _leaks(clock: Clock, slope: str, *, over: str) -> tuple[Recording, Alert]:
    growth = leak.growth(clock, slope)
    return growth, Alert(
        name="RetainedMemoryRising",
        expr=leak.leak(clock, growth, over),
        severity="ticket",
        labels={"watched": over},
        summary="Each run leaves {{ $value | humanize1024 }}B in worker {{ $labels.slot }}",
        description=f"For {over} each run at {{{{ $labels.instance }}}} left "
        "{{ $value | humanize1024 }}B in the memory of worker {{ $labels.slot }}, which holds more "
        f"than half of its limit. Above {leak.PER_RUN:.2%} of the limit a run, a worker is killed "
        f"for memory, with its run, before it is replaced after {leak.RUNS_PER_WORKER} jobs.",
        board=_board(since=over),
        traceql=f"{{ {RUNS} && span.{a.PEAK_MEMORY} > 1000000000 }} "
        f"| select(span.{a.PEAK_MEMORY}, span.{a.SLOT}, span.{a.STRATEGY})",
    )


def _memory(clock: Clock) -> Alert:
    wait = clock.wait("30s")
    return Alert(
        name="MemoryNearLimit",
        expr=f"{series(m.PROCESS_MEMORY)} / {series(m.PROCESS_MEMORY_LIMIT)} > {NEAR_LIMIT}",
        wait=wait,
        severity="page",
        labels={},
        summary="{{ $labels.role }} {{ $labels.slot }} uses {{ $value | humanizePercentage }} of "
        "its memory limit",
        description="{{ $labels.role }} {{ $labels.slot }} at {{ $labels.instance }} has used more "
        f"than 90 % of the memory it may have for {said(wait)}, now "
        "{{ $value | humanizePercentage }}. At 100 % it is killed and its run is lost.",
        board=_board(),
        traceql=f"{{ {RUNS} && span.{a.PEAK_MEMORY} > 1000000000 }} "
        f"| select(span.{a.PEAK_MEMORY}, span.{a.SLOT}, span.{a.STRATEGY})",
    )


def _collections(clock: Clock) -> Alert:
    over = clock.over("30m")
    pauses = f"{BY_TARGET} (increase({series(m.ENGINE_GC_PAUSE, '_sum')}[{over}]))"
    # By stages: they are exported as zeros from the start, so the first run counts too.
    work = f"{BY_TARGET} (increase({series(m.BACKTEST_STAGE_DURATION, '_sum')}[{over}]))"
    least = max(1, clock.seconds(f"{GC_RUN_SECONDS}s"))
    return Alert(
        name="GarbageCollectionExcessive",
        expr=f"{pauses} / ({work} > {least}) > {GC_SHARE}",
        wait=clock.wait("5m"),
        severity="ticket",
        labels={},
        summary="Runs stand still for the garbage collector {{ $value | humanizePercentage }} of "
        "their time",
        description=f"In {said(over)} runs at {{{{ $labels.instance }}}} spent "
        "{{ $value | humanizePercentage }} of their time in pauses of Python's garbage collector; "
        "below 5 % is normal, and an engine without Python objects causes next to none.",
        board=_board(since="3h"),
        traceql=f"{{ {RUNS} && span.{a.GC_SECONDS} > 0.5 }} "
        f"| select(span.{a.GC_SECONDS}, span.{a.STRATEGY}, span.{a.WINDOW})",
    )


def _event_loop(clock: Clock) -> Alert:
    over = clock.over("5m")
    checks = f"{BY_TARGET} (increase({series(m.EVENT_LOOP_LAG, '_count')}[{over}]))"
    quick = f"{BY_TARGET} (increase({series(m.EVENT_LOOP_LAG, '_bucket', le=LAG_BOUND)}[{over}]))"
    least = max(10, int(LAG_CHECKS * clock.scale))
    return Alert(
        name="EventLoopLagging",
        expr=f"1 - {quick} / ({checks} >= {least}) > {LAG_SHARE}",
        wait=clock.wait("2m"),
        severity="ticket",
        labels={},
        summary="The API's event loop is late in {{ $value | humanizePercentage }} of the checks",
        description=f"In {said(over)} the event loop at {{{{ $labels.instance }}}} came back more "
        "than 100 ms late in {{ $value | humanizePercentage }} of the checks (5 % is tolerated). "
        "Everything the API does waits meanwhile: requests, event streams, the health check.",
        board=_board(),
        traceql="{ kind = server && duration > 100ms }",
    )


def _queue(clock: Clock) -> Alert:
    """A burst drains: its queue is shorter than ten minutes ago, or was empty in between."""
    over = clock.over("10m")
    depth = f"{BY_TARGET} ({series(m.JOB_QUEUE_DEPTH)})"
    earlier = f"{BY_TARGET} ({series(m.JOB_QUEUE_DEPTH)} offset {over})"
    never_empty = f"min_over_time(({depth})[{over}:{clock.part('10m', 20)}]) > 0"
    workers = f"count by (job, instance) ({series(m.PROCESS_MEMORY, role='worker')})"
    deep = f"{depth} > {QUEUED_PER_WORKER} * {workers}"
    waits = f"sum by (job, instance, le) (increase({series(m.JOB_QUEUE_WAIT, '_bucket')}[{over}]))"
    slow = f"{depth} and histogram_quantile(0.5, {waits}) > {LONG_WAIT}"
    return Alert(
        name="JobQueueGrowing",
        expr=f"(({deep}) or ({slow})) and ({depth} >= {earlier}) and {never_empty}",
        wait=clock.wait("5m"),
        severity="ticket",
        labels={},
        summary="{{ $value }} jobs wait, and the queue does not get shorter",
        description="{{ $value }} jobs wait for a worker at {{ $labels.instance }}, no fewer than "
        f"{said(over)} ago, and the queue was never empty in between: more work comes in than the "
        "workers do, or they stand still.",
        board=_board(since="3h"),
        traceql=f'{{ name = "{a.JOB_QUEUE}" && duration > 1m }}',
    )
