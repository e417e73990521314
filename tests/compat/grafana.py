"""What Grafana makes of an expression before it sends it: intervals, ranges, variables.

As in Grafana's pkg/promlib/models/query.go (intervals), pkg/promlib/intervalv2 (rounding) and
grafana-prometheus/src/escaping.ts (variables).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]

ALL = "$__all"
MAX_DATA_POINTS = 1000
"""About the pixels of a panel that is half a screen wide."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_ROUNDED = ((3.5, 2), (7.5, 5), (12.5, 10), (17.5, 15), (25, 20), (45, 30), (90, 60), (210, 120))
"""(below this many seconds, the interval that Grafana takes); longer ranges are not used here."""
_VARIABLE = re.compile(r"\$(\w+)|\$\{(\w+)(?::\w+)?\}|\[\[(\w+)\]\]")


@dataclass(frozen=True, slots=True)
class Window:
    """A time range, as Unix seconds, and the interval between scrapes that the datasource names."""

    start: float
    end: float
    scrape: int

    @property
    def step(self) -> int:
        """`$__interval` in seconds: as fine as the panel can draw, never finer than scrapes."""
        exact = (self.end - self.start) / MAX_DATA_POINTS
        rounded = next((size for below, size in _ROUNDED if exact < below), 300)
        return max(self.scrape, rounded if exact >= 1.5 else 1)

    def aligned(self, step: int) -> tuple[int, int]:
        """Start and end of a range query: multiples of its step."""
        return int(self.start // step * step), int(self.end // step * step)

    def macros(self, step: int | None = None) -> dict[str, str]:
        """Grafana's own variables; `step` where the query brings its own, as annotations do."""
        step = step or self.step
        rate = max(step + self.scrape, 4 * self.scrape)
        span = round(self.end - self.start)
        return {
            "__interval": f"{step}s", "__interval_ms": str(step * 1000),
            "__rate_interval": f"{rate}s", "__rate_interval_ms": str(rate * 1000),
            "__range": f"{span}s", "__range_s": str(span), "__range_ms": str(span * 1000),
        }  # fmt: skip


def seconds(duration: str) -> int:
    """Seconds of a duration such as `5s` or `1h`."""
    return int(duration[:-1]) * _UNITS[duration[-1]]


def span_of(board: Json) -> int:
    """Seconds that a board shows when it is opened."""
    found = re.fullmatch(r"now-(\w+)", board["time"]["from"])
    assert found
    assert board["time"]["to"] == "now"
    return seconds(found[1])


def chosen(board: Json) -> dict[str, str]:
    """Variable → what it stands for in expressions when the board is opened."""
    return {
        variable["name"]: value_of(variable, variable.get("current", {}).get("value", ""))
        for variable in board["templating"]["list"]
    }


def value_of(variable: Json, value: str) -> str:
    """What `value` of a variable becomes in an expression.

    Values of variables that allow several become regular expressions inside a PromQL string.
    """
    if value == ALL:
        return str(variable["allValue"])
    if variable.get("multi") or variable.get("includeAll"):
        quoted = value.replace("\\", "\\\\\\\\")
        return re.sub(r"[$^*{}\[\]'+?.()|]", r"\\\\\g<0>", quoted)
    return value.replace("\\", "\\\\").replace('"', '\\"')


def filled(expression: str, values: Mapping[str, str]) -> str:
    """`expression` with its variables; unknown ones stay, as in Grafana."""

    def value(found: re.Match[str]) -> str:
        return values.get(found[1] or found[2] or found[3], found[0])

    return _VARIABLE.sub(value, expression)


def label_values(query: str) -> tuple[str, str]:
    """(series, label) of a variable's query `label_values(series, label)`."""
    found = re.fullmatch(r"label_values\((.*),\s*(\w+)\)", query)
    assert found, query
    return found[1], found[2]
