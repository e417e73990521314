"""Backtest engine: how long runs take, where the time goes, and what they cost in memory."""

from __future__ import annotations

from alerts.objectives import Objective, objectives
from dashboards import queries as q
from dashboards.house import Board, board, link, strategy, window
from dashboards.model import Panel
from dashboards.panels import ORANGE, RED, above, below, heatmap, stat, timeseries
from nautilus_instrumentation import metrics as m

READING = (
    "Start with the durations: the dashed line is the objective of that window. A run that is over "
    "it spent the time in one of the stages below; dots in heatmaps are single runs and open their "
    "trace."
)

MINE = {"strategy": "$strategy"}
CHOSEN = {"strategy": "$strategy", "window": "$window"}


def dashboard() -> Board:
    windows = [objectives()[f"backtest_{each}"] for each in ("5m", "1h", "1d")]
    return board(
        "backtest",
        "Backtest engine",
        READING,
        [
            ("Duration", [_duration(each) for each in windows]),
            ("Where the time goes", _stages()),
            ("Work", _work()),
            ("Outcomes", _outcomes()),
            ("Memory and garbage collection", _memory()),
        ],
        variables=[strategy(), window()],
    )


def _duration(objective: Objective) -> Panel:
    assert objective.threshold is not None
    labels = {**objective.indicator.labels, **MINE}
    return timeseries(
        objective.title,
        f"Duration of runs, from the start of work to the stored result. {objective.target:%} "
        f"should stay below {objective.threshold:g} s.",
        "s",
        ("median", q.quantile(0.5, objective.indicator.metric, **labels)),
        ("95 %", q.quantile(0.95, objective.indicator.metric, **labels)),
        ("mean", q.mean(objective.indicator.metric, **labels)),
        thresholds=above((objective.threshold, RED)),
        links=[link("Failed and slow runs", "incident")],
        width=8,
    )


def _stages() -> list[Panel]:
    return [
        timeseries(
            "Time by stage", "Seconds per second that runs spend in each stage: the height is how "
            "many runs are under way, the bands are what they do.", "none",
            ("{{stage}}", q.total_rate(m.BACKTEST_STAGE_DURATION, "stage")), stacked=True,
        ),
        timeseries(
            "Slow stages", "The duration that 95 % of runs stay below, for each stage.", "s",
            ("{{stage}}", q.quantile(0.95, m.BACKTEST_STAGE_DURATION, "stage")),
        ),
        heatmap(
            "All durations", "Runs by duration; two bands mean two kinds of run, which a mean "
            "would hide.", "s", q.heat(m.BACKTEST_DURATION, **CHOSEN), width=24,
        ),
    ]  # fmt: skip


def _work() -> list[Panel]:
    return [
        timeseries(
            "Data points", "Ticks and bars that engines processed per second.", "ops",
            ("{{strategy}}", q.rate(m.ENGINE_DATA_POINTS, "strategy", **CHOSEN)),
            width=8,
        ),
        timeseries(
            "Orders and events", "Orders that runs created and order events that they processed, "
            "per second.", "ops",
            ("orders {{strategy}}", q.rate(m.ENGINE_ORDERS, "strategy", **MINE)),
            ("events {{strategy}}", q.rate(m.ENGINE_EVENTS, "strategy", **MINE)),
            width=8,
        ),
        timeseries(
            "Throughput ratio", "Data points per second of the last run against the median of the "
            "last 20 like it. Below 0.7 something got slower, whatever the size of the run.",
            "none",
            ("{{strategy}} {{window}}", q.value(
                m.BACKTEST_THROUGHPUT_RATIO, "strategy", "window", how="min", **CHOSEN)),
            thresholds=below((0.7, ORANGE), (0.9, "green")), width=8,
        ),
    ]  # fmt: skip


def _outcomes() -> list[Panel]:
    failed = ("error", "timeout", "killed")
    return [
        stat(
            "In progress", "Runs that are being worked on now.", "short",
            ("runs", q.value(m.BACKTEST_IN_PROGRESS)), trend=True,
        ),
        stat(
            "Silent for", "Longest time that a run has not moved on; above some minutes it is "
            "stuck.", "s", ("slot {{slot}}", q.age(m.BACKTEST_LAST_PROGRESS, "slot")),
            thresholds=above((60, ORANGE), (300, RED)), links=[link("Incident", "incident")],
        ),
        stat(
            "Failed", "Share of the runs in the time range that failed, timed out or were killed.",
            "percentunit",
            ("failed", q.share_or_zero(
                m.BACKTEST_RUNS, of={"status": failed}, over=q.RANGE, **MINE)),
            thresholds=above((0.01, ORANGE), (0.1, RED)), links=[link("Incident", "incident")],
        ),
        timeseries(
            "Runs by outcome", "Runs that ended per second, by outcome.", "ops",
            ("{{status}}", q.rate(m.BACKTEST_RUNS, "status", **MINE)), stacked=True,
            links=[link("Incident", "incident")],
        ),
        timeseries(
            "Engine resets", "Resets per second: a sweep resets an engine between its runs.", "ops",
            ("{{strategy}}", q.rate(m.ENGINE_RESETS, "strategy", **MINE)), width=24,
        ),
    ]  # fmt: skip


def _memory() -> list[Panel]:
    memory = objectives()["run_memory"]
    assert memory.threshold is not None
    chosen = {"window": "$window"}
    return [
        timeseries(
            "Peak memory of runs", f"Highest resident memory of the process during a run. "
            f"{memory.target:%} should stay below {memory.threshold / 1e9:g} GB.", "bytes",
            ("95 % {{window}}", q.quantile(0.95, m.ENGINE_PEAK_MEMORY, "window", **chosen)),
            ("median {{window}}", q.quantile(0.5, m.ENGINE_PEAK_MEMORY, "window", **chosen)),
            thresholds=above((memory.threshold, RED)), links=[link("Runtime", "runtime")],
        ),
        heatmap(
            "Peak memory", "Runs by peak memory; dots open the trace of a run.", "bytes",
            q.heat(m.ENGINE_PEAK_MEMORY, **chosen),
        ),
        timeseries(
            "GC pauses of runs", "Garbage collection pauses charged to a run, in total.", "s",
            ("95 % {{window}}", q.quantile(0.95, m.ENGINE_GC_PAUSE, "window", **chosen)),
            ("mean {{window}}", q.mean(m.ENGINE_GC_PAUSE, "window", **chosen)),
        ),
        timeseries(
            "GC share of run time", "Seconds of pauses per second of runs; above 5 % it is worth "
            "looking for what makes the garbage.", "percentunit",
            ("{{window}}", q.ratio(
                q.total_rate(m.ENGINE_GC_PAUSE, "window", **chosen),
                q.total_rate(m.BACKTEST_DURATION, "window", **chosen))),
            thresholds=above((0.05, ORANGE)), links=[link("Runtime", "runtime")],
        ),
    ]  # fmt: skip
