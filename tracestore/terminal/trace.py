"""A trace as a tree: parsing OTLP/JSON, order of display, critical path."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from nautilus_instrumentation import attributes

ERROR = 2
"""OTLP's STATUS_CODE_ERROR."""

WORKER = "worker"
"""The role of which there are many processes."""


@dataclass(frozen=True)
class Span:
    """One span; times in Unix nanoseconds."""

    span_id: str
    parent_id: str
    name: str
    service: str
    start_ns: int
    end_ns: int
    failed: bool = False
    message: str = ""
    attributes: dict[str, Any] = field(default_factory=dict, hash=False)
    process: str = ""
    """The service and, where it tells, which of its processes: `nautilus worker 1`."""

    @property
    def duration_ns(self) -> int:
        return self.end_ns - self.start_ns

    @property
    def calls(self) -> int:
        """How many calls the span sums up; 1 for the usual span."""
        return int(self.attributes.get(attributes.CALLS, 1))

    @property
    def busy_ns(self) -> int:
        """Time of the work itself: a span that sums up calls lasts from the first to the last."""
        seconds = self.attributes.get(attributes.BUSY_SECONDS)
        return self.duration_ns if seconds is None else round(float(seconds) * 1e9)

    def within(self, begin_ns: int, end_ns: int) -> int:
        """How much of the time between two moments the span lasted."""
        return max(0, min(self.end_ns, end_ns) - max(self.start_ns, begin_ns))


@dataclass(frozen=True)
class Trace:
    """Spans of one trace. A span whose parent is not here counts as a root.

    The console draws the same tree and critical path: frontend/src/tracing.
    """

    trace_id: str
    spans: tuple[Span, ...]

    @property
    def start_ns(self) -> int:
        return min(span.start_ns for span in self.spans)

    @property
    def end_ns(self) -> int:
        return max(span.end_ns for span in self.spans)

    @cached_property
    def _children(self) -> dict[str, list[Span]]:
        """Children of each span, "" for the roots; of parents in a circle, the first is a root."""
        spans = sorted(self.spans, key=lambda span: (span.start_ns, -span.end_ns))
        known = {span.span_id for span in spans}
        parents: dict[str, str] = {}
        # The last first, so that a circle is broken at the span that began first.
        for span in reversed(spans):
            if span.parent_id in known and not _is_below(span.parent_id, span.span_id, parents):
                parents[span.span_id] = span.parent_id
        children: dict[str, list[Span]] = {}
        for span in spans:
            children.setdefault(parents.get(span.span_id, ""), []).append(span)
        return children

    @property
    def roots(self) -> list[Span]:
        return self._children.get("", [])

    def children(self, span: Span) -> list[Span]:
        return self._children.get(span.span_id, [])

    def walk(self) -> Iterator[tuple[int, Span]]:
        """(depth, span) in the order of a waterfall."""
        stack = [(0, span) for span in reversed(self.roots)]
        while stack:
            depth, span = stack.pop()
            yield depth, span
            stack.extend((depth + 1, child) for child in reversed(self.children(span)))

    def critical_path(self) -> dict[str, int]:
        """Ids of the spans that the end of the trace waited for, with the ns spent in each itself.

        Walked backwards from the end: at each moment the child that ended last before it is what
        its parent waited for, then the one that had ended before that child began. A child that
        outlived its parent (a job handed to a queue) is followed too. Spans that sum up calls lie
        beside each other; each takes the time of its calls from its parent's.
        """
        path: dict[str, int] = {}
        if not self.roots:
            return path
        stack = [(max(self.roots, key=self._subtree_end), self.end_ns)]
        while stack:
            span, until = stack.pop()
            path[span.span_id] = 0
            children = [child for child in self.children(span) if child.calls == 1]
            for child in sorted(children, key=self._subtree_end, reverse=True):
                end = self._subtree_end(child)
                if end <= until:
                    stack.append((child, end))
                    path[span.span_id] += span.within(end, until)
                    until = child.start_ns
            path[span.span_id] += span.within(span.start_ns, until)
            for child in self.children(span):
                if child.calls > 1:
                    path[child.span_id] = min(child.busy_ns, path[span.span_id])
                    path[span.span_id] -= path[child.span_id]
        return path

    @cached_property
    def _ends(self) -> dict[str, int]:
        """Latest end in the subtree of each span."""
        ends = {span.span_id: span.end_ns for span in self.spans}
        for _, span in reversed(list(self.walk())):
            for child in self.children(span):
                ends[span.span_id] = max(ends[span.span_id], ends[child.span_id])
        return ends

    def _subtree_end(self, span: Span) -> int:
        return self._ends[span.span_id]


def _is_below(span_id: str, other: str, parents: Mapping[str, str]) -> bool:
    """Whether `span_id` is `other` or below it, as far as parents are known."""
    while span_id != other and span_id in parents:
        span_id = parents[span_id]
    return span_id == other


def parse_trace(trace: dict[str, Any]) -> list[Span]:
    """Spans of an OTLP/JSON trace, `resourceSpans` or Tempo's older `batches`; each once."""
    spans: dict[str, Span] = {}
    for resource_spans in trace.get("resourceSpans") or trace.get("batches") or []:
        resource = _attributes(resource_spans.get("resource") or {})
        service = str(resource.get("service.name", ""))
        process = [service]
        if attributes.ROLE in resource:
            process.append(str(resource[attributes.ROLE]))
        if resource.get(attributes.ROLE) == WORKER and attributes.SLOT in resource:
            process.append(str(resource[attributes.SLOT]))
        for scope in resource_spans.get("scopeSpans") or []:
            for raw in scope.get("spans") or []:
                span = _span(raw, service, " ".join(process))
                spans.setdefault(span.span_id, span)
    return list(spans.values())


def plain_value(value: dict[str, Any]) -> Any:
    """The Python value of an OTLP AnyValue in JSON."""
    for kind, inner in value.items():
        match kind:
            case "intValue":
                return int(inner)
            case "doubleValue":
                return float(inner)
            case "arrayValue":
                return [plain_value(item) for item in inner.get("values") or []]
            case _:
                return inner
    return None


def _span(raw: dict[str, Any], service: str, process: str) -> Span:
    status = raw.get("status") or {}
    return Span(
        span_id=_hex(raw.get("spanId", "")),
        parent_id=_hex(raw.get("parentSpanId", "")),
        name=raw.get("name", ""),
        service=service,
        start_ns=int(raw.get("startTimeUnixNano", 0)),
        end_ns=int(raw.get("endTimeUnixNano", 0)),
        failed=status.get("code") in (ERROR, "STATUS_CODE_ERROR"),
        message=status.get("message", ""),
        attributes=_attributes(raw),
        process=process,
    )


def _attributes(holder: dict[str, Any]) -> dict[str, Any]:
    pairs = holder.get("attributes") or []
    return {pair["key"]: plain_value(pair.get("value") or {}) for pair in pairs}


def _hex(span_id: str) -> str:
    """Span ids are hex in OTLP/JSON but base64 where protobuf's own JSON mapping was used."""
    if len(span_id) == 16:
        return span_id
    try:
        return base64.b64decode(span_id, validate=True).hex()
    except binascii.Error:
        return span_id
