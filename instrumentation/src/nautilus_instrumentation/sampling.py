"""Head sampling that keeps what matters: failures, and runs slower than their objective.

The head (OTEL_TRACES_SAMPLER) decides when a trace begins, and its decision travels in
`traceparent`. A trace it turns down is recorded all the same, in each process for itself, and waits
in a bounded buffer: as soon as one of its spans fails, or `keep` is called, its spans leave; when
all of it has ended in this process, they are forgotten. `always_off` stays off.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    DEFAULT_OFF,
    DEFAULT_ON,
    Decision,
    ParentBased,
    Sampler,
    SamplingResult,
    StaticSampler,
)
from opentelemetry.trace import Link, SpanKind, StatusCode, TraceState
from opentelemetry.util.types import Attributes

MOST_TRACES = 1_000
MOST_SPANS = 20_000
"""Spans that wait at most in a process: about 40 MB."""

_SAMPLED = 1
"""The bit of the trace flags."""

_RECORD_ONLY = StaticSampler(Decision.RECORD_ONLY)


def recording(head: Sampler) -> Sampler:
    """`head`, with spans recorded where it would drop them; its decisions stay."""
    if head in (ALWAYS_ON, ALWAYS_OFF, DEFAULT_OFF):
        return head
    if head is DEFAULT_ON:  # the usual case: nothing more to pay for a span that is sampled
        return ParentBased(
            ALWAYS_ON,
            remote_parent_not_sampled=_RECORD_ONLY,
            local_parent_not_sampled=_RECORD_ONLY,
        )
    return _Recording(head)


class _Recording(Sampler):
    def __init__(self, head: Sampler) -> None:
        self._head = head

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        result = self._head.should_sample(
            parent_context, trace_id, name, kind, attributes, links, trace_state
        )
        if result.decision is not Decision.DROP:
            return result
        return SamplingResult(Decision.RECORD_ONLY, attributes, result.trace_state)

    def get_description(self) -> str:
        return f"Recording{{{self._head.get_description()}}}"


@dataclass(slots=True)
class _Waiting:
    """A trace that the head turned down and that nothing has kept yet."""

    open: int = 0
    """Spans under way, and holds."""
    spans: list[ReadableSpan] = field(default_factory=list)
    lost: int = 0
    """Spans that the buffer had no room for."""


class Keeper(SpanProcessor):
    """Span processor in front of the sender: passes sampled spans on, and holds back the others.

    `dropped(n)` is called for spans of kept traces that the buffer had no room for.
    """

    def __init__(
        self,
        sender: SpanProcessor,
        dropped: Callable[[int], None],
        most_traces: int = MOST_TRACES,
        most_spans: int = MOST_SPANS,
    ) -> None:
        self._sender = sender
        self._dropped = dropped
        self._most_traces = most_traces
        self._most_spans = most_spans
        self._reset()
        if hasattr(os, "register_at_fork"):
            reset = weakref.WeakMethod(self._reset)
            os.register_at_fork(after_in_child=lambda: (again := reset()) and again())

    def _reset(self) -> None:
        """Start with nothing: what waits at a fork is the parent's."""
        # Re-entrant: a span may end inside a garbage collection that interrupted this very class.
        self._lock = threading.RLock()
        self._waiting: OrderedDict[int, _Waiting] = OrderedDict()
        self._kept: OrderedDict[int, None] = OrderedDict()
        self._spans = 0

    # Of the SDK ----------------------------------------------------------------------------------

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        # Every span passes here and below: 0.3 µs for both of them when it is sampled.
        context = span.context
        if context is not None and not context.trace_flags & _SAMPLED:
            self._open(context.trace_id)

    def on_end(self, span: ReadableSpan) -> None:
        context = span.context
        if context is None:
            return
        if context.trace_flags & _SAMPLED:
            self._sender.on_end(span)
            return
        with self._lock:
            if span.status.status_code is StatusCode.ERROR:
                self.keep(context.trace_id)
            if context.trace_id not in self._kept:
                self._hold_back(context.trace_id, span)
                return
        self._sender.on_end(span)

    def shutdown(self) -> None:
        self._sender.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._sender.force_flush(timeout_millis)

    # Of the library ------------------------------------------------------------------------------

    def keep(self, trace_id: int) -> None:
        """Send what has ended of the trace in this process, and what is still to come."""
        with self._lock:
            self._kept[trace_id] = None
            self._kept.move_to_end(trace_id)
            if len(self._kept) > self._most_traces:
                self._kept.popitem(last=False)
            waiting = self._forget(trace_id)
        if waiting is None:
            return
        for span in waiting.spans:
            self._sender.on_end(span)
        if waiting.lost:
            self._dropped(waiting.lost)

    def keeps(self, trace_id: int) -> bool:
        """True for a trace that is sent although the head turned it down."""
        return trace_id in self._kept

    def hold(self, trace_id: int) -> Callable[[], None]:
        """Put off the end of the trace in this process until the result is called."""
        self._open(trace_id)
        done = False

        def release() -> None:
            nonlocal done
            with self._lock:
                if not done:
                    done = True
                    self._closed(trace_id)

        return release

    # Inside --------------------------------------------------------------------------------------

    def _open(self, trace_id: int) -> None:
        with self._lock:
            if trace_id in self._kept:
                return
            waiting = self._waiting.get(trace_id)
            if waiting is None:
                waiting = self._waiting[trace_id] = _Waiting()
                if len(self._waiting) > self._most_traces:
                    self._forget(next(iter(self._waiting)))
            waiting.open += 1

    def _hold_back(self, trace_id: int, span: ReadableSpan) -> None:
        waiting = self._waiting.get(trace_id)
        if waiting is None:
            return  # there were too many traces
        waiting.spans.append(span)
        self._spans += 1
        if self._spans > self._most_spans:
            oldest = next(one for one in self._waiting.values() if one.spans)
            self._spans -= len(oldest.spans)
            oldest.lost += len(oldest.spans)
            oldest.spans.clear()
        self._closed(trace_id)

    def _closed(self, trace_id: int) -> None:
        waiting = self._waiting.get(trace_id)
        if waiting is None:
            return
        waiting.open -= 1
        if waiting.open <= 0:
            self._forget(trace_id)

    def _forget(self, trace_id: int) -> _Waiting | None:
        waiting = self._waiting.pop(trace_id, None)
        if waiting is not None:
            self._spans -= len(waiting.spans)
        return waiting
