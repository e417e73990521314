"""Reading back what an expression refers to."""

from __future__ import annotations

import pytest

from promql.read import Selector, selectors


def names(expression: str) -> list[str]:
    return [selector.name for selector in selectors(expression)]


def test_functions_words_labels_and_numbers_are_no_metrics() -> None:
    """Only selectors are."""
    text = "1 - (sum by (a) (rate(x_total[5m])) or vector(0)) / (sum(y) > bool 1e3) unless z"
    assert names(text) == ["x_total", "y", "z"]


def test_braces_and_brackets_in_strings_are_text() -> None:
    """A route with a parameter does not end its selector."""
    (found,) = selectors('x{route="/a/{id})", code=~"5.."}')
    assert found == Selector("x", {"route": ("=", "/a/{id})"), "code": ("=~", "5..")}, frozenset())


def test_a_selector_knows_what_it_is_grouped_by() -> None:
    """Of all aggregations around it, and of no other."""
    first, second = selectors("max by (a) (sum by (a, b) (x)) + sum by (c) (y)")
    assert (first.grouped_by, second.grouped_by) == ({"a", "b"}, {"c"})


def test_a_variable_as_offset_is_no_metric() -> None:
    """Grafana fills it in."""
    assert names("x offset $__interval") == ["x"]


@pytest.mark.parametrize("expression", ["sum(x", "sum(x))"])
def test_brackets_that_do_not_match_are_an_error(expression: str) -> None:
    """The expression would not parse in Prometheus either."""
    with pytest.raises(ValueError, match=r"too many: sum"):
        selectors(expression)
