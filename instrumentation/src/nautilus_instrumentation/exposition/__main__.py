"""`python -m nautilus_instrumentation.exposition`: the exporter."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from nautilus_instrumentation.exposition.collector import DirectoryInUseError
from nautilus_instrumentation.exposition.server import serve
from nautilus_instrumentation.settings import Settings, SettingsError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the exporter; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="nautobs exporter", description="Serve /metrics for all processes of a host."
    )
    parser.add_argument(
        "--directory", type=Path, help="folder that the processes share [NAUTOBS_METRICS_DIR]"
    )
    parser.add_argument("--host", help="address to listen on [BIND_HOST, 127.0.0.1]")
    parser.add_argument("--port", help="port, 0 for a free one [METRICS_PORT, 9464]")
    given = parser.parse_args(arguments)
    try:
        return run(given.directory, given.host, given.port)
    except (SettingsError, DirectoryInUseError, OSError) as error:
        sys.stderr.write(f"exporter: {error}\n")
        return 1


def run(directory: Path | None, host: str | None, port: str | int | None) -> int:
    """Serve with these settings, else those of the environment; returns 0 after SIGTERM.

    Raises SettingsError, DirectoryInUseError and OSError.
    """
    settings = Settings.from_environment(metrics_dir=directory, bind_host=host, metrics_port=port)
    if settings.metrics_dir is None:
        raise SettingsError("NAUTOBS_METRICS_DIR is not set: give --directory")
    try:
        serve(
            settings.metrics_dir, settings.bind_host, settings.metrics_port,
            settings.caps, settings.sample_seconds,
        )  # fmt: skip
    except OSError as error:
        where = f"{settings.metrics_dir}, {settings.bind_host}:{settings.metrics_port}"
        raise OSError(f"cannot serve {where}: {error}") from error
    return 0


if __name__ == "__main__":
    sys.exit(main())
