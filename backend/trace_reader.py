"""Reads traces from Tempo or the embedded store; both speak Tempo's HTTP API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from backend.errors import BadQuery, NotFound
from backend.upstream import ANSWER_SECONDS, MAX_BYTES, Upstream


class TraceReader:
    """The calls of the trace store, within bounds of time and size. Raises DomainErrors."""

    def __init__(
        self, url: str, answer_seconds: float = ANSWER_SECONDS, max_bytes: int = MAX_BYTES
    ) -> None:
        self._store = Upstream("the trace store", url, "TEMPO_URL", answer_seconds, max_bytes)
        self.url = self._store.url

    async def search(self, **parameters: Any) -> bytes:
        """`q`, `start`, `end` (Unix seconds), `limit`, `spss`; those that are None are left out."""
        return await self._get("/api/search", parameters)

    async def trace(self, trace_id: str) -> bytes:
        """A whole trace. Raises NotFound."""
        unknown = NotFound(f"no trace {trace_id}", field="trace_id")
        body = await self._get(f"/api/v2/traces/{trace_id.lower().rjust(32, '0')}", {}, unknown)
        if b'"scopeSpans"' not in body:  # Tempo may answer with an empty trace
            raise unknown
        return body

    async def tags(self, **parameters: Any) -> bytes:
        """Names of attributes, by scope."""
        return await self._get("/api/v2/search/tags", parameters)

    async def tag_values(self, tag: str, **parameters: Any) -> bytes:
        """Values of an attribute such as `span.nautilus.strategy`, or of `name`, `status`…"""
        return await self._get(f"/api/v2/search/tag/{quote(tag, safe='')}/values", parameters)

    async def trouble(self) -> str:
        """Why the store cannot be asked; empty when it can."""
        return await self._store.trouble("/ready")

    async def close(self) -> None:
        await self._store.close()

    async def _get(
        self, path: str, parameters: Mapping[str, Any], unknown: NotFound | None = None
    ) -> bytes:
        answer = await self._store.call("GET", path, parameters)
        if answer.good and answer.json:
            return answer.body
        if answer.status == 404 and unknown is not None:
            raise unknown
        if answer.status in (400, 422):
            raise BadQuery(answer.said or "the trace store refused the query", field="q")
        raise self._store.refusal(answer)
