"""Bounds on progress events and on spans."""

from __future__ import annotations

from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from nautilus_instrumentation import Settings, attributes
from nautilus_instrumentation.guard import Guard
from nautilus_instrumentation.nautilus.spans import EVENTS_PER_SPAN, SpanBudget, Thinning
from nautilus_instrumentation.providers import start_tracing
from nautilus_instrumentation.recorder import NULL_RECORDER


def test_events_come_every_second_at_first():
    """The first ten ticks of a second each are due, also when the ticker comes early."""
    thinning = Thinning(1.0)

    assert all(thinning.due(0.95 * second + 100) for second in range(10))


def test_ten_minutes_make_sixty_events():
    """The longer a run goes on, the rarer the events."""
    thinning = Thinning(1.0)

    assert 50 <= sum(thinning.due(100.0 + second) for second in range(630)) <= 64


def test_a_week_stays_within_the_spans_limit():
    """However long a run, its events fit into one span."""
    thinning = Thinning(1.0)
    due = sum(thinning.due(100.0 + 10 * tick) for tick in range(60_480))

    assert due <= EVENTS_PER_SPAN


def test_calls_beyond_the_limit_share_a_span_that_ends_with_the_last():
    """What comes between the last call and the end of the run is not theirs."""
    exporter = InMemorySpanExporter()
    tracing, end = start_tracing(Settings(), Guard(strict=True), NULL_RECORDER, exporter)
    budget = SpanBudget(tracing, limit=1)
    for _ in range(3):
        with budget.span("call", {attributes.ROWS: 5}):
            pass
    with tracing.span("later"):
        pass
    budget.close()
    end()
    single, later, rest = exporter.get_finished_spans()

    assert (single.attributes[attributes.ROWS], rest.attributes[attributes.ROWS]) == (5, 10)
    assert rest.attributes[attributes.CALLS] == 2
    assert single.end_time <= rest.start_time <= rest.end_time <= later.start_time
