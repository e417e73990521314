"""Reading back what an expression refers to."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dashboards.promql import Selector, selectors
from stack.provision import PROMTOOL, find

TOOLS = Path(__file__).resolve().parents[3] / "var" / "tools"


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


def test_prometheus_parses_every_expression(
    boards: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    """promtool takes each panel's and annotation's expression as a rule."""
    promtool = find(PROMTOOL, TOOLS)
    if promtool is None:
        pytest.skip("no promtool")
    expressions = {
        asked["expr"]
        for board in boards.values()
        for asked in [
            *board["annotations"]["list"],
            *(target for panel in board["panels"] for target in panel.get("targets", ())),
        ]
        if "expr" in asked
    }
    rules = [
        {"record": f"parsed:{i}", "expr": re.sub(r"\$__(rate_interval|range|interval)", "5m", each)}
        for i, each in enumerate(sorted(expressions))
    ]
    path = tmp_path / "rules.yml"
    path.write_text(json.dumps({"groups": [{"name": "boards", "rules": rules}]}))
    check = subprocess.run(
        [promtool.path, "check", "rules", path], capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stderr
    assert f"{len(rules)} rules found" in check.stdout
