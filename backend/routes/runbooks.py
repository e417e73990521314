"""Pages for the person whom an alert woke."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Header, Path, Response

from backend.documents import (
    LONGEST_NAME,
    RUNBOOK_PATTERN,
    RunbookSummary,
    drawn,
    html_headers,
    page,
)
from backend.routes.answers import JSON, NOT_CHANGED, IfNoneMatch, typed
from backend.runbook_tree import RunbookPage
from backend.services import Parts

router = APIRouter(prefix="/runbooks", tags=["runbooks"])

Alert = Annotated[str, Path(pattern=RUNBOOK_PATTERN, max_length=LONGEST_NAME)]

_HEADERS = {**html_headers(), "Vary": "Accept"}
_TEXT = {"schema": {"type": "string"}}


@router.get("", response_model=list[RunbookSummary], responses=NOT_CHANGED)
async def runbooks(parts: Parts, if_none_match: IfNoneMatch = None) -> Response:
    """All pages."""
    pages = await asyncio.to_thread(parts.documents.runbooks)
    return typed(list[RunbookSummary], pages, if_none_match)


@router.get(
    "/{alert}",
    response_model=RunbookPage,
    responses={200: {"content": {"text/markdown": _TEXT, "text/html": _TEXT}}},
)
async def runbook(alert: Alert, parts: Parts, accept: Annotated[str, Header()] = "") -> Response:
    """One page: Markdown; HTML for a browser; a tree for `Accept: application/json`."""
    markdown = await asyncio.to_thread(parts.documents.runbook, alert)
    wanted = accept.split(",")[0].split(";")[0].strip().lower()
    if wanted == "text/html":
        return Response(page(alert, markdown), media_type="text/html", headers=_HEADERS)
    if wanted == JSON:
        shown = drawn(alert, markdown).model_dump_json(exclude_none=True)
        return Response(shown, media_type=JSON, headers=_HEADERS)
    return Response(markdown, media_type="text/markdown", headers=_HEADERS)
