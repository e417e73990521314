"""Web vitals from browsers. Open to anybody who can load the console, so small and rate-limited."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from backend.errors import TooMany
from backend.models import Strict
from backend.services import Parts

router = APIRouter(prefix="/vitals", tags=["vitals"])


class Vital(Strict):
    """One measurement; seconds, or a score for CLS."""

    vital: Literal["LCP", "FCP", "TTFB", "INP", "TTI", "LOAD", "CLS"]
    page: str = Field(min_length=1, max_length=100, description="route of the console, not a URL")
    value: float = Field(ge=0, le=3600, allow_inf_nan=False)


class VitalsReport(Strict):
    """What one page measured."""

    vitals: list[Vital] = Field(min_length=1, max_length=20)


class RateLimit:
    """A bucket that `burst` reports empty and that refills at `per_second`."""

    def __init__(
        self, per_second: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second, self._burst, self._clock = per_second, burst, clock
        self._left, self._at = burst, clock()

    def take(self) -> bool:
        """True when one more report is welcome."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


def _limited(request: Request) -> None:
    limit: RateLimit = request.app.state.vitals_limit
    if not limit.take():
        raise TooMany("too many reports of web vitals", hint="send them once per page")


@router.post("", status_code=204)
async def report(
    body: VitalsReport, parts: Parts, limited: Annotated[None, Depends(_limited)]
) -> None:
    """Record what a browser measured."""
    for one in body.vitals:
        parts.session.vitals.record(one.vital, one.page, one.value)
