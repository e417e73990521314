"""Run: everything about one backtest, from the trace store; a run id is never a label."""

from __future__ import annotations

from dashboards import queries as q
from dashboards import traceql as t
from dashboards.house import Board, board, link, text_variable
from dashboards.model import Panel
from dashboards.panels import timeseries
from nautilus_instrumentation import attributes as a
from nautilus_instrumentation import metrics as m

READING = (
    "Fill in a run id, or come from a list of runs. The stages add up to the run; the longest bar "
    "of the waterfall is where it waited. A click on a row below fills in the trace id."
)

RUN = t.spans(t.equals("name", a.BACKTEST_RUN), t.equals(t.attribute(a.RUN_ID), "$run_id"))


def dashboard() -> Board:
    return board(
        "run",
        "Run",
        READING,
        [
            ("The run", _run()),
            ("Its trace", _trace()),
            ("The platform meanwhile", _platform()),
        ],
        variables=[
            text_variable("run_id", "Run", "Id of a backtest run"),
            text_variable("trace_id", "Trace", "Id of the run's trace"),
        ],
        traces=True,
        refresh="",
    )


def _run() -> list[Panel]:
    said = (
        a.STRATEGY, a.INSTRUMENT_ID, a.KIND, a.WINDOW, a.STATUS, a.LAST_STAGE, a.CACHE_SOURCE,
    )  # fmt: skip
    figures = [
        (a.PEAK_MEMORY, "peak memory", "bytes"),
        (a.GC_SECONDS, "GC pauses", "s"),
        (a.DATA_POINTS, "data points", "short"),
        (a.EVENTS, "events", "short"),
        (a.ORDERS, "orders", "short"),
        (a.POSITIONS, "positions", "short"),
    ]
    stages = [(a.stage_seconds(stage), stage, "s") for stage in m.STAGES]
    open_trace = [link("Show its trace below", "run", run_id="$run_id", trace_id=t.TRACE_ID)]
    return [
        t.table(
            "What it was", "The run as its span tells it; no row means that the run has not ended, "
            "or that the trace store has dropped it.", t.select(RUN, said), limit=1, rows=5,
            links=open_trace,
        ),
        t.figures(
            "Stages", "Seconds in each stage of the run.",
            t.select(RUN, [key for key, _, _ in stages]), stages, links=open_trace,
        ),
        t.figures(
            "Cost and work", "What the run took, and what it did.",
            t.select(RUN, [key for key, _, _ in figures]), figures, links=open_trace,
        ),
    ]  # fmt: skip


def _trace() -> list[Panel]:
    numbers = [
        (a.ROWS, "rows", "short"), (a.BYTES_READ, "read", "bytes"),
        (a.BYTES_PRUNED, "pruned", "bytes"),
    ]  # fmt: skip
    return [
        t.table(
            "Steps", "Every span below the run, with rows and bytes where it moved any.",
            t.select(f"{RUN} >> {t.spans()}", (a.ROWS, a.BYTES_READ, a.BYTES_PRUNED, a.FILES)),
            limit=1, spans_per_trace=100, numbers=numbers,
            links=[link("Show the trace below", "run", run_id="$run_id", trace_id=t.TRACE_ID)],
        ),
        t.waterfall("Trace", "From the request to the stored result.", "$trace_id"),
    ]  # fmt: skip


def _platform() -> list[Panel]:
    runtime = [link("Runtime", "runtime")]
    return [
        timeseries(
            "Resident memory", "Resident memory by process, in the time range.", "bytes",
            ("{{role}} {{slot}}", q.value(m.PROCESS_MEMORY, "role", "slot")), links=runtime,
            width=8,
        ),
        timeseries(
            "CPU", "Cores that each process used.", "none",
            ("{{role}} {{slot}}", q.rate(m.PROCESS_CPU, "role", "slot")), stacked=True,
            links=runtime, width=8,
        ),
        timeseries(
            "Runs beside it", "Runs that were under way.", "short",
            ("runs", q.value(m.BACKTEST_IN_PROGRESS)), links=[link("Backtest engine", "backtest")],
            width=8,
        ),
    ]  # fmt: skip
