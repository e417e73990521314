"""Bounds on how much a run may write into its trace."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import Span, Status, StatusCode

from nautilus_instrumentation import attributes

if TYPE_CHECKING:
    from nautilus_instrumentation.tracing import Tracing

SPANS_PER_NAME = 10
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
    """The calls beyond the limit, summed in one span; a context manager around each of them."""

    def __init__(self, span: Span) -> None:
        self.span = span
        self.sums: dict[str, float] = {attributes.CALLS: 0, attributes.BUSY_SECONDS: 0.0}
        self._started = 0.0
        self._ended_ns: int | None = None

    def __enter__(self) -> _Rest:
        self.sums[attributes.CALLS] += 1
        self._started = time.perf_counter()
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        self.sums[attributes.BUSY_SECONDS] += time.perf_counter() - self._started
        self._ended_ns = time.time_ns()
        if error is not None:
            self.span.record_exception(error)
            self.span.set_status(Status(StatusCode.ERROR, str(error)))

    def set_attributes(self, values: Mapping[str, Any]) -> None:
        for key, value in values.items():
            self.set_attribute(key, value)

    def set_attribute(self, key: str, value: Any) -> None:
        """Numbers add up; anything else keeps its latest value."""
        if type(value) is int or type(value) is float:
            self.sums[key] = self.sums.get(key, 0) + value
        else:
            self.span.set_attribute(key, value)

    def add_event(self, name: str, event: Mapping[str, Any] | None = None) -> None:
        self.span.add_event(name, event)

    def end(self) -> None:
        """End the span with its last call, whatever came after that."""
        self.span.set_attributes(self.sums)
        self.span.end(self._ended_ns)


class SpanBudget:
    """Gives real spans up to a limit per name; later calls share one span that holds their sums.

    That last span carries `nautilus.calls` and `nautilus.busy_seconds`, lasts from the first of
    its calls to the last, and is sent at `close()`.
    """

    def __init__(self, tracing: Tracing, limit: int = SPANS_PER_NAME) -> None:
        self._tracing = tracing
        self._limit = limit
        self._used: dict[str, int] = {}
        self._rest: dict[str, _Rest] = {}

    def span(
        self, name: str, values: Mapping[str, Any] | None = None
    ) -> AbstractContextManager[Any]:
        """A span, or the shared one with the methods of a span that this package uses."""
        used = self._used[name] = self._used.get(name, 0) + 1
        if used <= self._limit:
            return self._tracing.span(name, values)
        rest = self._rest.get(name)
        if rest is None:
            rest = self._rest[name] = _Rest(self._tracing.start(name))
        if values:
            rest.set_attributes(values)
        return rest

    def close(self) -> None:
        for rest in self._rest.values():
            rest.end()
        self._rest.clear()
