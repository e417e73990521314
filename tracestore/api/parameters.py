"""Reading what a query's address says, with errors that name the parameter."""

from __future__ import annotations

import math
import shlex

from starlette.datastructures import QueryParams

from tracestore.traceql import fields
from tracestore.traceql.literals import nanoseconds
from tracestore.traceql.parser import parse
from tracestore.traceql.plan import Window
from tracestore.traceql.tree import (
    KINDS,
    STATUSES,
    Always,
    Compare,
    Condition,
    Constant,
    Filter,
    Logic,
    Query,
)

MOST = 10_000
"""Traces, or spans of a trace, in one answer."""


class BadParameter(Exception):
    """A parameter that cannot be used; the text names it."""


def count(parameters: QueryParams, name: str, default: int) -> int:
    """A number of things to answer with, from 1 to MOST. Raises BadParameter."""
    text = parameters.get(name, "")
    if not text:
        return default
    try:
        number = int(text)
    except ValueError:
        raise BadParameter(f"invalid {name}: {text!r} is not a number") from None
    if not 1 <= number <= MOST:
        raise BadParameter(f"invalid {name}: must be between 1 and {MOST}")
    return number


def window(parameters: QueryParams) -> Window:
    """The time range: `start` and `end` in Unix seconds, each optional. Raises BadParameter."""
    start = _time(parameters, "start")
    end = _time(parameters, "end")
    if start is not None and end is not None and end < start:
        raise BadParameter("invalid end: must not lie before start")
    return Window(start, end)


def _time(parameters: QueryParams, name: str) -> int | None:
    text = parameters.get(name, "")
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        raise BadParameter(f"invalid {name}: {text!r} is not a time in Unix seconds") from None
    if not (math.isfinite(seconds) and 0 <= seconds < 2**33):
        raise BadParameter(f"invalid {name}: {text!r} is not a time in Unix seconds")
    # Tempo's clients send 0 for "no bound".
    return int(seconds * 1e9) or None


def trace_id(text: str) -> bytes:
    """The 16 bytes of a trace id of at most 32 hex digits. Raises BadParameter."""
    if not 1 <= len(text) <= 32 or not text.isascii() or not text.isalnum():
        raise BadParameter("trace IDs can be at most 128 bits, in hexadecimal")
    try:
        return bytes.fromhex(text.zfill(32))
    except ValueError:
        raise BadParameter("trace IDs can only contain hexadecimal characters") from None


def query(parameters: QueryParams) -> Query:
    """The query: TraceQL in `q`, or else the older `tags`, `minDuration` and `maxDuration`.

    Raises TraceQLError or BadParameter.
    """
    text = parameters.get("q", "").strip()
    if text:
        return parse(text)
    conditions = [*_tags(parameters.get("tags", "")), *_durations(parameters)]
    condition: Condition = Always(True)
    for place, part in enumerate(conditions):
        condition = Logic("&&", condition, part) if place else part
    return Query(Filter(condition))


def _durations(parameters: QueryParams) -> list[Condition]:
    found: list[Condition] = []
    duration = fields.intrinsic("traceDuration")
    for name, operator in (("minDuration", ">="), ("maxDuration", "<=")):
        text = parameters.get(name, "")
        if not text:
            continue
        try:
            value = nanoseconds(text[:64])
        except ValueError as error:
            raise BadParameter(f"invalid {name}: {error}") from None
        found.append(Compare(duration, operator, Constant("number", value)))  # type: ignore[arg-type]
    return found


_NAMED = {"name": "name", "root.name": "rootName", "root.service.name": "rootServiceName"}


def _tags(text: str) -> list[Condition]:
    """logfmt such as `service.name=api http.url="a b"`; a value is part of the attribute's."""
    try:
        pairs = shlex.split(text)
    except ValueError as error:
        raise BadParameter(f"invalid tags: {error}") from None
    found = []
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise BadParameter(f"invalid tags: {pair!r} is not of the form name=value")
        found.append(_tag(key, value))
    return found


def _tag(key: str, value: str) -> Condition:
    if key in ("status", "status.code") and value in STATUSES:
        return Compare(fields.intrinsic("status"), "=", Constant("status", STATUSES[value]))
    if key in ("kind", "span.kind") and value in KINDS:
        return Compare(fields.intrinsic("kind"), "=", Constant("kind", KINDS[value]))
    field = fields.intrinsic(_NAMED[key]) if key in _NAMED else fields.attribute(f'."{key}"')
    part = Compare(field, "=~", Constant("string", f"(?is).*{_literal(value)}.*"))
    if key in _NAMED:
        return part
    try:
        number = float(value)
    except ValueError:
        return part
    if not math.isfinite(number):
        return part
    return Logic("||", part, Compare(field, "=", Constant("number", number)))


def _literal(text: str) -> str:
    """A regular expression that matches the text itself."""
    return "".join(c if c.isalnum() or ord(c) > 127 else f"\\x{{{ord(c):x}}}" for c in text)
