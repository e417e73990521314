"""The values that an alert compares: its expression without the comparisons."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = re.compile(
    r"""(?P<string>"(?:\\.|[^"\\])*")
      | (?P<open>[({\[]) | (?P<close>[)}\]])
      | (?P<compare>==|!=|>=|<=|>(?!=)|<(?!=))
      | (?P<set>\b(?:and|or|unless)\b)
      | (?P<name>[\w:.$]+) | (?P<other>[^\s])""",
    re.VERBOSE,
)
_MODIFIER = re.compile(
    r"\s*(?:bool\b|(?:on|ignoring|group_left|group_right)\s*\([^)]*\)|(?:group_left|group_right)\b)"
)
_CONSTANT = re.compile(r"[-+0-9.eE*/()\s]+|(?:vector|scalar)\([-+0-9.eE]+\)")


def compared(expression: str) -> list[str]:
    """The operands of the comparisons that decide whether an alert fires, constants left out.

    `a / b > 0.1 and on (job) c == 1` gives `a / b` and `c`. An expression without comparisons
    gives itself.
    """
    bare = _without_brackets(expression.strip())
    parts = _split(bare, "set") or _split(bare, "compare")
    if not parts:
        return [bare]
    return [operand for part in parts for operand in compared(part) if not _is_constant(operand)]


def _is_constant(expression: str) -> bool:
    return bool(_CONSTANT.fullmatch(expression))


def _without_brackets(expression: str) -> str:
    """`expression` without brackets around the whole of it."""
    while expression.startswith("("):
        closing = next(end for depth, end in _closings(expression) if depth == 0)
        if closing != len(expression):
            return expression
        expression = expression[1:-1].strip()
    return expression


def _closings(expression: str) -> Iterator[tuple[int, int]]:
    """(depth after, end) of every closing bracket."""
    depth = 0
    for token in _TOKEN.finditer(expression):
        if token.lastgroup == "open":
            depth += 1
        elif token.lastgroup == "close":
            depth -= 1
            yield depth, token.end()


def _split(expression: str, kind: str) -> list[str]:
    """Parts between the operators of `kind` outside all brackets; empty where there is none."""
    depth, start, parts = 0, 0, []
    for token in _TOKEN.finditer(expression):
        if token.lastgroup == "open":
            depth += 1
        elif token.lastgroup == "close":
            depth -= 1
        elif token.lastgroup == kind and depth == 0:
            parts.append(expression[start : token.start()].strip())
            start = token.end()
            while modifier := _MODIFIER.match(expression, start):
                start = modifier.end()
    return [*parts, expression[start:].strip()] if parts else []
