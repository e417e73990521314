"""A small real HTTP server that answers as a test tells it."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator

import pytest

Answer = tuple[int, object]


class Backend:
    """`answers` maps `METHOD /path` to (status, body); 4xx bodies go out as problem documents."""

    def __init__(self, server: http.server.ThreadingHTTPServer) -> None:
        self.answers: dict[str, Answer | Callable[[], Answer]] = {}
        self.asked: list[str] = []
        self.bodies: list[bytes] = []
        self.authorizations: list[str] = []
        self.problem_type = "application/problem+json"
        self.url = f"http://127.0.0.1:{server.server_port}"

    def answer(self, request: str) -> Answer:
        self.asked.append(request)
        found = self.answers.get(request, (404, {"title": "not found"}))
        return found() if callable(found) else found


@pytest.fixture
def backend() -> Iterator[Backend]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            state.bodies.append(self.rfile.read(int(self.headers.get("content-length") or 0)))
            state.authorizations.append(self.headers.get("authorization", ""))
            path = self.path.split("?")[0].removeprefix("/api")
            status, body = state.answer(f"{self.command} {path}")
            content = json.dumps(body).encode()
            self.send_response(status)
            kind = state.problem_type if status >= 400 else "application/json"
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = handle_any

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state = Backend(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield state
        server.shutdown()
