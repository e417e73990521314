"""Builds the checked tree of a query from what the grammar recognises."""

from __future__ import annotations

import operator
from collections.abc import Callable
from math import inf
from typing import Any

from lark import Token, Transformer

from tracestore.traceql import fields, regex
from tracestore.traceql.errors import TraceQLError
from tracestore.traceql.fields import FieldProblem
from tracestore.traceql.literals import nanoseconds, unquote
from tracestore.traceql.parts import Call, Part, at, short, unsupported
from tracestore.traceql.tree import (
    KINDS,
    STATUSES,
    Aggregate,
    Always,
    Combine,
    Compare,
    Condition,
    Constant,
    Field,
    Filter,
    Logic,
    Narrow,
    Not,
    Query,
    Spanset,
)

MAX_PARTS = 250
"""Conditions and operators in one query: SQLite's own limits lie somewhat higher."""

_AGGREGATES = ("count", "avg", "min", "max", "sum")
_STAGES = (
    "by", "coalesce", "rate", "count_over_time", "min_over_time", "max_over_time",
    "avg_over_time", "sum_over_time", "quantile_over_time", "histogram_over_time", "compare",
    "topk", "bottomk",
)  # fmt: skip
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    "%": operator.mod, "^": operator.pow,
}  # fmt: skip
_LARGEST = 2**63 - 1


class Builder(Transformer[Token, Any]):
    """Builds the tree bottom-up. Method names are the grammar's rules."""

    def __init__(self) -> None:
        super().__init__()
        self._parts = 0

    def _count(self, token: Token) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise at(token, f"a query has at most {MAX_PARTS} conditions and operators")

    # Constants and fields

    def string(self, items: list[Token]) -> Part:
        try:
            return Part(Constant("string", unquote(items[0])), items[0])
        except ValueError as error:
            raise at(items[0], str(error)) from None

    def integer(self, items: list[Token]) -> Part:
        return self._number(int(short(items[0])), items[0])

    def float_number(self, items: list[Token]) -> Part:
        return self._number(float(items[0]), items[0])

    def duration(self, items: list[Token]) -> Part:
        return self._number(nanoseconds(short(items[0])), items[0])

    def _number(self, value: Any, token: Token) -> Part:
        if isinstance(value, int) and abs(value) > _LARGEST:
            # SQLite has no such integers.
            value = float(value) if abs(value) < 10**300 else inf
        if isinstance(value, int | float) and abs(value) < inf:
            return Part(Constant("number", value), token)
        raise at(token, f"{token} is out of range")

    def name(self, items: list[Token]) -> Part:
        token = items[0]
        text = str(token)
        if text in ("true", "false"):
            return Part(Constant("bool", text == "true"), token)
        if text == "nil":
            return Part(Constant("nil", None), token)
        if text in STATUSES:
            return Part(Constant("status", STATUSES[text]), token)
        if text in KINDS:
            return Part(Constant("kind", KINDS[text]), token)
        try:
            return Part(fields.intrinsic(text), token)
        except FieldProblem as problem:
            raise at(token, str(problem)) from None

    def attribute(self, items: list[Token]) -> Part:
        try:
            return Part(fields.attribute(items[0]), items[0])
        except FieldProblem as problem:
            raise at(items[0], str(problem)) from None

    # Expressions

    def grouped(self, items: list[Part]) -> Part:
        return items[0]

    def minus(self, items: list[Any]) -> Part:
        token, part = items
        if isinstance(part.node, Constant) and part.node.kind == "number":
            return self._number(-part.node.value, token)
        raise unsupported(token, "arithmetic on fields")

    def arithmetic(self, items: list[Any]) -> Part:
        left, token, right = items
        for part in (left, right):
            if not isinstance(part.node, Constant):
                raise unsupported(token, f"arithmetic on fields ({token})")
            if part.node.kind != "number":
                raise at(token, f"operator {token} works on numbers only")
        if token == "^" and (abs(left.node.value) > 2**32 or abs(right.node.value) > 64):
            raise at(token, "the power is out of range")
        try:
            value = _ARITHMETIC[token](left.node.value, right.node.value)
        except (ArithmeticError, ValueError) as error:
            raise at(token, str(error)) from None
        return self._number(value, token)

    def negation(self, items: list[Any]) -> Part:
        token, part = items
        self._count(token)
        return Part(Not(self._condition(part)), token)

    def logic(self, items: list[Any]) -> Part:
        left, token, right = items
        self._count(token)
        both = (self._condition(left), self._condition(right))
        return Part(Logic(str(token), *both), token)  # type: ignore[arg-type]

    def compare(self, items: list[Any]) -> Part:
        left, token, right = items
        self._count(token)
        comparison = str(token)
        if isinstance(left.node, Constant) and isinstance(right.node, Field):
            if comparison not in _FLIPPED:
                raise at(token, f"operator {comparison} wants the field on its left")
            left, right, comparison = right, left, _FLIPPED[comparison]
        if isinstance(left.node, Field) and isinstance(right.node, Field):
            raise unsupported(token, "comparing two fields")
        if not isinstance(left.node, Field) or not isinstance(right.node, Constant):
            raise unsupported(token, "comparing anything but a field and a constant")
        try:
            fields.check(left.node, comparison, right.node)
            if comparison in ("=~", "!~"):
                regex.compiled(str(right.node.value))
        except (FieldProblem, ValueError) as problem:
            raise at(right.token, str(problem)) from None
        return Part(Compare(left.node, comparison, right.node), token)  # type: ignore[arg-type]

    def _condition(self, part: Part) -> Condition:
        node = part.node
        if isinstance(node, Constant):
            if node.kind == "bool":
                return Always(bool(node.value))
            raise at(part.token, f"a condition is needed here, not a {node.kind}")
        if isinstance(node, Field):
            if node.scope == "intrinsic":
                raise at(part.token, f"{node.name} is not a condition: compare it with something")
            return Compare(node, "=", Constant("bool", True))
        return node

    # Spansets

    def everything(self, _: list[Any]) -> Spanset:
        return Filter(Always(True))

    def filter(self, items: list[Part]) -> Spanset:
        return Filter(self._condition(items[0]))

    def combine(self, items: list[Any]) -> Spanset:
        left, token, right = items
        self._count(token)
        if token not in ("&&", "||", ">", ">>"):
            raise unsupported(token, f"the structural operator {token}")
        return Combine(str(token), left, right)  # type: ignore[arg-type]

    def nested(self, items: list[Any]) -> Spanset:
        spanset, select = items[0]
        if select:
            raise TraceQLError("select() is not supported inside parentheses")
        return spanset  # type: ignore[no-any-return]

    # Pipelines

    def call(self, items: list[Any]) -> Call:
        token = items[0]
        by = next((item for item in items[1:] if isinstance(item, Token)), None)
        return Call(token, [item for item in items[1:] if isinstance(item, Part)], by)

    def scalar_filter(self, items: list[Any]) -> Callable[[Spanset], Spanset]:
        call, token, value = items
        self._count(token)
        if call.name not in _AGGREGATES:
            raise self._unknown(call)
        if call.by is not None:
            raise unsupported(call.by, "grouping")
        if token in ("=~", "!~"):
            raise at(token, f"operator {token} does not work on a number")
        if not isinstance(value.node, Constant) or value.node.kind != "number":
            raise at(value.token, f"{call.name}() can be compared with a number only")
        field = self._aggregated(call)
        constant = value.node.value
        return lambda source: Aggregate(source, call.name, field, str(token), constant)

    def _aggregated(self, call: Call) -> Field | None:
        """The field that an aggregate takes its figures from; None for count()."""
        if call.name == "count":
            if call.arguments:
                raise at(call.arguments[0].token, "count() takes no field")
            return None
        if len(call.arguments) != 1:
            raise at(call.token, f"{call.name}() takes one field")
        part = call.arguments[0]
        if not isinstance(part.node, Field):
            raise unsupported(part.token, f"{call.name}() of anything but a field")
        if part.node.scope == "intrinsic" and fields.INTRINSICS[part.node.name] != "number":
            raise at(part.token, f"{call.name}() wants a number, which {part.node.name} is not")
        return part.node

    def _unknown(self, call: Call) -> TraceQLError:
        if call.name in _STAGES:
            return unsupported(call.token, f"{call.name}()")
        return at(call.token, f"unknown function {call.name}()")

    def pipeline(self, stages: list[Any]) -> tuple[Spanset, tuple[Field, ...]]:
        spanset: Spanset = Filter(Always(True))
        select: tuple[Field, ...] = ()
        for place, stage in enumerate(stages):
            if isinstance(stage, Call):
                select += self._selected(stage)
            elif callable(stage):
                spanset = stage(spanset)
            elif place == 0:
                spanset = stage
            elif isinstance(stage, Filter):
                spanset = Narrow(spanset, stage.condition)
            else:
                raise TraceQLError(
                    "combined spansets after | are not supported by this trace store"
                )
        return spanset, select

    def _selected(self, call: Call) -> tuple[Field, ...]:
        if call.name in _AGGREGATES:
            raise at(call.token, f"{call.name}() must be compared with something")
        if call.name != "select":
            raise self._unknown(call)
        if not call.arguments:
            raise at(call.token, "select() takes at least one field")
        for part in call.arguments:
            if not isinstance(part.node, Field):
                raise unsupported(part.token, "select() of anything but fields")
            if part.node.name == "nestedSetParent":
                raise unsupported(part.token, "select() of nestedSetParent")
        return tuple(part.node for part in call.arguments)  # type: ignore[misc]

    def hint(self, items: list[Token]) -> tuple[str, str]:
        return str(items[0]), str(items[2]) if len(items) > 2 else str(items[1])

    def start(self, items: list[Any]) -> Query:
        spanset, select = items[0]
        hints = dict(item for item in items[1:] if isinstance(item, tuple))
        return Query(spanset, select, slowest=hints.get("slowest") == "true")
