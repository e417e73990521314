"""The context managers around one span, and what a failure leaves on it."""

from __future__ import annotations

import traceback as tracebacks
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.trace import Span, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

if TYPE_CHECKING:
    from nautilus_instrumentation.guard import Guard

Carrier = Mapping[str, str]
"""W3C headers of a span: `traceparent`, `tracestate`."""

INVALID_SPAN: Span = trace.INVALID_SPAN

LONGEST_MESSAGE = 4096
LONGEST_STACKTRACE = 16_384
"""Characters of an exception that a span keeps; a host's message can hold a whole data frame."""

W3C = TraceContextTextMapPropagator()


def record_failure(span: Span, exc_type: str, message: str, stacktrace: str) -> None:
    """Put an exception event and an error status on the span, by OpenTelemetry's names."""
    message = message[:LONGEST_MESSAGE]
    span.add_event(
        "exception",
        {
            "exception.type": exc_type,
            "exception.message": message,
            # The end of a stack trace is the part that tells most.
            "exception.stacktrace": stacktrace[-LONGEST_STACKTRACE:],
        },
    )
    span.set_attribute("error.type", exc_type)
    span.set_status(Status(StatusCode.ERROR, f"{exc_type}: {message}"))


def _type_name(exc: BaseException) -> str:
    kind = type(exc)
    return (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )


class SpanScope(AbstractContextManager[Span]):
    """Context manager of one span; the exception that passes through stays the same object."""

    __slots__ = ("_guard", "_span", "_token")

    def __init__(self, guard: Guard, span: Span) -> None:
        self._guard = guard
        self._span = span
        self._token: object = None

    def __enter__(self) -> Span:
        if self._span is not INVALID_SPAN:
            self._token = contexts.attach(trace.set_span_in_context(self._span))
        return self._span

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # GeneratorExit is how a generator is closed early, not a failure.
        if exc is not None and not isinstance(exc, GeneratorExit) and self._span.is_recording():
            with self._guard("spans.fail"):  # the exception's own __str__ may raise
                stack = "".join(tracebacks.format_exception(exc_type, exc, traceback))
                record_failure(self._span, _type_name(exc), str(exc), stack)
        with self._guard("spans.end"):
            self._span.end()
        if self._token is not None:
            contexts.detach(self._token)  # type: ignore[arg-type]  # attach's own token


class AttachedScope(AbstractContextManager[None]):
    """Context manager that makes the remote parent of a carrier current."""

    __slots__ = ("_carrier", "_guard", "_hold", "_release", "_token")

    def __init__(
        self, guard: Guard, carrier: Carrier, hold: Callable[[], Callable[[], None]]
    ) -> None:
        self._guard = guard
        self._carrier = carrier
        self._hold = hold
        self._release: Callable[[], None] | None = None
        self._token: object = None

    def __enter__(self) -> None:
        with self._guard("spans.attach"):
            self._token = contexts.attach(W3C.extract(self._carrier))
            self._release = self._hold()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._release is not None:
            with self._guard("spans.detach"):
                self._release()
        if self._token is not None:
            contexts.detach(self._token)  # type: ignore[arg-type]  # attach's own token
