"""TraceQL from our span names and attribute keys, and the panels that show what it finds.

The embedded trace store and Tempo answer the same queries.
"""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.model import TEMPO, Json, Panel, TraceTarget, fields, referenced
from dashboards.panels import figure_options, table_options

# What Grafana makes of a search whose tableType is "spans" (grafana/grafana,
# public/app/plugins/datasource/tempo/resultTransformer.ts): a row for each span, newest trace
# first, with the fields traceIdHidden, traceService, traceName, spanID, time, name, one for each
# attribute under its key without the scope, and duration (ns, shown as Duration). Attributes are
# texts.

TRACE_ID = "${__data.fields.traceIdHidden}"
"""In a data link of a table of spans: the id of the row's trace."""

LONGEST = ({"desc": True, "displayName": "Duration"},)
"""Sorts a table of spans: Grafana itself puts the newest first, in whatever order they came."""

Shown = tuple[str, str, str]
"""Key of an attribute that is a number, what it is called, and its unit."""


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
    numbers: Sequence[Shown] = (), sort: Sequence[Json] = (), links: Sequence[Json] = (),
    width: int = 24, rows: int = 8,
) -> Panel:  # fmt: skip
    """Spans that a search finds, one row each, with the attributes selected."""
    target = TraceTarget(query=query, limit=limit, spansPerTrace=spans_per_trace, tableType="spans")
    custom = {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": True}
    return Panel(
        type="table", title=title, description=description, dataSource=TEMPO,
        targets=referenced([target]), options=table_options() | {"sortBy": list(sort)},
        transformations=[_converted(numbers)] if numbers else [],
        fieldConfig=fields(
            {"custom": custom, "links": list(links), "noValue": "none"}, _named(numbers)),
        width=width, rows=rows,
    )  # fmt: skip


def figures(
    title: str, description: str, query: str, shown: Sequence[Shown],
    *, links: Sequence[Json] = (), width: int = 12,
) -> Panel:  # fmt: skip
    """Attributes of one span as numbers; a number that is 0 is none to Grafana."""
    names = [key for key, _, _ in shown]
    options = figure_options("none", "none", "value_and_name", "/.*/")
    return Panel(
        type="stat", title=title, description=description, dataSource=TEMPO,
        targets=referenced([TraceTarget(query=query, limit=1, tableType="spans")]),
        transformations=[
            _converted(shown),
            {"id": "filterFieldsByName", "options": {"include": {"names": names}}},
        ],
        options=options, width=width, rows=6,
        fieldConfig=fields(
            {"links": list(links), "noValue": "none", "unit": "none"}, _named(shown)),
    )  # fmt: skip


def waterfall(title: str, description: str, trace_id: str) -> Panel:
    """One trace."""
    return Panel(
        type="traces", title=title, description=description, dataSource=TEMPO,
        targets=referenced([TraceTarget(query=trace_id)]), fieldConfig=fields({}), width=24,
        rows=20,
    )  # fmt: skip


def _converted(shown: Sequence[Shown]) -> Json:
    """Makes numbers of attributes, which arrive as texts and so would have no unit."""
    numbers = [{"destinationType": "number", "targetField": key} for key, _, _ in shown]
    return {"id": "convertFieldType", "options": {"conversions": numbers, "fields": {}}}


def _named(shown: Sequence[Shown]) -> list[Json]:
    """Overrides that give numbers their name and unit."""
    return [
        {
            "matcher": {"id": "byName", "options": key},
            "properties": [{"id": "displayName", "value": name}, {"id": "unit", "value": unit}],
        }
        for key, name, unit in shown
    ]
