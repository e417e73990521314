"""Bounds on how much a run may write into its trace."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import Span, Status, StatusCode

from nautilus_instrumentation import attributes

if TYPE_CHECKING:
    from nautilus_instrumentation.tracing import Tracing

SPANS_PER_NAME = 32
"""Spans of one name that a run or a file gets before the rest is summed up in one more."""

EVENTS_PER_STEP = 10
EVENTS_PER_SPAN = 120  # the SDK's default limit is 128 events a span


class Thinning:
    """Says when the next progress event is due: every `period`, then ever more rarely.

    The interval doubles after each ten events: 60 of them cover ten minutes, 120 cover eleven
    hours.
    """

    def __init__(self, period: float = 1.0) -> None:
        # A ticker is never exact: a little early still counts as due.
        self._interval = 0.9 * period
        self._written = 0
        self._next = 0.0

    def due(self, now: float) -> bool:
        """True when an event is to be written at `now` (monotonic seconds); counts it."""
        if now < self._next or self._written >= EVENTS_PER_SPAN:
            return False
        self._written += 1
        if self._written % EVENTS_PER_STEP == 0:
            self._interval *= 2
        self._next = now + self._interval
        return True


class _Rest:
    """The calls beyond the limit, summed in one span."""

    def __init__(self, span: Span) -> None:
        self.span = span
        self.sums: Counter[str] = Counter()

    def set_attributes(self, values: Mapping[str, Any]) -> None:
        for key, value in values.items():
            self.set_attribute(key, value)

    def set_attribute(self, key: str, value: Any) -> None:
        """Numbers add up; anything else keeps its latest value."""
        if isinstance(value, int | float) and not isinstance(value, bool):
            self.sums[key] += value  # type: ignore[assignment]  # seconds are floats
        else:
            self.span.set_attribute(key, value)

    def add_event(self, name: str, event: Mapping[str, Any] | None = None) -> None:
        self.span.add_event(name, event)

    def end(self) -> None:
        self.span.set_attributes(dict(self.sums))
        self.span.end()


class SpanBudget:
    """Gives real spans up to a limit per name; later calls share one span that holds their sums.

    That last span carries `nautilus.calls` and `nautilus.busy_seconds` and ends at `close()`.
    """

    def __init__(self, tracing: Tracing, limit: int = SPANS_PER_NAME) -> None:
        self._tracing = tracing
        self._limit = limit
        self._used: Counter[str] = Counter()
        self._rest: dict[str, _Rest] = {}

    @contextmanager
    def span(self, name: str, values: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """A span, or the shared one with the methods of a span that this package uses."""
        self._used[name] += 1
        if self._used[name] <= self._limit:
            with self._tracing.span(name, values) as span:
                yield span
            return
        rest = self._rest.get(name)
        if rest is None:
            rest = self._rest[name] = _Rest(self._tracing.start(name))
        rest.set_attributes(values or {})
        started = time.perf_counter()
        try:
            yield rest
        except BaseException as error:
            rest.span.record_exception(error)
            rest.span.set_status(Status(StatusCode.ERROR, str(error)))
            raise
        finally:
            rest.set_attributes(
                {
                    attributes.CALLS: 1,
                    attributes.BUSY_SECONDS: time.perf_counter() - started,
                }
            )

    def close(self) -> None:
        for rest in self._rest.values():
            rest.end()
        self._rest.clear()
