"""FastAPI and Starlette applications: request metrics, and server spans for FastAPI.

Server spans come from opentelemetry-instrumentation-fastapi (extra `fastapi`). The metrics stand
inside its middleware, so that their exemplars carry the server span.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from opentelemetry.metrics import NoOpMeterProvider

from nautilus_instrumentation.web.asgi import SERVER_SPAN_KEY, MetricsMiddleware, Scope

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from nautilus_instrumentation.session import Session

NO_SPANS = ",".join(
    (
        r"^[^:]+://[^/]+(/.*)?/(health|healthz|livez|ready|readyz|metrics|favicon\.ico)/?$",
        r"^[^:]+://[^/]+/(static|assets)/",
    )
)
"""URLs (without query) that make no spans: probes, scrapes and static files."""


def instrument_app(session: Session, app: Any) -> Callable[[], None]:
    """Measure the application; returns the function that restores it.

    An application that has started already gets its middleware stack built anew; one that is
    measured already stays as it is.
    """
    from starlette.middleware import Middleware

    if any(other.cls is MetricsMiddleware for other in app.user_middleware):
        return lambda: None
    entry = Middleware(
        MetricsMiddleware,
        recorder=session.recorder,
        tracing=session.tracing,
        guard=session.guard,
    )
    app.user_middleware.insert(0, entry)
    undo_spans: Callable[[], None] | None = None
    if session.tracing.enabled and _is_fastapi(app):
        with session.guard("install.app.spans"):
            undo_spans = _add_server_spans(session, app)
    _rebuild(app, started=app.middleware_stack is not None)

    def undo() -> None:
        started = app.middleware_stack is not None
        app.user_middleware[:] = [other for other in app.user_middleware if other is not entry]
        if undo_spans is not None:
            undo_spans()
        _rebuild(app, started)

    return undo


def _is_fastapi(app: Any) -> bool:
    module = sys.modules.get("fastapi")
    return module is not None and isinstance(app, module.FastAPI)


def _rebuild(app: Any, started: bool) -> None:
    app.middleware_stack = app.build_middleware_stack() if started else None


def _add_server_spans(session: Session, app: Any) -> Callable[[], None] | None:
    """Server spans named by method and route; None when the host makes them already."""
    from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

    if getattr(app, "_is_instrumented_by_opentelemetry", False):
        return None
    before = dict(vars(app))
    FastAPIInstrumentor.instrument_app(
        app,
        server_request_hook=_on_request,
        tracer_provider=session.tracing.provider,
        # Its metrics would cost 71 µs a request for what MetricsMiddleware records anyway.
        meter_provider=NoOpMeterProvider(),
        excluded_urls=NO_SPANS,
        exclude_spans=["receive", "send"],
    )

    def undo() -> None:
        FastAPIInstrumentor.uninstrument_app(app)
        for name in ("build_middleware_stack", "_is_instrumented_by_opentelemetry"):
            # It leaves these behind on the instance, even where the class had answered before.
            if name in before:
                setattr(app, name, before[name])
            else:
                vars(app).pop(name, None)

    return undo


def _on_request(span: Span, scope: Scope) -> None:
    """Add OpenTelemetry's stable names, which the instrumentation only gives on request."""
    scope[SERVER_SPAN_KEY] = span
    if scope["type"] == "http":
        span.set_attribute("http.request.method", scope["method"])
        span.set_attribute("url.path", scope["path"])
