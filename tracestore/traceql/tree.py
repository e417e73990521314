"""The tree of a query, checked: whatever is in it can be answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Comparison = Literal["=", "!=", "<", "<=", ">", ">=", "=~", "!~"]
Scope = Literal["span", "resource", "any", "intrinsic"]
ConstantKind = Literal["string", "number", "bool", "nil", "status", "kind"]
Function = Literal["count", "avg", "min", "max", "sum"]
SpansetOperator = Literal["&&", "||", ">", ">>"]

STATUSES = {"unset": 0, "ok": 1, "error": 2}
"""OTLP's numbers of span statuses."""

KINDS = {"unspecified": 0, "internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}
"""OTLP's numbers of span kinds."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A value in the query. Durations are numbers, in nanoseconds; enumerations are OTLP's."""

    kind: ConstantKind
    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Field:
    """An attribute by scope and name, or an intrinsic by name; results call it by the name."""

    scope: Scope
    name: str


@dataclass(frozen=True, slots=True)
class Compare:
    """A field against a constant."""

    field: Field
    operator: Comparison
    constant: Constant


@dataclass(frozen=True, slots=True)
class Logic:
    """Both or either of two conditions on one span."""

    operator: Literal["&&", "||"]
    left: Condition
    right: Condition


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a condition on one span."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class Always:
    """`true` or `false`."""

    value: bool


Condition = Compare | Logic | Not | Always


@dataclass(frozen=True, slots=True)
class Filter:
    """The spans for which a condition holds."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class Combine:
    """Two spansets of one trace, combined; the structural ones give the right side's spans."""

    operator: SpansetOperator
    left: Spanset
    right: Spanset


@dataclass(frozen=True, slots=True)
class Narrow:
    """The spans of a spanset for which a condition holds."""

    source: Spanset
    condition: Condition


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A spanset, kept in those traces where a figure over its spans compares as asked."""

    source: Spanset
    function: Function
    field: Field | None
    operator: Comparison
    value: int | float


Spanset = Filter | Combine | Narrow | Aggregate


@dataclass(frozen=True, slots=True)
class Query:
    """A whole query: what to match, what to show beside the matched spans, and hints."""

    spanset: Spanset
    select: tuple[Field, ...] = ()
    slowest: bool = False
    """Hint `with (slowest=true)`: longest matched span first, instead of latest."""
