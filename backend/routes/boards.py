"""Dashboards and objectives, as generated."""

from __future__ import annotations

import asyncio
import time
from html import escape
from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Query, Request, Response

from backend.board_page import LONGEST_MOMENT, TimeRange, body, index
from backend.documents import (
    LONGEST_NAME,
    UID_PATTERN,
    BoardDocument,
    BoardSummary,
    ObjectivesDocument,
    document,
    html_headers,
)
from backend.routes.answers import NOT_CHANGED, IfNoneMatch, tagged, typed
from backend.services import Parts

router = APIRouter(tags=["dashboards"])
pages = APIRouter(include_in_schema=False)
"""Pages for people, outside of /api."""

Uid = Annotated[str, Path(pattern=UID_PATTERN, max_length=LONGEST_NAME)]


@router.get("/dashboards", response_model=list[BoardSummary], responses=NOT_CHANGED)
async def dashboards(parts: Parts, if_none_match: IfNoneMatch = None) -> Response:
    """All boards."""
    boards = await asyncio.to_thread(parts.documents.boards)
    return typed(list[BoardSummary], boards, if_none_match)


@router.get("/dashboards/{uid}", response_model=BoardDocument, responses=NOT_CHANGED)
async def dashboard(uid: Uid, parts: Parts, if_none_match: IfNoneMatch = None) -> Response:
    """One board, in Grafana's JSON."""
    return tagged(await asyncio.to_thread(parts.documents.board, uid), if_none_match)


@pages.get("/dashboards")
async def board_list(parts: Parts) -> Response:
    """All boards, for people."""
    html = index(await asyncio.to_thread(parts.documents.boards))
    return Response(document("Dashboards", html), media_type="text/html", headers=html_headers())


@pages.get("/dashboards/{uid}")
async def board_page(
    uid: Uid,
    parts: Parts,
    request: Request,
    start: Annotated[str, Query(alias="from", max_length=LONGEST_MOMENT)] = "now-1h",
    end: Annotated[str, Query(alias="to", max_length=LONGEST_MOMENT)] = "now",
) -> Response:
    """What the board asks, as links to Prometheus, with the variables of the address."""
    raw = await asyncio.to_thread(parts.documents.board, uid)
    board = orjson.loads(raw)
    variables = {
        name.removeprefix("var-"): value
        for name, value in request.query_params.items()
        if name.startswith("var-")
    }
    shown = TimeRange.of(start, end, time.time())
    html = body(board, variables, parts.settings.prometheus_address, shown)
    return Response(
        document(escape(board["title"]), html), media_type="text/html", headers=html_headers()
    )


@router.get("/objectives", response_model=ObjectivesDocument, responses=NOT_CHANGED)
async def objectives(parts: Parts, if_none_match: IfNoneMatch = None) -> Response:
    """The platform's targets, with the names of the rules that measure them."""
    return tagged(await asyncio.to_thread(parts.documents.objectives), if_none_match)
