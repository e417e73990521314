"""From the text of a query to its tree."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path

from lark import Lark, UnexpectedInput
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedToken, VisitError

from tracestore.traceql.builder import Builder
from tracestore.traceql.errors import TraceQLError
from tracestore.traceql.tree import Query

MAX_CHARACTERS = 16_384


@lru_cache(maxsize=256)
def parse(text: str) -> Query:
    """The tree of a query, checked. Raises TraceQLError."""
    if len(text) > MAX_CHARACTERS:
        raise TraceQLError(f"a query has at most {MAX_CHARACTERS} characters")
    try:
        tree = _grammar().parse(text)
        query: Query = Builder().transform(tree)
    except UnexpectedInput as error:
        raise _syntax_error(error, text) from None
    except VisitError as error:
        if isinstance(error.orig_exc, TraceQLError):
            raise error.orig_exc from None
        raise
    except RecursionError:
        raise TraceQLError("the query is nested too deeply") from None
    return query


@cache
def _grammar() -> Lark:
    grammar = Path(__file__).with_name("grammar.lark").read_text()
    return Lark(grammar, parser="lalr")


def _syntax_error(error: UnexpectedInput, text: str) -> TraceQLError:
    if isinstance(error, UnexpectedCharacters):
        return TraceQLError(f"unexpected character {error.char!r}", error.line, error.column)
    at_end = isinstance(error, UnexpectedEOF)
    if isinstance(error, UnexpectedToken) and error.token.type != "$END":
        return TraceQLError(f"unexpected {str(error.token)!r}", error.line, error.column)
    if at_end or isinstance(error, UnexpectedToken):
        lines = text.split("\n")
        return TraceQLError("unexpected end of the query", len(lines), len(lines[-1]) + 1)
    return TraceQLError("syntax error", error.line, error.column)
