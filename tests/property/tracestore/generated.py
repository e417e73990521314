"""Traces and TraceQL for property tests, with what each query means, spelled out in Python."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

# Traces ------------------------------------------------------------------------------------------

KEYS = ("a", "b.c", "it's", 'x"y\\', "ключ", "'); DROP TABLE spans; --", "sp ace", '$."1"')
TEXTS = st.sampled_from(("", "a", "ab", "b", "A", "a\nb", "a\0b", "%", "'", '"', "é", "x" * 300))
NUMBERS = st.one_of(
    st.integers(-3, 3),
    st.sampled_from((0.25, -1.5, 2.0, 2**63 - 1, -(2**63))),
)
SCALARS = st.one_of(TEXTS, NUMBERS, st.booleans())
VALUES = st.one_of(SCALARS, SCALARS, st.lists(SCALARS, max_size=3))
ATTRIBUTES = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4)
FIGURE = "n"
"""An attribute to reckon with: numbers whose sums are exact in any order, and others."""
OWN_ATTRIBUTES = st.one_of(
    ATTRIBUTES,
    st.builds(
        lambda values, figure: {**values, FIGURE: figure},
        ATTRIBUTES,
        st.sampled_from((-2, 0, 0.5, 3, "3", True)),
    ),
)
NAMES = st.sampled_from(("run", "query", "it's", ""))
STATUSES = ("unset", "ok", "error")
KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")

Span = dict[str, Any]


@st.composite
def traces(draw: st.DrawFn) -> list[Span]:
    """Spans of up to three traces; parents may be missing, and may go round in circles."""
    resources = [{"service.name": draw(TEXTS), **draw(ATTRIBUTES)} for _ in range(2)]
    resources.append(draw(ATTRIBUTES))
    spans: list[Span] = []
    for number in range(draw(st.integers(1, 12))):
        spans.append(
            {
                "number": number + 1,
                "trace": draw(st.integers(1, 3)),
                "parent": draw(st.one_of(st.none(), st.integers(1, 13))),
                "name": draw(NAMES),
                "kind": draw(st.sampled_from(KINDS)),
                "status": draw(st.sampled_from(STATUSES)),
                "message": draw(st.sampled_from(("", "boom"))),
                # Starts differ, so that which root came first is no matter of order.
                "start": 1000 * draw(st.integers(1, 20)) + number,
                "duration": draw(st.sampled_from((0, 1, 1500, 10**9, 3 * 10**9))),
                "attributes": draw(OWN_ATTRIBUTES),
                "resource": draw(st.sampled_from(resources)),
            }
        )
    return spans


def add_attributes(items: Any, values: dict[str, Any]) -> None:
    for key, value in values.items():
        item = items.add()
        item.key = key
        set_value(item.value, value)


def set_value(target: Any, value: Any) -> None:
    if isinstance(value, list):
        target.array_value.SetInParent()
        for element in value:
            set_value(target.array_value.values.add(), element)
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int):
        target.int_value = value
    elif isinstance(value, float):
        target.double_value = value
    else:
        target.string_value = value


def request_of(spans: list[Span]) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    for span in spans:
        resource_spans = request.resource_spans.add()
        add_attributes(resource_spans.resource.attributes, span["resource"])
        message = resource_spans.scope_spans.add().spans.add(
            trace_id=span["trace"].to_bytes(16, "big"),
            span_id=span["number"].to_bytes(8, "big"),
            parent_span_id=span["parent"].to_bytes(8, "big") if span["parent"] else b"",
            name=span["name"],
            kind=KINDS.index(span["kind"]),
            start_time_unix_nano=span["start"],
            end_time_unix_nano=span["start"] + span["duration"],
        )
        message.status.code = STATUSES.index(span["status"])
        message.status.message = span["message"]
        add_attributes(message.attributes, span["attributes"])
    return request


# Queries: their text, and what they mean ---------------------------------------------------------

Test = Callable[[Span, list[Span]], bool]
Condition = tuple[str, Test]
Spanset = tuple[str, Callable[[list[Span], Test], list[Span]]]
"""Text, and a function of a trace's spans and of whether a span lies in the window."""


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + escaped.replace("\0", "\\x00") + '"'


def root_of(spans: list[Span]) -> Span | None:
    roots = [span for span in spans if span["parent"] is None]
    return min(roots, key=lambda span: span["start"]) if roots else None


def of_root(read: Callable[[Span], Any]) -> Callable[[Span, list[Span]], Any]:
    def value(_: Span, spans: list[Span]) -> Any:
        root = root_of(spans)
        return None if root is None else read(root)

    return value


def service(span: Span) -> str | None:
    name = span["resource"].get("service.name")
    return None if name is None else name.replace("\0", "\ufffd")


def lasted(_: Span, spans: list[Span]) -> int:
    ends = [span["start"] + span["duration"] for span in spans]
    return max(ends) - min(span["start"] for span in spans)


TEXT_FIELDS = {
    "name": lambda span, _: span["name"],
    "span:name": lambda span, _: span["name"],
    "statusMessage": lambda span, _: span["message"],
    "rootName": of_root(lambda span: span["name"]),
    "trace:rootService": of_root(service),
}
NUMBER_FIELDS = {"duration": lambda span, _: span["duration"], "traceDuration": lasted}


def attribute_field(scope: str, key: str) -> tuple[str, Callable[[Span, list[Span]], Any]]:
    def value(span: Span, _: list[Span]) -> Any:
        if scope == "resource":
            return span["resource"].get(key)
        own = span["attributes"].get(key)
        return span["resource"].get(key) if own is None and scope == "" else own

    return f"{scope}.{quoted(key)}", value


def same_type(value: Any, constant: Any) -> bool:
    if isinstance(value, bool) or isinstance(constant, bool):
        return isinstance(value, bool) and isinstance(constant, bool)
    return isinstance(value, str) == isinstance(constant, str)


def compares(value: Any, operator: str, constant: Any) -> bool:
    """What a comparison is for a value that is there."""
    if isinstance(value, list):
        positive = {"!=": "=", "!~": "=~"}.get(operator, operator)
        found = any(compares(element, positive, constant) for element in value)
        return found == (positive == operator)
    if value is None or not same_type(value, constant):
        return False
    if isinstance(value, str):
        value, constant = value.replace("\0", "\ufffd"), constant.replace("\0", "\ufffd")
    if operator == "=~":
        return re.fullmatch(constant, value) is not None
    if operator == "!~":
        return re.fullmatch(constant, value) is None
    return {
        "=": value == constant, "!=": value != constant, "<": value < constant,
        "<=": value <= constant, ">": value > constant, ">=": value >= constant,
    }[operator]  # fmt: skip


def shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return quoted(value) if isinstance(value, str) else str(value)


def comparison(field: tuple[str, Any], operator: str, constant: Any) -> Condition:
    text, read = field
    return (
        f"{text} {operator} {shown(constant)}",
        lambda span, spans: compares(read(span, spans), operator, constant),
    )


ORDERED = st.sampled_from(("=", "!=", "<", "<=", ">", ">="))
PATTERNS = st.sampled_from((".*", "a.*", "(a|b)+", "[^a]*", "x*", "a?", "%|'"))
ATTRIBUTE = st.builds(
    attribute_field, st.sampled_from(("span", "resource", "")), st.sampled_from(KEYS)
)
TEXT = st.one_of(ATTRIBUTE, st.sampled_from(sorted(TEXT_FIELDS.items())))
NUMBER = st.one_of(ATTRIBUTE, st.sampled_from(sorted(NUMBER_FIELDS.items())))
DURATIONS = st.sampled_from((("1s", 10**9), ("1500ns", 1500), ("1.5us", 1500), ("0s", 0)))


def presence(field: tuple[str, Any], operator: str) -> Condition:
    text, read = field
    return (
        f"{text} {operator} nil",
        lambda span, spans: (read(span, spans) is None) == (operator == "="),
    )


def keyword(name: str, operator: str, value: str) -> Condition:
    return (
        f"{name} {operator} {value}",
        lambda span, _: (span[name] == value) == (operator == "="),
    )


def long(field: tuple[str, Any], operator: str, duration: tuple[str, int]) -> Condition:
    _, meaning = comparison(field, operator, duration[1])
    return f"{field[0]} {operator} {duration[0]}", meaning


EQUALITY = st.sampled_from(("=", "!="))
LEAVES: st.SearchStrategy[Condition] = st.one_of(
    st.builds(comparison, TEXT, ORDERED, TEXTS),
    st.builds(comparison, TEXT, st.sampled_from(("=~", "!~")), PATTERNS),
    st.builds(comparison, NUMBER, ORDERED, NUMBERS),
    st.builds(comparison, ATTRIBUTE, EQUALITY, st.booleans()),
    st.builds(presence, ATTRIBUTE, EQUALITY),
    st.builds(keyword, st.just("status"), EQUALITY, st.sampled_from(STATUSES)),
    st.builds(keyword, st.just("kind"), EQUALITY, st.sampled_from(KINDS)),
    st.builds(long, st.sampled_from(sorted(NUMBER_FIELDS.items())), ORDERED, DURATIONS),
    st.just(("nestedSetParent < 0", lambda span, _: span["parent"] is None)),
    st.sampled_from((("true", lambda *_: True), ("false", lambda *_: False))),
)


def both(left: Condition, right: Condition) -> Condition:
    return (
        f"({left[0]}) && ({right[0]})",
        lambda span, spans: left[1](span, spans) and right[1](span, spans),
    )


def either(left: Condition, right: Condition) -> Condition:
    return (
        f"({left[0]}) || ({right[0]})",
        lambda span, spans: left[1](span, spans) or right[1](span, spans),
    )


def opposite(condition: Condition) -> Condition:
    return f"!({condition[0]})", lambda span, spans: not condition[1](span, spans)


CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(both, inner, inner), st.builds(either, inner, inner), st.builds(opposite, inner)
    ),
    max_leaves=5,
)


def filtered(condition: Condition) -> Spanset:
    def found(spans: list[Span], within: Test) -> list[Span]:
        return [s for s in spans if within(s, spans) and condition[1](s, spans)]

    return f"{{ {condition[0]} }}", found


def parents(span: Span, spans: list[Span]) -> list[Span]:
    return [other for other in spans if other["number"] == span["parent"]]


def ancestors(span: Span, spans: list[Span]) -> list[Span]:
    found: list[Span] = []
    waiting = parents(span, spans)
    while waiting:
        other = waiting.pop()
        if other not in found:
            found.append(other)
            waiting += parents(other, spans)
    return found


def combined(left: Spanset, operator: str, right: Spanset) -> Spanset:
    def found(spans: list[Span], within: Test) -> list[Span]:
        ours, theirs = left[1](spans, within), right[1](spans, within)
        if operator == "||" or (operator == "&&" and ours and theirs):
            return ours + [span for span in theirs if span not in ours]
        if operator == "&&":
            return []
        above = parents if operator == ">" else ancestors
        return [span for span in theirs if any(other in ours for other in above(span, spans))]

    return f"({left[0]}) {operator} ({right[0]})", found


def narrowed(source: Spanset, condition: Condition) -> Spanset:
    def found(spans: list[Span], within: Test) -> list[Span]:
        return [span for span in source[1](spans, within) if condition[1](span, spans)]

    return f"{source[0]} | {{ {condition[0]} }}", found


def counted(source: Spanset, operator: str, number: int) -> Spanset:
    def found(spans: list[Span], within: Test) -> list[Span]:
        matched = source[1](spans, within)
        return matched if compares(len(matched), operator, number) else []

    return f"{source[0]} | count() {operator} {number}", found


FIGURES: dict[str, Callable[[list[Any]], float]] = {
    "avg": lambda values: sum(values) / len(values), "sum": sum, "min": min, "max": max,
}  # fmt: skip


def aggregated(
    source: Spanset, function: str, field: tuple[str, Any], operator: str, constant: Any
) -> Spanset:
    def found(spans: list[Span], within: Test) -> list[Span]:
        matched = source[1](spans, within)
        values = [field[1](span, spans) for span in matched]
        numbers = [value for value in values if type(value) in (int, float)]
        if not numbers:
            return []
        return matched if compares(FIGURES[function](numbers), operator, constant) else []

    return f"{source[0]} | {function}({field[0]}) {operator} {constant}", found


def in_parentheses(source: Spanset) -> Spanset:
    return f"({source[0]})", source[1]


FILTERS = st.builds(filtered, CONDITIONS)
SMALL = st.sampled_from((0, 1, 2, 0.25, 1000, 10**9, 1.5e9))
SPANSETS: st.SearchStrategy[Spanset] = st.recursive(
    FILTERS,
    lambda inner: st.one_of(
        st.builds(combined, inner, st.sampled_from(("&&", "||", ">", ">>")), inner),
        st.builds(in_parentheses, st.builds(counted, inner, ORDERED, st.integers(0, 4))),
        st.builds(in_parentheses, st.builds(narrowed, inner, CONDITIONS)),
    ),
    max_leaves=4,
)
QUERIES = st.one_of(
    SPANSETS,
    st.builds(counted, SPANSETS, ORDERED, st.integers(0, 4)),
    st.builds(
        aggregated, SPANSETS, st.sampled_from(sorted(FIGURES)),
        st.one_of(
            st.sampled_from(sorted(NUMBER_FIELDS.items())),
            st.builds(attribute_field, st.sampled_from(("span", "")), st.just(FIGURE)),
        ),
        ORDERED, st.one_of(SMALL, st.integers(-2, 0)),
    ),
)  # fmt: skip
TIMES = st.one_of(st.none(), st.integers(0, 25_000))
