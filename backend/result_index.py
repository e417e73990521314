"""SQLite index over the result files, shared by several processes.

It holds nothing that the files do not hold: whatever is wrong with it, it is thrown away and made
anew. The summary of a run, and its line in tables, are kept as JSON, so that a list never opens a
result's file.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from filelock import FileLock

SCHEMA_VERSION = 2
BUSY_SECONDS = 10.0
CACHE_KIB = 32_768
"""An index of 10,000 results has 20 MB; out of SQLite's usual 2 MB they take half as long again."""
SORTS = (
    "created_at", "finished_at", "duration_seconds", "data_points", "data_points_per_second",
    "peak_memory_bytes", "gc_seconds", "events", "orders", "positions", "pnl",
)  # fmt: skip
"""Columns to sort by; times are whole microseconds since the epoch."""

FILTERS = ("strategy", "instrument_id", "status")
_COLUMNS = ("run_id", *FILTERS, "likeness", "line", "summary", *SORTS)
_SCHEMA = (
    "DROP TABLE IF EXISTS results",
    "DROP TABLE IF EXISTS revision",
    f"CREATE TABLE results (run_id TEXT PRIMARY KEY, {', '.join(f'{c} TEXT' for c in FILTERS)},"
    f" likeness TEXT, line TEXT, {', '.join(f'{c} NUMERIC NOT NULL' for c in SORTS)},"
    " summary TEXT)",
    *(f"CREATE INDEX by_{column} ON results ({column}, run_id)" for column in SORTS),
    "CREATE INDEX by_likeness ON results (likeness, status, created_at)",
    "CREATE TABLE revision (number INTEGER NOT NULL)",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)
_UPSERT = (
    f"INSERT OR REPLACE INTO results ({', '.join(_COLUMNS)})"
    f" VALUES ({', '.join(f':{column}' for column in _COLUMNS)})"
)

T = TypeVar("T")


@dataclass(frozen=True)
class Entry:
    """One row: what can be filtered by, sorted by and shown."""

    run_id: str
    filters: dict[str, str]
    likeness: str
    summary: str
    line: str
    sorts: dict[str, float]

    def row(self) -> dict[str, Any]:
        return {
            "run_id": self.run_id, "likeness": self.likeness, "line": self.line,
            "summary": self.summary, **self.filters, **self.sorts,
        }  # fmt: skip


class ResultIndex:
    """One connection, used by one thread at a time; other processes have their own.

    `entries` yields every row anew from the files, `names` the run ids that have a file; both are
    asked when the index is opened.
    """

    def __init__(
        self,
        path: Path,
        names: Callable[[], set[str]],
        entries: Callable[[Iterable[str]], Iterable[Entry]],
    ) -> None:
        self._path, self._names, self._entries = path, names, entries
        self._mutex = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._inode = 0

    def put(self, entry: Entry) -> None:
        self._write(lambda db: db.execute(_UPSERT, entry.row()))

    def remove(self, run_id: str) -> None:
        self._write(lambda db: db.execute("DELETE FROM results WHERE run_id = ?", (run_id,)))

    def page(
        self,
        shown: Literal["summary", "line"],
        sort: str,
        descending: bool,
        limit: int,
        after: tuple[float, str] | None,
        filters: dict[str, str],
    ) -> list[tuple[str, float, str]]:
        """Up to `limit` rows (`shown`, sort value, run id) that follow `after`."""
        conditions = [f"{column} = ?" for column in filters]
        values: list[Any] = list(filters.values())
        if after is not None:
            conditions.append(f"({sort}, run_id) {'<' if descending else '>'} (?, ?)")
            values += after
        order = "DESC" if descending else "ASC"
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        query = (
            f"SELECT {shown}, {sort}, run_id FROM results {where}"
            f" ORDER BY {sort} {order}, run_id {order} LIMIT ?"
        )
        return self._read(query, [*values, limit])

    def similar(self, likeness: str, run_id: str, n: int) -> list[float]:
        """Data points per second of the last `n` good runs of that likeness, newest first."""
        rows = self._read(
            "SELECT data_points_per_second FROM results WHERE likeness = ? AND status = 'ok'"
            " AND run_id <> ? ORDER BY created_at DESC LIMIT ?",
            [likeness, run_id, n],
        )
        return [row[0] for row in rows]

    def during(
        self, first: int, last: int, statuses: Sequence[str], sort: str, limit: int
    ) -> list[str]:
        """Summaries of runs that overlap a time (microseconds), the greatest of `sort` first."""
        marks = ", ".join("?" * len(statuses))
        rows = self._read(
            f"SELECT summary FROM results WHERE finished_at >= ? AND created_at <= ?"
            f" AND status IN ({marks}) ORDER BY {sort} DESC, run_id LIMIT ?",
            [first, last, *statuses, limit],
        )
        return [row[0] for row in rows]

    def count_during(self, first: int, last: int) -> dict[str, int]:
        """How many runs overlap that time, by status."""
        rows = self._read(
            "SELECT status, count(*) FROM results WHERE finished_at >= ? AND created_at <= ?"
            " GROUP BY status ORDER BY status",
            [first, last],
        )
        return dict(rows)

    def revision(self) -> int:
        """A number that changes with every change of the index."""
        return int(self._read("SELECT number FROM revision", [])[0][0])

    def rebuild(self) -> int:
        """Make the index anew from the files; returns the number of results."""
        with self._mutex:
            connection = self._reopen(anew=True)
            (count,) = connection.execute("SELECT count(*) FROM results").fetchone()
        return int(count)

    def close(self) -> None:
        with self._mutex:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    # ----------------------------------------------------------------------------------------------

    def _read(self, query: str, values: Sequence[Any]) -> list[Any]:
        return self._run(lambda db: db.execute(query, values).fetchall())

    def _write(self, change: Callable[[sqlite3.Connection], object]) -> None:
        def transaction(db: sqlite3.Connection) -> None:
            db.execute("BEGIN IMMEDIATE")
            with db:
                change(db)
                db.execute("UPDATE revision SET number = number + 1")

        self._run(transaction)

    def _run(self, use: Callable[[sqlite3.Connection], T]) -> T:
        with self._mutex:
            try:
                return use(self._usable())
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:  # damaged while open
                return use(self._reopen())

    def _usable(self) -> sqlite3.Connection:
        """The open connection; opens it at first, and when the file was replaced or deleted."""
        try:
            inode = os.stat(self._path).st_ino
        except FileNotFoundError:
            inode = -1
        if self._connection is not None and inode == self._inode:
            return self._connection
        return self._reopen()

    def _reopen(self, anew: bool = False) -> sqlite3.Connection:
        """Open the index in step with the files; an unusable or outdated one is made anew."""
        with FileLock(f"{self._path}.lock"):
            self.close()
            try:
                connection = self._open()
            except sqlite3.OperationalError:
                raise  # locked, disk full, read-only: making it anew would not help
            except sqlite3.DatabaseError:
                for suffix in ("-wal", "-shm", ""):
                    Path(f"{self._path}{suffix}").unlink(missing_ok=True)
                connection = self._open()
            self._connection, self._inode = connection, os.stat(self._path).st_ino
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if anew or version != SCHEMA_VERSION:
                self._create(connection)
            self._reconcile(connection)
        return connection

    def _open(self) -> sqlite3.Connection:
        """Raises DatabaseError for a file that is no sound database."""
        connection = sqlite3.connect(
            self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            # The files are the truth; a power cut may cost the index its last rows.
            connection.execute("PRAGMA synchronous = NORMAL")
            if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise sqlite3.DatabaseError("the index is damaged")
        except sqlite3.DatabaseError:
            connection.close()
            raise
        return connection

    def _create(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        with connection:
            for statement in _SCHEMA:
                connection.execute(statement)
            # Starts from the clock, so that an index made anew never repeats a number.
            connection.execute("INSERT INTO revision VALUES (?)", (time.time_ns() // 1000,))

    def _reconcile(self, connection: sqlite3.Connection) -> None:
        """Take in files without a row and drop rows without a file."""
        listed = {row[0] for row in connection.execute("SELECT run_id FROM results")}
        names = self._names()
        new = [entry.row() for entry in self._entries(sorted(names - listed))]
        gone = [(run_id,) for run_id in listed - names]
        if not new and not gone:
            return
        connection.execute("BEGIN IMMEDIATE")
        with connection:
            connection.executemany(_UPSERT, new)
            connection.executemany("DELETE FROM results WHERE run_id = ?", gone)
            connection.execute("UPDATE revision SET number = number + 1")
