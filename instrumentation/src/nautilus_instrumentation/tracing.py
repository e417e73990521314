"""Spans: started, made current, carried to other processes, and sent without ever blocking.

When the host program has set a global tracer provider before `instrument()`, spans are made by
that provider and leave by its processors. Otherwise the library keeps a provider of its own; it
never becomes the global one, so that the host may still set it.

OpenTelemetry's variables hold: OTEL_TRACES_SAMPLER and its argument, OTEL_EXPORTER_OTLP_*,
OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME, OTEL_SPAN_*_LIMIT, OTEL_SDK_DISABLED.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanKind
from opentelemetry.util.types import AttributeValue

from nautilus_instrumentation.spans import (
    INVALID_SPAN,
    W3C,
    AttachedScope,
    Carrier,
    SpanScope,
    record_failure,
)

if TYPE_CHECKING:
    from nautilus_instrumentation.guard import Guard
    from nautilus_instrumentation.relay import Relay
    from nautilus_instrumentation.sampling import Keeper

__all__ = ["INVALID_SPAN", "NULL_TRACING", "Attributes", "Carrier", "NullTracing", "Tracing"]

Attributes = Mapping[str, AttributeValue]
EXEMPLAR_CHARACTERS = 128
"""OpenMetrics' limit on all names and values of an exemplar together."""

_ROOM_FOR_RUN_ID = EXEMPLAR_CHARACTERS - len("trace_id" + "span_id" + "run_id") - 32 - 16


class Tracing:
    """Makes spans with one tracer. Nothing here raises or waits, whatever the endpoint does."""

    enabled = True

    def __init__(
        self,
        provider: trace.TracerProvider,
        guard: Guard,
        flush: Callable[[float], object],
        version: str = "",
        keeper: Keeper | None = None,
        relay: Relay | None = None,
    ) -> None:
        """`keeper` and `relay`: None when the host's own provider decides what is sent."""
        self._keeper = keeper
        self._relay = relay
        self.provider = provider
        self._guard = guard
        self._flush = flush
        self._tracer = provider.get_tracer("nautilus_instrumentation", version)

    def span(
        self,
        name: str,
        attributes: Attributes | None = None,
        *,
        parent: Carrier | None = None,
        links: Sequence[Carrier] = (),
        kind: SpanKind | None = None,
        start_time_ns: int | None = None,
    ) -> AbstractContextManager[Span]:
        """Span that is current while the block runs and ends with it.

        `parent` and `links` are carriers (W3C headers) of other spans; without `parent` the
        current span is the parent. `start_time_ns` (Unix) lets a span begin in the past.
        """
        span = self._start(name, attributes, parent, links, kind, start_time_ns)
        return SpanScope(self._guard, span)

    def start(
        self,
        name: str,
        attributes: Attributes | None = None,
        *,
        parent: Carrier | None = None,
        links: Sequence[Carrier] = (),
        kind: SpanKind | None = None,
        start_time_ns: int | None = None,
    ) -> Span:
        """Span that is not made current; the caller calls its `end()`."""
        return self._start(name, attributes, parent, links, kind, start_time_ns)

    def _start(
        self,
        name: str,
        attributes: Attributes | None,
        parent: Carrier | None,
        links: Sequence[Carrier],
        kind: SpanKind | None,
        start_time_ns: int | None,
    ) -> Span:
        with self._guard("spans.start"):
            return self._tracer.start_span(
                name,
                context=W3C.extract(parent) if parent else None,
                kind=SpanKind.INTERNAL if kind is None else kind,
                attributes=attributes,
                links=[link for carrier in links for link in _links(carrier)],
                start_time=start_time_ns,
            )
        return INVALID_SPAN

    def fail(self, span: Span, exc_type: str, message: str, stacktrace: str = "") -> None:
        """Record on the span a failure that another process reported."""
        with self._guard("spans.fail"):
            record_failure(span, exc_type, message, stacktrace)

    def relay(
        self,
        name: str,
        service: str,
        trace_id: str,
        span_id: str,
        *,
        start_time_ns: int,
        end_time_ns: int,
        attributes: Attributes | None = None,
    ) -> None:
        """Send a root span that another program made, under its own ids (hexadecimal).

        Not where the host's own provider makes the spans: none takes ids from outside.
        """
        if self._relay is not None:
            with self._guard("spans.relay"):
                times = (start_time_ns, end_time_ns)
                self._relay(name, service, trace_id, span_id, *times, attributes or {})

    def carrier(self, span: Span | None = None) -> dict[str, str]:
        """W3C headers of the span (default: the current one); empty when there is none."""
        headers: dict[str, str] = {}
        with self._guard("spans.carrier"):
            W3C.inject(headers, context=_context_of(span))
        return headers

    def attached(self, carrier: Carrier) -> AbstractContextManager[None]:
        """Make the span that the carrier names the current parent.

        What the block does counts as one piece of a trace: it is kept, or not, as a whole.
        """
        return AttachedScope(self._guard, carrier, self.hold)

    def keep(self, span: Span | None = None) -> None:
        """Send the trace of the span (default: the current one) though it was not sampled.

        Its spans that have ended leave this process at once, the others as they end; what was
        forgotten before, and other processes, do not hear of it.
        """
        context = (span or trace.get_current_span()).get_span_context()
        if self._keeper is not None and context.is_valid and not context.trace_flags.sampled:
            with self._guard("spans.keep"):
                self._keeper.keep(context.trace_id)

    def kept(self, span: Span | None = None) -> bool:
        """True when the trace of the span (default: the current one) is sent, as far as is known.

        A trace that was not sampled is sent when `keep` was called or one of its spans failed.
        """
        context = (span or trace.get_current_span()).get_span_context()
        if not context.is_valid:
            return False
        keeper = self._keeper
        return context.trace_flags.sampled or (
            keeper is not None and keeper.keeps(context.trace_id)
        )

    def hold(self, span: Span | None = None) -> Callable[[], None]:
        """Put off the decision on a trace that was not sampled until the result is called.

        For those who will know later how something ended whose spans end before.
        """
        context = (span or trace.get_current_span()).get_span_context()
        if self._keeper is not None and context.is_valid and not context.trace_flags.sampled:
            with self._guard("spans.hold"):
                return self._keeper.hold(context.trace_id)
        return _nothing_held

    def exemplar(
        self, run_id: str | None = None, span: Span | None = None
    ) -> dict[str, str] | None:
        """Labels that tie a measurement to the span; None when its trace is not sent.

        A run id that would exceed OpenMetrics' 128 characters is left out.
        """
        span = span or trace.get_current_span()
        if not self.kept(span):
            return None
        context = span.get_span_context()
        labels = {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}
        if run_id and len(run_id) <= _ROOM_FOR_RUN_ID:
            labels["run_id"] = run_id
        return labels

    def trace_id(self, span: Span | None = None) -> str:
        """Trace of the span (default: the current one) as 32 hex digits; "" when there is none."""
        context = (span or trace.get_current_span()).get_span_context()
        return f"{context.trace_id:032x}" if context.is_valid else ""

    def flush(self, timeout_seconds: float = 5.0) -> None:
        """Send the spans that wait; returns after `timeout_seconds` whatever happens."""
        with self._guard("spans.flush"):
            self._flush(timeout_seconds)


def _nothing_held() -> None:
    """There is nothing to let go of."""


def _links(carrier: Carrier) -> list[Link]:
    context = trace.get_current_span(W3C.extract(carrier, context=Context())).get_span_context()
    return [Link(context)] if context.is_valid else []


def _context_of(span: Span | None) -> Context | None:
    return None if span is None else trace.set_span_in_context(span)


class _NullScope(AbstractContextManager[Span]):
    """A span that is not made."""

    __slots__ = ()

    def __enter__(self) -> Span:
        return INVALID_SPAN

    def __exit__(self, *exc_info: object) -> None:
        """Nothing to end."""


_NULL_SCOPE = _NullScope()


class NullTracing(Tracing):
    """The twin that makes no spans; the same methods at the price of a call."""

    enabled = False

    def __init__(self, guard: Guard | None = None) -> None:
        self.provider = trace.NoOpTracerProvider()

    def span(
        self,
        name: str,
        attributes: Attributes | None = None,
        *,
        parent: Carrier | None = None,
        links: Sequence[Carrier] = (),
        kind: SpanKind | None = None,
        start_time_ns: int | None = None,
    ) -> AbstractContextManager[Span]:
        return _NULL_SCOPE

    def start(
        self,
        name: str,
        attributes: Attributes | None = None,
        *,
        parent: Carrier | None = None,
        links: Sequence[Carrier] = (),
        kind: SpanKind | None = None,
        start_time_ns: int | None = None,
    ) -> Span:
        return INVALID_SPAN

    def fail(self, span: Span, exc_type: str, message: str, stacktrace: str = "") -> None: ...

    def relay(
        self,
        name: str,
        service: str,
        trace_id: str,
        span_id: str,
        *,
        start_time_ns: int,
        end_time_ns: int,
        attributes: Attributes | None = None,
    ) -> None: ...

    def carrier(self, span: Span | None = None) -> dict[str, str]:
        return {}

    def attached(self, carrier: Carrier) -> AbstractContextManager[None]:
        return nullcontext()

    def keep(self, span: Span | None = None) -> None: ...

    def kept(self, span: Span | None = None) -> bool:
        return False

    def hold(self, span: Span | None = None) -> Callable[[], None]:
        return _nothing_held

    def exemplar(
        self, run_id: str | None = None, span: Span | None = None
    ) -> dict[str, str] | None:
        return None

    def trace_id(self, span: Span | None = None) -> str:
        return ""

    def flush(self, timeout_seconds: float = 5.0) -> None: ...


NULL_TRACING = NullTracing()
