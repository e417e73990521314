"""A board as a plain page, where nothing draws it."""

from __future__ import annotations

import json
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.board_page import TimeRange, body, filled, index, range_text
from backend.documents import BOARDS, BoardSummary, document

NOW = 1_700_000_000.0
HOUR = TimeRange(3600, None)
PROMETHEUS = "http://127.0.0.1:9090"

BOARD = {
    "title": "A <b>board</b>",
    "description": "How to read it.",
    "panels": [
        {"type": "text", "title": "", "description": ""},
        {"type": "row", "title": "First"},
        {
            "type": "timeseries", "title": "Rate", "description": "Runs & more.",
            "targets": [{
                "expr": 'sum(rate(x{job="$job", slot=~"${slot:regex}"}[$__rate_interval]))',
                "legendFormat": "{{slot}}",
            }],
        },
        {"type": "table", "title": "Traces", "targets": [{"query": '{ span.a = "$run_id" }'}]},
    ],
}  # fmt: skip


def links(html: str) -> list[dict[str, list[str]]]:
    """Parameters of every link."""
    found = [unescape(part.split('"')[0]) for part in html.split('<a href="')[1:]]
    assert all(address.startswith(f"{PROMETHEUS}/graph?") for address in found)
    return [parse_qs(urlsplit(address).query) for address in found]


def test_each_query_is_a_link_with_the_variables_of_the_address() -> None:
    """Over the time range of the address."""
    (link,) = links(body(BOARD, {"job": "mine", "slot": "1"}, PROMETHEUS, TimeRange(600, None)))
    assert link == {
        "g0.expr": ['sum(rate(x{job="mine", slot=~"1"}[1m]))'],
        "g0.tab": ["0"],
        "g0.range_input": ["600s"],
    }


def test_a_variable_that_the_address_does_not_name_matches_everything() -> None:
    """But for the scrape job, which has a name."""
    assert filled('x{job="$job", slot=~"$slot"}', {}, HOUR) == 'x{job="nautilus", slot=~".*"}'


def test_trace_queries_are_shown() -> None:
    """To be put to nautobs."""
    html = body(BOARD, {"run_id": "run-1"}, PROMETHEUS, HOUR)
    assert '<code>{ span.a = "run-1" }</code>' in unescape(html).replace("&quot;", '"')


def test_nothing_from_a_board_or_the_address_becomes_html() -> None:
    """It is shown as text."""
    html = body(BOARD, {"job": "<script>"}, PROMETHEUS, HOUR)
    assert "<b>board</b>" not in html
    assert "<script>" not in html
    assert "Runs &amp; more." in html


@given(st.text(max_size=30))
def test_a_value_cannot_change_the_query_around_it(value: str) -> None:
    """What could end the string it stands in is not filled in."""
    text = filled('x{job="$job"}', {"job": value}, HOUR)
    assert text.startswith('x{job="')
    assert text.endswith('"}')
    assert not set(text[len('x{job="') : -len('"}')]) & set('"\\{}')


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("now-3h", "now", TimeRange(10_800, None)),
        ("now-2h", "now-1h", TimeRange(3600, int(NOW) - 3600)),
        ("1699990000000", "1699993600000", TimeRange(3600, 1_699_993_600)),
        ("1699990000000", "now", TimeRange(10_000, None)),
        ("now", "now-1h", HOUR),
        ("nonsense", "now", HOUR),
        ("now-9999999h", "now", HOUR),
    ],
)
def test_time_ranges_are_grafanas(start: str, end: str, expected: TimeRange) -> None:
    """What makes no sense is the last hour."""
    assert TimeRange.of(start, end, NOW) == expected


def test_a_range_in_the_past_ends_there() -> None:
    """In the form of Prometheus' own page."""
    (link,) = links(body(BOARD, {}, PROMETHEUS, TimeRange(60, 1_699_993_600)))
    assert link["g0.end_input"] == ["2023-11-14 20:26:40"]


@pytest.mark.parametrize("path", sorted(BOARDS.glob("*.json")), ids=lambda path: path.stem)
def test_every_board_becomes_a_page_without_variables_left(path: Path) -> None:
    """Every expression of every panel is filled in."""
    board = json.loads(path.read_text())
    html = document("x", body(board, {}, PROMETHEUS, HOUR))
    asked = sum("expr" in t for panel in board["panels"] for t in panel.get("targets", ()))
    found = links(html)
    assert len(found) == asked
    assert not any("$" in link["g0.expr"][0] for link in found)
    assert "{{" not in html


def test_a_link_is_named_by_the_labels_that_tell_lines_apart() -> None:
    """There are no values of labels before Prometheus was asked."""
    targets = [
        {"expr": "x", "legendFormat": f"{lead}{{{{a}}}} {{{{b}}}}"} for lead in ("95 % ", "")
    ]
    panel = {"type": "timeseries", "title": "Rate", "targets": targets}
    html = body({"title": "", "panels": [panel]}, {}, PROMETHEUS, HOUR)
    assert ">95 % by a and b</a>" in html
    assert ">by a and b</a>" in html


def test_a_page_says_what_its_links_do_and_what_they_are_narrowed_to() -> None:
    """The boards' own texts speak of colours that are not there; a value not used is not named."""
    html = body(BOARD, {"slot": "1", "job": '"}'}, PROMETHEUS, HOUR)
    assert "Nothing is drawn here" in html
    assert "over the last 1h, slot = 1." in html


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (TimeRange(10_800, None), "the last 3h"),
        (TimeRange(4523, None), "the last 1:15:23"),
        (TimeRange(60, 1_699_993_600), "1m up to 2023-11-14 20:26:40 UTC"),
    ],
)
def test_a_range_is_said_in_its_largest_unit(shown: TimeRange, expected: str) -> None:
    """Nobody counts seconds at night."""
    assert range_text(shown) == expected


def test_all_boards_are_listed_with_what_they_are_for() -> None:
    """As links to their pages, with texts shown as text."""
    board = BoardSummary(uid="nautobs-api", title="<API>", description="Rate & errors", tags=[])
    html = index([board])
    assert '<a href="/dashboards/nautobs-api">&lt;API&gt;</a>' in html
    assert "Rate &amp; errors" in html
