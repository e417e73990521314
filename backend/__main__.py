"""`python -m backend`: serve the API, with worker processes of its own.

Worker processes import this module again under another name: what costs time is imported below.
"""

from __future__ import annotations

import logging
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backend.settings import Settings

_log = logging.getLogger("backend")

DEFAULT_METRICS_DIR = Path("var/metrics")
_SHUTDOWN_SECONDS = 10
SWITCH_SECONDS = 0.0002
"""A thread that reads for a request waits so long for the event loop to let it go on, after every
call that let go of the interpreter. Python's 5 ms, several times a request, are most of its time
when a hundred callers keep the loop busy."""


class Refused(Exception):
    """The service must not start like this."""


def check_exposure(settings: Settings) -> None:
    """Raise Refused when anybody on the network could start jobs and delete results."""
    from backend.access import is_loopback

    if settings.api_token_file is None and not is_loopback(settings.bind_host):
        raise Refused(
            f"BIND_HOST={settings.bind_host} can be reached from the network: set API_TOKEN_FILE "
            "to a file with a token (make secrets writes one), or use BIND_HOST=127.0.0.1"
        )


def main() -> int:
    """Serve until told to stop; returns the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    from pydantic import ValidationError

    from backend.settings import Settings

    try:
        settings = Settings()
        check_exposure(settings)
        _serve(settings)
    except ValidationError as error:
        for problem in error.errors():
            _log.error("%s: %s", str(problem["loc"][0]).upper(), problem["msg"])
        return 2
    except Refused as error:
        _log.error("%s", error)
        return 2
    return 0


def _serve(settings: Settings) -> None:
    import uvicorn

    from backend.access import TokenError
    from backend.app import create_app
    from backend.executors.local import Limits, LocalExecutor
    from backend.executors.worker import handler_factory
    from nautilus_instrumentation import Settings as TelemetrySettings
    from nautilus_instrumentation import instrument

    try:
        telemetry = TelemetrySettings.from_environment()
    except ValueError as error:
        raise Refused(str(error)) from error
    if telemetry.metrics_dir is None:
        # Workers' metrics must land where an exporter can find them.
        telemetry = replace(telemetry, metrics_dir=DEFAULT_METRICS_DIR.absolute())
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    session = instrument(telemetry, role="api", slot=0, nautilus=False)
    logging.basicConfig(level=logging.INFO, handlers=[session.log_handler()], force=True)
    limits = Limits(
        memory_bytes=int(settings.worker_memory_limit),
        timeout_seconds=settings.job_timeout,
        jobs_per_worker=settings.jobs_per_worker,
    )
    sys.setswitchinterval(SWITCH_SECONDS)
    executor = LocalExecutor(settings.workers, handler_factory(settings, telemetry), limits)
    try:
        app = create_app(settings, session, executor)
        uvicorn.run(
            app,
            host=settings.bind_host,
            port=settings.backend_port,
            access_log=False,
            log_config=None,
            timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
        )
    except TokenError as error:
        raise Refused(str(error)) from error
    finally:
        session.close()


def _stop(number: int, frame: object) -> None:
    """uvicorn sends the signal that ended it once more: leave by way of every `finally`."""
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
