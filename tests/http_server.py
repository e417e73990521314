"""A server of HTTP for tests that play a service: what it answers, the test says."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson


@dataclass(frozen=True)
class Request:
    """What arrived."""

    method: str
    path: str
    """Without the query."""
    query: dict[str, list[str]]
    headers: Mapping[str, str]
    """Looked up in any case."""
    body: bytes

    @cached_property
    def json(self) -> Any:
        """Of the body; None where there is none."""
        return orjson.loads(self.body or b"null")


class _Server(ThreadingHTTPServer):
    """Takes many questions at once, as a real service does."""

    request_queue_size = 128


class HttpServer:
    """Listens on a free port of 127.0.0.1 until it is closed; a subclass says what is answered."""

    content_type: str | None = "application/json"

    def __init__(self) -> None:
        told = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                address = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                query = parse_qs(address.query)
                request = Request(self.command, address.path, query, self.headers, body)
                status, answer = told.answer(request)
                self.send_response(status)
                if told.content_type:
                    self.send_header("Content-Type", told.content_type)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = do_DELETE = handle_any

            def log_message(self, format: str, *args: object) -> None:
                """Silent."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, request: Request) -> tuple[int, bytes]:
        """Status and body; called in a thread for each connection."""
        raise NotImplementedError

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
