"""Backtest runs: stuck, failing, killed, slower than usual."""

from __future__ import annotations

from alerts.model import Alert, Board, Clock, Group, seconds, series
from alerts.numbers import increased, said
from nautilus_instrumentation import attributes as a
from nautilus_instrumentation import metrics as m

FAILED = ("error", "timeout", "killed")
ENDED = ("ok", *FAILED)
"""Without cancelled runs: somebody asked for those."""

ENOUGH_RUNS = 5
SLOW = 0.7
"""Throughput ratio from which on runs are slower than chance explains; the board draws it too."""

RUN = f'name = "{a.BACKTEST_RUN}"'
_SAME_STRATEGY = f'span.{a.STRATEGY} = "{{{{ $labels.strategy }}}}"'
_SAME_WINDOW = f'span.{a.WINDOW} = "{{{{ $labels.window }}}}"'
HERE = {"job": "{{ $labels.job }}", "instance": "{{ $labels.instance }}"}


def group(clock: Clock) -> Group:
    return Group(
        "runs",
        (
            _stuck(clock),
            _all_failing(clock),
            _strategy_failing(clock),
            _killed_for_memory(clock),
            _slow(clock),
        ),
    )


def _stuck(clock: Clock) -> Alert:
    """No stage keeps the stamp still for minutes.

    It moves at both ends of a stage, and in the stage `run` with every chunk of 20,000 data points
    (0.1 s). The longest stage without a move inside is `convert`, which takes 750,000 rows a second
    on two busy cores: 40 s for a month of a million ticks a day. Four minutes are 180 million rows.
    The last minute is for a machine that was asleep: its runs get as long to move.

    A backend that was killed leaves the stamps of its runs behind; it has none in progress.
    """
    stamp = series(m.BACKTEST_LAST_PROGRESS)
    return Alert(
        name="BacktestRunStuck",
        expr=f"time() - ({stamp} > 0) > {seconds(clock.over('4m'))}\n"
        f"and on (job, instance) {series(m.BACKTEST_IN_PROGRESS)} > 0",
        wait=clock.wait("1m"),
        severity="page",
        labels={},
        summary="The run in slot {{ $labels.slot }} has not moved for "
        "{{ $value | humanizeDuration }}",
        description="Worker {{ $labels.slot }} of {{ $labels.instance }} works on a run that has "
        "shown no progress for {{ $value | humanizeDuration }}; a healthy run moves several times "
        "a second. It keeps its worker from all other jobs until JOB_TIMEOUT ends it.",
        board=Board("backtest", HERE),
        traceql=f'{{ resource.{a.SLOT} = "{{{{ $labels.slot }}}}" }}',
    )


def _all_failing(clock: Clock) -> Alert:
    """The platform is broken, not a strategy.

    What tells them apart is spread: each strategy has one vote, however many runs its author
    starts. It has a vote only if it worked within the last day, which a strategy that never worked
    has not. With a single strategy in use nobody could tell, so it counts as the platform's.
    """
    over = clock.over("15m")
    past = clock.over("1d")
    worked = f"{series(m.BACKTEST_RUNS, status='ok')}[{past}:{clock.over('5m')}]"
    in_use = (
        f"({_runs(ENDED, over)} >= {ENOUGH_RUNS}\n"
        f"and sum by (job, instance, strategy) (increase({worked})) > 0)"
    )
    failing = f"({_failed_share(over)} > 0.5\nand {in_use})"
    return Alert(
        name="BacktestRunsFailing",
        expr=f"count by (job, instance) {failing}\n/ count by (job, instance) {in_use} > 0.5",
        wait=clock.wait("2m"),
        severity="page",
        labels={},
        summary="{{ $value | humanizePercentage }} of the strategies that worked fail now",
        description="Of the strategies with runs in the last " + over + ", all of which worked "
        f"within {said(past)}, {{{{ $value | humanizePercentage }}}} fail most of their runs: "
        + increased(m.BACKTEST_RUNS, over, "instance", status=FAILED)
        + " of "
        + increased(m.BACKTEST_RUNS, over, "instance", status=ENDED)
        + " runs failed on {{ $labels.instance }}. So many do not break at once by themselves: "
        "look for what they share.",
        board=Board("incident", HERE),
        traceql=f"{{ {RUN} && status = error }}",
    )


def _strategy_failing(clock: Clock) -> Alert:
    """One strategy is broken, which is its author's to mend."""
    over = clock.over("1h")
    return Alert(
        name="BacktestRunsFailing",
        expr=f"{_failed_share(over)} > 0.25\nand {_runs(ENDED, over)} >= {ENOUGH_RUNS}",
        wait=clock.wait("5m"),
        severity="ticket",
        labels={},
        summary="{{ $value | humanizePercentage }} of the runs of {{ $labels.strategy }} fail",
        description="In the last " + over + " {{ $value | humanizePercentage }} of the "
        + increased(m.BACKTEST_RUNS, over, "instance", "strategy", status=ENDED)
        + " runs of {{ $labels.strategy }} on {{ $labels.instance }} failed, timed out or were "
        "killed. As long as other strategies run well, the cause is in the strategy, its "
        "parameters or its data.",
        board=Board("backtest", {**HERE, "strategy": "{{ $labels.strategy }}"}, since="3h"),
        traceql=f"{{ {RUN} && status = error && {_SAME_STRATEGY} }}",
    )  # fmt: skip


def _runs(statuses: tuple[str, ...], over: str) -> str:
    """Runs that ended in the range, by strategy."""
    runs = series(m.BACKTEST_RUNS, status=statuses)
    return f"sum by (job, instance, strategy) (increase({runs}[{over}]))"


def _failed_share(over: str) -> str:
    return f"{_runs(FAILED, over)}\n/ {_runs(ENDED, over)}"


def _killed_for_memory(clock: Clock) -> Alert:
    """The reason is a closed label, so its zero is there before the first kill."""
    over = clock.over("15m")
    kills = series(m.JOB_WORKER_RESTARTS, reason="memory")
    return Alert(
        name="WorkerKilledForMemory",
        expr=f"sum by (job, instance) (increase({kills}[{over}])) > 0",
        severity="page",
        labels={},
        summary="Workers killed for memory in " + over + ': {{ $value | printf "%.0f" }}',
        description='{{ $value | printf "%.0f" }} times in the last ' + over + " a worker of "
        "{{ $labels.instance }} passed WORKER_MEMORY_LIMIT and was killed, with the run it was "
        "working on. Whoever started that run got no result.",
        board=Board("runtime", HERE),
        traceql=f'{{ span.{a.STATUS} = "killed" }}',
    )  # fmt: skip


def _slow(clock: Clock) -> Alert:
    """Every run of the range was slow, and at least two new values came in it: three slow runs.

    The gauge keeps its last value, so it says nothing without changes. Slow runs become the median
    that later ones are measured against, after about ten: the short range sees those of a busy
    strategy, the long one those that come minutes apart.
    """
    ratio = series(m.BACKTEST_THROUGHPUT_RATIO)
    slow = "\nor\n".join(
        f"(max_over_time({ratio}[{over}]) < {SLOW} and changes({ratio}[{over}]) >= 2)"
        for over in (clock.over("2m"), clock.over("15m"))
    )
    return Alert(
        name="BacktestThroughputLow",
        expr=slow,
        keep_firing=clock.wait("15m"),
        severity="ticket",
        labels={},
        summary="Runs of {{ $labels.strategy }} ({{ $labels.window }}) process at best "
        "{{ $value | humanizePercentage }} of their usual data points per second",
        description="The last runs of {{ $labels.strategy }} over {{ $labels.window }} on "
        "{{ $labels.instance }}, three or more in a row, came to "
        "{{ $value | humanizePercentage }} at best of the median of the 20 runs like them; below "
        f"{SLOW:.0%} it is more than chance. The size of the run does not matter here, only the "
        "engine's pace.",
        board=Board(
            "backtest",
            {**HERE, "strategy": "{{ $labels.strategy }}", "window": "{{ $labels.window }}"},
            since="3h",
        ),
        traceql=f"{{ {RUN} && {_SAME_STRATEGY} && {_SAME_WINDOW} }}",
    )
