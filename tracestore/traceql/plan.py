"""A whole query as one SQL statement: the traces it selects, and the spans to show of each."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from tracestore.storage.schema import BLOCK_SPANS, LONGEST, packed
from tracestore.traceql.conditions import (
    Keys,
    Sql,
    block_hashes,
    condition_sql,
    number_sql,
)
from tracestore.traceql.tree import Aggregate, Combine, Condition, Filter, Narrow, Query, Spanset

MAX_ROWS = 200_000
"""Spans in one answer."""

_SELECTIVE_BLOCKS = 64
"""An attribute in fewer blocks than this, or in less than a quarter of all, is looked up there."""

_SPANS_PER_SLOW_TRACE = 16

_SAMPLED = 64
"""One span in so many tells how slow the slowest are."""


@dataclass(frozen=True, slots=True)
class Window:
    """Spans that were under way between two times, ns since the epoch; None leaves a side open."""

    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for and how much of it to show."""

    query: Query
    window: Window
    traces: int
    spans: int
    """Per trace; the longest first where the slowest are asked for, else by start."""


COLUMNS = """
t.trace_id, t.start, t."end" - t.start AS lasted,
(SELECT value FROM names WHERE id = t.root_name) AS root_name,
(SELECT service FROM resources WHERE id = t.root_resource) AS root_service,
m.total, s.span_id, s.parent_id, (SELECT value FROM names WHERE id = s.name) AS name,
s."end" - s.duration AS start_time, s.duration, s.kind, s.status, s.status_message, s.attributes,
s.resource, s.scope
"""


class Planner:
    """Writes the statement for a search, looking at the database for numbers and sizes."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._keys = Keys(connection)
        self._tables: list[Sql] = []
        self._window = Sql("1")
        self._thorough = False

    def statement(self, search: Search, thorough: bool = False) -> Sql:
        """Rows of COLUMNS, the traces in the order of the answer, their spans together.

        Unless `thorough`, the slowest traces are sought among the slowest spans only: when that
        gives fewer traces than were asked for, there may be more.
        """
        self._tables = []
        self._thorough = thorough
        self._window = self._window_sql(search.window)
        slowest = search.query.slowest
        if isinstance(search.query.spanset, Filter):
            condition = search.query.spanset.condition
            self._top(self._source(condition), slowest, search.traces)
            where = condition_sql(condition, self._keys)
            matched = Sql(
                "FROM top CROSS JOIN spans s INDEXED BY spans_by_trace "
                f"WHERE s.trace = top.trace AND {self._window.text} AND {where.text}",
                self._window.values + where.values,
            )
        else:
            table = self._relation(search.query.spanset)
            spans = Sql(f"FROM {table} m JOIN spans s ON s.id = m.id")
            self._top(spans, slowest, search.traces)
            matched = Sql(f"{spans.text} JOIN top ON top.trace = s.trace")
        return self._shown(matched, slowest, search.spans)

    def _top(self, source: Sql, slowest: bool, traces: int) -> None:
        """The traces to show: those with the slowest spans, or with the latest."""
        if slowest:
            bound = Sql("") if self._thorough else self._slow_enough(source, traces)
            body = (
                f"SELECT s.trace, max(s.duration) AS rank {source.text} {bound.text} "
                "GROUP BY s.trace ORDER BY rank DESC LIMIT ?"
            )
            source = Sql("", source.values + bound.values)
        else:
            # Along an index on "end", DISTINCT and LIMIT stop as soon as there are enough.
            body = f'SELECT DISTINCT s.trace, 0 {source.text} ORDER BY s."end" DESC LIMIT ?'
        self._tables.append(
            Sql(f"top(trace, rank) AS MATERIALIZED ({body})", (*source.values, traces))
        )

    def _slow_enough(self, source: Sql, traces: int) -> Sql:
        """A bound that leaves the slowest spans only, some for each trace, read off a sample.

        Grouping and sorting all spans would cost several times what reading them does.
        """
        rank = traces * _SPANS_PER_SLOW_TRACE // _SAMPLED + 4
        return Sql(
            f"AND s.duration >= coalesce((SELECT s.duration {source.text} "
            f"AND (s.id * 40503 >> 8) % {_SAMPLED} = 0 "
            f"ORDER BY s.duration DESC LIMIT 1 OFFSET {rank}), 0)",
            source.values,
        )

    def _shown(self, matched: Sql, slowest: bool, per_trace: int) -> Sql:
        order = "s.duration DESC, s.id" if slowest else 's."end" - s.duration, s.id'
        tables = ", ".join(table.text for table in self._tables)
        values = tuple(value for table in self._tables for value in table.values)
        return Sql(
            f"WITH RECURSIVE {tables}, matched AS ("
            f"SELECT s.id, top.rank, row_number() OVER trace_spans AS place, "
            f"count(*) OVER (PARTITION BY s.trace) AS total {matched.text} "
            f"WINDOW trace_spans AS (PARTITION BY s.trace ORDER BY {order})) "
            f"SELECT {COLUMNS} FROM matched m CROSS JOIN spans s ON s.id = m.id "
            "CROSS JOIN traces t ON t.id = s.trace "
            f"WHERE m.place <= ? ORDER BY m.rank DESC, t.start DESC, t.id, m.place "
            f"LIMIT {MAX_ROWS}",
            (*values, *matched.values, per_trace),
        )

    def condition(self, condition: Condition, window: Window) -> Sql:
        """`FROM` and `WHERE` over the spans for which a condition holds in a window."""
        self._window = self._window_sql(window)
        return self._source(condition)

    def _window_sql(self, window: Window) -> Sql:
        parts, values = ["1"], []
        if window.start is not None:
            parts.append('s."end" >= ?')
            values.append(window.start)
        if window.end is not None:
            row = self._connection.execute("SELECT value FROM facts WHERE name = ?", (LONGEST,))
            # Implied by the second, but a range that the index knows how to use.
            parts += ['s."end" <= ?', 's."end" - s.duration <= ?']
            values += [window.end + row.fetchone()[0], window.end]
        return Sql(" AND ".join(parts), tuple(min(value, 2**63 - 1) for value in values))

    def _source(self, condition: Condition) -> Sql:
        where = condition_sql(condition, self._keys)
        blocks = self._blocks(condition)
        if blocks is None:
            return Sql(
                f"FROM spans s WHERE {self._window.text} AND {where.text}",
                self._window.values + where.values,
            )
        # CROSS keeps SQLite from looking through the spans first.
        return Sql(
            f"FROM (SELECT id FROM blocks WHERE {blocks.text}) b CROSS JOIN spans s NOT INDEXED "
            f"WHERE s.id BETWEEN b.id * {BLOCK_SPANS} AND b.id * {BLOCK_SPANS} + "
            f"{BLOCK_SPANS - 1} AND {self._window.text} AND {where.text}",
            blocks.values + self._window.values + where.values,
        )

    def _blocks(self, condition: Condition) -> Sql | None:
        """The blocks to look into, where the condition needs strings that few blocks have."""
        hashes = block_hashes(condition, self._keys)
        if not hashes:
            return None
        holds = Sql(
            " AND ".join(["instr(hashes, ?)"] * len(hashes)),
            tuple(packed([hashed]) for hashed in hashes),
        )
        found, every = self._connection.execute(
            f"SELECT (SELECT count(*) FROM blocks WHERE {holds.text}), "
            "(SELECT count(*) FROM blocks)",
            holds.values,
        ).fetchone()
        return holds if found <= max(_SELECTIVE_BLOCKS, every // 4) else None

    # Spansets as tables of (id, trace)

    def _table(self, body: Sql) -> str:
        name = f"t{len(self._tables)}"
        self._tables.append(Sql(f"{name}(id, trace) AS MATERIALIZED ({body.text})", body.values))
        return name

    def _relation(self, spanset: Spanset) -> str:
        """Name of the table with the spans of a spanset."""
        if isinstance(spanset, Filter):
            source = self._source(spanset.condition)
            return self._table(Sql(f"SELECT s.id, s.trace {source.text}", source.values))
        if isinstance(spanset, Combine):
            left = self._relation(spanset.left)
            right = self._relation(spanset.right)
            return self._combine(spanset.operator, left, right)
        source_table = self._relation(spanset.source)
        if isinstance(spanset, Narrow):
            where = condition_sql(spanset.condition, self._keys)
            return self._table(
                Sql(
                    f"SELECT s.id, s.trace FROM {source_table} m JOIN spans s ON s.id = m.id "
                    f"WHERE {where.text}",
                    where.values,
                )
            )
        return self._aggregate(spanset, source_table)

    def _combine(self, operator: str, left: str, right: str) -> str:
        if operator == "||":
            return self._table(
                Sql(f"SELECT id, trace FROM {left} UNION SELECT id, trace FROM {right}")
            )
        if operator == "&&":
            return self._table(
                Sql(
                    f"SELECT id, trace FROM {left} WHERE trace IN (SELECT trace FROM {right}) "
                    f"UNION SELECT id, trace FROM {right} WHERE trace IN (SELECT trace FROM {left})"
                )
            )
        if operator == ">":
            return self._table(
                Sql(
                    f"SELECT m.id, m.trace FROM {right} m JOIN spans s ON s.id = m.id WHERE EXISTS "
                    "(SELECT 1 FROM spans p WHERE p.trace = s.trace AND p.span_id = s.parent_id "
                    f"AND p.id IN (SELECT id FROM {left}))"
                )
            )
        return self._descendants(left, right)

    def _descendants(self, left: str, right: str) -> str:
        """Spans of `right` below a span of `left`: walks down, visiting each span once."""
        edges = f"t{len(self._tables)}"
        self._tables.append(
            Sql(
                f"{edges}(trace, parent_id, id, span_id) AS MATERIALIZED (SELECT s.trace, "
                "s.parent_id, s.id, s.span_id FROM spans s WHERE s.parent_id IS NOT NULL AND "
                f"s.trace IN (SELECT trace FROM {left} INTERSECT SELECT trace FROM {right}))"
            )
        )
        below = f"t{len(self._tables)}"
        self._tables.append(
            Sql(
                f"{below}(id, trace, span_id) AS (SELECT e.id, e.trace, e.span_id FROM {left} m "
                f"JOIN spans s ON s.id = m.id JOIN {edges} e ON e.trace = s.trace AND "
                f"e.parent_id = s.span_id UNION SELECT e.id, e.trace, e.span_id FROM {below} b "
                f"JOIN {edges} e ON e.trace = b.trace AND e.parent_id = b.span_id)"
            )
        )
        return self._table(
            Sql(f"SELECT id, trace FROM {right} WHERE id IN (SELECT id FROM {below})")
        )

    def _aggregate(self, spanset: Aggregate, source: str) -> str:
        if spanset.field is None:
            figure, given, values = Sql("count(*)"), "1", (spanset.value,)
        else:
            number = number_sql(spanset.field, self._keys)
            # total() adds as SQLite's sum() does, without its error when integers overflow.
            function = "total" if spanset.function == "sum" else spanset.function
            figure = Sql(f"{function}({number.text})", number.values)
            given = f"count({number.text})"
            values = (*number.values, *number.values, spanset.value)
        return self._table(
            Sql(
                f"SELECT m.id, m.trace FROM {source} m WHERE m.trace IN (SELECT s.trace FROM "
                f"{source} a JOIN spans s ON s.id = a.id GROUP BY s.trace "
                f"HAVING {given} AND {figure.text} {spanset.operator} ?)",
                values,
            )
        )
