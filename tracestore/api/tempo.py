"""Tempo's query API: searches, traces, tags."""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from tracestore import tags, traces
from tracestore.api import parameters
from tracestore.api.parameters import BadParameter
from tracestore.search import search
from tracestore.storage.readers import Readers, TimedOut
from tracestore.telemetry import Telemetry
from tracestore.traceql.errors import TraceQLError
from tracestore.traceql.fields import FieldProblem
from tracestore.traceql.parser import parse
from tracestore.traceql.plan import Search
from tracestore.traceql.tree import Always, Condition, Filter

PROTOBUF = "application/protobuf"
JSON = "application/json"

DEFAULT_TRACES = 20
DEFAULT_SPANS = 3
DEFAULT_TAGS = 1000

_WORTH_COMPRESSING = 4096

Handler = Callable[[Request], Awaitable[Response]]


def errors_as_text(handler: Handler) -> Handler:
    """Errors as Tempo answers them: a status and a line of text."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except (TraceQLError, BadParameter, FieldProblem) as error:
            return PlainTextResponse(str(error), 400)
        except TimedOut as error:
            return PlainTextResponse(str(error), 504)

    return answer


class Queries:
    """The endpoints that read spans."""

    def __init__(self, readers: Readers, telemetry: Telemetry) -> None:
        self._readers = readers
        self._telemetry = telemetry

    async def search(self, request: Request) -> Response:
        """`/api/search`."""
        given = request.query_params
        wanted = Search(
            parameters.query(given),
            parameters.window(given),
            parameters.count(given, "limit", DEFAULT_TRACES),
            parameters.count(given, "spss", DEFAULT_SPANS),
        )
        with self._telemetry.query("search"):
            return await self._json(request, partial(search, wanted=wanted))

    async def trace(self, request: Request) -> Response:
        """`/api/traces/{id}`."""
        return await self._trace(request, traces.to_protobuf, traces.to_json)

    async def trace_v2(self, request: Request) -> Response:
        """`/api/v2/traces/{id}`."""
        if request.query_params.get("q", "").replace(" ", "") not in ("", "{}", "{true}"):
            raise BadParameter("q is not supported for a trace by this trace store")
        return await self._trace(request, traces.to_protobuf_v2, traces.to_json_v2)

    async def tag_names(self, request: Request) -> Response:
        """`/api/search/tags`."""
        scopes = await self._tag_scopes(request, ("resource", "span"))
        found = sorted({name for _, names in scopes for name in names})
        return await self._dump(request, {"tagNames": found, "metrics": {}})

    async def tag_names_v2(self, request: Request) -> Response:
        """`/api/v2/search/tags`."""
        scopes = [
            {"name": scope, "tags": names}
            for scope, names in await self._tag_scopes(request, tags.SCOPES)
            if names
        ]
        return await self._dump(request, {"scopes": scopes, "metrics": {}})

    async def tag_values(self, request: Request) -> Response:
        """`/api/search/tag/{tag}/values`."""
        found = await self._tag_values(request)
        texts = sorted({text for _, text in found})
        return await self._dump(request, {"tagValues": texts, "metrics": {}})

    async def tag_values_v2(self, request: Request) -> Response:
        """`/api/v2/search/tag/{tag}/values`."""
        found = await self._tag_values(request)
        typed = [{"type": kind, "value": text} for kind, text in found]
        return await self._dump(request, {"tagValues": typed, "metrics": {}})

    async def _trace(
        self,
        request: Request,
        to_protobuf: Callable[[traces.Trace], bytes],
        to_json: Callable[[traces.Trace], bytes],
    ) -> Response:
        trace_id = parameters.trace_id(request.path_params["trace_id"])
        as_protobuf = PROTOBUF in request.headers.get("accept", "")
        write = to_protobuf if as_protobuf else to_json

        def read(connection: Any) -> bytes | None:
            trace = traces.read_trace(connection, trace_id)
            return None if trace is None else write(trace)

        with self._telemetry.query("trace"):
            body = await self._readers.run(read)
        if body is None:
            return PlainTextResponse("trace not found", 404)
        return await _respond(request, body, PROTOBUF if as_protobuf else JSON)

    async def _tag_scopes(
        self, request: Request, default: tuple[str, ...]
    ) -> list[tuple[str, list[str]]]:
        scope = request.query_params.get("scope", "")
        if scope not in ("", "all", "none", "event", "link", "instrumentation", *tags.SCOPES):
            raise BadParameter(f"invalid scope: {scope!r}")
        limit = parameters.count(request.query_params, "limit", DEFAULT_TAGS)
        wanted = [scope] if scope not in ("", "all", "none") else default

        def read(connection: Any) -> list[tuple[str, list[str]]]:
            return [(name, tags.names(connection, name)[:limit]) for name in wanted]

        with self._telemetry.query("tags"):
            return await self._readers.run(read)

    async def _tag_values(self, request: Request) -> list[tuple[str, str]]:
        field = tags.tag_field(request.path_params["tag"])
        window = parameters.window(request.query_params)
        limit = parameters.count(request.query_params, "limit", DEFAULT_TAGS)
        condition = _filter(request.query_params.get("q", ""))
        with self._telemetry.query("values"):
            return await self._readers.run(
                partial(tags.values, field=field, condition=condition, window=window, limit=limit)
            )

    async def _json(self, request: Request, query: Callable[[Any], Any]) -> Response:
        body = await self._readers.run(lambda connection: orjson.dumps(query(connection)))
        return await _respond(request, body, JSON)

    async def _dump(self, request: Request, document: Any) -> Response:
        return await _respond(request, orjson.dumps(document), JSON)


_UNFINISHED = re.compile(r"(&&|\|\|)?\s*[^\s{}&|]{1,200}\s*(=~|!~|!=|>=|<=|=|>|<)\s*(?=[}&|]|$)")


def _filter(text: str) -> Condition:
    """The condition of a filter that is still being written: what cannot be read filters nothing.

    Parts that are not finished, as in `{ span.a = "b" && span.c = }`, are left out, as in Tempo.
    """
    for attempt in (text, re.sub(r"\{\s*(&&|\|\|)", "{", _UNFINISHED.sub("", text[:2000]))):
        try:
            spanset = parse(attempt).spanset
        except TraceQLError:
            continue
        return spanset.condition if isinstance(spanset, Filter) else Always(True)
    return Always(True)


async def _respond(request: Request, body: bytes, media_type: str) -> Response:
    headers = {}
    accepted = request.headers.get("accept-encoding", "")
    if len(body) >= _WORTH_COMPRESSING and "gzip" in accepted:
        body = await asyncio.to_thread(_gzip, body)
        headers = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return Response(body, headers=headers, media_type=media_type)


def _gzip(body: bytes) -> bytes:
    stream = zlib.compressobj(level=1, wbits=31)
    return stream.compress(body) + stream.flush()
