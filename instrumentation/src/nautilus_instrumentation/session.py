"""The session: everything the library installs, in order, and undoes in reverse.

The one place with global state: the session that is active in this process.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, TextIO, Unpack

from nautilus_instrumentation import metrics
from nautilus_instrumentation.cache import CacheTelemetry
from nautilus_instrumentation.exposition.cells import MemoryStore, Store
from nautilus_instrumentation.guard import Guard
from nautilus_instrumentation.jobs import JobTelemetry
from nautilus_instrumentation.nautilus.conversion import ConversionTelemetry
from nautilus_instrumentation.nautilus.runs import BacktestTelemetry
from nautilus_instrumentation.recorder import NULL_RECORDER, Recorder
from nautilus_instrumentation.runtime.gc import GcWatch
from nautilus_instrumentation.runtime.ticker import Ticker
from nautilus_instrumentation.settings import Overrides, Settings
from nautilus_instrumentation.tracing import NULL_TRACING, Tracing
from nautilus_instrumentation.web.event_loop import LoopWatch
from nautilus_instrumentation.web.vitals import VitalTelemetry

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

    from nautilus_instrumentation.web.asgi import App

logger = logging.getLogger(__name__)

Undo = Callable[[], object]


class Session:
    """Telemetry of one process. Made by `instrument()`; `current_session()` finds it.

    Its parts are the same objects in kind, whether telemetry is on or off: when it is off, they
    are no-op twins, so that callers need not ask.
    """

    def __init__(
        self, settings: Settings, *, guard: Guard, recorder: Recorder, tracing: Tracing
    ) -> None:
        self.settings = settings
        self.guard = guard
        self.recorder = recorder
        self.tracing = tracing
        self.ticker = Ticker(settings.sample_seconds, guard)
        self.gc = GcWatch(recorder, settings.role)
        self.backtests = BacktestTelemetry(
            guard=guard,
            recorder=recorder,
            tracing=tracing,
            ticker=self.ticker if recorder.enabled else None,
            gc=self.gc,
            slot=settings.slot,
        )
        self.conversion = ConversionTelemetry(guard=guard, recorder=recorder, tracing=tracing)
        self.jobs = JobTelemetry(recorder)
        self.vitals = VitalTelemetry(recorder)
        self._caches: dict[tuple[str, str], CacheTelemetry] = {}
        self._undo: list[tuple[str, Undo]] = []
        self._again = False
        self.process_figures = True
        self._closing = threading.RLock()

    @property
    def enabled(self) -> bool:
        """False for the twin that records nothing."""
        return self.recorder.enabled

    def cache(self, name: str, backend: str = "memory") -> CacheTelemetry:
        """Telemetry of a cache; `name` of `metrics.CACHES`, `backend` is memory or redis."""
        key = (name, backend)
        if key not in self._caches:
            self._caches[key] = CacheTelemetry(self.recorder, name, backend)
        return self._caches[key]

    def instrument_app(self, app: Any) -> None:
        """Measure a FastAPI or Starlette application, with server spans for FastAPI.

        Call it after the application's own middleware is added. Closing the session restores the
        application. Raises TypeError for anything else.
        """
        from nautilus_instrumentation.web.fastapi import instrument_app

        if not hasattr(app, "user_middleware"):
            raise TypeError(
                f"not a FastAPI or Starlette application: {app!r}; wrap a bare ASGI callable in "
                "nautilus_instrumentation.web.asgi.MetricsMiddleware"
            )
        if self.enabled:
            self.install("app", lambda: instrument_app(self, app))

    def watch_event_loop(self) -> LoopWatch:
        """Context manager (with or without `async`) that measures the running loop's lag."""
        return LoopWatch(self.recorder)

    def watchdog_received(self, unix_seconds: float) -> None:
        """The dead-man switch of the alerting arrived at that time."""
        self.recorder.gauge(metrics.TELEMETRY_WATCHDOG).set(unix_seconds)

    def log_handler(self, prefix: str = "", stream: TextIO | None = None) -> logging.Handler:
        """Handler for the host's `logging` whose lines name trace, span and run.

        Writes to `stream`, by default standard error; `prefix` stands before the logger's name.
        """
        from nautilus_instrumentation.logs import log_handler

        return log_handler(prefix, stream)

    def flush(self, timeout_seconds: float = 5.0) -> None:
        """Publish and send what waits, within `timeout_seconds`; for the end of each job."""
        if not self.enabled:
            return
        with self.guard("session.flush"):
            self.gc.flush()
        self.tracing.flush(timeout_seconds)

    def metrics_app(self) -> App:
        """ASGI application that serves the metrics of a host with one process.

        With `metrics_dir` it only says where they are: the metrics of several processes are served
        by one of their own, `python -m nautilus_instrumentation.exposition`.
        """
        from nautilus_instrumentation.exposition.registry import MemoryCollector
        from nautilus_instrumentation.web.exposition import MetricsApp

        own, store = self.settings, self.recorder.store
        collector = None
        if isinstance(store, MemoryStore):
            collector = MemoryCollector(
                store, own.role, own.slot, own.memory_limit_bytes, self.process_figures
            )
        return MetricsApp(collector, self.guard)

    def report_again(self) -> None:
        """Count that the host instrumented a second time; log it once."""
        if not self._again:
            logger.warning("already instrumented: the session that there is stays as it was")
        self._again = True
        self.recorder.count_error("instrument.again")

    def install(self, name: str, part: Callable[[], Undo]) -> None:
        """Install one part; a part that fails is reported, and the rest goes on."""
        with self.guard(f"install.{name}"):
            self._undo.append((name, part()))

    def close(self) -> None:
        """Undo everything in reverse order; a second call does nothing."""
        _forget(self)
        with self._closing:
            while self._undo:
                name, undo = self._undo.pop()
                with self.guard(f"close.{name}"):
                    undo()


NULL_SESSION = Session(Settings(), guard=Guard(), recorder=NULL_RECORDER, tracing=NULL_TRACING)
"""The twin of a host that is not instrumented."""

_active: Session | None = None
_owner_pid = 0
_changing = threading.RLock()


def _after_fork_in_child() -> None:
    global _changing
    _changing = threading.RLock()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_after_fork_in_child)


def current_session() -> Session:
    """The session of this process; the no-op twin when it is not instrumented."""
    return _active or NULL_SESSION


def instrument(
    settings: Settings | None = None,
    *,
    span_exporter: SpanExporter | None = None,
    nautilus: bool = True,
    tracing: bool = True,
    gc: bool = True,
    process: bool = True,
    **overrides: Unpack[Overrides],
) -> Session:
    """Install the telemetry of this process and return its session.

    `overrides` are fields of `Settings`; they win over `settings`, which defaults to the
    environment. `span_exporter` gets each span as it ends, instead of the OTLP endpoint (tests).
    The switches leave parts out: the hooks into NautilusTrader, spans, garbage collection, and the
    process figures of `metrics_app` (the exporter reads those of several processes from outside).

    A second call returns the session there is. Only settings that cannot be used raise
    (SettingsError); a part that cannot be installed is logged, counted and left out.
    """
    global _active, _owner_pid
    if settings is None:
        settings = Settings.from_environment(**overrides)
    elif overrides:
        settings = settings.changed(**overrides)
    if not settings.enabled:
        return NULL_SESSION
    with _changing:
        if _active is not None and _owner_pid != os.getpid() and settings != _active.settings:
            # A child of a fork that wants to be someone else, say a worker with its own slot.
            _active.close()
        if _active is not None:
            _active.report_again()
            return _active
        session = _build(settings, span_exporter, tracing)
        _active, _owner_pid = session, os.getpid()
    session.process_figures = process
    _install(session, nautilus=nautilus, gc=gc)
    return session


def uninstrument() -> None:
    """Close the session of this process, if there is one."""
    with _changing:
        if _active is not None:
            _active.close()


def conversion_batch(kind: str) -> AbstractContextManager[Any]:
    """Measure the conversion of one batch of rows; `kind` is quote, trade or bar."""
    return current_session().conversion.batch(kind)


def _forget(session: Session) -> None:
    global _active
    with _changing:
        if _active is session:
            _active = None


def _build(settings: Settings, span_exporter: SpanExporter | None, tracing: bool) -> Session:
    guard = Guard(settings.strict)
    store = guard.call("install.store", _store, settings, guard) or MemoryStore(guard)
    recorder = Recorder(store, guard, settings.caps)
    guard.on_error = recorder.count_error
    for site in guard.errors:  # what failed before there was a counter
        recorder.count_error(site)
    made: Tracing = NULL_TRACING
    end: Undo | None = None
    if tracing and not settings.spans_disabled:
        with guard("install.tracing"):
            from nautilus_instrumentation.providers import start_tracing

            made, end = start_tracing(settings, guard, recorder, span_exporter)
    session = Session(settings, guard=guard, recorder=recorder, tracing=made)
    session.install("store", lambda: store.close)
    if end is not None:
        session.install("tracing", lambda: end)
    return session


def _store(settings: Settings, guard: Guard) -> Store:
    if settings.metrics_dir is None:
        return MemoryStore(guard)
    from nautilus_instrumentation.exposition import SharedStore

    limit = settings.memory_limit_bytes
    return SharedStore(settings.metrics_dir, settings.role, settings.slot, guard, limit)


def _install(session: Session, *, nautilus: bool, gc: bool) -> None:
    """Install the parts in order; closing undoes them from the last to the first."""

    def ticker() -> Undo:
        session.ticker.add(session.recorder.tick)
        return session.ticker.stop

    def collector() -> Undo:
        session.gc.install()
        session.ticker.add(session.gc.flush)

        def undo() -> None:
            session.gc.uninstall()
            session.gc.flush()

        return undo

    def hooks() -> Undo:
        from nautilus_instrumentation.nautilus.hooks import install

        return install(session)

    def at_exit() -> Undo:
        atexit.register(session.close)
        return lambda: atexit.unregister(session.close)

    session.install("ticker", ticker)
    if gc:
        session.install("gc", collector)
    if nautilus:
        session.install("nautilus", hooks)
    session.install("exit", at_exit)
