"""Keeps what Alertmanager told somebody, the newest of it, in SQLite.

The file is the only copy: an answer to Alertmanager means that the disk has it.
"""

from __future__ import annotations

import base64
import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from backend.alert_models import Notification, NotificationPage, Webhook, WebhookAlert
from backend.errors import Invalid

logger = logging.getLogger(__name__)

KEPT = 1_000
MAX_PAGE = 1_000
WATCHDOG = "Watchdog"
"""The alert that always fires. It is no news, its absence is: watchdog.py."""

_SCHEMA_VERSION = 1
_BUSY_SECONDS = 10.0
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS notifications (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    fingerprint TEXT NOT NULL, status TEXT NOT NULL, starts_at INTEGER NOT NULL,
    notification TEXT NOT NULL, received_at INTEGER NOT NULL, last_received_at INTEGER NOT NULL,
    times INTEGER NOT NULL DEFAULT 1,
    UNIQUE (fingerprint, status, starts_at)
);
PRAGMA user_version = {_SCHEMA_VERSION};
"""
_UPSERT = """
INSERT INTO notifications
    (fingerprint, status, starts_at, notification, received_at, last_received_at)
VALUES (:fingerprint, :status, :starts_at, :notification, :now, :now)
ON CONFLICT (fingerprint, status, starts_at) DO UPDATE SET
    notification = excluded.notification, last_received_at = excluded.last_received_at,
    times = times + 1
"""
_TRIM = """
DELETE FROM notifications WHERE id NOT IN (SELECT id FROM notifications ORDER BY id DESC LIMIT ?)
"""
_PAGE = """
SELECT id, notification, received_at, last_received_at, times FROM notifications
WHERE id < ? ORDER BY id DESC LIMIT ?
"""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PAST_EVERY_ID = 2**63 - 1


class Notifications:
    """The newest `kept` notifications at `path`; several threads and processes may use it at once.

    A notification that Alertmanager repeats (same alert, status and start) is updated in its place.
    """

    def __init__(
        self, path: Path, kept: int = KEPT, clock: Callable[[], float] = time.time
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path, self._kept, self._clock = path, kept, clock
        self._mutex = threading.Lock()
        self._connection = self._open()

    def add(self, webhook: Webhook) -> None:
        """Keep the alerts of a group, all or none of them, those of the Watchdog left out."""
        now = int(self._clock() * 1e6)
        rows = [_row(webhook, alert, now) for alert in webhook.alerts if not is_watchdog(alert)]
        if not rows:
            return
        with self._mutex:
            self._connection.execute("BEGIN IMMEDIATE")
            with self._connection:
                self._connection.executemany(_UPSERT, rows)
                self._connection.execute(_TRIM, (self._kept,))

    def page(self, limit: int = 50, cursor: str | None = None) -> NotificationPage:
        """Newest first. Raises Invalid for a cursor that no page gave, or a limit that cannot be.

        A cursor stands for a place in the order: what arrives between two calls hides nothing.
        """
        if not 1 <= limit <= MAX_PAGE:
            raise Invalid(f"limit must be from 1 to {MAX_PAGE}, not {limit}", field="limit")
        before = _PAST_EVERY_ID if cursor is None else _read_cursor(cursor)
        with self._mutex:
            rows = self._connection.execute(_PAGE, (before, limit + 1)).fetchall()
        page = [_notification(*row) for row in rows[:limit]]
        more = len(rows) > limit
        return NotificationPage(items=page, next_cursor=_cursor(page[-1].id) if more else None)

    def close(self) -> None:
        with self._mutex:
            self._connection.close()

    def _open(self) -> sqlite3.Connection:
        """Open the file; a damaged one is put aside, so that new notifications find a place."""
        try:
            return self._connect()
        except sqlite3.OperationalError:
            raise  # locked, disk full, read-only: a new file would not help
        except sqlite3.DatabaseError as error:
            aside = self._path.with_name(f"{self._path.name}.damaged-{int(self._clock())}")
            logger.error("%s is damaged (%s); it is now %s", self._path, error, aside)
            self._path.rename(aside)
            for suffix in ("-wal", "-shm"):
                Path(f"{self._path}{suffix}").unlink(missing_ok=True)
            return self._connect()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise sqlite3.DatabaseError("quick_check failed")
            connection.executescript(_SCHEMA)
        except sqlite3.DatabaseError:
            connection.close()
            raise
        return connection


def _row(webhook: Webhook, alert: WebhookAlert, now: int) -> dict[str, Any]:
    notification = Notification(
        id=0,  # this and what follows up to `times` are columns of their own
        received_at=_EPOCH, last_received_at=_EPOCH, times=0,
        fingerprint=alert.fingerprint,
        status=alert.status,
        name=alert.name,
        severity=alert.labels.get("severity", ""),
        labels=alert.labels,
        annotations=alert.annotations,
        starts_at=alert.starts_at,
        ends_at=alert.ends_at if alert.status == "resolved" else None,
        generator_url=alert.generator_url,
        receiver=webhook.receiver,
        group_key=webhook.group_key,
        alertmanager_url=webhook.external_url,
    )  # fmt: skip
    return {
        "fingerprint": alert.fingerprint,
        "status": alert.status,
        "starts_at": (alert.starts_at - _EPOCH) // timedelta(microseconds=1),
        "notification": notification.model_dump_json(),
        "now": now,
    }


def _notification(
    number: int, document: str, received_at: int, last_received_at: int, times: int
) -> Notification:
    return Notification.model_validate_json(document).model_copy(
        update={
            "id": number,
            "received_at": _EPOCH + timedelta(microseconds=received_at),
            "last_received_at": _EPOCH + timedelta(microseconds=last_received_at),
            "times": times,
        }
    )


def is_watchdog(alert: WebhookAlert) -> bool:
    """Whether it is the dead-man switch; a resolved one is no sign of life."""
    return alert.name == WATCHDOG


def _cursor(number: int) -> str:
    return base64.urlsafe_b64encode(str(number).encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> int:
    try:
        number = int(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not 0 < number <= _PAST_EVERY_ID:
            raise ValueError("no id")
    except ValueError as error:
        raise Invalid("not a cursor that a list gave", field="cursor") from error
    return number
