"""How traces look on a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from nautilus_instrumentation import attributes
from tracestore.terminal.tempo import Found, longest_ns
from tracestore.terminal.trace import Span, Trace

BAR_WIDTH = 40
PIPE_WIDTH = 400
"""Columns when the output is no terminal: nothing is cut off for the program that reads it."""

DETAILS = (
    attributes.RUN_ID,
    attributes.STRATEGY,
    attributes.INSTRUMENT_ID,
    attributes.WINDOW,
    attributes.STATUS,
    attributes.LAST_STAGE,
    attributes.DATA_POINTS,
    attributes.ORDERS,
    attributes.PEAK_MEMORY,
    attributes.GC_SECONDS,
    attributes.CACHE_SOURCE,
)
"""What is shown of `backtest run` under the waterfall."""


def console() -> Console:
    """Colours and the terminal's width on a terminal; neither in a pipe."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=PIPE_WIDTH)


def duration(nanoseconds: float) -> str:
    """A duration in the unit that keeps it short: 12.3 ms, 4.56 s, 3 min 20 s."""
    seconds = nanoseconds / 1e9
    if seconds >= 120:
        return f"{int(seconds // 60)} min {seconds % 60:.0f} s"
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}" if seconds < 100 else f"{seconds:.0f} s"
    return f"{seconds * 1e6:.3g} µs"


def clock(nanoseconds: int) -> str:
    """A Unix time in UTC, to the second."""
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S")


def found_table(found: Iterable[Found]) -> Table:
    table = _table("trace", "root", "service", "start (UTC)", "duration", "matched")
    for trace in found:
        table.add_row(
            trace.trace_id,
            trace.root_name,
            trace.root_service,
            clock(trace.start_ns),
            duration(trace.duration_ms * 1e6),
            str(trace.matched),
        )
    return table


def errors_table(found: Iterable[Found]) -> Table:
    table = _table("trace", "root", "start (UTC)", "duration", "failed span", "reason")
    for trace in found:
        span = trace.spans[0] if trace.spans else {}
        table.add_row(
            trace.trace_id,
            trace.root_name,
            clock(trace.start_ns),
            duration(trace.duration_ms * 1e6),
            Text(span.get("name", ""), style="red"),
            str(span.get("attributes", {}).get("statusMessage", "")),
        )
    return table


def runs_table(found: Iterable[Found]) -> Table:
    table = _table(
        "run", "strategy", "instrument", "window", "status", "start (UTC)", "duration",
        "data points/s", "trace",
    )  # fmt: skip
    for trace in found:
        facts = run_facts(trace)
        failed = facts["status"] not in ("ok", "")
        table.add_row(
            facts["run_id"],
            facts["strategy"],
            facts["instrument_id"],
            facts["window"],
            Text(facts["status"], style="bold red" if failed else "green"),
            clock(facts["start_ns"]),
            duration(facts["duration_ns"]),
            f"{facts['data_points_per_second']:,.0f}",
            trace.trace_id,
        )
    return table


def run_facts(trace: Found) -> dict[str, Any]:
    """What a line about a run shows, from its span `backtest run`."""
    span = trace.spans[0] if trace.spans else {}
    found = span.get("attributes", {})
    running = found.get(attributes.stage_seconds("run")) or 0
    points = found.get(attributes.DATA_POINTS) or 0
    return {
        "run_id": str(found.get(attributes.RUN_ID, "")),
        "strategy": str(found.get(attributes.STRATEGY, "")),
        "instrument_id": str(found.get(attributes.INSTRUMENT_ID, "")),
        "window": str(found.get(attributes.WINDOW, "")),
        "status": str(found.get(attributes.STATUS, "")),
        "start_ns": span.get("start_ns", trace.start_ns),
        "duration_ns": longest_ns(trace),
        "data_points_per_second": points / running if running else 0.0,
        "trace_id": trace.trace_id,
    }


def waterfall(trace: Trace) -> Table:
    """One line a span: name by depth, duration, and a bar; critical path bold, errors red."""
    path = trace.critical_path()
    whole = max(1, trace.end_ns - trace.start_ns)
    table = _table("span", "duration", "", "service")
    for depth, span in trace.walk():
        style = "red" if span.failed else ""
        weight = "bold" if span.span_id in path else "dim"
        mark = "●" if span.span_id in path else " "
        table.add_row(
            Text("  " * depth + f"{mark} " + span.name, style=f"{weight} {style}".strip()),
            Text(duration(span.duration_ns), style=style),
            Text(_bar(span, trace.start_ns, whole), style=style or "cyan"),
            Text(span.service, style="dim"),
        )
    return table


def failures(trace: Trace) -> list[Text]:
    """A line for each failed span that says why."""
    return [
        Text(f"✗ {span.name}: {span.message or 'failed'}", style="red")
        for _, span in trace.walk()
        if span.failed
    ]


def facts_table(trace: Trace) -> Table | None:
    """The figures of the trace's backtest run, when it has one."""
    run = next((span for span in trace.spans if span.name == attributes.BACKTEST_RUN), None)
    if run is None:
        return None
    table = Table.grid(padding=(0, 2))
    for key in DETAILS:
        if key in run.attributes:
            table.add_row(key, str(run.attributes[key]))
    return table


def trace_document(trace: Trace) -> dict[str, Any]:
    """The trace for programs: spans in waterfall order."""
    path = trace.critical_path()
    return {
        "trace_id": trace.trace_id,
        "start_ns": trace.start_ns,
        "duration_ns": trace.end_ns - trace.start_ns,
        "spans": [
            {
                "span_id": span.span_id,
                "parent_id": span.parent_id,
                "depth": depth,
                "name": span.name,
                "service": span.service,
                "start_ns": span.start_ns,
                "duration_ns": span.duration_ns,
                "failed": span.failed,
                "message": span.message,
                "critical": span.span_id in path,
                "attributes": span.attributes,
            }
            for depth, span in trace.walk()
        ],
    }


def _bar(span: Span, start_ns: int, whole: int) -> str:
    before = round((span.start_ns - start_ns) / whole * BAR_WIDTH)
    before = min(before, BAR_WIDTH - 1)
    length = min(max(1, round(span.duration_ns / whole * BAR_WIDTH)), BAR_WIDTH - before)
    return " " * before + "━" * length


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    numeric = {"duration", "matched", "data points/s"}
    for column in columns:
        table.add_column(column, no_wrap=True, justify="right" if column in numeric else "left")
    return table
