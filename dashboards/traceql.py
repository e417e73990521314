"""TraceQL from our span names and attribute keys, and the panels that show what it finds.

The embedded trace store and Tempo answer the same queries.
"""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.model import TEMPO, Json, Panel, TraceTarget, fields, referenced
from dashboards.panels import figure_options, table_options

TRACE_ID = "${__data.fields.traceIdHidden}"
"""In a data link of a table of spans: the id of the row's trace, as Grafana's Tempo names it."""


def attribute(key: str) -> str:
    return f"span.{key}"


def equals(field: str, text: str) -> str:
    return f'{field} = "{text}"'


def spans(*conditions: str) -> str:
    """Spans that meet all the conditions."""
    return f"{{ {' && '.join(conditions)} }}" if conditions else "{ }"


def select(query: str, keys: Sequence[str]) -> str:
    """`query`, with the attributes of its spans."""
    return f"{query} | select({', '.join(attribute(key) for key in keys)})"


def slowest(query: str) -> str:
    """`query`, by duration; Tempo passes over the hint and gives the newest."""
    return f"{query} with (slowest=true)"


def field_of(key: str) -> str:
    """In a data link of a table of spans: the value of the attribute in the row."""
    return f'${{__data.fields["{key}"]}}'


def table(
    title: str, description: str, query: str, *, limit: int = 20, spans_per_trace: int = 1,
    links: Sequence[Json] = (), width: int = 24, rows: int = 8,
) -> Panel:  # fmt: skip
    """Spans that a search finds, one row each, with the attributes selected."""
    target = TraceTarget(query=query, limit=limit, spansPerTrace=spans_per_trace, tableType="spans")
    custom = {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": True}
    return Panel(
        type="table", title=title, description=description, dataSource=TEMPO,
        targets=referenced([target]), options=table_options(),
        fieldConfig=fields({"custom": custom, "links": list(links), "noValue": "none"}),
        width=width, rows=rows,
    )  # fmt: skip


def figures(
    title: str, description: str, query: str, shown: Sequence[tuple[str, str, str]],
    *, links: Sequence[Json] = (), width: int = 12,
) -> Panel:  # fmt: skip
    """Attributes of one span as numbers: `shown` holds (key, what it is called, unit)."""
    names = [key for key, _, _ in shown]
    # Attributes arrive as texts, which have no unit.
    numbers = [{"destinationType": "number", "targetField": name} for name in names]
    overrides = [
        {
            "matcher": {"id": "byName", "options": key},
            "properties": [{"id": "displayName", "value": name}, {"id": "unit", "value": unit}],
        }
        for key, name, unit in shown
    ]
    options = figure_options("none", "none", "value_and_name", "/.*/")
    return Panel(
        type="stat", title=title, description=description, dataSource=TEMPO,
        targets=referenced([TraceTarget(query=query, limit=1, tableType="spans")]),
        transformations=[
            {"id": "convertFieldType", "options": {"conversions": numbers, "fields": {}}},
            {"id": "filterFieldsByName", "options": {"include": {"names": names}}},
        ],
        options=options, width=width, rows=6,
        fieldConfig=fields({"links": list(links), "noValue": "none", "unit": "none"}, overrides),
    )  # fmt: skip


def waterfall(title: str, description: str, trace_id: str) -> Panel:
    """One trace."""
    return Panel(
        type="traces", title=title, description=description, dataSource=TEMPO,
        targets=referenced([TraceTarget(query=trace_id)]), fieldConfig=fields({}), width=24,
        rows=20,
    )  # fmt: skip
