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
from backend.sweeps.figures import value_of
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
        from backend.sharing.shared_pass import SharedPass

        self._execute_backtest, self._settle_log = execute_backtest, settle
        self._shared_pass = SharedPass

    def run(self, payload: dict[str, Any], report: ProgressSink) -> dict[str, Any]:
        """Returns status, error and report of a job, or attributes and figures of its run; for
        runs that came together the same by job id, in `runs`, of those that are done.

        `kept` says whether the worker sends its part of the trace, for the parent to do alike.
        """
        try:
            if "runs" in payload:
                return self._together(payload["runs"], report)
            return self._one(payload, report)
        finally:
            if payload["job_type"] != "convert":
                self._settle_log(self._settings)

    def _one(
        self, payload: dict[str, Any], report: ProgressSink, shared: Any = None
    ) -> dict[str, Any]:
        tracing = self._session.tracing
        with tracing.attached(payload["carrier"]):
            if payload["job_type"] == "convert":
                done = self._convert(payload, report)
            else:
                done = self._backtest(payload, report, shared)
            return {**done, "kept": tracing.kept()}

    def _together(self, payloads: list[dict[str, Any]], report: ProgressSink) -> dict[str, Any]:
        """What each run gave, by job id; without those that have to run apart."""
        first, *others = payloads
        shared = self._shared_pass(
            {each["run_id"]: BacktestRequest.model_validate(each["request"]) for each in payloads}
        )
        done = {first["job_id"]: self._one(first, report, shared)}
        for each in others:
            if shared.serves(each["run_id"]):
                done[each["job_id"]] = self._one(each, report, shared)
        return {"runs": done}

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

    def _backtest(
        self, payload: dict[str, Any], report: ProgressSink, shared: Any
    ) -> dict[str, Any]:
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
        result, attributes = self._execute_backtest(request, context, shared)
        return {**value_of(result), "attributes": attributes}


def handler_factory(settings: Settings, telemetry: TelemetrySettings) -> partial[Handler]:
    """What the executor takes: a factory that crosses to the processes by pickle."""
    return partial(make_handler, settings, telemetry)
