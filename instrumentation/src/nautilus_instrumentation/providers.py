"""The tracer provider: the host's when it has set one, else one of the library's own."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from importlib.metadata import version
from typing import TYPE_CHECKING

from opentelemetry import trace

from nautilus_instrumentation import attributes, metrics
from nautilus_instrumentation.tracing import Tracing

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace.export import SpanExporter

    from nautilus_instrumentation.guard import Guard
    from nautilus_instrumentation.recorder import Recorder
    from nautilus_instrumentation.settings import Settings

DISTRIBUTION = "nautilus-instrumentation"


def start_tracing(
    settings: Settings,
    guard: Guard,
    recorder: Recorder,
    span_exporter: SpanExporter | None = None,
) -> tuple[Tracing, Callable[[], None]]:
    """Tracing, and the function that ends it within 5 seconds.

    With `span_exporter` each span is handed over as it ends, in the calling thread: meant for
    tests, which then see spans without a flush.
    """
    host = trace.get_tracer_provider()
    if span_exporter is None and not isinstance(host, trace.ProxyTracerProvider):
        return _by_host(host, guard)

    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

    from nautilus_instrumentation.relay import relay_by
    from nautilus_instrumentation.sampling import Keeper, recording
    from nautilus_instrumentation.span_export import HandOver, otlp_exporter
    from nautilus_instrumentation.span_sender import SpanSender

    def exported(spans: int) -> None:
        recorder.counter(metrics.TELEMETRY_SPANS, "exported").inc(spans)

    def dropped(spans: int) -> None:
        recorder.counter(metrics.TELEMETRY_SPANS, "dropped").inc(spans)

    sender: SpanProcessor
    if span_exporter is not None:
        sender = HandOver(span_exporter, exported=exported, dropped=dropped, guard=guard)
    elif settings.spans_to == "none":
        sender = SpanProcessor()
    else:
        sender = SpanSender(
            lambda: otlp_exporter(settings.span_request_seconds),
            exported=exported,
            dropped=dropped,
            guard=guard,
            queue_size=settings.span_queue,
        )
    # The session closes the provider at exit itself, with a bound on the time.
    provider = TracerProvider(resource=_resource(settings), shutdown_on_exit=False)
    provider.sampler = recording(provider.sampler)
    keeper = Keeper(sender, dropped)
    provider.add_span_processor(keeper)

    def flush(seconds: float) -> None:
        sender.force_flush(int(seconds * 1000))

    relay = relay_by(provider, keeper.on_end)
    return Tracing(provider, guard, flush, version(DISTRIBUTION), keeper, relay), provider.shutdown


def _resource(settings: Settings) -> Resource:
    """Who sends the spans, by OpenTelemetry's names; OTEL_RESOURCE_ATTRIBUTES adds to it."""
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource

    ours = Resource(
        {
            "service.name": settings.service_name,
            "service.version": settings.service_version or version(DISTRIBUTION),
            "service.instance.id": str(uuid.uuid4()),
            attributes.ROLE: settings.role,
            attributes.SLOT: str(settings.slot),
        }
    )
    resource = Resource.create().merge(ours).merge(OTELResourceDetector().detect())
    if settings.service_name != type(settings)().service_name:
        resource = resource.merge(Resource({"service.name": settings.service_name}))
    return resource


def _by_host(host: trace.TracerProvider, guard: Guard) -> tuple[Tracing, Callable[[], None]]:
    """Tracing with the host's provider, which stays the host's to close."""
    host_flush = getattr(host, "force_flush", None)

    def flush(seconds: float) -> None:
        if host_flush is None:
            return
        # Processors may ignore the timeout (opentelemetry-python issue 4568).
        thread = threading.Thread(
            target=guard.call,
            args=("spans.flush", host_flush, int(seconds * 1000)),
            name="span flush",
            daemon=True,
        )
        thread.start()
        thread.join(seconds)

    return Tracing(host, guard, flush, version(DISTRIBUTION)), lambda: None
