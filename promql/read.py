"""What a PromQL expression refers to; enough of the language for what we write."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<string>"(?:\\.|[^"\\])*")
      | (?P<range>\[[^\]]*\])
      | (?P<variable>\$\w+)
      | (?P<name>[a-zA-Z_:][\w:]*)
      | (?P<number>[0-9][\w.+]*)
      | (?P<other>\S)""",
    re.VERBOSE,
)
_GROUPING = ("by", "without", "on", "ignoring", "group_left", "group_right")
_WORDS = {"and", "or", "unless", "bool", "offset", *_GROUPING}


@dataclass(frozen=True, slots=True)
class Selector:
    """A selector of samples: label → (operator, value), and the labels it is grouped by."""

    name: str
    matchers: dict[str, tuple[str, str]]
    grouped_by: frozenset[str]


def selectors(expression: str) -> list[Selector]:
    """All selectors of `expression`, in order. Raises ValueError where brackets do not match."""
    return list(_Reader(expression).selectors())


class _Reader:
    def __init__(self, expression: str) -> None:
        self.expression = expression
        self.tokens = [(m.lastgroup, m.group()) for m in _TOKEN.finditer(expression)]
        self.position = 0

    def selectors(self) -> Iterator[Selector]:
        groups: list[frozenset[str]] = []
        pending: frozenset[str] = frozenset()
        while self.position < len(self.tokens):
            kind, text = self.take()
            if text == "(":
                groups.append(pending)
                pending = frozenset()
            elif text == ")":
                if not groups:
                    raise ValueError(f"a ) too many: {self.expression}")
                groups.pop()
            elif text in _GROUPING and self.next() == "(":
                pending = frozenset(self.label_list())
            elif kind == "name" and text not in _WORDS and self.next() != "(":
                if text in ("sum", "min", "max", "count", "avg"):
                    continue  # an aggregation, whose labels stand before its brackets
                yield Selector(text, self.matchers(), frozenset().union(*groups))
        if groups:
            raise ValueError(f"a ( too many: {self.expression}")

    def take(self) -> tuple[str | None, str]:
        self.position += 1
        return self.tokens[self.position - 1]

    def next(self) -> str:
        return self.tokens[self.position][1] if self.position < len(self.tokens) else ""

    def label_list(self) -> Iterator[str]:
        while (text := self.take()[1]) != ")":
            if text not in "(,":
                yield text

    def matchers(self) -> dict[str, tuple[str, str]]:
        if self.next() != "{":
            return {}
        self.take()
        found: dict[str, tuple[str, str]] = {}
        while self.next() != "}":
            label = self.take()[1]
            operator = ""
            while self.next()[:1] in "=!~":
                operator += self.take()[1]
            found[label] = (operator, self.take()[1][1:-1])
            if self.next() == ",":
                self.take()
        self.take()
        return found
