"""The dead-man switch: says, without Alertmanager, that the alerting is dead.

An alert that always fires, the Watchdog, arrives every WATCHDOG_INTERVAL by the way all
notifications take. When it stops coming nobody would be told of anything any more, so the backend
itself tells DEADMAN_WEBHOOK.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from nautilus_instrumentation import Session

logger = logging.getLogger(__name__)

MISSED_INTERVALS = 3
POST_SECONDS = 10.0
FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS = 5.0, 300.0
_LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Clocks:
    """`steady` never jumps and measures; `wall` is Unix time and is shown."""

    steady: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time


REAL = Clocks()


class Watchdog:
    """Waits for arrivals `interval` seconds apart; `webhook` is told when they end and begin again.

    Telling is owed until it succeeded: once for each outage and once for its end, and not at all
    for one that ended before anybody could be told. Who hears it
    and cannot answer hears it again.
    """

    def __init__(
        self,
        session: Session,
        interval: float,
        webhook: str | None = None,
        clocks: Clocks = REAL,
    ) -> None:
        self._session, self._interval, self._webhook = session, interval, webhook
        self._clocks = clocks
        self._heard = self._started = clocks.steady()
        self._arrived_at: float | None = None
        self._told_of_outage = False
        self._next_try = 0.0
        self._retry_seconds = FIRST_RETRY_SECONDS
        self._failure = ""
        self.failures = 0
        """Attempts to tell the webhook that failed, ever."""

    def arrived(self) -> None:
        """The Watchdog is here."""
        self._heard, self._arrived_at = self._clocks.steady(), self._clocks.wall()
        self._session.watchdog_received(self._arrived_at)

    @property
    def missing(self) -> bool:
        """Whether three intervals passed without an arrival; the first counts from the start."""
        return self._clocks.steady() - self._heard > MISSED_INTERVALS * self._interval

    def detail(self) -> str:
        """The state for people, with what became of telling the webhook."""
        detail = self._state()
        if self._failure:
            detail += f"; DEADMAN_WEBHOOK could not be told ({self._failure})"
        return detail

    async def run(self) -> None:
        """Look after the webhook until cancelled."""
        async with httpx.AsyncClient(timeout=POST_SECONDS, trust_env=False) as http:
            while True:
                await self.look(http)
                await asyncio.sleep(min(_LOOK_SECONDS, self._interval / 4))

    async def look(self, http: httpx.AsyncClient) -> None:
        """Tell the webhook if there is something to tell, and it is time to try."""
        missing = self.missing
        if missing == self._told_of_outage:
            # Nothing is owed; the next outage does not wait for the retries of this one.
            self._next_try, self._retry_seconds, self._failure = 0.0, FIRST_RETRY_SECONDS, ""
            return
        if self._clocks.steady() < self._next_try:
            return
        if await self._tell(http, missing):
            self._told_of_outage = missing

    async def _tell(self, http: httpx.AsyncClient, missing: bool) -> bool:
        """Whether the webhook has been told, or there is none."""
        log = logger.error if missing else logger.warning
        if not self._failure:
            log("dead-man switch: %s", self._state())
        if self._webhook is None:
            return True
        try:
            (await http.post(self._webhook, json=self._message(missing))).raise_for_status()
        except Exception as error:  # also an address that is none: the API must go on
            self._failed(error)
            return False
        return True

    def _failed(self, error: Exception) -> None:
        self.failures += 1
        self._session.recorder.count_error("deadman.webhook")
        # Not the error's text: it holds the address, which may be a secret.
        answer = error.response if isinstance(error, httpx.HTTPStatusError) else None
        self._failure = f"HTTP {answer.status_code}" if answer else type(error).__name__
        self._next_try = self._clocks.steady() + self._retry_seconds
        logger.error(
            "DEADMAN_WEBHOOK could not be told (%s, failure %d); next try in %.0f s",
            self._failure, self.failures, self._retry_seconds,
        )  # fmt: skip
        self._retry_seconds = min(LONGEST_RETRY_SECONDS, 2 * self._retry_seconds)

    def _state(self) -> str:
        ago = f"{self._clocks.steady() - self._heard:.0f} s"
        if self._arrived_at is None:
            since = f"none came in the {ago} since the service started"
        else:
            since = f"the last came {ago} ago"
        if not self.missing:
            return f"one every {self._interval:g} s expected, {since}"
        return (
            f"no Watchdog from Alertmanager, {since}, one every {self._interval:g} s expected: "
            "alerts reach nobody; see /api/runbooks/Watchdog"
        )

    def _message(self, missing: bool) -> dict[str, Any]:
        text = self._state() if missing else "the Watchdog of Alertmanager arrives again"
        return {
            "status": "firing" if missing else "resolved",
            "alert": "WatchdogMissing",
            "text": f"{'[FIRING]' if missing else '[RESOLVED]'} Nautilus monitoring: {text}",
            "last_received_at": self._shown(self._arrived_at),
            "sent_at": self._shown(self._clocks.wall()),
            "interval_seconds": self._interval,
            "missed_intervals": MISSED_INTERVALS,
        }

    def _shown(self, unix_seconds: float | None) -> str | None:
        if unix_seconds is None:
            return None
        return datetime.fromtimestamp(unix_seconds, UTC).isoformat()
