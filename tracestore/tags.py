"""Names of attributes and their values, for those who write queries."""

from __future__ import annotations

import sqlite3
from typing import Any

from tracestore.storage.schema import BLOCK_SPANS, key_hash, packed
from tracestore.traceql import fields
from tracestore.traceql.conditions import Keys, condition_sql
from tracestore.traceql.plan import Planner, Window
from tracestore.traceql.tree import KINDS, STATUSES, Always, Condition, Field

LOOKED_AT = 200_000
"""Latest spans in which the values of a span attribute are sought."""

INTRINSICS = (
    "duration", "instrumentation:name", "instrumentation:version", "kind", "name", "rootName",
    "rootServiceName", "span:duration", "span:kind", "span:name", "span:status",
    "span:statusMessage", "status", "statusMessage", "trace:duration", "trace:rootName",
    "trace:rootService", "traceDuration",
)  # fmt: skip

SCOPES = ("resource", "span", "intrinsic")

_JSON_TYPES = {
    "text": "string", "integer": "int", "real": "float", "true": "bool", "false": "bool",
}  # fmt: skip


def names(connection: sqlite3.Connection, scope: str) -> list[str]:
    """Names in one of SCOPES, sorted."""
    if scope == "intrinsic":
        return list(INTRINSICS)
    rows = connection.execute("SELECT name FROM keys WHERE scope = ? ORDER BY name", (scope,))
    return [name for (name,) in rows]


def values(
    connection: sqlite3.Connection, field: Field, condition: Condition, window: Window, limit: int
) -> list[tuple[str, str]]:
    """Distinct (type, value) of a field among the spans for which a condition holds."""
    if field.scope == "intrinsic":
        return _intrinsic_values(connection, field.name, condition, window, limit)
    keys = Keys(connection)
    found: dict[tuple[str, str], None] = {}
    for scope in ("resource", "span"):
        key = keys.number(scope, field.name)
        if key is None or field.scope not in ("any", scope):
            continue
        source = _resources if scope == "resource" else _spans
        for kind, value in source(connection, key, condition, window, limit):
            if kind in _JSON_TYPES:
                text = kind if kind in ("true", "false") else str(value)
                found[_JSON_TYPES[kind], text] = None
    return sorted(found)[:limit]


def _resources(
    connection: sqlite3.Connection, key: int, condition: Condition, window: Window, limit: int
) -> list[tuple[str, Any]]:
    path = f'$."{key}"'
    what = "SELECT DISTINCT json_type(r.attributes, ?), json_extract(r.attributes, ?) "
    if condition == Always(True) and window == Window():
        return connection.execute(
            f"{what} FROM resources r LIMIT ?", (path, path, limit)
        ).fetchall()
    source = Planner(connection).condition(condition, window)
    return connection.execute(
        f"{what} FROM resources r WHERE EXISTS (SELECT 1 {source.text} AND s.resource = r.id) "
        "LIMIT ?",
        (path, path, *source.values, limit),
    ).fetchall()


def _spans(
    connection: sqlite3.Connection, key: int, condition: Condition, window: Window, limit: int
) -> list[tuple[str, Any]]:
    path = f'$."{key}"'
    where = condition_sql(condition, Keys(connection))
    bounds, times = ["1"], []
    if window.start is not None:
        bounds.append('s."end" >= ?')
        times.append(window.start)
    if window.end is not None:
        bounds.append('s."end" - s.duration <= ?')
        times.append(window.end)
    # Elements of arrays are values too: json_each gives a plain value as its only element.
    return connection.execute(
        "SELECT DISTINCT e.type, e.value FROM (SELECT s.attributes FROM "
        "(SELECT id FROM blocks WHERE instr(hashes, ?) ORDER BY id DESC) b "
        "CROSS JOIN spans s NOT INDEXED "
        f"WHERE s.id BETWEEN b.id * {BLOCK_SPANS} AND b.id * {BLOCK_SPANS} + "
        f"{BLOCK_SPANS - 1} AND {' AND '.join(bounds)} AND {where.text} LIMIT {LOOKED_AT}) a, "
        "json_each(a.attributes, ?) e LIMIT ?",
        (packed([key_hash(key)]), *times, *where.values, path, limit),
    ).fetchall()


def _intrinsic_values(
    connection: sqlite3.Connection, name: str, condition: Condition, window: Window, limit: int
) -> list[tuple[str, str]]:
    if name in ("status", "kind"):
        return [("keyword", value) for value in sorted(STATUSES if name == "status" else KINDS)]
    if name not in _TEXTS and name != "name":
        return []
    source = Planner(connection).condition(condition, window)
    if name == "name":
        # Names are few: each is looked up in its index, instead of reading all spans.
        statement = (
            f"SELECT n.value FROM names n WHERE EXISTS (SELECT 1 {source.text} AND s.name = n.id) "
            "LIMIT ?"
        )
    else:
        statement = (
            f"SELECT DISTINCT value FROM (SELECT {_TEXTS[name]} AS value {source.text} "
            f"LIMIT {LOOKED_AT}) LIMIT ?"
        )
    rows = connection.execute(statement, (*source.values, limit))
    return sorted(("string", value) for (value,) in rows if value)


_TEXTS = {
    "statusMessage": "s.status_message",
    "rootName": "(SELECT n.value FROM traces t JOIN names n ON n.id = t.root_name "
    "WHERE t.id = s.trace)",
    "rootServiceName": "(SELECT r.service FROM traces t JOIN resources r ON "
    "r.id = t.root_resource WHERE t.id = s.trace)",
    "instrumentation:name": "(SELECT name FROM scopes WHERE id = s.scope)",
    "instrumentation:version": "(SELECT version FROM scopes WHERE id = s.scope)",
}  # fmt: skip


def tag_field(tag: str) -> Field:
    """The field that a tag in an address names: `name`, `span.a`, `.a`, or, as of old, bare `a`."""
    try:
        return fields.intrinsic(tag)
    except fields.FieldProblem:
        pass
    if tag.startswith((".", "span.", "resource.")):
        return fields.attribute(tag)
    return Field("any", tag)
