"""What browsers measure: web vitals, and the spans of what people do.

Open to anybody who can load the console, so small, rate-limited, and made of few words: whoever
sends nonsense can lengthen a list of names nowhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field, field_validator

from backend.console import page_names
from backend.errors import TooMany
from backend.models import Strict
from backend.services import Parts
from nautilus_instrumentation import attributes as keys

SERVICE = "nautilus console"

router = APIRouter(prefix="/vitals", tags=["vitals"])


class Vital(Strict):
    """One measurement; seconds, or a score for CLS."""

    vital: Literal["LCP", "FCP", "TTFB", "INP", "TTI", "LOAD", "CLS"]
    page: str = Field(min_length=1, max_length=100, description="route of the console, not a URL")
    value: float = Field(ge=0, le=3600, allow_inf_nan=False)


class Action(Strict):
    """What somebody did in the console, or what it asked for by itself: the root of a trace."""

    trace_id: str = Field(pattern="^[0-9a-f]{32}$")
    span_id: str = Field(pattern="^[0-9a-f]{16}$")
    action: Literal["load", "click", "submit", "keydown", "popstate", "refresh", "report"]
    page: str = Field(max_length=100, description="name of a page of the console")
    ago_seconds: float = Field(ge=0, le=600, allow_inf_nan=False, description="when it began")
    duration_seconds: float = Field(ge=0, le=600, allow_inf_nan=False)

    @field_validator("trace_id", "span_id")
    @classmethod
    def _is_an_id(cls, given: str) -> str:
        """W3C Trace Context: nothing but zeros is no id."""
        if not given.strip("0"):
            raise ValueError("an id has a digit other than zero")
        return given

    @field_validator("page")
    @classmethod
    def _is_known(cls, page: str) -> str:
        """Names of spans are few."""
        if page not in page_names():
            raise ValueError(f"the console has no page {page!r}")
        return page


class VitalsReport(Strict):
    """What one page measured, and the actions whose requests were traced."""

    vitals: list[Vital] = Field(default_factory=list, max_length=20)
    actions: list[Action] = Field(default_factory=list, max_length=40)


class RateLimit:
    """A bucket that `burst` reports, or actions, empty and that refills at `per_second`."""

    def __init__(
        self, per_second: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second, self._burst, self._clock = per_second, burst, clock
        self._left, self._at = burst, clock()

    def take(self, most: int = 1) -> int:
        """How many of `most` are welcome now."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now
        taken = min(most, int(self._left))
        self._left -= taken
        return taken


def _limited(request: Request) -> None:
    limit: RateLimit = request.app.state.vitals_limit
    if not limit.take():
        raise TooMany("too many reports of web vitals", hint="send them once per page")


@router.post("", status_code=204)
async def report(
    body: VitalsReport,
    parts: Parts,
    request: Request,
    response: Response,
    limited: Annotated[None, Depends(_limited)],
) -> None:
    """Record what a browser measured, and send the spans that it cannot send itself.

    The header `X-Tracing: off` says that actions need not be told.
    """
    tracing = parts.session.tracing
    if not tracing.enabled:
        response.headers["X-Tracing"] = "off"
    for one in body.vitals:
        parts.session.vitals.record(one.vital, one.page, one.value)
    # The clock of a browser may be wrong by hours: only how long ago it was is taken from it.
    now = time.time_ns()
    # Of a flood most are left out: each would be a trace to keep.
    limit: RateLimit = request.app.state.actions_limit
    for action in body.actions[: limit.take(len(body.actions))]:
        began = now - int(action.ago_seconds * 1e9)
        tracing.relay(
            f"{action.action} {action.page}", SERVICE, action.trace_id, action.span_id,
            start_time_ns=began, end_time_ns=min(now, began + int(action.duration_seconds * 1e9)),
            attributes={keys.ACTION: action.action, keys.PAGE: action.page},
        )  # fmt: skip
