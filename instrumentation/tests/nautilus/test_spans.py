"""Bounds on progress events."""

from __future__ import annotations

from nautilus_instrumentation.nautilus.spans import EVENTS_PER_SPAN, Thinning


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
