"""`python -m tracestore`: the embedded trace store."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from tracestore.server import Ports, serve
from tracestore.settings import Settings, parse_bytes, parse_seconds
from tracestore.storage.schema import SchemaError
from tracestore.storage.writer import InUse


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tracestore",
        description="OTLP/HTTP in, Tempo's HTTP API out, SQLite in between.",
        epilog="Settings may also come from BIND_HOST, TEMPO_PORT, OTLP_PORT, TRACE_RETENTION and "
        "TRACE_MAX_BYTES.",
    )
    parser.add_argument("--directory", type=Path, help="folder of the database (var/traces)")
    parser.add_argument("--host", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, help="port of Tempo's API (3200); 0 takes a free one")
    parser.add_argument("--otlp-port", type=int, help="port of OTLP/HTTP (4318); 0 as above")
    parser.add_argument("--retention", help="how long traces are kept, such as 7d or 168h")
    parser.add_argument("--max-bytes", help="size of the database, such as 2GiB")
    return parser.parse_args(arguments)


def _announce(ports: Ports) -> None:
    sys.stdout.write(f"tracestore ready: port={ports.query} otlp_port={ports.otlp}\n")
    sys.stdout.flush()


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 when stopped by a signal, 2 when the store could not start."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    given = _arguments(arguments)
    try:
        settings = Settings.from_environment(
            directory=given.directory, host=given.host, port=given.port, otlp_port=given.otlp_port,
            retention_seconds=given.retention and parse_seconds(given.retention),
            max_bytes=given.max_bytes and parse_bytes(given.max_bytes),
        )  # fmt: skip
        serve(settings, _announce)
    except (ValueError, OSError, InUse, SchemaError) as error:
        sys.stderr.write(f"tracestore: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
