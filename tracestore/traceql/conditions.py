"""Conditions on one span, as SQL over the row `s` of `spans`. All values are bound parameters."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from tracestore.storage.schema import value_hash
from tracestore.storage.values import INDEXED_CHARACTERS, without_nul
from tracestore.traceql import fields
from tracestore.traceql.tree import Always, Compare, Condition, Constant, Field, Logic, Not


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL and the values of its marks, in order."""

    text: str
    values: tuple[Any, ...] = ()


NEVER = Sql("0")
ALWAYS = Sql("1")

MATCHES = "re2_matches"
"""SQL function (pattern, text), registered on the readers' connections."""


class Keys:
    """Numbers of attribute keys, as the database has them now."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def number(self, scope: str, name: str) -> int | None:
        """None for a name that no attribute in the scope ever had."""
        row = self._connection.execute(
            "SELECT id FROM keys WHERE scope = ? AND name = ?", (scope, name)
        ).fetchone()
        return None if row is None else int(row[0])


def condition_sql(condition: Condition, keys: Keys) -> Sql:
    """SQL that is 1 for the spans for which the condition holds, else 0 or NULL."""
    if isinstance(condition, Always):
        return ALWAYS if condition.value else NEVER
    if isinstance(condition, Not):
        inner = condition_sql(condition.condition, keys)
        return Sql(f"NOT coalesce({inner.text}, 0)", inner.values)
    if isinstance(condition, Logic):
        left = condition_sql(condition.left, keys)
        right = condition_sql(condition.right, keys)
        word = "AND" if condition.operator == "&&" else "OR"
        return Sql(f"({left.text} {word} {right.text})", left.values + right.values)
    return _compare(condition, keys)


def block_hashes(condition: Condition, keys: Keys) -> list[int]:
    """Hashes of which every one must be in a block that holds a matching span."""
    if isinstance(condition, Logic) and condition.operator == "&&":
        return block_hashes(condition.left, keys) + block_hashes(condition.right, keys)
    if not isinstance(condition, Compare) or condition.operator != "=":
        return []
    field, constant = condition.field, condition.constant
    if field.scope == "any" and keys.number("resource", field.name) is not None:
        return []
    key = keys.number("span", field.name)
    if field.scope not in ("any", "span") or constant.kind != "string" or key is None:
        return []
    text = without_nul(str(constant.value))
    return [value_hash(key, text)] if len(text) <= INDEXED_CHARACTERS else []


def number_sql(field: Field, keys: Keys) -> Sql:
    """SQL for a field's number; NULL where it is missing or no number."""
    if field.scope == "intrinsic":
        return Sql(_NUMBERS[field.name])
    parts = [
        _json_number(column, key)
        for column, key in _places(field, keys)
        if key is not None
    ]  # fmt: skip
    if not parts:
        return Sql("NULL")
    values = tuple(value for part in parts for value in part.values)
    if len(parts) == 1:
        return parts[0]
    return Sql(f"coalesce({', '.join(part.text for part in parts)})", values)


_DURATION = "s.duration"
_TRACE_DURATION = 'SELECT t."end" - t.start FROM traces t WHERE t.id = s.trace'
_NUMBERS = {"duration": _DURATION, "traceDuration": f"({_TRACE_DURATION})"}
_RESOURCE_ATTRIBUTES = "(SELECT r.attributes FROM resources r WHERE r.id = s.resource)"


def _places(field: Field, keys: Keys) -> list[tuple[str, int | None]]:
    """(column with JSON, key's number) where an attribute may be, the first to be preferred."""
    places = []
    if field.scope in ("any", "span"):
        places.append(("s.attributes", keys.number("span", field.name)))
    if field.scope in ("any", "resource"):
        places.append((_RESOURCE_ATTRIBUTES, keys.number("resource", field.name)))
    return places


def _path(key: int) -> str:
    return f'$."{key}"'


def _json_number(column: str, key: int) -> Sql:
    path = _path(key)
    return Sql(
        f"CASE WHEN json_type({column}, ?) IN ('integer', 'real') "
        f"THEN json_extract({column}, ?) END",
        (path, path),
    )


def _compare(condition: Compare, keys: Keys) -> Sql:
    field = condition.field
    if field.scope == "intrinsic":
        return _compare_intrinsic(field.name, condition.operator, condition.constant)
    if field.scope == "span":
        return _compare_json("s.attributes", "span", condition, keys)
    on_resource = _compare_resource(condition, keys)
    if field.scope == "resource":
        return on_resource
    key = keys.number("span", field.name)
    if key is None:
        return on_resource
    on_span = _compare_json("s.attributes", "span", condition, keys)
    # The span's own attribute hides the resource's.
    return Sql(
        f"CASE WHEN json_type(s.attributes, ?) IS NOT NULL THEN {on_span.text} "
        f"ELSE {on_resource.text} END",
        (_path(key), *on_span.values, *on_resource.values),
    )


def _compare_resource(condition: Compare, keys: Keys) -> Sql:
    """Resources are few: the condition is evaluated once for each, not once for each span."""
    inner = _compare_json("r.attributes", "resource", condition, keys)
    if not inner.values:
        return inner
    return Sql(
        f"s.resource IN (SELECT r.id FROM resources r WHERE {inner.text})", inner.values
    )  # fmt: skip


def _compare_json(column: str, scope: str, condition: Compare, keys: Keys) -> Sql:
    """The condition on an attribute in a column of JSON. Other types than the constant's: 0."""
    constant, operator = condition.constant, condition.operator
    key = keys.number(scope, condition.field.name)
    if constant.kind == "nil":
        if key is None:
            return ALWAYS if operator == "=" else NEVER
        word = "IS" if operator == "=" else "IS NOT"
        return Sql(f"json_type({column}, ?) {word} NULL", (_path(key),))
    if key is None:
        return NEVER
    path = _path(key)
    types = _JSON_TYPES[constant.kind]
    value = _bound(constant)
    test = _test(Sql(f"json_extract({column}, ?)", (path,)), operator, value)
    # An array matches by its elements: by any, or for != and !~ when none is what is excluded.
    positive = {"!=": "=", "!~": "=~"}.get(operator, operator)
    element = _test(Sql("e.value"), positive, value)
    found = "NOT EXISTS" if positive != operator else "EXISTS"
    return Sql(
        f"CASE WHEN json_type({column}, ?) IN ({types}) THEN {test.text} "
        f"WHEN json_type({column}, ?) = 'array' THEN {found} (SELECT 1 FROM "
        f"json_each({column}, ?) e WHERE e.type IN ({types}) AND {element.text}) ELSE 0 END",
        (path, *test.values, path, path, *element.values),
    )


_JSON_TYPES = {"string": "'text'", "number": "'integer', 'real'", "bool": "'true', 'false'"}


def _bound(constant: Constant) -> Any:
    """A constant as SQLite compares it."""
    value = constant.value
    return without_nul(value) if isinstance(value, str) else value


def _test(expression: Sql, operator: str, value: Any) -> Sql:
    """A comparison of an SQL expression with a value."""
    if operator in ("=~", "!~"):
        word = "NOT " if operator == "!~" else ""
        return Sql(f"{word}{MATCHES}(?, {expression.text})", (value, *expression.values))
    return Sql(f"{expression.text} {operator} ?", (*expression.values, value))


def _compare_intrinsic(name: str, operator: str, constant: Constant) -> Sql:
    if name in ("status", "kind"):
        # Written out, since a partial index is only used for a constant in the statement.
        return Sql(f"s.{name} {operator} {int(constant.value or 0)}")
    if name == "nestedSetParent":
        word = "IS" if fields.asks_for_root(operator, constant) else "IS NOT"
        return Sql(f"s.parent_id {word} NULL")
    if name in ("trace:id", "span:id", "span:parentID"):
        return _compare_id(name, operator, str(constant.value))
    value = constant.value
    if name in _NUMBERS:
        return _test(Sql(_NUMBERS[name]), operator, value)
    if name == "statusMessage":
        return _test(Sql("coalesce(s.status_message, '')"), operator, value)
    if name == "name" and operator == "=":
        return Sql("s.name = (SELECT id FROM names WHERE value = ?)", (value,))
    column, table, of = _INTERNED[name]
    test = _test(Sql(f"i.{of}"), operator, value)
    return Sql(f"{column} IN (SELECT i.id FROM {table} i WHERE {test.text})", test.values)


_INTERNED = {
    "name": ("s.name", "names", "value"),
    "rootName": ("(SELECT t.root_name FROM traces t WHERE t.id = s.trace)", "names", "value"),
    "rootServiceName": (
        "(SELECT t.root_resource FROM traces t WHERE t.id = s.trace)", "resources", "service",
    ),
    "instrumentation:name": ("s.scope", "scopes", "name"),
    "instrumentation:version": ("s.scope", "scopes", "version"),
}  # fmt: skip
"""Intrinsic: (SQL for the number, table, column with the text)."""


def _compare_id(name: str, operator: str, text: str) -> Sql:
    digits = 32 if name == "trace:id" else 16
    try:
        wanted = bytes.fromhex(text.zfill(digits))
    except ValueError:
        wanted = b""
    if name == "trace:id":
        word = "IN" if operator == "=" else "NOT IN"
        return Sql(f"s.trace {word} (SELECT t.id FROM traces t WHERE t.trace_id = ?)", (wanted,))
    if name == "span:parentID":
        return Sql(f"coalesce(s.parent_id, x'') {operator} ?", (wanted,))
    return Sql(f"s.span_id {operator} ?", (wanted,))
