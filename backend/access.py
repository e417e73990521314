"""Who may call the API: a bearer token on writes, on reads too where the network can reach it.

The console cannot keep a token safely: it trades it for a cookie that scripts cannot read and that
other sites cannot make a browser send (`POST /api/session`, routes/session.py). The cookie holds an
expiry signed with the token, so it ends with either.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import cookie_parser

from backend.problems import Receive, Scope, Send, problem_response

SHORTEST_TOKEN = 16
"""Characters; `make secrets` writes 43 (256 bits)."""
COOKIE = "nautobs_session"
COOKIE_SECONDS = 12 * 3600
READS = frozenset({"GET", "HEAD", "OPTIONS"})
OPEN = frozenset(
    {
        ("GET", "/api/health"),  # a load balancer has no token, and learns nothing
        ("POST", "/api/vitals"),  # rate-limited; sent while a page unloads
        ("GET", "/api/session"),
        ("POST", "/api/session"),
        ("DELETE", "/api/session"),
    }
)
POLICY_VIOLATION = 1008
"""RFC 6455, 7.4.1."""
RUNBOOKS = "/api/runbooks/"
"""Notifications lead there: who is woken at night reads first, and signs in later."""


class TokenError(ValueError):
    """The token cannot be used; the message names the variable and the file."""


def is_loopback(host: str) -> bool:
    """True for an address that only this machine can reach."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_token(path: Path | None) -> str | None:
    """The token in the file that API_TOKEN_FILE names. Raises TokenError."""
    if path is None:
        return None
    try:
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not plain ASCII text"
        raise TokenError(f"API_TOKEN_FILE={path} cannot be read: {reason}") from error
    if len(token) < SHORTEST_TOKEN or not token.isprintable() or " " in token:
        raise TokenError(
            f"API_TOKEN_FILE={path} must hold one token of {SHORTEST_TOKEN} characters or more: "
            "make secrets writes one"
        )
    return token


class Access:
    """Checks requests. Without a token everything is open, but for writes sent by other sites."""

    def __init__(
        self, token: str | None, *, protect_reads: bool, clock: Callable[[], float] = time.time
    ) -> None:
        self._token = token
        self._protect_reads = protect_reads
        self._clock = clock

    @property
    def required(self) -> bool:
        """Whether there is a token to know."""
        return self._token is not None

    def holds_token(self, authorization: str) -> bool:
        """True when the header `Authorization` brings the token."""
        scheme, _, given = authorization.partition(" ")
        if self._token is None or scheme.lower() != "bearer":
            return False
        # Compared as bytes: compare_digest refuses text that is not ASCII.
        return hmac.compare_digest(given.strip().encode(), self._token.encode())

    def new_cookie(self) -> str:
        """A value for the cookie: when it expires, and the proof that we said so."""
        expires = str(int(self._clock()) + COOKIE_SECONDS)
        return f"{expires}.{self._signature(expires)}"

    def accepts_cookie(self, value: str) -> bool:
        """True for a value of `new_cookie` that has not expired."""
        expires, _, signature = value.partition(".")
        if self._token is None or not expires.isdecimal() or not expires.isascii():
            return False
        genuine = hmac.compare_digest(signature.encode(), self._signature(expires).encode())
        return genuine and int(expires) > self._clock()

    def _signature(self, expires: str) -> str:
        key = (self._token or "").encode()
        return hmac.new(key, f"session until {expires}".encode(), hashlib.sha256).hexdigest()

    def refusal(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, str] | None:
        """Status and reason why this request is not answered; nothing when it is."""
        if method not in READS and self._from_another_site(headers):
            return 403, "writes are not taken from pages of other sites"
        if self._token is None or not path.startswith("/api/"):
            return None
        if ("GET" if method == "HEAD" else method, path) in OPEN:
            return None
        if method in READS and path.startswith(RUNBOOKS):
            return None
        if method in READS and not self._protect_reads:
            return None
        if self.holds_token(headers.get("authorization", "")):
            return None
        if self.accepts_cookie(cookie(headers)):
            return None
        return 401, "this needs the token of API_TOKEN_FILE: send Authorization: Bearer <token>"

    def _from_another_site(self, headers: dict[str, str]) -> bool:
        """Browsers say where a request comes from; programs that are none do not."""
        origin = headers.get("origin", "")
        if not origin:
            return headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
        site = urlsplit(origin)
        # A site may point its own name at 127.0.0.1: its pages then are of the same origin. They
        # have no cookie of ours, but where no token is asked for they need none.
        rebound = self._token is None and not is_loopback(site.hostname or "")
        return rebound or site.netloc != headers.get("host", "")


def cookie(headers: dict[str, str]) -> str:
    """Value of our cookie, or nothing."""
    # Not http.cookies, which gives up on all when one of somebody else's is malformed: cookies of
    # every port of a host come along.
    return cookie_parser(headers.get("cookie", "")).get(COOKIE, "")


class AccessControl:
    """ASGI middleware that answers refused requests with a problem document."""

    def __init__(self, app: Any, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = {name.decode("latin-1"): v.decode("latin-1") for name, v in scope["headers"]}
            refused = self._access.refusal(scope["method"], scope["path"], headers)
            if refused:
                status, detail = refused
                answer = problem_response(
                    scope["path"], status, detail,
                    headers={"WWW-Authenticate": "Bearer"} if status == 401 else None,
                )  # fmt: skip
                await answer(scope, receive, send)
                return
        elif scope["type"] == "websocket":
            # There is none; whoever adds one decides here who may open it.
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
            return
        await self._app(scope, receive, send)
