"""One batch into the tables, in the caller's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain, islice
from typing import Any

from tracestore.storage.rows import Batch
from tracestore.storage.schema import LONGEST, packed

_ROWS = 32
"""Rows per statement: the GIL changes hands at each statement, not at each row."""

_SPANS = "INSERT OR FAIL INTO spans VALUES {} ON CONFLICT (trace, span_id, kind) DO NOTHING"
"""A span that is sent again, as retries do, is stored once.

With OR FAIL the statement costs half: to undo it alone, SQLite would copy each page it touches.
Nobody needs that, since the caller rolls back the whole transaction.
"""

_TRACES = """
INSERT OR FAIL INTO traces (trace_id, start, "end", root_start, root_name, root_resource, id)
VALUES {} ON CONFLICT (id) DO UPDATE SET
    start = min(start, excluded.start),
    "end" = max("end", excluded."end"),
    root_start = CASE WHEN root_start IS NULL OR excluded.root_start < root_start
        THEN excluded.root_start ELSE root_start END,
    root_name = CASE WHEN root_start IS NULL OR excluded.root_start < root_start
        THEN excluded.root_name ELSE root_name END,
    root_resource = CASE WHEN root_start IS NULL OR excluded.root_start < root_start
        THEN excluded.root_resource ELSE root_resource END
"""


@cache
def _statement(template: str, columns: int, rows: int) -> str:
    row = f"({', '.join('?' * columns)})"
    return template.format(", ".join([row] * rows))


def _insert(
    connection: sqlite3.Connection, template: str, columns: int, rows: Iterable[Sequence[Any]]
) -> None:
    source = iter(rows)
    while chunk := list(islice(source, _ROWS)):
        if len(chunk) == _ROWS:
            connection.execute(
                _statement(template, columns, _ROWS), list(chain.from_iterable(chunk))
            )
        else:
            connection.executemany(_statement(template, columns, 1), chunk)


def insert(connection: sqlite3.Connection, batch: Batch, longest: int) -> int:
    """Store a batch; `longest` is the fact stored so far. Returns how many spans were new."""
    traces = ((*trace, number) for number, trace in batch.traces.items())
    _insert(connection, _TRACES, 7, traces)
    before = connection.total_changes
    _insert(connection, _SPANS, 15, batch.spans)
    stored = connection.total_changes - before
    connection.executemany(
        "INSERT OR REPLACE INTO blocks VALUES (?, ?)",
        [(block, packed(hashes)) for block, hashes in batch.blocks.items()],
    )
    if batch.longest > longest:
        connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (LONGEST, batch.longest))
    return stored
