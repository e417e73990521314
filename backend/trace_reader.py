"""Reads traces from Tempo or the embedded store; both speak Tempo's HTTP API."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx

from backend.errors import BadQuery, DomainError, Invalid, NotFound, TooMany, TooSlow, Unavailable

ANSWER_SECONDS = 20.0
CONNECT_SECONDS = 2.0
READY_SECONDS = 2.0
MAX_BYTES = 32 * 2**20
"""Of an answer, decompressed; a trace of 10,000 spans has about 10 MB."""
_CONNECTIONS = 16
_LONGEST_REASON = 500

_HINT = "is it running? TEMPO_URL names it"


class TraceReader:
    """The calls of the trace store, within bounds of time and size. Raises DomainErrors."""

    def __init__(
        self, url: str, answer_seconds: float = ANSWER_SECONDS, max_bytes: int = MAX_BYTES
    ) -> None:
        self.url = url.rstrip("/")
        self._answer_seconds = answer_seconds
        self._max_bytes = max_bytes
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(answer_seconds, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=_CONNECTIONS),
            headers={"Accept": "application/json"},
            trust_env=False,
        )

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
        try:
            answer = await self._http.get(f"{self.url}/ready", timeout=READY_SECONDS)
        except httpx.HTTPError as error:
            return _reason(error)
        return "" if answer.is_success else f"HTTP {answer.status_code}: {_said(answer.text)}"

    async def close(self) -> None:
        await self._http.aclose()

    async def _get(
        self, path: str, parameters: Mapping[str, Any], unknown: NotFound | None = None
    ) -> bytes:
        given = {name: value for name, value in parameters.items() if value is not None}
        try:
            # A store that sends a byte now and then would never run into httpx's timeout.
            async with (
                asyncio.timeout(self._answer_seconds),
                self._http.stream("GET", self.url + path, params=given) as answer,
            ):
                body = await self._body(answer)
        except (TimeoutError, httpx.ReadTimeout):
            raise TooSlow(
                f"the trace store did not answer within {self._answer_seconds:g} s",
                hint="ask for a shorter range or fewer traces",
            ) from None
        except httpx.HTTPError as error:
            raise Unavailable(
                f"the trace store at {self.url} cannot be reached: {_reason(error)}", hint=_HINT
            ) from error
        if answer.is_success and answer.headers.get("content-type", "").startswith(
            "application/json"
        ):
            return body
        raise self._refusal(answer.status_code, body, unknown)

    async def _body(self, answer: httpx.Response) -> bytes:
        body = bytearray()
        async for part in answer.aiter_bytes():
            body += part
            if len(body) > self._max_bytes:
                raise Invalid(
                    f"the trace store's answer is larger than {self._max_bytes} bytes",
                    hint="ask for fewer traces or spans",
                )
        return bytes(body)

    def _refusal(self, status: int, body: bytes, unknown: NotFound | None) -> DomainError:
        said = _said(body.decode("utf-8", "replace"))
        if status == 404 and unknown is not None:
            return unknown
        if status == 429:
            return TooMany(f"the trace store has too much to do: {said}")
        if status == 504:
            return TooSlow(f"the trace store was too slow: {said}")
        if status in (400, 422):
            return BadQuery(said or "the trace store refused the query", field="q")
        what = f"answers {status}" if status >= 300 else "does not answer in JSON"
        return Unavailable(f"what is at {self.url} {what}: {said}", hint=_HINT)


def _said(text: str) -> str:
    return " ".join(text.split())[:_LONGEST_REASON]


def _reason(error: httpx.HTTPError) -> str:
    return str(error) or type(error).__name__
