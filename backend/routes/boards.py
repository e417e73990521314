"""Dashboards and objectives, as generated."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Response

from backend.documents import (
    LONGEST_NAME,
    UID_PATTERN,
    BoardDocument,
    BoardSummary,
    ObjectivesDocument,
)
from backend.services import Parts

router = APIRouter(tags=["dashboards"])

Uid = Annotated[str, Path(pattern=UID_PATTERN, max_length=LONGEST_NAME)]


@router.get("/dashboards")
async def dashboards(parts: Parts) -> list[BoardSummary]:
    """All boards."""
    return await asyncio.to_thread(parts.documents.boards)


@router.get("/dashboards/{uid}", response_model=BoardDocument)
async def dashboard(uid: Uid, parts: Parts) -> Response:
    """One board, in Grafana's JSON."""
    return _json(await asyncio.to_thread(parts.documents.board, uid))


@router.get("/objectives", response_model=ObjectivesDocument)
async def objectives(parts: Parts) -> Response:
    """The platform's targets, with the names of the rules that measure them."""
    return _json(await asyncio.to_thread(parts.documents.objectives))


def _json(raw: bytes) -> Response:
    return Response(raw, media_type="application/json")
