"""Spans of a program that cannot send them itself, such as a page in a browser."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags
from opentelemetry.util.types import AttributeValue

Relay = Callable[[str, str, str, str, int, int, Mapping[str, AttributeValue]], None]
"""Takes what `Tracing.relay` is given, in its order."""


def relay_by(provider: TracerProvider, send: Callable[[ReadableSpan], None]) -> Relay:
    """Sends spans where the provider's sampler takes their children."""

    def relay(
        name: str,
        service: str,
        trace_id: str,
        span_id: str,
        start_time_ns: int,
        end_time_ns: int,
        attributes: Mapping[str, AttributeValue],
    ) -> None:
        flags = TraceFlags(TraceFlags.SAMPLED)
        context = SpanContext(int(trace_id, 16), int(span_id, 16), True, flags)
        above = trace.set_span_in_context(NonRecordingSpan(context))
        answer = provider.sampler.should_sample(above, context.trace_id, name)
        if answer.decision is not Decision.RECORD_AND_SAMPLE or not context.is_valid:
            return
        send(
            ReadableSpan(
                name,
                context,
                resource=Resource({"service.name": service}),
                attributes=attributes,
                start_time=start_time_ns,
                end_time=end_time_ns,
                instrumentation_scope=InstrumentationScope(service),
            )
        )

    return relay
