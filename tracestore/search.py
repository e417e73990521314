"""Answers to searches: matched traces with some of their matched spans, in Tempo's shape."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import orjson

from tracestore.storage.schema import STATUS_ERROR
from tracestore.storage.values import plain_json
from tracestore.traceql.plan import Planner, Search
from tracestore.traceql.tree import (
    KINDS,
    STATUSES,
    Aggregate,
    Combine,
    Compare,
    Condition,
    Field,
    Logic,
    Narrow,
    Not,
    Query,
    Spanset,
)

NO_ROOT = "<root span not yet received>"
"""What Tempo calls a trace whose root span it has not seen."""

MOST_COUNTED = 1_000
"""Traces of one answer whose spans are counted: who asks for more reads no list."""

_STATUS_NAMES = {number: name for name, number in STATUSES.items()}
_KIND_NAMES = {number: name for name, number in KINDS.items()}

# Places in a row of plan.COLUMNS.
(
    _TRACE_ID, _TRACE_START, _LASTED, _ROOT_NAME, _ROOT_SERVICE, _TOTAL, _SPAN_ID, _PARENT_ID,
    _NAME, _START, _DURATION, _KIND, _STATUS, _STATUS_MESSAGE, _ATTRIBUTES, _RESOURCE, _SCOPE,
) = range(17)  # fmt: skip


def search(connection: sqlite3.Connection, wanted: Search) -> dict[str, Any]:
    """The answer of `/api/search`."""
    planner = Planner(connection)
    shown = _Shown(connection, wanted.query)
    traces: list[dict[str, Any]] = []
    for thorough in (False, True):
        statement = planner.statement(wanted, thorough)
        rows = connection.execute(statement.text, statement.values).fetchall()
        traces = [
            shown.trace(list(spans)) for _, spans in groupby(rows, key=lambda row: row[_TRACE_ID])
        ]
        if not wanted.query.slowest or len(traces) >= wanted.traces:
            break
    for trace in traces if wanted.traces <= MOST_COUNTED else ():
        trace["serviceStats"] = _service_stats(connection, trace["traceID"])
    return {
        "traces": traces,
        "metrics": {"inspectedTraces": len(traces), "completedJobs": 1, "totalJobs": 1},
    }


def _service_stats(connection: sqlite3.Connection, trace_id: str) -> dict[str, dict[str, int]]:
    """How many spans of a trace each service has, and how many of them failed."""
    rows = connection.execute(
        "SELECT coalesce(r.service, ''), count(*), sum(s.status = ?) FROM traces t "
        "JOIN spans s ON s.trace = t.id JOIN resources r ON r.id = s.resource "
        "WHERE t.trace_id = ? GROUP BY 1",
        (STATUS_ERROR, bytes.fromhex(trace_id)),
    )
    return {
        service: {"spanCount": spans, **({"errorCount": failed} if failed else {})}
        for service, spans, failed in rows
    }


def mentioned(query: Query) -> list[Field]:
    """Fields that a query selects or compares, each once: what results show of a span."""
    return list(dict.fromkeys((*query.select, *_of_spanset(query.spanset))))


def _of_spanset(spanset: Spanset) -> Iterator[Field]:
    if isinstance(spanset, Combine):
        yield from _of_spanset(spanset.left)
        yield from _of_spanset(spanset.right)
        return
    if isinstance(spanset, Narrow | Aggregate):
        yield from _of_spanset(spanset.source)
    if isinstance(spanset, Aggregate):
        if spanset.field is not None:
            yield spanset.field
    else:
        yield from _of_condition(spanset.condition)


def _of_condition(condition: Condition) -> Iterator[Field]:
    if isinstance(condition, Logic):
        yield from _of_condition(condition.left)
        yield from _of_condition(condition.right)
    elif isinstance(condition, Not):
        yield from _of_condition(condition.condition)
    elif isinstance(condition, Compare):
        yield condition.field


class _Shown:
    """Turns rows into Tempo's JSON, with the fields that the query mentions."""

    def __init__(self, connection: sqlite3.Connection, query: Query) -> None:
        self._connection = connection
        self._fields = mentioned(query)
        self._keys = {
            (scope, name): str(number)
            for number, scope, name in connection.execute("SELECT id, scope, name FROM keys")
            if any(field.name == name for field in self._fields)
        }
        self._resources: dict[int, dict[str, Any]] = {}

    def trace(self, rows: list[Any]) -> dict[str, Any]:
        first = rows[0]
        spans = {"spans": [self._span(row) for row in rows], "matched": first[_TOTAL]}
        return {
            "traceID": first[_TRACE_ID].hex(),
            "rootServiceName": first[_ROOT_SERVICE] or ("" if first[_ROOT_NAME] else NO_ROOT),
            "rootTraceName": NO_ROOT if first[_ROOT_NAME] is None else first[_ROOT_NAME],
            "startTimeUnixNano": str(first[_TRACE_START]),
            "durationMs": first[_LASTED] // 1_000_000,
            "spanSet": spans,
            "spanSets": [spans],
        }

    def _span(self, row: Any) -> dict[str, Any]:
        return {
            "spanID": row[_SPAN_ID].hex(),
            "name": row[_NAME],
            "startTimeUnixNano": str(row[_START]),
            "durationNanos": str(row[_DURATION]),
            "attributes": list(self._attributes(row)),
        }

    def _attributes(self, row: Any) -> Iterator[dict[str, Any]]:
        own = orjson.loads(row[_ATTRIBUTES]) if row[_ATTRIBUTES] else {}
        for field in self._fields:
            value = self._value(field, row, own)
            if isinstance(value, list):
                items = [plain_json(item) for item in value if _is_plain(item)]
                yield {"key": field.name, "value": {"arrayValue": {"values": items}}}
            elif _is_plain(value):
                yield {"key": field.name, "value": plain_json(value)}

    def _value(self, field: Field, row: Any, own: dict[str, Any]) -> Any:
        if field.scope == "intrinsic":
            return _intrinsic(field.name, row)
        if field.scope in ("span", "any"):
            value = own.get(self._keys.get(("span", field.name), ""))
            if value is not None or field.scope == "span":
                return value
        key = self._keys.get(("resource", field.name), "")
        return self._resource(row[_RESOURCE]).get(key)

    def _resource(self, number: int) -> dict[str, Any]:
        known = self._resources.get(number)
        if known is None:
            row = self._connection.execute(
                "SELECT attributes FROM resources WHERE id = ?", (number,)
            ).fetchone()
            known = self._resources[number] = orjson.loads(row[0])
        return known


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | bool | int | float)


def _intrinsic(name: str, row: Any) -> str | None:
    """What results show of an intrinsic; None for what the span has beside its attributes."""
    if name == "status":
        return _STATUS_NAMES.get(row[_STATUS], str(row[_STATUS]))
    if name == "kind":
        return _KIND_NAMES.get(row[_KIND], str(row[_KIND]))
    if name == "statusMessage":
        return row[_STATUS_MESSAGE] or ""
    if name == "span:parentID" and row[_PARENT_ID]:
        return str(row[_PARENT_ID].hex())
    return None
