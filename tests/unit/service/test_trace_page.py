"""Where the links of alerts to traces lead, as long as no console draws them."""

from __future__ import annotations

from backend.board_page import TimeRange
from backend.trace_page import body

HOUR = TimeRange(3600, None)
STORE = "http://127.0.0.1:3200"
SLOW = {
    "traceID": "abc", "rootServiceName": "api", "rootTraceName": "POST <run>",
    "startTimeUnixNano": "1700000000000000000", "durationMs": 18_900,
}  # fmt: skip
QUICK = {**SLOW, "traceID": "def", "startTimeUnixNano": "1700000060000000000", "durationMs": 7}


def test_each_trace_is_a_link_to_the_whole_of_it() -> None:
    """By its full id, of which searches leave out leading zeros; with name, start and duration."""
    html = body("{ }", [SLOW], HOUR, 50, STORE)
    assert f'href="/api/traces/{"abc":0>32}"' in html
    assert "api POST &lt;run&gt;" in html
    assert "2023-11-14 22:13:20" in html
    assert "18.90 s" in html


def test_the_newest_trace_comes_first_and_can_be_opened_in_a_terminal() -> None:
    """The command names the store, which may have a port of its own."""
    html = body("{ }", [SLOW, QUICK], HOUR, 50, STORE)
    assert html.index("7 ms") < html.index("18.90 s")
    assert f"TEMPO_URL={STORE} nautobs trace {'def':0>32}" in html


def test_a_query_is_shown_as_text() -> None:
    """It comes from the address."""
    assert "<script>" not in body("<script>", [], HOUR, 50, STORE)


def test_a_full_page_says_that_there_may_be_more() -> None:
    """The store was asked for so many."""
    assert "2 traces, and maybe more" in body("{ }", [SLOW, QUICK], HOUR, 2, STORE)
    assert "2 traces; the last 1h" in body("{ }", [SLOW, QUICK], HOUR, 3, STORE)
