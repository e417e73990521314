"""Print the API's description: `python -m backend.openapi`. The console's types come from it."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import orjson


def document() -> bytes:
    """The OpenAPI document as JSON, sorted, so that the same API gives the same bytes."""
    from backend.app import create_app
    from backend.executors.local import Limits, LocalExecutor
    from backend.executors.worker import handler_factory
    from backend.settings import Settings
    from nautilus_instrumentation import Settings as TelemetrySettings
    from nautilus_instrumentation import instrument

    with tempfile.TemporaryDirectory() as folder:
        # Nothing is started: what a service writes before that lands in a folder of no worth.
        settings = Settings(results_dir=Path(folder))
        telemetry = TelemetrySettings(enabled=False)
        session = instrument(telemetry, role="api", slot=0, nautilus=False)
        try:
            limits = Limits(memory_bytes=2**31, timeout_seconds=1.0, jobs_per_worker=1)
            executor = LocalExecutor(1, handler_factory(settings, telemetry), limits)
            app = create_app(settings, session, executor)
            found = app.openapi()
            app.state.services.results.close()
            app.state.services.notifications.close()
        finally:
            session.close()
    options = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(found, option=options)


if __name__ == "__main__":
    sys.stdout.buffer.write(document())
