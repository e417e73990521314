"""Log lines that name the trace and the run they belong to.

`trace_id` and `span_id` are OpenTelemetry's names for them in logs that are not OTLP; `run_id` is
the backtest run's.
"""

from __future__ import annotations

import logging
from typing import TextIO

from opentelemetry import trace

from nautilus_instrumentation.nautilus.runs import current_run

FORMAT = "%(asctime)s %(levelname)s %(name)s%(telemetry)s: %(message)s"
"""A format that shows the ids where there are any, and nothing where there are none."""


class TelemetryContext(logging.Filter):
    """Adds `trace_id`, `span_id`, `run_id` and `telemetry` (all three as text) to each record.

    Add it to a handler: filters of a logger do not see the records of its children. Values that a
    record already has, given by `extra=`, stay.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        context = trace.get_current_span().get_span_context()
        run = current_run()
        ids = {
            "trace_id": f"{context.trace_id:032x}" if context.is_valid else "",
            "span_id": f"{context.span_id:016x}" if context.is_valid else "",
            "run_id": run.run_id if run is not None else "",
        }
        for key, value in ids.items():
            ids[key] = record.__dict__.setdefault(key, value)
        shown = " ".join(f"{key}={value}" for key, value in ids.items() if value)
        record.telemetry = f" [{shown}]" if shown else ""
        return True


def log_handler(prefix: str = "", stream: TextIO | None = None) -> logging.Handler:
    """Handler that writes in `FORMAT` to `stream`, by default standard error.

    `prefix` stands before the name of the logger.
    """
    made = logging.StreamHandler(stream)
    made.setFormatter(logging.Formatter(FORMAT.replace("%(name)s", f"{prefix}%(name)s")))
    made.addFilter(TelemetryContext())
    return made
