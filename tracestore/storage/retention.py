"""Old traces leave in small steps between the writer's transactions, so that writing goes on."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass

from tracestore.storage.schema import BLOCK_SPANS

STEP_SPANS = 4000
"""Spans deleted in one step, about: some 15 ms."""

_BLOCKS_PER_STEP = 2000

_FULL = 0.95
"""Share of the limit that spans may fill: the rest is room to write into while others leave."""

_WORTH_FREEING = 64
"""Pages; fewer are left for the next spans."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the store may keep."""

    seconds: float
    bytes: int


class Retention:
    """Deletes whole traces, oldest end first. Used by the writer's thread, between transactions."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        limits: Limits,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._connection = connection
        self._limits = limits
        self._clock = clock
        self._next_block: int | None = None
        self._deleted = False
        self._page_size: int = connection.execute("PRAGMA page_size").fetchone()[0]

    def size(self) -> int:
        """Bytes of the database file."""
        pages: int = self._connection.execute("PRAGMA page_count").fetchone()[0]
        return pages * self._page_size

    def step(self) -> bool:
        """One bounded piece of work. False when there is nothing more to do for now."""
        if self._delete(int((self._clock() - self._limits.seconds) * 1e9)):
            return True
        free: int = self._connection.execute("PRAGMA freelist_count").fetchone()[0]
        size = self.size()
        if size > self._limits.bytes and free > _WORTH_FREEING:
            # The pragma frees one page per row that is fetched.
            self._connection.execute("PRAGMA incremental_vacuum(1024)").fetchall()
            # The file itself shrinks when the log is carried over to it.
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            return True
        if size - free * self._page_size > self._limits.bytes * _FULL and self._delete(None):
            return True
        if self._deleted and self._next_block is None:
            self._deleted = False
            self._next_block = 0
        return self._clean_index()

    def _delete(self, ended_before: int | None) -> bool:
        """Delete the oldest traces, those that ended before a time or any. False when none did."""
        where = "" if ended_before is None else 'WHERE "end" < ?'
        arguments = () if ended_before is None else (ended_before,)
        oldest = self._connection.execute(
            f'SELECT id FROM traces {where} ORDER BY "end" LIMIT 500', arguments
        ).fetchall()
        if not oldest:
            return False
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            room = STEP_SPANS
            for (trace,) in oldest:
                room -= self._delete_trace(trace, room)
                if room <= 0:
                    break
            self._connection.execute("COMMIT")
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._deleted = True
        return True

    def _delete_trace(self, trace: int, most: int) -> int:
        """Delete a trace, or as much of it as a step has room for; returns how many spans."""
        spans = self._connection.execute(
            "DELETE FROM spans WHERE id IN (SELECT id FROM spans WHERE trace = ? LIMIT ?)",
            (trace, most),
        ).rowcount
        if spans < most:
            self._connection.execute("DELETE FROM traces WHERE id = ?", (trace,))
        return spans

    def _clean_index(self) -> bool:
        """Forget blocks that have no span any more, some at a time."""
        if self._next_block is None:
            return False
        blocks = self._connection.execute(
            "SELECT id FROM blocks WHERE id >= ? ORDER BY id LIMIT ?",
            (self._next_block, _BLOCKS_PER_STEP),
        ).fetchall()
        if not blocks:
            self._next_block = None
            return False
        last = blocks[-1][0]
        self._connection.execute(
            f"""
            DELETE FROM blocks AS b WHERE id BETWEEN ? AND ? AND NOT EXISTS (
                SELECT 1 FROM spans
                WHERE id BETWEEN b.id * {BLOCK_SPANS} AND b.id * {BLOCK_SPANS} + {BLOCK_SPANS - 1}
            )
            """,
            (self._next_block, last),
        )
        self._next_block = last + 1
        return True
