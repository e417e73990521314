"""Data on its way to runs: conversions and caches."""

from __future__ import annotations

from alerts.model import Alert, Board, Clock, Group, series
from alerts.numbers import increased
from alerts.objectives import objectives
from nautilus_instrumentation import attributes as a
from nautilus_instrumentation import metrics as m
from promql.select import Match

HERE = {"job": "{{ $labels.job }}", "instance": "{{ $labels.instance }}"}


def group(clock: Clock) -> Group:
    return Group("data", (_slow_repeats(clock), _rejected(clock), _collapsed(clock)))


def _slow_repeats(clock: Clock) -> Alert:
    """Every repeat of the range was slow, and the gauge moved in it: two slow ones at least.

    Without a change nothing was repeated: the gauge keeps its last value.
    """
    objective = objectives()["repeat_conversion"]
    assert objective.threshold is not None
    ratio, over = series(m.CONVERSION_REPEAT_RATIO), clock.over("10m")
    return Alert(
        name="RepeatConversionSlow",
        expr=f"min_over_time({ratio}[{over}]) > {objective.threshold:g}\n"
        f"and changes({ratio}[{over}]) >= 1",
        keep_firing=clock.wait("30m"),
        severity="ticket",
        labels={},
        summary="Repeating a {{ $labels.kind }} conversion takes "
        "{{ $value | humanizePercentage }} of the first",
        description="The last repeats of {{ $labels.kind }} conversions on "
        "{{ $labels.instance }}, two or more, took at least {{ $value | humanizePercentage }} of "
        f"the time of the first; the objective is {objective.threshold:.0%}. A repeat should only "
        "read the manifest: something makes it read the raw file, or its disk is slow.",
        board=Board("conversion", HERE, since="3h"),
        traceql=f'{{ name = "{a.CONVERSION_FILE}" && span.{a.CONVERSION_OUTCOME} = "cached" '
        f'&& span.{a.KIND} = "{{{{ $labels.kind }}}}" }}',
    )


def _rejected(clock: Clock) -> Alert:
    """A few odd rows are what MAX_REJECTED is for; a thousandth of a file is a pattern."""
    over = clock.over("1h")
    rejected = _rows(over, "rejected")
    return Alert(
        name="RowsRejected",
        expr=f"{rejected}\n/ {_rows(over, 'written', 'rejected')} > 0.001\nand {rejected} >= 10",
        severity="ticket",
        labels={},
        summary="{{ $value | humanizePercentage }} of the {{ $labels.kind }} rows were rejected",
        description="In the last " + over + " about "
        + increased(m.CONVERSION_ROWS, over, "instance", "kind", outcome="rejected")
        + " {{ $labels.kind }} rows on {{ $labels.instance }}, {{ $value | humanizePercentage }} "
        "of those converted, could not be held by the catalog. Backtests run without them, or, "
        "where a file had more than MAX_REJECTED, without the file.",
        board=Board("conversion", HERE, since="3h"),
        traceql=f'{{ name = "{a.CONVERSION_FILE}" && span.{a.ROWS_REJECTED} > 0 }}',
    )  # fmt: skip


def _rows(over: str, *outcomes: str) -> str:
    rows = series(m.CONVERSION_ROWS, outcome=outcomes)
    return f"sum by (job, instance, kind) (increase({rows}[{over}]))"


def _collapsed(clock: Clock) -> Alert:
    """Half of what the cache itself did in the hour before: what is usual differs by cache.

    A cache that starts has no past to fall from. One that is restarted misses until it is warm,
    which does not halve ten minutes for another five. A look-up that failed is one that was not
    answered.
    """
    over = clock.over("10m")
    now, past = f"[{over}]", f"[{clock.over('1h')}] offset {clock.over('15m')}"
    return Alert(
        name="CacheHitRateCollapsed",
        expr=f"{_hit_rate(now)} < 0.5 * ({_hit_rate(past)} > 0.3)\n"
        f"and {_lookups(now)} >= 30\nand {_lookups(past)} >= 100",
        wait=clock.wait("5m"),
        severity="ticket",
        labels={},
        summary="The cache {{ $labels.cache }} answers only {{ $value | humanizePercentage }} of "
        "its look-ups",
        description="Its hit rate over "
        + over
        + " on {{ $labels.instance }} is {{ $value | humanizePercentage }}, less than half of what "
        "it was in the hour before, over "
        + increased(m.CACHE_REQUESTS, over, "instance", "cache")
        + " look-ups. Every miss costs its load again: runs get slower.",
        board=Board("cache", {**HERE, "cache": "{{ $labels.cache }}"}, since="3h"),
        traceql=f'{{ name = "{a.CATALOG_QUERY}" }} with (slowest=true)',
    )


def _lookups(over: str, **match: Match) -> str:
    """Look-ups by cache, whatever it keeps its entries in; `over` is a range such as `[10m]`."""
    requests = series(m.CACHE_REQUESTS, **match)
    return f"sum by (job, instance, cache) (increase({requests}{over}))"


def _hit_rate(over: str) -> str:
    return f"({_lookups(over, result='hit')}\n/ {_lookups(over)})"
