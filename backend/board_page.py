"""A board as a plain page: what each panel asks, as links to Prometheus.

Alerts link to `/dashboards/<uid>`; where neither Grafana nor the console draws boards, this page
keeps the link's promise: the same queries, variables filled in, over the same time range.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any
from urllib.parse import urlencode

from backend.documents import BoardSummary

ALL = ".*"
"""What a variable matches that the address does not name."""
DEFAULTS = {"job": "nautilus"}
SCRAPES = "1m"
"""Range of a rate: a few scrapes, as Grafana would choose."""

LONGEST_MOMENT = 30
"""Characters of `from` and `to`."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::\w+)?\}|(\w+))")
_PLAIN = re.compile(r"[\w.:/ -]*")


@dataclass(frozen=True, slots=True)
class TimeRange:
    """Seconds up to `end` (Unix; None: now)."""

    seconds: int
    end: int | None

    @classmethod
    def of(cls, start: str, end: str, now: float) -> TimeRange:
        """From Grafana's `from` and `to`: `now-3h`, or Unix milliseconds. An hour where unclear."""
        first, last = _moment(start, now), _moment(end, now)
        if first is None or last is None or last <= first:
            return cls(3600, None)
        return cls(last - first, None if end == "now" else last)


def _moment(text: str, now: float) -> int | None:
    if found := re.fullmatch(r"now(?:-(\d{1,6})([smhd]))?", text):
        return int(now) - (int(found[1]) * _UNITS[found[2]] if found[1] else 0)
    # Fourteen digits reach the year 5138.
    return int(text) // 1000 if re.fullmatch(r"[0-9]{10,14}", text) else None


def body(
    board: Mapping[str, Any], given: Mapping[str, str], prometheus: str, shown: TimeRange
) -> str:
    """HTML of the board; `given` maps variables to values, `prometheus` is for people."""
    parts = [f"<h1>{escape(board['title'])}</h1>", f"<p>{escape(board.get('description', ''))}</p>"]
    parts.append(
        "<p>Nothing is drawn here: each link puts a panel's query to Prometheus, over "
        f"{range_text(shown)}{escape(_chosen(given))}.</p>"
    )
    for panel in board["panels"]:
        parts += _panel(panel, given, prometheus, shown)
    return "\n".join(parts)


def index(boards: Iterable[BoardSummary]) -> str:
    """HTML of all boards, each a link to its page."""
    found = (
        f'<li><a href="/dashboards/{board.uid}">{escape(board.title)}</a>: '
        f"{escape(board.description)}</li>"
        for board in boards
    )
    return "<h1>Dashboards</h1><ul>" + "\n".join(found) + "</ul>"


def _panel(
    panel: Mapping[str, Any], given: Mapping[str, str], prometheus: str, shown: TimeRange
) -> Iterator[str]:
    if panel["type"] == "row":
        yield f"<h2>{escape(panel['title'])}</h2>"
        return
    targets = panel.get("targets") or ()
    if not targets:
        return
    yield f"<h3>{escape(panel['title'])}</h3><p>{escape(panel.get('description', ''))}</p><ul>"
    for target in targets:
        if "expr" in target:
            expression = filled(target["expr"], given, shown)
            address = f"{prometheus}/graph?{_graph(expression, shown)}"
            name = _legend(target.get("legendFormat", "")) or panel["title"]
            yield f'<li><a href="{escape(address)}" rel="noreferrer">{escape(name)}</a></li>'
        else:
            query = filled(target.get("query", ""), given, shown)
            yield f"<li>traces: <code>{escape(query)}</code></li>"
    yield "</ul>"


def _legend(text: str) -> str:
    """What Grafana writes beside a line, with the names of labels where it writes their values."""
    labels = re.findall(r"\{\{\s*(\w+)\s*\}\}", text)
    if not labels:
        return text
    lead = text.split("{{", 1)[0].strip().removesuffix(" of")
    by = f"by {' and '.join(labels)}"
    return by if lead in ("", labels[0]) else f"{lead} {by}"


def filled(expression: str, given: Mapping[str, str], shown: TimeRange, rate: str = SCRAPES) -> str:
    """The expression with Grafana's variables replaced by values; `rate` is the range of rates.

    A value that is more than letters, digits and a few signs is taken for no value: it could change
    the query.
    """
    builtin = {
        "__rate_interval": rate, "__interval": rate, "__range": f"{shown.seconds}s",
    }  # fmt: skip

    def value(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        return builtin.get(name) or _usable(given.get(name, "")) or DEFAULTS.get(name, ALL)

    return _VARIABLE.sub(value, expression)


def _graph(expression: str, shown: TimeRange) -> str:
    query = {"g0.expr": expression, "g0.tab": "0", "g0.range_input": f"{shown.seconds}s"}
    if shown.end is not None:
        query["g0.end_input"] = f"{datetime.fromtimestamp(shown.end, UTC):%Y-%m-%d %H:%M:%S}"
    return urlencode(query)


def range_text(shown: TimeRange) -> str:
    """`the last 3h`, or so long up to a moment."""
    unit, size = max(
        ((unit, size) for unit, size in _UNITS.items() if shown.seconds % size == 0),
        key=lambda found: found[1],
    )
    uneven = unit == "s" and shown.seconds > 60
    length = str(timedelta(seconds=shown.seconds)) if uneven else f"{shown.seconds // size}{unit}"
    if shown.end is None:
        return f"the last {length}"
    return f"{length} up to {datetime.fromtimestamp(shown.end, UTC):%F %T} UTC"


def _chosen(given: Mapping[str, str]) -> str:
    """The variables that the queries are narrowed to."""
    usable = (f"{name} = {value}" for name, value in given.items() if _usable(value))
    return "".join(f", {each}" for each in usable)


def _usable(value: str) -> str:
    """The value, or nothing where it is more than letters, digits and a few signs."""
    return value if _PLAIN.fullmatch(value) else ""
