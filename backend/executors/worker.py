"""The work of a worker process: conversions and backtests, under its own telemetry session.

The parent imports this module to name `make_handler`, so the engine is imported by the worker only.
"""

from __future__ import annotations

import logging
import os
from functools import partial
from typing import Any

from backend.context import JobContext, ProgressSink
from backend.data_converter import Converter
from backend.executors.host import Handler
from backend.models import BacktestRequest, ConvertRequest, ErrorInfo
from backend.settings import Settings
from backend.sweeps.figures import figures
from nautilus_instrumentation import Session, instrument
from nautilus_instrumentation import Settings as TelemetrySettings


def make_handler(settings: Settings, telemetry: TelemetrySettings, slot: int) -> Handler:
    """Instrument the process and get ready for work."""
    session = instrument(
        telemetry,
        role="worker",
        slot=slot,
        memory_limit_bytes=int(settings.worker_memory_limit),
    )
    # A stream of its own: standard error leads elsewhere while a task runs.
    stream = os.fdopen(os.dup(2), "w", buffering=1)
    logging.basicConfig(handlers=[session.log_handler(f"worker {slot} ", stream)])
    return JobHandler(settings, session, slot)


class JobHandler:
    """Does what `work.payload` describes."""

    def __init__(self, settings: Settings, session: Session, slot: int) -> None:
        self._settings = settings
        self._session = session
        self._slot = slot
        self._converter = Converter(settings, session)
        # Takes seconds, which no job should have to wait for.
        from backend.backtest_engine import execute_backtest
        from backend.engine_log import settle

        self._execute_backtest, self._settle_log = execute_backtest, settle

    def run(self, payload: dict[str, Any], report: ProgressSink) -> dict[str, Any]:
        """Returns status, error and report of a job, or attributes and figures of its run.

        `kept` says whether the worker sends its part of the trace, for the parent to do alike.
        """
        do = self._convert if payload["job_type"] == "convert" else self._backtest
        tracing = self._session.tracing
        with tracing.attached(payload["carrier"]):
            return {**do(payload, report), "kept": tracing.kept()}

    def flush(self) -> None:
        self._session.flush()

    def _convert(self, payload: dict[str, Any], report: ProgressSink) -> dict[str, Any]:
        request = ConvertRequest.model_validate(payload["request"])
        done = self._converter.convert_day(request.date, request.files, request.force, report)
        error = None
        if done.failed:
            message = "; ".join(f"{file.path}: {file.error}" for file in done.failed)
            error = ErrorInfo(type="ConversionFailed", message=message).model_dump()
        return {
            "status": "error" if error else "ok",
            "error": error,
            "report": done.model_dump(mode="json"),
        }

    def _backtest(self, payload: dict[str, Any], report: ProgressSink) -> dict[str, Any]:
        context = JobContext(
            job_id=payload["job_id"],
            run_id=payload["run_id"],
            trace_id=payload["trace_id"],
            slot=self._slot,
            settings=self._settings,
            session=self._session,
            progress=report,
            sweep_id=payload["sweep_id"],
        )
        request = BacktestRequest.model_validate(payload["request"])
        try:
            result, attributes = self._execute_backtest(request, context)
        finally:
            self._settle_log(self._settings)
        return {
            "status": result.status,
            "error": result.error.model_dump() if result.error else None,
            "attributes": attributes,
            "figures": figures(result).model_dump() if payload["sweep_id"] else None,
        }


def handler_factory(settings: Settings, telemetry: TelemetrySettings) -> partial[Handler]:
    """What the executor takes: a factory that crosses to the processes by pickle."""
    return partial(make_handler, settings, telemetry)
