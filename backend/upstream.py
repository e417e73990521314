"""Asks another HTTP service on behalf of a caller, within bounds of time and size."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from backend.errors import DomainError, Invalid, TooMany, TooSlow, Unavailable

ANSWER_SECONDS = 20.0
CONNECT_SECONDS = 2.0
READY_SECONDS = 2.0
MAX_BYTES = 32 * 2**20
"""Of an answer, decompressed; a trace of 10,000 spans has about 10 MB."""
_CONNECTIONS = 16
_LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service answered, whatever its status."""

    status: int
    json: bool
    """Whether it says that `body` is JSON."""
    body: bytes

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300

    @property
    def said(self) -> str:
        """The body as one line, for messages."""
        return said(self.body.decode("utf-8", "replace"))


class Upstream:
    """One service: `name` is what messages call it, `variable` the setting that names its `url`."""

    def __init__(
        self,
        name: str,
        url: str,
        variable: str,
        answer_seconds: float = ANSWER_SECONDS,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self.name = name
        self.url = url.rstrip("/")
        self.variable = variable
        self._answer_seconds = answer_seconds
        self._max_bytes = max_bytes
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(answer_seconds, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=_CONNECTIONS),
            headers={"Accept": "application/json"},
            trust_env=False,
        )

    async def call(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, Any] | None = None,
        json: Any = None,
    ) -> Answer:
        """One request; parameters that are None are left out.

        Raises TooSlow and Unavailable, and Invalid for an answer that is too large.
        """
        given = {k: v for k, v in (parameters or {}).items() if v is not None}
        try:
            # A service that sends a byte now and then would never run into httpx's timeout.
            async with (
                asyncio.timeout(self._answer_seconds),
                self._http.stream(method, self.url + path, params=given, json=json) as answer,
            ):
                body = await self._body(answer)
        except (TimeoutError, httpx.ReadTimeout):
            raise TooSlow(
                f"{self.name} did not answer within {self._answer_seconds:g} s",
                hint="ask for less: a shorter range, or fewer things",
            ) from None
        except httpx.HTTPError as error:
            raise Unavailable(
                f"{self.name} at {self.url} cannot be reached: {reason(error)}", hint=self._hint
            ) from error
        kind = answer.headers.get("content-type", "")
        return Answer(answer.status_code, kind.startswith("application/json"), body)

    def refusal(self, answer: Answer) -> DomainError:
        """The error that an answer without the wanted content stands for."""
        if answer.status == 429:
            return TooMany(f"{self.name} has too much to do: {answer.said}")
        if answer.status == 504:
            return TooSlow(f"{self.name} was too slow: {answer.said}")
        what = f"answers {answer.status}" if answer.status >= 300 else "does not answer in JSON"
        return Unavailable(f"what is at {self.url} {what}: {answer.said}", hint=self._hint)

    async def trouble(self, path: str) -> str:
        """Why the readiness call at `path` does not succeed; empty when it does."""
        try:
            answer = await self._http.get(self.url + path, timeout=READY_SECONDS)
        except httpx.HTTPError as error:
            return reason(error)
        return "" if answer.is_success else f"HTTP {answer.status_code}: {said(answer.text)}"

    async def close(self) -> None:
        await self._http.aclose()

    @property
    def _hint(self) -> str:
        return f"is it running? {self.variable} names it"

    async def _body(self, answer: httpx.Response) -> bytes:
        body = bytearray()
        async for part in answer.aiter_bytes():
            body += part
            if len(body) > self._max_bytes:
                raise Invalid(
                    f"the answer of {self.name} is larger than {self._max_bytes} bytes",
                    hint="ask for less",
                )
        return bytes(body)


def said(text: str) -> str:
    """`text` as one line of bounded length."""
    return " ".join(text.split())[:_LONGEST_REASON]


def reason(error: httpx.HTTPError) -> str:
    """Why it failed; some errors of httpx have no message."""
    return str(error) or type(error).__name__
