"""`POST /v1/traces`: OTLP/HTTP."""

from __future__ import annotations

import asyncio
import logging

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from tracestore.otlp import answers
from tracestore.otlp.bodies import JSON, PROTOBUF, Refused, decompress, media_type, parse
from tracestore.settings import Settings
from tracestore.storage.writer import Busy, Writer

BODY_SECONDS = 30.0
"""Within which a request's body must have arrived."""

_RETRY_SECONDS = "1"

log = logging.getLogger(__name__)


class Ingest:
    """Answers once the spans are committed: what a sender was told is stored stays stored."""

    def __init__(self, writer: Writer, settings: Settings) -> None:
        self._writer = writer
        self._settings = settings

    async def __call__(self, request: Request) -> Response:
        kind = PROTOBUF
        try:
            kind = media_type(request.headers.get("content-type", ""))
            body = await self._body(request)
            encoding = request.headers.get("content-encoding", "")
            limit = self._settings.max_decompressed_bytes
            message, size = await asyncio.to_thread(_message, body, encoding, kind, limit)
            stored = await asyncio.wrap_future(self._writer.submit(message, size))
        except Refused as error:
            return _failure(error.status, str(error), kind)
        except TimeoutError:
            return _failure(408, f"the body did not arrive within {BODY_SECONDS:g} s", kind)
        except Busy:
            return _failure(503, "more spans are waiting to be written than may wait", kind)
        except Exception:
            # The writer has logged it. Senders keep their spans and try again.
            return _failure(503, "the spans could not be stored", kind)
        return Response(answers.success(stored, kind), media_type=kind)

    async def _body(self, request: Request) -> bytes:
        """The body as sent. Raises Refused (413) as soon as it is known to be too large."""
        limit = self._settings.max_body_bytes
        length = request.headers.get("content-length", "")
        if length.isdigit() and int(length) > limit:
            raise Refused(413, f"the body is larger than {limit} bytes")
        chunks: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(BODY_SECONDS):
                async for chunk in request.stream():
                    size += len(chunk)
                    if size > limit:
                        raise Refused(413, f"the body is larger than {limit} bytes")
                    chunks.append(chunk)
        except ClientDisconnect:
            raise Refused(400, "the sender went away") from None
        return b"".join(chunks)


def _message(body: bytes, encoding: str, kind: str, limit: int):  # type: ignore[no-untyped-def]
    plain = decompress(body, encoding, limit)
    return parse(plain, kind), len(plain)


def _failure(status: int, message: str, kind: str) -> Response:
    headers = {"Retry-After": _RETRY_SECONDS} if status == 503 else {}
    if status in (408, 413):
        # What is left of the body is not worth reading.
        headers["Connection"] = "close"
    body = answers.failure(status, message, kind)
    return Response(body, status, headers, media_type=kind if kind == JSON else PROTOBUF)
