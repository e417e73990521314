"""The exporter's HTTP server: small, in a process of its own, at normal priority.

It never waits for the processes it reports on: it only reads their files.
"""

from __future__ import annotations

import logging
import signal
import sys
from contextlib import ExitStack
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from types import FrameType
from typing import Any

from nautilus_instrumentation.exposition.collector import DirectoryCollector
from nautilus_instrumentation.exposition.render import Answer
from nautilus_instrumentation.runtime.ticker import Ticker

_logger = logging.getLogger(__name__)

_INDEX = "NautilusTrader metrics exporter. Metrics are at /metrics, health at /-/healthy.\n"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "nautobs"
    sys_version = ""
    timeout = 30  # seconds of silence after which a connection is closed
    # The body would wait for the client's acknowledgement of the headers: 40 ms a scrape.
    disable_nagle_algorithm = True
    server: ExporterServer

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/metrics":
            self._metrics()
        elif path == "/-/healthy":
            self._plain(HTTPStatus.OK, "healthy\n")
        elif path == "/":
            self._plain(HTTPStatus.OK, _INDEX)
        else:
            self._plain(HTTPStatus.NOT_FOUND, _INDEX)

    do_HEAD = do_GET

    def _metrics(self) -> None:
        headers = self.headers
        try:
            answer = self.server.collector.scrape(
                headers.get("Accept", ""), headers.get("Accept-Encoding", "")
            )
        except Exception as error:
            self.server.collector.guard.failed("exposition.scrape", error)
            self._plain(HTTPStatus.INTERNAL_SERVER_ERROR, "The scrape failed; see the log.\n")
            return
        self._send(HTTPStatus.OK, answer)

    def _plain(self, status: HTTPStatus, text: str) -> None:
        headers = (
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(text))),
        )
        self._send(status, Answer(text.encode(), headers))

    def _send(self, status: HTTPStatus, answer: Answer) -> None:
        self.send_response(status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:
        _logger.debug(format, *args)


class ExporterServer(ThreadingHTTPServer):
    """Serves a collector. Raises OSError when the address cannot be had."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, host: str, port: int, collector: DirectoryCollector) -> None:
        self.collector = collector
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        # Not HTTPServer's, which looks up the host's name and may hang on a broken resolver.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no error of ours."""
        _logger.debug("connection of %s failed", client_address, exc_info=True)


def serve(
    directory: Path, host: str, port: int, caps: dict[str, int], sample_seconds: float = 1.0
) -> None:
    """Serve until SIGTERM or SIGINT. Port 0 picks a free one, which is printed.

    Raises OSError when the folder or the address cannot be had, DirectoryInUseError when another
    exporter has the folder.
    """
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _stop)
        with ExitStack() as closing:
            collector = DirectoryCollector(directory, caps=caps)
            closing.callback(collector.close)
            ticker = Ticker(sample_seconds, collector.guard)
            closing.callback(ticker.stop)
            server = closing.enter_context(ExporterServer(host, port, collector))
            ticker.add(collector.sample)
            sys.stdout.write(f"http://{host}:{server.server_port}/metrics serves {directory}\n")
            sys.stdout.flush()
            server.serve_forever()
    except _Stop:
        return


class _Stop(BaseException):
    """Raised in the main thread by a signal."""


def _stop(number: int, frame: FrameType | None) -> None:
    for again in (signal.SIGTERM, signal.SIGINT):
        signal.signal(again, signal.SIG_IGN)
    raise _Stop
