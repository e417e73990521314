"""The tree, the critical path and the parsing of a trace."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from nautilus_instrumentation import attributes
from tracestore.terminal.trace import Span, Trace, parse_trace

FIXTURES = Path(__file__).parents[2] / "fixtures" / "traces"


def span(span_id: str, parent_id: str, start: int, end: int) -> Span:
    return Span(span_id, parent_id, span_id, "test", start, end)


def test_a_waterfall_lists_children_under_their_parent_in_order_of_start() -> None:
    """Walking goes depth first, earliest child first."""
    trace = Trace("t", (span("c", "a", 5, 9), span("b", "a", 1, 4), span("a", "", 0, 10)))
    assert [(depth, found.span_id) for depth, found in trace.walk()] == [
        (0, "a"),
        (1, "b"),
        (1, "c"),
    ]


def test_a_span_without_its_parent_is_a_root() -> None:
    """A trace that arrived in part is still drawn."""
    trace = Trace("t", (span("b", "lost", 1, 2), span("a", "", 0, 1)))
    assert [found.span_id for found in trace.roots] == ["a", "b"]


def test_a_span_that_names_itself_as_parent_is_a_root() -> None:
    """A broken trace does not make the walk endless."""
    assert [found.span_id for found in Trace("t", (span("a", "a", 0, 1),)).roots] == ["a"]


def test_the_critical_path_takes_the_child_that_ended_last_at_each_moment() -> None:
    """A short child that ran beside a longer one is not what the parent waited for."""
    trace = Trace(
        "t",
        (
            span("root", "", 0, 100),
            span("first", "root", 0, 40),
            span("beside", "root", 10, 60),
            span("last", "root", 60, 100),
            span("inner", "last", 70, 95),
        ),
    )
    assert trace.critical_path() == {"root": 10, "beside": 50, "last": 15, "inner": 25}


def test_spans_that_sum_up_calls_take_their_calls_time_from_the_parent() -> None:
    """They lie beside each other from the first to the last call: none hides the others."""

    def rest(span_id: str, end: int, busy: float) -> Span:
        values = {attributes.CALLS: 5, attributes.BUSY_SECONDS: busy / 1e9}
        return replace(span(span_id, "root", 20, end), attributes=values)

    spans = (span("root", "", 0, 100), rest("load", 95, 10), rest("run", 96, 60))
    persist = span("persist", "root", 97, 100)
    trace = Trace("t", (*spans, persist))
    assert trace.critical_path() == {"root": 27, "load": 10, "run": 60, "persist": 3}
    assert [trace.spans[2].busy_ns, persist.busy_ns] == [60, 3]


def test_the_critical_path_follows_a_child_that_outlived_its_parent() -> None:
    """A request that answered at once and left a job behind leads to the job."""
    trace = Trace(
        "t",
        (span("request", "", 0, 5), span("queue", "request", 1, 20), span("run", "queue", 20, 90)),
    )
    assert trace.critical_path() == {"request": 1, "queue": 19, "run": 70}


def test_ids_in_base64_and_in_hex_are_the_same_ids() -> None:
    """Tempo writes ids in base64, OTLP/JSON in hex."""
    plain = {"spanId": "0102030405060708", "name": "x", "startTimeUnixNano": "1"}
    encoded = {**plain, "spanId": "AQIDBAUGBwg="}
    parsed = [
        parse_trace({"resourceSpans": [{"scopeSpans": [{"spans": [raw]}]}]})[0].span_id
        for raw in (plain, encoded)
    ]
    assert parsed == ["0102030405060708"] * 2


def test_a_span_names_its_process() -> None:
    """A service of many processes tells which one, where it says so."""

    def process(**values: str) -> str:
        pairs = [{"key": key, "value": {"stringValue": value}} for key, value in values.items()]
        scopes = [{"spans": [{"spanId": "0102030405060708"}]}]
        resource = {"resource": {"attributes": pairs}, "scopeSpans": scopes}
        return parse_trace({"resourceSpans": [resource]})[0].process

    role, slot = attributes.ROLE, attributes.SLOT
    assert process(**{"service.name": "shop"}) == "shop"
    assert process(**{"service.name": "x", role: "api", slot: "0"}) == "x api"
    assert process(**{"service.name": "x", role: "worker", slot: "1"}) == "x worker 1"


def test_attributes_keep_their_types() -> None:
    """Integers, which JSON carries as strings, come back as integers."""
    raw = {
        "spanId": "0102030405060708",
        "status": {"code": 2, "message": "no such strategy"},
        "attributes": [
            {"key": "n", "value": {"intValue": "7"}},
            {"key": "ok", "value": {"boolValue": False}},
            {"key": "s", "value": {"stringValue": "x"}},
        ],
    }
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "api"}}]}
    parsed = parse_trace({"batches": [{"resource": resource, "scopeSpans": [{"spans": [raw]}]}]})[0]
    assert parsed.attributes == {"n": 7, "ok": False, "s": "x"}
    assert (parsed.service, parsed.failed, parsed.message) == ("api", True, "no such strategy")


@pytest.mark.parametrize("name", sorted(path.stem for path in FIXTURES.glob("*.json")))
def test_the_console_and_the_terminal_draw_the_same_tree(name: str) -> None:
    """The traces in tests/fixtures, which the console's tests read too."""
    fixture = json.loads((FIXTURES / f"{name}.json").read_text())
    answer = fixture["answer"]
    trace = Trace(name, tuple(parse_trace(answer.get("trace") or answer)))
    assert [[depth, span.span_id] for depth, span in trace.walk()] == fixture["order"]
    assert trace.critical_path() == fixture["critical_path"]


def test_parents_in_a_circle_hide_no_span() -> None:
    """The first of them is a root."""
    trace = Trace("t", (span("a", "c", 2, 9), span("b", "a", 3, 8), span("c", "b", 1, 7)))
    assert [(depth, found.span_id) for depth, found in trace.walk()] == [
        (0, "c"), (1, "a"), (2, "b"),
    ]  # fmt: skip
