"""Traces that a query finds, as a plain page: where the links of alerts to traces lead.

Where no console draws traces, it keeps the link's promise: the same query over the same time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

from backend.board_page import TimeRange, range_text


def body(
    query: str, traces: Sequence[dict[str, Any]], shown: TimeRange, limit: int, store: str
) -> str:
    """HTML of what the store at `store` found: Tempo's `traces`, at most `limit` of them."""
    found = f"{len(traces)} traces" if len(traces) != 1 else "1 trace"
    more = ", and maybe more" if len(traces) >= limit else ""
    parts = [
        "<h1>Traces</h1>",
        f"<pre><code>{escape(query)}</code></pre>",
        f"<p>{found}{more}; {range_text(shown)}.</p>",
    ]
    if traces:
        rows = "\n".join(map(_row, sorted(traces, key=_start, reverse=True)))
        parts.append(
            "<table><tr><th>Started (UTC)</th><th>Trace</th><th>Took</th><th>Id</th></tr>\n"
            f"{rows}</table>"
        )
    first = _id(max(traces, key=_start)) if traces else "ID"
    parts.append(
        "<p>An id opens the trace as JSON. In a terminal, as a waterfall:</p>"
        f"<pre><code>TEMPO_URL={escape(store)} nautobs trace {first}</code></pre>"
    )
    return "\n".join(parts)


def _row(trace: dict[str, Any]) -> str:
    started = datetime.fromtimestamp(_start(trace) / 1e9, UTC)
    name = f"{trace.get('rootServiceName', '')} {trace.get('rootTraceName', '')}".strip()
    number = _id(trace)
    return (
        f"<tr><td>{started:%F %T}</td><td>{escape(name)}</td><td>{_took(trace)}</td>"
        f'<td><a href="/api/traces/{number}"><code>{number}</code></a></td></tr>'
    )


def _start(trace: dict[str, Any]) -> int:
    return int(trace.get("startTimeUnixNano", 0))


def _id(trace: dict[str, Any]) -> str:
    """In full: searches leave leading zeros out."""
    return escape(str(trace["traceID"]).rjust(32, "0"))


def _took(trace: dict[str, Any]) -> str:
    milliseconds = int(trace.get("durationMs", 0))
    return f"{milliseconds} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.2f} s"
