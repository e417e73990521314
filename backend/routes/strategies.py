"""What can be run."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from backend.strategies import registry

router = APIRouter(prefix="/strategies", tags=["strategies"])


class Strategy(BaseModel):
    """A strategy that requests may name."""

    name: str
    description: str
    params_schema: dict[str, Any] = Field(description="JSON schema of `params`")


@router.get("")
async def strategies() -> list[Strategy]:
    """The built-in strategies and those that the operator installed."""
    return [Strategy(**strategy) for strategy in registry.describe()]
