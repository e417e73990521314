"""Print the API's description: `python -m backend.openapi`. The console's types come from it."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, cast

import orjson

if TYPE_CHECKING:
    from backend.executors.base import Executor


def document() -> bytes:
    """The OpenAPI document as JSON, sorted, so that the same API gives the same bytes."""
    from backend.app import create_app
    from backend.settings import Settings
    from nautilus_instrumentation import Settings as TelemetrySettings
    from nautilus_instrumentation import instrument

    with tempfile.TemporaryDirectory() as folder:
        # Nothing is started: what a service writes before that lands in a folder of no worth.
        settings = Settings(results_dir=Path(folder))
        session = instrument(TelemetrySettings(enabled=False), role="api", slot=0, nautilus=False)
        try:
            app = create_app(settings, session, executor=cast("Executor", None))
            found = app.openapi()
            app.state.services.results.close()
            app.state.services.notifications.close()
        finally:
            session.close()
    options = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(found, option=options)


if __name__ == "__main__":
    sys.stdout.buffer.write(document())
