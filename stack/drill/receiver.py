"""The drill's own receiver of notifications: outside the backend, which a fault may have stopped.

It takes Alertmanager's webhook (version 4) and the backend's dead-man message, and remembers when
each alert arrived.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

ALERTS = "/alerts"
DEADMAN = "/deadman"
LARGEST_BYTES = 10_000_000
POLL_SECONDS = 0.2

Status = Literal["firing", "resolved"]
Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Notice:
    """One alert in one message."""

    received: float
    """Seconds of `time.monotonic()`."""
    status: Status
    labels: Labels
    source: Literal["alertmanager", "deadman"] = "alertmanager"

    @property
    def name(self) -> str:
        return self.labels.get("alertname", "")

    @property
    def identity(self) -> tuple[tuple[str, str], ...]:
        """Same for the firing and the resolved message of one alert."""
        return tuple(sorted(self.labels.items()))

    def fits(self, labels: Labels) -> bool:
        """Whether it has all of `labels`."""
        return all(self.labels.get(name) == value for name, value in labels.items())


@dataclass(slots=True)
class Inbox:
    """All notices so far; safe to share between threads."""

    _notices: list[Notice] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def put(self, notices: list[Notice]) -> None:
        with self._changed:
            self._notices += notices
            self._changed.notify_all()

    def since(self, moment: float) -> list[Notice]:
        """Notices received from `moment` on, in order."""
        with self._changed:
            return [notice for notice in self._notices if notice.received >= moment]

    def first(
        self,
        wanted: Callable[[Notice], bool],
        since: float,
        deadline: float,
        stopping: Callable[[], bool] = lambda: False,
    ) -> Notice | None:
        """The first wanted notice from `since` on; None at `deadline`, or when told to stop.

        Moments are seconds of `time.monotonic()`.
        """
        while True:
            with self._changed:
                for notice in self._notices:
                    if notice.received >= since and wanted(notice):
                        return notice
                left = deadline - time.monotonic()
                if left <= 0 or stopping():
                    return None
                self._changed.wait(min(left, POLL_SECONDS))


class Receiver:
    """A server on a free port of `host`; a context manager."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.inbox = Inbox()
        self._server = ThreadingHTTPServer((host, 0), _handler(self.inbox))
        self._server.daemon_threads = True
        self._host = host

    def url(self, path: str) -> str:
        return f"http://{self._host}:{self._server.server_port}{path}"

    def __enter__(self) -> Receiver:
        threading.Thread(
            target=self._server.serve_forever, args=(POLL_SECONDS,), name="receiver", daemon=True
        ).start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def read_alerts(message: Any, received: float) -> list[Notice]:
    """Notices of a webhook message. Raises ValueError for what is none of version 4."""
    if not isinstance(message, dict) or message.get("version") != "4":
        raise ValueError("not a webhook message of version 4")
    return [
        Notice(received, _status(alert), dict(alert["labels"]))
        for alert in message.get("alerts", ())
    ]


def read_deadman(message: Any, received: float) -> list[Notice]:
    """The one notice of the backend's own message. Raises ValueError."""
    if not isinstance(message, dict):
        raise ValueError("not a JSON object")
    labels = message.get("labels") or {"alertname": message.get("alert", "Watchdog")}
    return [Notice(received, _status(message), dict(labels), "deadman")]


def _status(message: dict[str, Any]) -> Status:
    status = message.get("status")
    if status not in ("firing", "resolved"):
        raise ValueError(f"status is {status!r}")
    return "firing" if status == "firing" else "resolved"


READERS = {ALERTS: read_alerts, DEADMAN: read_deadman}


def _handler(inbox: Inbox) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received = time.monotonic()
            read = READERS.get(self.path)
            if read is None:
                self._answer(404)
                return
            length = self.headers.get("content-length", "")
            if not length.isdecimal() or int(length) > LARGEST_BYTES:
                self._answer(413 if length.isdecimal() else 411)
                return
            try:
                notices = read(json.loads(self.rfile.read(int(length))), received)
            except (ValueError, KeyError, TypeError):
                self._answer(400)
                return
            inbox.put(notices)
            self._answer(200)

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing: the table says what arrived."""

    return Handler
