"""How traces look on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.text import Text

from nautilus_instrumentation import attributes
from tracestore.terminal.columns import GAP, Column, table
from tracestore.terminal.tempo import Found, longest_ns
from tracestore.terminal.trace import Span, Trace
from tracestore.terminal.units import clock, duration, value

LONGEST_BAR, SHORTEST_BAR = 48, 12
LONGEST_MESSAGE = 1000
"""Characters of a failure's message under a waterfall."""

START = "start (UTC)"
STATUS_STYLES = {"ok": "green", "": ""}
"""Everything else went wrong."""

DETAILS = (
    ("run", attributes.RUN_ID),
    ("strategy", attributes.STRATEGY),
    ("instrument", attributes.INSTRUMENT_ID),
    ("window", attributes.WINDOW),
    ("status", attributes.STATUS),
    ("last stage", attributes.LAST_STAGE),
    ("data points", attributes.DATA_POINTS),
    ("orders", attributes.ORDERS),
    ("positions", attributes.POSITIONS),
    ("peak memory", attributes.PEAK_MEMORY),
    ("GC pauses", attributes.GC_SECONDS),
    ("ticks from", attributes.CACHE_SOURCE),
)
"""What is shown of `backtest run` under the waterfall: what it is called, and its attribute."""


def found_table(found: Sequence[Found], width: int) -> Text:
    """Traces that a search found."""
    columns = (
        Column("trace"), Column("root"), Column("service", 1), Column(START, 2),
        Column("duration", right=True), Column("matched", 3, right=True),
    )  # fmt: skip
    rows = [
        (
            trace.trace_id,
            trace.root_name,
            trace.root_service,
            clock(trace.start_ns),
            duration(trace.duration_ms * 1e6),
            str(trace.matched),
        )
        for trace in found
    ]
    return table(columns, rows, width)


def errors_table(found: Sequence[Found], width: int) -> Text:
    """Traces in which something failed, with the innermost span that did."""
    columns = (
        Column("trace"), Column("root", 2), Column(START, 3), Column("duration", 1, right=True),
        Column("failed span"), Column("reason"),
    )  # fmt: skip
    rows = []
    for trace in found:
        facts = error_facts(trace)
        rows.append(
            (
                trace.trace_id,
                trace.root_name,
                clock(trace.start_ns),
                duration(trace.duration_ms * 1e6),
                Text(facts["failed_span"], "red"),
                Text(facts["reason"], "red"),
            )
        )
    return table(columns, rows, width)


def error_facts(trace: Found) -> dict[str, Any]:
    """What a line about a failure shows."""
    # An exception passes from the inside out: what began last is where it came from.
    span = max(trace.spans, key=lambda span: int(span["start_ns"]), default={})
    return {
        "trace_id": trace.trace_id,
        "root_name": trace.root_name,
        "start_ns": trace.start_ns,
        "duration_ns": int(trace.duration_ms * 1e6),
        "failed_span": span.get("name", ""),
        "reason": str(span.get("attributes", {}).get("statusMessage", "")),
    }


def runs_table(found: Sequence[Found], width: int) -> Text:
    """Backtest runs."""
    columns = (
        Column("run", 2), Column("strategy"), Column("instrument", 4), Column("window", 1),
        Column("status"), Column(START, 5), Column("duration", right=True),
        Column("data points/s", 3, right=True), Column("trace"),
    )  # fmt: skip
    rows = []
    for trace in found:
        facts = run_facts(trace)
        rows.append(
            (
                facts["run_id"],
                facts["strategy"],
                facts["instrument_id"],
                facts["window"],
                Text(facts["status"], STATUS_STYLES.get(facts["status"], "bold red")),
                clock(facts["start_ns"]),
                duration(facts["duration_ns"]),
                f"{facts['data_points_per_second']:,.0f}",
                trace.trace_id,
            )
        )
    return table(columns, rows, width)


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


def waterfall(trace: Trace, width: int) -> Text:
    """One line a span: name by depth, bar, duration, and its share of the critical path.

    ● marks the critical path; red is what failed; ╌ is a span that sums up calls, whose duration
    is theirs.
    """
    path = trace.critical_path()
    whole = max(1, trace.end_ns - trace.start_ns)
    lines = [(depth, span, span.span_id in path) for depth, span in trace.walk()]
    names = [
        Text("  " * depth + ("● " if critical else "  ") + _name(span), _style(span, critical))
        for depth, span, critical in lines
    ]
    taken = max(name.cell_len for name in names) + len("duration") + len("path") + 3 * GAP
    bar = min(LONGEST_BAR, max(SHORTEST_BAR, width - taken - _process_width(trace)))
    columns = (
        Column("span"), Column("", 2), Column("duration", right=True),
        Column("path", 1, right=True), Column("process", 3),
    )  # fmt: skip
    rows = [
        (
            name,
            Text(_bar(span, trace.start_ns, whole, bar), "red" if span.failed else "cyan"),
            Text(duration(span.busy_ns), _style(span, critical)),
            _share(path.get(span.span_id, 0) / whole),
            Text(span.process, "dim"),
        )
        for name, (_, span, critical) in zip(names, lines, strict=True)
    ]
    return table(columns, rows, width)


def failures(trace: Trace) -> Text:
    """A line for each failed span that says why."""
    return Text("\n").join(
        Text(f"✗ {span.name}: {(span.message or 'failed')[:LONGEST_MESSAGE]}", "red")
        for _, span in trace.walk()
        if span.failed
    )


def facts(trace: Trace) -> Text:
    """The figures of the trace's backtest run; empty when it has none."""
    run = next((span for span in trace.spans if span.name == attributes.BACKTEST_RUN), None)
    if run is None:
        return Text()
    found = [
        (name, value(key, run.attributes[key])) for name, key in DETAILS if key in run.attributes
    ]
    head, tail = attributes.stage_seconds("\0").split("\0")
    stages = [
        f"{key.removeprefix(head).removesuffix(tail)} {duration(float(seconds) * 1e9)}"
        for key, seconds in run.attributes.items()
        if key.startswith(head) and key.endswith(tail)
    ]
    if stages:
        found.append(("stages", " · ".join(stages)))
    return Text("\n").join(Text.assemble((f"{name:<13}", "dim"), shown) for name, shown in found)


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
                "process": span.process,
                "start_ns": span.start_ns,
                "duration_ns": span.duration_ns,
                "calls": span.calls,
                "busy_ns": span.busy_ns,
                "failed": span.failed,
                "message": span.message,
                "critical": span.span_id in path,
                "critical_ns": path.get(span.span_id, 0),
                "attributes": span.attributes,
            }
            for depth, span in trace.walk()
        ],
    }


def _name(span: Span) -> str:
    return f"{span.name} ×{span.calls}" if span.calls > 1 else span.name


def _style(span: Span, critical: bool) -> str:
    return " ".join((("bold" if critical else "dim"), "red" if span.failed else "")).strip()


def _share(part: float) -> str:
    return f"{part:.0%}" if part >= 0.005 else ""


def _process_width(trace: Trace) -> int:
    return GAP + max(len("process"), *(len(span.process) for span in trace.spans))


def _bar(span: Span, start_ns: int, whole: int, width: int) -> str:
    before = min(round((span.start_ns - start_ns) / whole * width), width - 1)
    length = min(max(1, round(span.duration_ns / whole * width)), width - before)
    return " " * before + ("╌" if span.calls > 1 else "━") * length
