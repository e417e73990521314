"""Connections for queries: some threads, each with its own, all bounded in time."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from tracestore.traceql.conditions import MATCHES
from tracestore.traceql.regex import matches

Result = TypeVar("Result")

THREADS = 4

_STEPS_BETWEEN_LOOKS = 100_000
"""SQLite's steps, some milliseconds, after which a query looks at the clock."""


class TimedOut(Exception):
    """A query took longer than it may."""


def open_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write, with the functions that conditions use."""
    connection = sqlite3.connect(
        path, isolation_level=None, cached_statements=64, check_same_thread=False
    )
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA cache_size = -16384")
    connection.execute(f"PRAGMA mmap_size = {256 * 2**20}")
    connection.execute("PRAGMA temp_store = MEMORY")
    add_functions(connection)
    return connection


def add_functions(connection: sqlite3.Connection) -> None:
    """Make the SQL functions that conditions use known to a connection."""
    connection.create_function(MATCHES, 2, matches, deterministic=True)


class Readers:
    """Runs functions of a connection on threads; SQLite gives up the GIL while it works."""

    def __init__(
        self,
        path: Path,
        timeout_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._clock = clock
        self._timeout = timeout_seconds
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="trace-reader")

    async def run(self, query: Callable[[sqlite3.Connection], Result]) -> Result:
        """The query's result, from one consistent view of the data. Raises TimedOut."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._run, query)

    def close(self) -> None:
        """Cut off what runs, then close the connections."""
        for connection in list(self._connections):
            connection.interrupt()
        self._pool.shutdown(wait=True, cancel_futures=True)
        for connection in self._connections:
            connection.close()

    def _run(self, query: Callable[[sqlite3.Connection], Result]) -> Result:
        connection = self._connection()
        self._local.deadline = self._clock() + self._timeout
        try:
            connection.execute("BEGIN")
            return query(connection)
        except sqlite3.OperationalError as error:
            if str(error) != "interrupted":
                raise
            raise TimedOut(f"the query took longer than {self._timeout:g} s") from None
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def _is_late(self) -> bool:
        late: bool = self._clock() > self._local.deadline
        return late

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = open_reader(self._path)
            connection.set_progress_handler(self._is_late, _STEPS_BETWEEN_LOOKS)
            self._connections.append(connection)
        return connection
