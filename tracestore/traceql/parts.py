"""What the builder of a query works with before it becomes the tree."""

from __future__ import annotations

from lark import Token

from tracestore.traceql.errors import TraceQLError
from tracestore.traceql.tree import Condition, Constant, Field


def at(token: Token, message: str) -> TraceQLError:
    """The error for what stands at a token."""
    return TraceQLError(message, token.line or 1, token.column or 1)


def unsupported(token: Token, part: str) -> TraceQLError:
    """The error for what Tempo knows and this store does not."""
    return at(token, f"{part} is not supported by this trace store")


def short(token: Token) -> str:
    """The token's text, for reading it as a number. Raises TraceQLError."""
    # Python refuses to read integers of thousands of digits, with an error of its own.
    if len(token) > 64:
        raise at(token, "the number is out of range")
    return str(token)


class Part:
    """Something in an expression, with the token to blame for it."""

    __slots__ = ("node", "token")

    def __init__(self, node: Condition | Constant | Field, token: Token) -> None:
        self.node = node
        self.token = token


class Call:
    """A function and its arguments, with the token of a `by` after it."""

    __slots__ = ("arguments", "by", "token")

    def __init__(self, token: Token, arguments: list[Part], by: Token | None) -> None:
        self.token = token
        self.arguments = arguments
        self.by = by

    @property
    def name(self) -> str:
        return str(self.token)
