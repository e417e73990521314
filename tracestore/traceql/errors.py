"""What is wrong with a query, and where."""

from __future__ import annotations


class TraceQLError(Exception):
    """A query that cannot be answered; lines and columns count from 1."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(
            f"invalid TraceQL query: parse error at line {line}, col {column}: {message}"
        )
        self.message = message
        self.line = line
        self.column = column
