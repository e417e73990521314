"""HEAD is answered as GET is, without the body."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Head:
    """Middleware for the API's routes: FastAPI's, unlike Starlette's own, take GET alone.

    The route sees a GET whose caller leaves once the headers are there, so that a stream ends.
    """

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = scope["type"] == "http" and scope["method"] == "HEAD"
        if not asked or not scope["path"].startswith(self._prefix):
            await self._app(scope, receive, send)
            return
        answered = asyncio.Event()
        unread = True

        async def read() -> Message:
            nonlocal unread
            if unread:
                unread = False
                return await receive()
            await answered.wait()
            return {"type": "http.disconnect"}

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b""})
                answered.set()

        # In place: who measures the request looks for its route in this very scope. Since version
        # 2.4 a response may rely on `send` to tell it that nobody listens.
        asgi, scope["asgi"] = scope.get("asgi", {}), {"version": "3.0", "spec_version": "2.3"}
        scope["method"] = "GET"
        try:
            await self._app(scope, read, answer)
        finally:
            scope["method"], scope["asgi"] = "HEAD", asgi
