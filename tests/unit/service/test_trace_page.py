"""Where the links of alerts to traces lead, as long as no console draws them."""

from __future__ import annotations

from backend.board_page import TimeRange
from backend.trace_page import body

HOUR = TimeRange(3600, None)
STORE = "http://127.0.0.1:3200"
NOW = 1_700_000_000


def test_the_link_asks_the_api_over_the_time_of_the_address() -> None:
    """Seconds; up to now where the address names no end."""
    html = body("{ duration > 1s }", HOUR, NOW, STORE)
    query = "q=%7B+duration+%3E+1s+%7D"
    assert f"/api/traces/search?{query}&amp;start=1699996400&amp;end=1700000000" in html
    assert "start=1699990000&amp;end=1699993600" in body(
        "{ }", TimeRange(3600, 1_699_993_600), NOW, STORE
    )


def test_the_command_asks_the_store_since_the_begin_of_that_time() -> None:
    """The store may have a port of its own; what is not a whole minute is rounded up."""
    html = body("{ status = error }", TimeRange(30, NOW - 61), NOW, STORE)
    assert f"nautobs traces &#x27;{{ status = error }}&#x27; --since 2m --url {STORE}" in html


def test_a_query_is_shown_as_text() -> None:
    """It comes from the address."""
    assert "<script>" not in body("<script>", HOUR, NOW, STORE)
