"""The public API as users write it; mypy checks this file, nothing runs it.

Each refused call carries the error that mypy must report: an ignore that is not needed fails too.
"""

from __future__ import annotations

from pathlib import Path

from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Span

from nautilus_instrumentation import (
    Session,
    Settings,
    conversion_batch,
    current_session,
    instrument,
    uninstrument,
)

# Accepted ----------------------------------------------------------------------------------------

session: Session = instrument()
instrument(Settings(role="worker"), span_exporter=InMemorySpanExporter())
instrument(role="worker", slot=2, metrics_dir=Path("metrics"), strict=True, nautilus=False)
instrument(metrics_dir="metrics", memory_limit_bytes=2**31, tracing=False, gc=False, process=False)
uninstrument()
settings: Settings = Settings.from_environment({}, slot=1)
active: bool = current_session().enabled

with conversion_batch("quote"):
    pass

with session.tracing.span("work", {"rows": 1, "names": ["a"]}, parent={"traceparent": "x"}) as span:
    held: Span = span
    labels: dict[str, str] | None = session.tracing.exemplar("run-1")
headers: dict[str, str] = session.tracing.carrier(held)
with session.tracing.attached(headers):
    trace_id: str = session.tracing.trace_id()
session.tracing.fail(session.tracing.start("job", start_time_ns=1), "MemoryError", "killed")

cache = session.cache("ticks", "redis")
cache.hit(load_seconds=1.5, get_seconds=0.1)
session.jobs.dequeued("backtest", 0.2, {"trace_id": trace_id})
session.vitals.record("LCP", "/runs", 1.2)
session.vitals.bundle("initial", 120_000)
session.flush(timeout_seconds=1.0)


async def lifespan() -> None:
    async with session.watch_event_loop():
        pass
    with session.watch_event_loop():
        pass


# Refused -----------------------------------------------------------------------------------------

instrument("worker")  # type: ignore[arg-type]
instrument(role=1)  # type: ignore[arg-type]
instrument(rolle="worker")  # type: ignore[call-arg]
instrument(span_exporter=print)  # type: ignore[arg-type]
Settings(slot="1")  # type: ignore[arg-type]
settings.slot = 2  # type: ignore[misc]
uninstrument(session)  # type: ignore[call-arg]
conversion_batch(3)  # type: ignore[arg-type]
session.tracing.span(1)  # type: ignore[arg-type]
session.tracing.span("work", parent="00-abc")  # type: ignore[arg-type]
session.tracing.attached("00-abc")  # type: ignore[arg-type]
session.cache()  # type: ignore[call-arg]
cache.hit("fast")  # type: ignore[arg-type]
session.jobs.finished("backtest", "ok")  # type: ignore[call-arg]
session.vitals.record("LCP", 1.2)  # type: ignore[call-arg]
session.vitals.record("LCP", "/runs", "slow")  # type: ignore[arg-type]
session.enabled = False  # type: ignore[misc]
