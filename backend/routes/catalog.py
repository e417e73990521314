"""What the catalog holds."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Annotated, Any, Literal

import orjson
import pyarrow as pa
from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from backend.catalog_manager import MAX_STREAMED, MAX_TICKS, CatalogInstrument
from backend.compression import ARROW
from backend.errors import Invalid
from backend.models import (
    BAR_TYPE,
    BarTypeName,
    InstrumentId,
    SeriesKind,
    UtcTime,
    bar_type_for,
    unix_ns,
)
from backend.problems import Receive, Scope, Send
from backend.routes.answers import NOT_CHANGED, IfNoneMatch, json, typed
from backend.services import Parts

router = APIRouter(prefix="/catalog", tags=["catalog"])

IN_WINDOW = "Ticks-In-Window"
END_OF_STREAM = b"\xff\xff\xff\xff\0\0\0\0"
"""Arrow's columnar format, 'IPC Streaming Format'."""


class Ticks(BaseModel):
    """Ticks or bars with decoded prices, oldest first."""

    instrument_id: str
    kind: SeriesKind
    bar_type: str | None = Field(default=None, description="NautilusTrader's, of bars")
    ticks: list[dict[str, Any]] = Field(description="times in Unix ns")
    more: bool = Field(description="True when `limit` cut the window short")


@router.get("/instruments", response_model=list[CatalogInstrument], responses=NOT_CHANGED)
async def instruments(parts: Parts, if_none_match: IfNoneMatch = None) -> Response:
    """All instruments, with the ticks and bars that are held of them."""

    def read() -> Response:
        return typed(list[CatalogInstrument], parts.catalog.instruments(), if_none_match)

    return await asyncio.to_thread(read)


@router.get(
    "/ticks",
    response_model=Ticks,
    responses={200: {"content": {ARROW: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def ticks(
    parts: Parts,
    instrument_id: Annotated[InstrumentId, Query()],
    kind: SeriesKind,
    start: UtcTime,
    end: UtcTime,
    limit: Annotated[
        int,
        Query(ge=1, le=MAX_STREAMED, description=f"of JSON at most {MAX_TICKS}"),
    ] = 1_000,
    format: Literal["json", "arrow"] = "json",
    columns: Annotated[
        list[str] | None, Query(max_length=16, description="of an Arrow stream; else all")
    ] = None,
    bar_type: Annotated[
        BarTypeName | None,
        Query(description=f"{BAR_TYPE}; may be left out where there is only one"),
    ] = None,
) -> Response:
    """The first `limit` ticks from `start` up to and with `end`, as JSON or an Arrow stream.

    The stream's header `Ticks-In-Window` says how many there are without the limit.
    """
    if end < start:
        raise Invalid("end must not be before start", field="end")
    try:
        bars = bar_type_for(bar_type, kind, instrument_id)
    except ValueError as error:
        raise Invalid(str(error), field="bar_type") from None
    window = unix_ns(start), unix_ns(end)
    if columns is not None and format != "arrow":
        raise Invalid("JSON has all columns: leave it out, or ask for format=arrow", "columns")

    def read() -> Response:
        identifier = parts.catalog.identifier(instrument_id, kind, bars)
        if format == "arrow":
            there = parts.catalog.count(identifier, kind, *window)
            tables = parts.catalog.stream(identifier, kind, *window, limit, columns)
            return _ArrowStream(tables, there)
        table = parts.catalog.ticks(identifier, kind, *window, limit)
        body = {
            "instrument_id": instrument_id,
            "kind": kind,
            "bar_type": identifier if kind == "bar" else None,
            "ticks": table.to_pylist(),
            "more": table.num_rows == limit,
        }
        return json(orjson.dumps(body, default=str))

    return await asyncio.to_thread(read)


class _ArrowStream(StreamingResponse):
    """Reads in threads while it is sent; whoever ends it, the files are closed then."""

    def __init__(self, tables: Iterator[pa.Table], in_window: int) -> None:
        self._messages = _messages(tables)
        headers = {IN_WINDOW: str(in_window)}
        super().__init__(self._messages, media_type=ARROW, headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with closing(self._messages):
            await super().__call__(scope, receive, send)


def _messages(tables: Iterator[pa.Table]) -> Generator[bytes, None, None]:
    """Arrow's stream format, message by message, as the parts come."""
    schema = None
    for table in tables:
        messages = []
        if schema is None:
            schema = table.schema
            messages.append(schema.serialize())
        messages += [batch.serialize() for batch in table.combine_chunks().to_batches()]
        yield b"".join(messages)
    yield END_OF_STREAM
