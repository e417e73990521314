"""What a PromQL expression measures, in seconds and bytes, so that a panel's unit can be checked.

Metric names carry their base unit; everything else is a count and has no dimension. The reader
knows the part of PromQL that our queries use.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


class DimensionError(ValueError):
    """An expression is cut off, or adds what cannot be added: seconds and bytes, for example."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """Powers of seconds and of bytes: a rate of bytes is (-1, 1)."""

    seconds: int = 0
    bytes: int = 0

    def per(self, other: Dimension) -> Dimension:
        return Dimension(self.seconds - other.seconds, self.bytes - other.bytes)


COUNT, SECONDS, BYTES = Dimension(), Dimension(seconds=1), Dimension(bytes=1)
PER_SECOND = COUNT.per(SECONDS)

UNITS = {
    "Bps": BYTES.per(SECONDS), "bytes": BYTES, "none": COUNT, "ops": PER_SECOND,
    "percentunit": COUNT, "reqps": PER_SECOND, "rowsps": PER_SECOND, "s": SECONDS, "short": COUNT,
}  # fmt: skip
"""Grafana's units that our boards use, and what they measure."""


def of_expression(expression: str) -> Dimension:
    """What `expression` measures. Raises DimensionError."""
    found = _Reader(expression).binary(0)
    return COUNT if found is None else found


def of_metric(name: str) -> Dimension:
    """What a metric counts or holds; of a histogram's samples, what it observes."""
    words = re.split("[_:]", name)
    return SECONDS if "seconds" in words else BYTES if "bytes" in words else COUNT


_TOKEN = re.compile(
    r'"(?:\\.|[^"\\])*"|\[[^\]]*\]|[$a-zA-Z_:][\w:.$]*|[0-9][\w.]*(?:e[-+]?[0-9]+)?|[=!<>]=|=~|!~|\S'
)
_PRECEDENCE = {
    "or": 1, "and": 2, "unless": 2, "==": 3, "!=": 3, "<": 3, ">": 3, "<=": 3, ">=": 3, "+": 4,
    "-": 4, "*": 5, "/": 5, "%": 5,
}  # fmt: skip
_LABEL_LISTS = ("by", "without", "on", "ignoring", "group_left", "group_right")
_RATES = ("rate", "irate", "deriv")
_COUNTS = ("count", "group", "absent", "changes", "resets", "count_over_time")


class _Reader:
    """Recursive descent. A number fits every dimension and is read as None."""

    def __init__(self, expression: str) -> None:
        self.expression = expression
        self.tokens = _TOKEN.findall(expression)
        self.position = 0
        self.observed = COUNT

    def next(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self) -> str:
        if self.position == len(self.tokens):
            raise DimensionError(f"{self.expression} is cut off")
        self.position += 1
        return str(self.tokens[self.position - 1])

    def binary(self, least: int) -> Dimension | None:
        left = self.operand()
        while (strength := _PRECEDENCE.get(self.next(), 0)) > least:
            operator = self.take()
            truth = self.next() == "bool"
            if truth:
                self.take()
            self.label_list()
            right = self.binary(strength)
            left = COUNT if truth else self.combined(operator, left, right)
        return left

    def combined(
        self, operator: str, left: Dimension | None, right: Dimension | None
    ) -> Dimension | None:
        if operator in ("and", "unless"):
            return left
        if operator in ("*", "/"):
            if left is None and right is None:
                return None
            one, other = left or COUNT, right or COUNT
            return one.per(other) if operator == "/" else one.per(COUNT.per(other))
        if left is not None and right is not None and left != right:
            raise DimensionError(f"{left} {operator} {right} in {self.expression}")
        return right if left is None else left

    def operand(self) -> Dimension | None:
        text = self.take()
        if text == "-":
            return self.operand()
        if text == "(":
            found = self.binary(0)
            self.take()
        elif text[0].isdigit() or text[0] == '"':
            return None
        else:
            self.label_list()
            found = self.call(text) if self.next() == "(" else self.selector(text)
            self.label_list()
        self.modifiers()
        return found

    def call(self, name: str) -> Dimension | None:
        arguments: list[Dimension | None] = []
        while self.take() != ")":
            if self.next() == ")":
                continue
            arguments.append(self.binary(0))
        values = [each for each in arguments if each is not None]
        if name in ("time", "timestamp"):
            return SECONDS
        if name in _COUNTS:
            return COUNT
        if name == "histogram_quantile":
            return self.observed
        if not values:
            return None
        return values[0].per(SECONDS) if name in _RATES else values[0]

    def selector(self, name: str) -> Dimension:
        if self.next() == "{":
            while self.take() != "}":
                pass
        if name.endswith("_bucket"):
            self.observed = of_metric(name)
        return COUNT if name.endswith(("_bucket", "_count")) else of_metric(name)

    def modifiers(self) -> None:
        while self.next()[:1] == "[" or self.next() == "offset":
            if self.take() == "offset":
                self.take()

    def label_list(self) -> None:
        while self.next() in _LABEL_LISTS:
            self.take()
            if self.next() == "(":
                while self.take() != ")":
                    pass
