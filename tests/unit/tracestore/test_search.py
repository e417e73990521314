"""Searches over the store: order, bounds, time ranges, and queries that would never end."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from tracestore.storage.readers import Readers, TimedOut
from tracestore.traceql.plan import Window
from tracestore.traceql.regex import matches

SECOND = 10**9


def test_the_latest_traces_come_first(store: Any, request_of: Any, now: int) -> None:
    """Where there are more than asked for, those that ended last are shown."""
    for number in (3, 1, 4, 2):
        store.write(request_of({"name": f"{number}", "end": now + number * SECOND}))
    assert store.names("{}", traces=2) == ["4", "3"]


def test_the_slowest_come_first_when_they_are_asked_for(
    store: Any, request_of: Any, now: int
) -> None:
    """Traces in the order of their slowest matching span, their spans slowest first."""
    spans = [
        {"name": f"{trace}/{place}", "trace_id": bytes([trace] * 16),
         "duration": trace * 100 + place, "end": now - trace}
        for trace in range(1, 100) for place in range(3)
    ]  # fmt: skip
    store.write(request_of(*spans))
    assert store.names("{} with (slowest=true)", traces=2, spans=2) == [
        "99/2", "99/1", "98/2", "98/1",
    ]  # fmt: skip
    assert store.names('{ name =~ "5/.*" } with (slowest=true)') == ["5/2", "5/1", "5/0"]


def test_the_slowest_are_found_when_few_traces_hold_all_slow_spans(
    store: Any, request_of: Any
) -> None:
    """A trace with thousands of slow spans does not crowd out the others."""
    crowd = [{"trace_id": b"c" * 16, "duration": 10_000 + place} for place in range(3000)]
    store.write(request_of(*crowd))
    for number in range(30):
        store.write(request_of({"name": f"{number}", "duration": 1000 - number}))
    names = store.names("{} with (slowest=true)", traces=20, spans=1)
    assert names == ["span", *(f"{number}" for number in range(19))]


def test_found_traces_say_how_many_spans_each_service_has(store: Any, request_of: Any) -> None:
    """Of the whole trace, whatever matched; failed ones are counted beside, as Tempo does."""
    store.write(
        request_of(
            {"name": "found", "trace_id": b"t" * 16},
            {"trace_id": b"t" * 16, "status": 2}, {"trace_id": b"u" * 16, "name": "other"},
        )
    )  # fmt: skip
    (found,) = store.search('{ name = "found" }')
    assert list(found["serviceStats"].values()) == [{"spanCount": 2, "errorCount": 1}]
    (other,) = store.search('{ name = "other" }')
    assert list(other["serviceStats"].values()) == [{"spanCount": 1}]


def test_a_range_holds_what_was_under_way_in_it(store: Any, request_of: Any, now: int) -> None:
    """A long run that began before the range, and one that ends after it, belong to it."""
    for name, start, end in (
        ("before", -100, -50), ("into", -100, 5), ("inside", 2, 3), ("around", -100, 100),
        ("out of", 8, 100), ("after", 11, 20),
    ):  # fmt: skip
        store.write(
            request_of({"name": name, "start": now + start * SECOND, "end": now + end * SECOND})
        )
    within = Window(now, now + 10 * SECOND)
    assert sorted(store.names("{}", window=within)) == ["around", "inside", "into", "out of"]
    assert sorted(store.names("{} | count() > 0", window=within)) == [
        "around", "inside", "into", "out of",
    ]  # fmt: skip


def test_a_string_is_found_in_the_few_blocks_that_have_it(store: Any, request_of: Any) -> None:
    """One run among thousands of spans, by an attribute of its own."""
    for number in range(8):
        spans = [{"attributes": {"run_id": f"{number}-{place}"}} for place in range(700)]
        store.write(request_of(*spans))
    for wanted in ("0-0", "3-411", "7-699"):
        assert len(store.search(f'{{ span.run_id = "{wanted}" }}')) == 1
        assert len(store.search(f'{{ .run_id = "{wanted}" && duration > 0s }}')) == 1
    assert store.search('{ span.run_id = "8-0" }') == []


@pytest.mark.parametrize("value", ["x" * 256, "x" * 257, "x" * 5000, "a\0b", "", "é\U0001f600"])
def test_a_string_is_found_whatever_it_is(store: Any, request_of: Any, value: str) -> None:
    """Strings that the index leaves out are found too."""
    store.write(request_of({"attributes": {"k": value, "list": [value, "other"]}}))
    quoted = value.replace("\0", "\\x00")
    assert len(store.search(f'{{ span.k = "{quoted}" }}')) == 1
    assert len(store.search(f'{{ span.list = "{quoted}" }}')) == 1


def test_an_attribute_of_the_span_hides_its_resources(store: Any, request_of: Any) -> None:
    """Without a scope, the span's own value counts."""
    store.write(request_of({"name": "own", "attributes": {"k": "own"}}, resource={"k": "shared"}))
    store.write(request_of({"name": "none"}, resource={"k": "shared"}))
    assert store.names('{ .k = "own" }') == ["own"]
    assert store.names('{ .k = "shared" }') == ["none"]
    assert sorted(store.names('{ resource.k = "shared" }')) == ["none", "own"]


def test_what_is_missing_is_neither_equal_nor_different(store: Any, request_of: Any) -> None:
    """A comparison with something that is not there does not hold; its opposite does."""
    store.write(request_of({"name": "orphan", "parent_id": b"p" * 8}))
    for condition in (
        'rootName = "x"', 'rootName != "x"', 'rootName !~ "x"', 'span.k != "x"', "span.k > 1",
    ):  # fmt: skip
        assert store.names(f"{{ {condition} }}") == []
        assert store.names(f"{{ !({condition}) }}") == ["orphan"]


def test_a_query_is_cut_off_in_time_and_the_next_one_works(store: Any, request_of: Any) -> None:
    """A connection that was interrupted is good for the next query."""
    store.write(request_of({}))
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"

    async def ask() -> int:
        readers = Readers(store.writer.path, 0.05)
        try:
            with pytest.raises(TimedOut, match=r"0\.05 s"):
                await readers.run(lambda connection: connection.execute(endless).fetchone())
            return await readers.run(
                lambda connection: connection.execute("SELECT count(*) FROM spans").fetchone()[0]
            )
        finally:
            readers.close()

    assert asyncio.run(ask()) == 1


def test_a_regular_expression_takes_time_in_proportion_to_the_text() -> None:
    """What makes backtracking engines run for years is answered at once."""
    begun = time.monotonic()
    assert matches("(a|a)*(a|a)*(a|a)*b", "a" * 5000) is False
    assert time.monotonic() - begun < 60


def test_a_regular_expression_matches_whole_texts_only() -> None:
    """Anchored at both ends, as in Tempo; what is no text neither matches nor fails to."""
    assert matches("a.c", "abc") is True
    assert matches("a.c", "abcd") is False
    assert matches("a", None) is None
    assert matches(".*", "x" * 1000) is True
