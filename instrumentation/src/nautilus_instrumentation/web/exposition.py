"""`/metrics` inside an ASGI host, for hosts with one process."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from nautilus_instrumentation.exposition.render import Answer

if TYPE_CHECKING:
    from nautilus_instrumentation.exposition.registry import MemoryCollector
    from nautilus_instrumentation.guard import Guard
    from nautilus_instrumentation.web.asgi import Receive, Scope, Send

_ELSEWHERE = Answer(
    b"The metrics of several processes are served by the exporter: "
    b"python -m nautilus_instrumentation.exposition\n",
    (("Content-Type", "text/plain"),),
)
_FAILED = Answer(b"The scrape failed; see the log.\n", (("Content-Type", "text/plain"),))
_NOT_ALLOWED = Answer(b"Only GET and HEAD.\n", (("Content-Type", "text/plain"), ("Allow", "GET")))


class MetricsApp:
    """ASGI application that answers a scrape on every path, as it is meant to be mounted.

    Rendering takes a thread of its own: inline it would hold the event loop for 100 ms at 10,000
    series.
    """

    def __init__(self, collector: MemoryCollector | None, guard: Guard) -> None:
        self._collector = collector
        self._guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"metrics are served over HTTP, not {scope['type']}")
        status, answer = 405, _NOT_ALLOWED
        if scope["method"] in ("GET", "HEAD"):
            headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
            status, answer = await asyncio.to_thread(
                self._scrape, headers.get(b"accept", ""), headers.get(b"accept-encoding", "")
            )
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [
                    (name.lower().encode(), value.encode()) for name, value in answer.headers
                ],
            }
        )
        body = b"" if scope["method"] == "HEAD" else answer.body
        await send({"type": "http.response.body", "body": body})

    def _scrape(self, accept: str, accept_encoding: str) -> tuple[int, Answer]:
        if self._collector is None:
            return 503, _ELSEWHERE
        answer = self._guard.call(
            "exposition.scrape", self._collector.scrape, accept, accept_encoding
        )
        return (500, _FAILED) if answer is None else (200, answer)
