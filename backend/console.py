"""The console's built files at `/`; where there is no build, a page that says how to get one."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import Annotated

import orjson
from fastapi import APIRouter, FastAPI, Header, Request, Response
from fastapi.responses import FileResponse
from starlette.exceptions import HTTPException

from backend.bundle import DIST, ROOT, NotBuilt, measure
from backend.documents import document, html_headers
from backend.problems import http_problem
from nautilus_instrumentation import Session

PAGES = ROOT / "frontend" / "pages.json"
"""Address of each page → its name; the console's router has the same file."""

POLICY = "; ".join(
    (
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'",
        "connect-src 'self'", "worker-src 'self'", "base-uri 'none'", "form-action 'none'",
        "frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types default",
    )
)  # fmt: skip
"""Nothing from elsewhere, nothing inline, no text as HTML."""

_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_HASHED = re.compile(r"-[A-Za-z0-9_-]{8}\.\w+$")
_FOREVER = "public, max-age=31536000, immutable"
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
_TYPES = {
    ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml",
    ".json": "application/json",
}  # fmt: skip
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")

NO_BUILD = """<h1>Nautilus monitoring</h1>
<p>The service runs, and its console is not built.</p>
<p>To build it, run <code>make console</code> in the checkout and start the service again. It needs
Node.js 20.19 or later, or the network once, to bring it.</p>
<p>Without it: <a href="/dashboards">dashboards</a>, <a href="/traces">traces</a> and
<a href="/api/docs">the API</a>.</p>"""


def add_console(app: FastAPI, session: Session, dist: Path = DIST, pages: Path = PAGES) -> None:
    """Serve the console in `dist`. Its pages win over those of the same address added later."""
    built = (dist / "index.html").is_file() and pages.is_file()
    app.include_router(_console(dist, _addresses(pages)) if built else _without_build())
    if built:
        app.add_exception_handler(404, _unknown(dist))
        _tell_sizes(session, dist)


def _tell_sizes(session: Session, dist: Path) -> None:
    try:
        sizes = measure(dist)
    except NotBuilt:
        return  # a build without compressed files, as for development
    session.vitals.bundle("initial", sizes.initial)
    session.vitals.bundle("total", sizes.total)


@cache
def page_names(pages: Path = PAGES) -> frozenset[str]:
    """The names of the console's pages, and `other` for what is none of them."""
    named = orjson.loads(pages.read_bytes()).values() if pages.is_file() else ()
    return frozenset((*named, "other"))


def _addresses(pages: Path) -> list[str]:
    """`/runs/$runId` is `/runs/{runId}` here."""
    return [re.sub(r"\$(\w+)", r"{\1}", page) for page in orjson.loads(pages.read_bytes())]


def _without_build() -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def no_build() -> Response:
        html = document("Nautilus monitoring", NO_BUILD)
        return Response(html, media_type="text/html", headers=html_headers())

    return router


def _unknown(dist: Path) -> Callable[[Request, Exception], Awaitable[Response]]:
    """What is at no address: people get a page that says so, programs a problem document."""

    async def answer(request: Request, error: Exception) -> Response:
        by_person = "text/html" in request.headers.get("accept", "")
        if not by_person or request.url.path.startswith(("/api/", "/assets/")):
            return await http_problem(request, error)
        try:
            return _page(dist, 404)
        except HTTPException as removed:
            return await http_problem(request, removed)

    return answer


def _page(dist: Path, status: int = 200) -> Response:
    """The same document for every page: the console's router reads the address."""
    headers = {**_SAFE, "Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}
    try:
        html = (dist / "index.html").read_bytes()
    except OSError as error:
        raise HTTPException(404, "the console was removed: make console builds it") from error
    return Response(html, status, media_type="text/html", headers=headers)


def _console(dist: Path, addresses: list[str]) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    def page() -> Response:
        return _page(dist)

    for address in addresses:
        router.add_api_route(address, page, methods=["GET", "HEAD"])

    @router.api_route("/assets/{name}", methods=["GET", "HEAD"])
    def asset(name: str, accept_encoding: Annotated[str, Header()] = "") -> Response:
        return _asset(dist / "assets", name, accept_encoding)

    return router


def _asset(folder: Path, name: str, accept_encoding: str) -> Response:
    """A built file, in the shortest form that the caller takes."""
    path = folder / name
    kind = _TYPES.get(path.suffix)
    if kind is None or not _NAME.fullmatch(name) or not path.is_file():
        raise HTTPException(404, "there is no such file; the console may have been built anew")
    headers = {
        **_SAFE,
        # A worker has the policy that its own script came with.
        "Content-Security-Policy": POLICY,
        "Cache-Control": _FOREVER if _HASHED.search(name) else "public, max-age=3600",
        "Vary": "Accept-Encoding",
    }
    for encoding, ending in _ENCODINGS:
        shorter = path.with_name(name + ending)
        if _accepts(accept_encoding, encoding) and shorter.is_file():
            headers["Content-Encoding"] = encoding
            return FileResponse(shorter, media_type=kind, headers=headers)
    return FileResponse(path, media_type=kind, headers=headers)


def _accepts(header: str, encoding: str) -> bool:
    """Whether `Accept-Encoding` names it with a weight above zero (RFC 9110, 12.5.3)."""
    for item in header.split(","):
        name, _, weight = item.partition(";")
        if name.strip().lower() == encoding:
            return not re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", weight)
    return False
