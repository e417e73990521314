"""The one thread that writes: takes what has queued up, commits it as one group, then answers."""

from __future__ import annotations

import fcntl
import logging
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tracestore.storage.insert import insert
from tracestore.storage.retention import Limits, Retention
from tracestore.storage.rows import Batch, RowBuilder
from tracestore.storage.schema import LONGEST, connect

DATABASE = "traces.db"
GROUP_BYTES = 4 * 2**20
"""Bodies that go into one commit, about: the answer to the first waits for the last."""

_RETENTION_SECONDS = 1.0

log = logging.getLogger(__name__)


class Busy(Exception):
    """More is waiting for the writer than may wait: try again."""


class InUse(Exception):
    """Another process writes to this directory."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a request's spans."""

    spans: int
    """Accepted; a span that was there already counts."""
    rejected: int
    reason: str


@dataclass(slots=True)
class _Request:
    message: ExportTraceServiceRequest
    size: int
    answer: Future[Stored]


def _ignore(stored: int, rejected: int) -> None:
    """Nobody counts."""


class Writer:
    """Owns the database file of a directory for writing.

    `count(stored, rejected)` is called after each commit with the spans that were new and those
    that were refused. Raises InUse when another process has the directory, SchemaError when the
    database cannot be used.
    """

    def __init__(
        self,
        directory: Path,
        limits: Limits,
        max_pending_bytes: int = 64 * 2**20,
        count: Callable[[int, int], None] = _ignore,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.path = directory / DATABASE
        self._lock_file = open(directory / "writer.lock", "w")  # noqa: SIM115 (held while alive)
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock_file.close()
            raise InUse(f"another trace store is using {directory}") from None
        try:
            self._connection = connect(self.path)
        except BaseException:
            self._lock_file.close()
            raise
        self._rows = RowBuilder(self._connection)
        self._retention = Retention(self._connection, limits)
        self._longest = self._read_longest()
        self._count = count
        self._max_pending = max_pending_bytes
        self._pending = 0
        self._pending_lock = threading.Lock()
        self._queue: SimpleQueue[_Request | None] = SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="trace-writer", daemon=True)
        self._thread.start()

    def submit(self, message: ExportTraceServiceRequest, size: int) -> Future[Stored]:
        """Queue a request of `size` bytes; its future is done once its spans are committed.

        Raises Busy when too much is waiting already, or when the store is closing.
        """
        with self._pending_lock:
            if self._closed or (self._pending and self._pending + size > self._max_pending):
                raise Busy
            self._pending += size
            request = _Request(message, size, Future())
            self._queue.put(request)
        return request.answer

    def close(self) -> None:
        """Write what is queued, then close the database. Idempotent."""
        with self._pending_lock:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        self._thread.join()
        self._connection.close()
        self._lock_file.close()

    def _read_longest(self) -> int:
        row = self._connection.execute("SELECT value FROM facts WHERE name = ?", (LONGEST,))
        return int(row.fetchone()[0])

    def _run(self) -> None:
        busy = True
        closing = False
        while not closing:
            group, closing = self._take(0.0 if busy else _RETENTION_SECONDS)
            if group:
                self._write(group)
            busy = not closing and self._retain()

    def _take(self, seconds: float) -> tuple[list[_Request], bool]:
        """(requests for one commit, whether the store is closing); waits for the first."""
        group: list[_Request] = []
        size = 0
        try:
            request = self._queue.get(timeout=seconds) if seconds else self._queue.get_nowait()
            while request is not None:
                group.append(request)
                size += request.size
                if size >= GROUP_BYTES:
                    return group, False
                request = self._queue.get_nowait()
        except Empty:
            return group, False
        return group, True

    def _retain(self) -> bool:
        try:
            return self._retention.step()
        except sqlite3.Error:
            log.exception("Deleting old traces failed; it will be tried again")
            return False

    def _write(self, group: list[_Request]) -> None:
        try:
            answers = self._commit(group)
        except Exception as error:
            self._rows.reset()
            if len(group) > 1:
                # One request must not take the others with it.
                for request in group:
                    self._write([request])
                return
            log.exception("Storing spans failed")
            answers = [error]
        with self._pending_lock:
            self._pending -= sum(request.size for request in group)
        for request, answer in zip(group, answers, strict=True):
            if isinstance(answer, Stored):
                request.answer.set_result(answer)
            else:
                request.answer.set_exception(answer)

    def _commit(self, group: list[_Request]) -> list[Stored | Exception]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            batch = Batch()
            answers: list[Stored | Exception] = []
            for request in group:
                built = self._rows.build(request.message)
                batch.extend(built)
                batch.rejected += built.rejected
                answers.append(Stored(len(built.spans), built.rejected, built.reason))
            stored = insert(self._connection, batch, self._longest)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        self._longest = max(self._longest, batch.longest)
        self._rows.trim()
        self._count(stored, batch.rejected)
        return answers
