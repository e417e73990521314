"""What the catalog holds."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

import orjson
import pyarrow as pa
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from backend.catalog_manager import MAX_TICKS, CatalogInstrument
from backend.errors import Invalid
from backend.models import InstrumentId, TickKind, UtcTime, unix_ns
from backend.routes.answers import NOT_CHANGED, IfNoneMatch, typed
from backend.services import Parts

router = APIRouter(prefix="/catalog", tags=["catalog"])

ARROW = "application/vnd.apache.arrow.stream"


class Ticks(BaseModel):
    """Ticks with decoded prices, oldest first."""

    instrument_id: str
    kind: TickKind
    ticks: list[dict[str, Any]] = Field(description="times in Unix ns")
    more: bool = Field(description="True when `limit` cut the window short")


@router.get("/instruments", response_model=list[CatalogInstrument], responses=NOT_CHANGED)
async def instruments(parts: Parts, if_none_match: IfNoneMatch = None) -> Response:
    """All instruments, with the ticks that are held of them."""

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
    kind: TickKind,
    start: UtcTime,
    end: UtcTime,
    limit: Annotated[int, Query(ge=1, le=MAX_TICKS)] = 1_000,
    format: Literal["json", "arrow"] = "json",
) -> Response:
    """The first `limit` ticks from `start` up to and with `end`, as JSON or an Arrow stream."""
    if end < start:
        raise Invalid("end must not be before start", field="end")

    def read() -> Response:
        window = unix_ns(start), unix_ns(end)
        table = parts.catalog.ticks(instrument_id, kind, *window, limit)
        return _arrow(table) if format == "arrow" else _json(table, instrument_id, kind, limit)

    return await asyncio.to_thread(read)


def _json(table: pa.Table, instrument_id: str, kind: TickKind, limit: int) -> Response:
    body = {
        "instrument_id": instrument_id,
        "kind": kind,
        "ticks": table.to_pylist(),
        "more": table.num_rows == limit,
    }
    return Response(orjson.dumps(body, default=str), media_type="application/json")


def _arrow(table: pa.Table) -> Response:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return Response(sink.getvalue().to_pybytes(), media_type=ARROW)
