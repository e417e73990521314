"""Reads metrics from Prometheus, by its HTTP API v1."""

from __future__ import annotations

from typing import Any

import orjson

from backend.errors import BadQuery, Unavailable
from backend.upstream import ANSWER_SECONDS, MAX_BYTES, Answer, Upstream

QUERY_SECONDS = 15
"""Prometheus gives up before this service does, and says so itself."""


class MetricsReader:
    """The calls that ask Prometheus, within bounds of time and size. Raises DomainErrors."""

    def __init__(
        self, url: str, answer_seconds: float = ANSWER_SECONDS, max_bytes: int = MAX_BYTES
    ) -> None:
        self._upstream = Upstream("Prometheus", url, "PROMETHEUS_URL", answer_seconds, max_bytes)
        self.url = self._upstream.url

    async def query(self, **parameters: Any) -> bytes:
        """`query` and `time` (Unix seconds): values at one moment."""
        return await self._get("/api/v1/query", timeout=f"{QUERY_SECONDS}s", **parameters)

    async def query_range(self, **parameters: Any) -> bytes:
        """`query`, `start`, `end` (Unix seconds) and `step` (seconds): values over a time."""
        return await self._get("/api/v1/query_range", timeout=f"{QUERY_SECONDS}s", **parameters)

    async def exemplars(self, **parameters: Any) -> bytes:
        """`query`, `start` and `end` (Unix seconds): the traces behind values."""
        return await self._get("/api/v1/query_exemplars", **parameters)

    async def close(self) -> None:
        await self._upstream.close()

    async def _get(self, path: str, **parameters: Any) -> bytes:
        answer = await self._upstream.call("GET", path, parameters)
        if answer.good and answer.json:
            return answer.body
        if answer.json and answer.status in (400, 422, 503):
            _explain(answer)
        raise self._upstream.refusal(answer)


def _explain(answer: Answer) -> None:
    """Raise what Prometheus says of a query in its own words."""
    try:
        message = str(orjson.loads(answer.body)["error"])[:500]
    except (ValueError, KeyError, TypeError):
        return
    if answer.status == 503:  # timed out, or was cancelled
        raise Unavailable(message, hint="ask for less: a shorter range, or fewer series")
    raise BadQuery(message, field="query")
