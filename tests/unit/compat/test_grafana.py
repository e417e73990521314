"""What is asked is what Grafana would ask."""

from __future__ import annotations

import pytest

from tests.compat.grafana import Window, chosen, filled, label_values, value_of

ROUTE = {"name": "route", "multi": True, "includeAll": True, "allValue": ".*"}


@pytest.mark.parametrize(
    ("span", "scrape", "interval", "rate"),
    [
        (3600, 5, "5s", "20s"), (3600, 15, "15s", "60s"), (6 * 3600, 5, "20s", "25s"),
        (86400, 5, "60s", "65s"), (300, 5, "5s", "20s"),
    ],
)  # fmt: skip
def test_intervals_follow_range_and_scrapes(
    span: int, scrape: int, interval: str, rate: str
) -> None:
    """A step per pixel, none finer than scrapes; rates over four scrapes at least."""
    macros = Window(1e9, 1e9 + span, scrape).macros()
    assert (macros["__interval"], macros["__rate_interval"]) == (interval, rate)
    assert macros["__range"] == f"{span}s"


def test_range_queries_start_and_end_on_a_step() -> None:
    """Two looks at a board a second apart ask for the same moments."""
    assert Window(103, 3703, 5).aligned(5) == (100, 3700)


def test_variables_are_filled_in_every_way_of_writing_them() -> None:
    """Longer names win over their beginnings; what nobody defined stays."""
    expression = "$a ${a} ${a:regex} [[a]] $ab $none $__range"
    assert filled(expression, {"a": "1", "ab": "2", "__range": "3600s"}) == (
        "1 1 1 1 2 $none 3600s"
    )


def test_a_choice_of_several_becomes_a_regular_expression() -> None:
    """Escaped for the expression, and once more for the string it stands in."""
    assert value_of(ROUTE, "/api/{id}") == r"/api/\\{id\\}"
    assert value_of(ROUTE, "$__all") == ".*"


def test_a_choice_of_one_stays_text() -> None:
    """Quotes and backslashes are escaped for the string."""
    assert value_of({"name": "job"}, 'a"b\\c.d') == 'a\\"b\\\\c.d'


def test_a_board_opens_with_its_current_values() -> None:
    """Text, choice of one, and all."""
    variables = [
        {"name": "job", "current": {"value": "nautilus"}},
        {**ROUTE, "current": {"value": "$__all"}},
        {"name": "text", "current": {}},
    ]
    found = chosen({"templating": {"list": variables}})
    assert found == {"job": "nautilus", "route": ".*", "text": ""}


def test_label_values_name_series_and_label() -> None:
    """Commas in the selector do not end it."""
    assert label_values('label_values(up{a="1", b="2"}, job)') == ('up{a="1", b="2"}', "job")
