"""Runtime: memory, garbage collection, CPU and queue of our processes."""

from __future__ import annotations

from dashboards import queries as q
from dashboards.house import Board, board, link
from dashboards.model import Panel
from dashboards.panels import ORANGE, RED, above, heatmap, stat, timeseries
from nautilus_instrumentation import metrics as m

READING = (
    "Resident memory is the truth: NautilusTrader's own memory is invisible to Python's collector, "
    "so a flat GC panel says nothing about a leak. Retained memory that rises from run to run does."
)

PROCESS = "{{role}} {{slot}}"
RUNS = [link("Backtest engine", "backtest")]


def dashboard() -> Board:
    return board(
        "runtime",
        "Runtime",
        READING,
        [
            ("Memory", _memory()),
            ("Garbage collection", _collections()),
            ("Processes", _processes()),
            ("Queue", _queue()),
        ],
    )


def _memory() -> list[Panel]:
    return [
        timeseries(
            "Resident memory", "Resident memory by process; at its limit a worker is replaced.",
            "bytes",
            (PROCESS, q.value(m.PROCESS_MEMORY, "role", "slot")),
            (f"limit of {PROCESS}", q.value(m.PROCESS_MEMORY_LIMIT, "role", "slot")),
        ),
        timeseries(
            "Memory against its limit", "Resident memory over the limit of the process.",
            "percentunit",
            (PROCESS, q.ratio(
                q.value(m.PROCESS_MEMORY, "role", "slot"),
                q.value(m.PROCESS_MEMORY_LIMIT, "role", "slot"))),
            thresholds=above((0.8, ORANGE), (0.95, RED)), high=1, links=RUNS,
        ),
        timeseries(
            "Retained memory", "Resident memory left after the last run was disposed.", "bytes",
            ("slot {{slot}}", q.value(m.ENGINE_RETAINED_MEMORY, "slot")), links=RUNS, width=8,
        ),
        timeseries(
            "Slope of retained memory", "How much retained memory grew per run in the hour before; "
            "it falls below 0 when a worker is replaced.", "bytes",
            ("per run", _growth("1h")), thresholds=above((5e6, ORANGE), (5e7, RED)), low=None,
            links=RUNS, width=8,
        ),
        stat(
            "Leak", "How much retained memory grew per run in the time range, all workers "
            "together. A worker that was replaced in between makes it smaller.", "bytes",
            ("per run", _growth(q.RANGE)), thresholds=above((5e6, ORANGE), (5e7, RED)), width=8,
            rows=8, links=RUNS,
        ),
    ]  # fmt: skip


def _growth(over: str) -> q.Query:
    """Growth of retained memory per run."""
    return q.ratio(
        q.changed(m.ENGINE_RETAINED_MEMORY, over=over), q.increase(m.BACKTEST_RUNS, over=over)
    )


def _collections() -> list[Panel]:
    return [
        timeseries(
            "Collections", "Garbage collections per second by generation.", "ops",
            ("generation {{generation}} {{role}}", q.rate(
                m.GC_COLLECTIONS, "generation", "role")),
        ),
        timeseries(
            "Pauses", "Share of time that processes stand still for the collector.", "percentunit",
            ("generation {{generation}} {{role}}", q.total_rate(m.GC_PAUSE, "generation", "role")),
            thresholds=above((0.05, ORANGE)), links=RUNS,
        ),
        timeseries(
            "Long pauses", "Duration that 99 % of the pauses stay below.", "s",
            ("generation {{generation}} {{role}}", q.quantile(
                0.99, m.GC_PAUSE, "generation", "role")),
        ),
        timeseries(
            "Objects", "Objects per second that the collector freed, and could not free.", "ops",
            ("freed {{role}}", q.rate(m.GC_COLLECTED, "role")),
            ("uncollectable {{role}}", q.rate(m.GC_UNCOLLECTABLE, "role")),
        ),
    ]  # fmt: skip


def _processes() -> list[Panel]:
    return [
        timeseries(
            "CPU", "Cores that each process uses.", "none",
            (PROCESS, q.rate(m.PROCESS_CPU, "role", "slot")), stacked=True,
        ),
        timeseries(
            "Descriptors and threads", "Open file descriptors and threads by process.", "short",
            (f"descriptors {PROCESS}", q.value(m.PROCESS_FDS, "role", "slot")),
            (f"threads {PROCESS}", q.value(m.PROCESS_THREADS, "role", "slot")),
        ),
        heatmap(
            "Event-loop lag", "How much later than asked the API's event loop came back; above "
            "100 ms every request feels it.", "s", q.heat(m.EVENT_LOOP_LAG),
        ),
        timeseries(
            "Event-loop lag, 99 %", "Lag that 99 % of the checks stay below.", "s",
            ("99 %", q.quantile(0.99, m.EVENT_LOOP_LAG)), thresholds=above((0.1, ORANGE)),
            links=[link("API", "api")],
        ),
    ]  # fmt: skip


def _queue() -> list[Panel]:
    return [
        timeseries(
            "Waiting jobs", "Jobs that wait for a worker.", "short",
            ("{{job_type}}", q.value(m.JOB_QUEUE_DEPTH, "job_type")), stacked=True,
        ),
        timeseries(
            "Wait", "Time that 95 % of jobs wait for a worker at most.", "s",
            ("{{job_type}}", q.quantile(0.95, m.JOB_QUEUE_WAIT, "job_type")),
        ),
        timeseries(
            "Job duration", "Time that 95 % of jobs keep a worker at most.", "s",
            ("{{job_type}} {{status}}", q.quantile(0.95, m.JOB_DURATION, "job_type", "status")),
        ),
        timeseries(
            "Replaced workers", "Workers replaced per second, by reason; recycled is by plan.",
            "ops", ("{{reason}}", q.rate(m.JOB_WORKER_RESTARTS, "reason")), stacked=True,
            links=[link("Incident", "incident")],
        ),
    ]  # fmt: skip
