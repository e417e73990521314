"""Generated TraceQL over generated traces: SQL and a plain evaluator find the same spans."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.property.tracestore.generated import QUERIES, TIMES, Span, Spanset, request_of, traces
from tracestore.search import search
from tracestore.storage.insert import insert
from tracestore.storage.readers import add_functions
from tracestore.storage.rows import RowBuilder
from tracestore.storage.schema import connect
from tracestore.traceql.parser import parse
from tracestore.traceql.plan import Search, Window

thorough = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def answer(spans: list[Span], query: str, window: Window) -> dict[int, set[int]]:
    """Span numbers by trace, as the store finds them."""
    connection = connect(Path(":memory:"))
    try:
        add_functions(connection)
        connection.execute("BEGIN")
        insert(connection, RowBuilder(connection).build(request_of(spans)), 0)
        connection.execute("COMMIT")
        found = search(connection, Search(parse(query), window, 10_000, 10_000))
    finally:
        connection.close()
    return {
        int(trace["traceID"], 16): {int(span["spanID"], 16) for span in trace["spanSet"]["spans"]}
        for trace in found["traces"]
    }


def expected(spans: list[Span], query: Spanset, window: Window) -> dict[int, set[int]]:
    """The same, read off the spans one by one."""

    def within(span: Span, _: list[Span]) -> bool:
        if window.start is not None and span["start"] + span["duration"] < window.start:
            return False
        return window.end is None or span["start"] <= window.end

    result = {}
    for trace in {span["trace"] for span in spans}:
        matched = query[1]([span for span in spans if span["trace"] == trace], within)
        if matched:
            result[trace] = {span["number"] for span in matched}
    return result


@thorough
@given(traces(), QUERIES, st.builds(Window, TIMES, TIMES))
def test_the_store_and_a_plain_evaluator_find_the_same_spans(
    spans: list[Span], query: Spanset, window: Window
) -> None:
    """Whatever the query and the traces, SQL selects what the language says."""
    assert answer(spans, query[0], window) == expected(spans, query, window)


@thorough
@given(traces(), QUERIES)
def test_the_slowest_are_the_same_spans_in_another_order(spans: list[Span], query: Spanset) -> None:
    """Asking for the slowest changes the order, not what matches."""
    slowest = f"{query[0]} with (slowest=true)"
    assert answer(spans, slowest, Window()) == expected(spans, query, Window())
