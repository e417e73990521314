"""Two listeners, one process: starts the store and stops it without losing anything."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn
from prometheus_client import disable_created_metrics

from tracestore.app import create_app
from tracestore.settings import Settings
from tracestore.storage.readers import Readers
from tracestore.storage.retention import Limits
from tracestore.storage.writer import DATABASE, Writer
from tracestore.telemetry import Telemetry

_SWITCH_SECONDS = 0.0005
"""How long a thread may keep the GIL from others: a query must not wait behind decoding."""

_GRACE_SECONDS = 1
"""For requests under way when the store is told to stop."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports that the store listens on."""

    query: int
    otlp: int


class _Server(uvicorn.Server):
    """uvicorn raises the signal that stopped it once more; the store ends with 0 instead."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop)
        yield

    def _stop(self) -> None:
        self.should_exit = True


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # From here on connections wait for the server instead of being refused.
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise OSError(error.errno, f"cannot listen on {host}:{port}: {error.strerror}") from None
    listener.set_inheritable(True)
    return listener


def serve(settings: Settings, on_ready: Callable[[Ports], None]) -> None:
    """Run the store until SIGTERM or SIGINT; `on_ready` is told the ports.

    Raises OSError when a port is taken, InUse and SchemaError when the directory cannot be used.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    disable_created_metrics()
    listeners = [_listen(settings.host, settings.port)]
    try:
        listeners.append(_listen(settings.host, settings.otlp_port))
        telemetry = Telemetry(settings.directory / DATABASE)
        writer = Writer(
            settings.directory,
            Limits(settings.retention_seconds, settings.max_bytes),
            settings.max_pending_bytes,
            telemetry.count_spans,
        )
        readers = Readers(writer.path, settings.query_timeout_seconds)
        try:
            app = create_app(writer, readers, telemetry, settings)
            config = uvicorn.Config(
                app, log_level="warning", access_log=False, lifespan="off", server_header=False,
                timeout_keep_alive=60, timeout_graceful_shutdown=_GRACE_SECONDS, ws="none",
            )  # fmt: skip
            # What was made up to here lives as long as the process.
            gc.freeze()
            on_ready(Ports(*(listener.getsockname()[1] for listener in listeners)))
            _Server(config).run(sockets=listeners)
        finally:
            readers.close()
            writer.close()
    finally:
        for listener in listeners:
            listener.close()
