"""What can be run."""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson
from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from backend.routes.answers import NOT_CHANGED, IfNoneMatch, tagged
from backend.strategies import registry

router = APIRouter(prefix="/strategies", tags=["strategies"])


class Strategy(BaseModel):
    """A strategy that requests may name."""

    name: str
    description: str
    params_schema: dict[str, Any] = Field(description="JSON schema of `params`")
    bars: list[str] = Field(description="prices of bars that it can run on; ticks it always can")


@router.get("", response_model=list[Strategy], responses=NOT_CHANGED)
async def strategies(if_none_match: IfNoneMatch = None) -> Response:
    """The built-in strategies and those that the operator installed."""
    return tagged(_described(), if_none_match)


@cache
def _described() -> bytes:
    """As JSON; making the schemas takes milliseconds, and they stay while the service runs."""
    return orjson.dumps([Strategy(**each).model_dump() for each in registry.describe()])
