"""Answers of JSON that is there already, and of what the caller may have already.

Writing an untyped list of 1 MB through FastAPI's default encoder holds the event loop for 100 ms:
routes return models, which pydantic writes, or bytes.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

import xxhash
from fastapi import Header, Response
from pydantic import TypeAdapter

JSON = "application/json"

IfNoneMatch = Annotated[str | None, Header()]
NOT_CHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "Not changed since `If-None-Match`"}
}


def json(raw: bytes | str, tag: str | None = None, media_type: str = JSON) -> Response:
    """JSON as it is; with a tag the caller may keep it, and has to ask whether it still holds."""
    return Response(raw, media_type=media_type, headers=_headers(tag) if tag else None)


def etag(state: int | str) -> str:
    """The validator of HTTP's `ETag` for what changes whenever `state` does.

    Weak, because the same content travels in several encodings.
    """
    return f'W/"{state:x}"' if isinstance(state, int) else f'W/"{state}"'


def not_changed(if_none_match: str | None, tag: str) -> Response | None:
    """304 when the caller has this already; weak comparison, as RFC 9110 asks for."""
    known = [each.strip().removeprefix("W/") for each in (if_none_match or "").split(",")]
    if "*" in known or tag.removeprefix("W/") in known:
        return Response(status_code=304, headers=_headers(tag))
    return None


def tagged(raw: bytes, if_none_match: str | None, media_type: str = JSON) -> Response:
    """Content that was cheap to make, with a tag made of it: 304 when the caller has it."""
    tag = etag(xxhash.xxh3_128_hexdigest(raw))
    return not_changed(if_none_match, tag) or json(raw, tag, media_type)


def typed(kind: Any, value: Any, if_none_match: str | None) -> Response:
    """The same for a value of a type that pydantic knows; long ones not on the event loop."""
    return tagged(_adapter(kind).dump_json(value), if_none_match)


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    """Making one takes a hundred times as long as using it."""
    return TypeAdapter(kind)


def _headers(tag: str) -> dict[str, str]:
    # A 304 has the headers that the 200 would have had (RFC 9110, 15.4.5).
    return {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding"}
