"""A browser's session: the token traded for a cookie that scripts cannot read."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import BaseModel, Field

from backend.access import COOKIE, COOKIE_SECONDS, Access, cookie

router = APIRouter(prefix="/session", tags=["session"])


class SessionState(BaseModel):
    """What a page needs to know before it asks for a token."""

    required: bool = Field(description="whether this service asks for a token at all")
    signed_in: bool = Field(description="whether this browser has traded one for a cookie")


@router.get("")
async def state(request: Request) -> SessionState:
    """Whether a token is needed, and whether this browser has given it."""
    access: Access = request.app.state.access
    given = access.accepts_cookie(cookie(dict(request.headers)))
    return SessionState(required=access.required, signed_in=given)


@router.post("", status_code=204)
async def sign_in(request: Request, response: Response) -> None:
    """Trade the bearer token of this request for a cookie; it lasts twelve hours."""
    access: Access = request.app.state.access
    if not access.holds_token(request.headers.get("authorization", "")):
        raise HTTPException(401, "this is not the token", headers={"WWW-Authenticate": "Bearer"})
    response.set_cookie(
        COOKIE, access.new_cookie(), max_age=COOKIE_SECONDS, path="/api", httponly=True,
        samesite="strict", secure=request.url.scheme == "https",
    )  # fmt: skip


@router.delete("", status_code=204)
async def sign_out(response: Response) -> None:
    """Forget the cookie."""
    response.delete_cookie(COOKIE, path="/api", httponly=True, samesite="strict")
