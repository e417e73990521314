"""What can be run."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from backend.routes.answers import NOT_CHANGED, IfNoneMatch, typed
from backend.strategies import registry

router = APIRouter(prefix="/strategies", tags=["strategies"])


class Strategy(BaseModel):
    """A strategy that requests may name."""

    name: str
    description: str
    params_schema: dict[str, Any] = Field(description="JSON schema of `params`")


@router.get("", response_model=list[Strategy], responses=NOT_CHANGED)
async def strategies(if_none_match: IfNoneMatch = None) -> Response:
    """The built-in strategies and those that the operator installed."""
    found = [Strategy(**strategy) for strategy in registry.describe()]
    return typed(list[Strategy], found, if_none_match)
