"""The Incident board, which says what belongs to an incident: its questions and how they read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from backend.board_page import TimeRange, filled
from backend.documents import Documents

UID = "nautobs-incident"
_SEARCHES, _LINES = "table", "timeseries"
_NOT_ASKED = ("Recent runs",)
"""The results say more of them."""
_LABEL = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Query:
    """A query with the board's variables filled in."""

    text: str
    legend: str
    limit: int

    def name(self, labels: Mapping[str, str]) -> str:
        """What stands beside the line with these labels."""
        return _LABEL.sub(lambda found: labels.get(found[1], ""), self.legend).strip() or "value"


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel: PromQL over time, or a search of traces."""

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Questions:
    """What the board asks."""

    searches: tuple[Panel, ...]
    lines: tuple[Panel, ...]


def questions(documents: Documents, seconds: int, rate: str) -> Questions:
    """Of a range of so many seconds, with rates over `rate`. Raises NotFound without the board."""
    panels = orjson.loads(documents.board(UID))["panels"]
    shown = TimeRange(seconds, None)
    return Questions(
        searches=tuple(_panels(panels, _SEARCHES, "query", shown, rate)),
        lines=tuple(_panels(panels, _LINES, "expr", shown, rate)),
    )


def _panels(
    panels: list[dict[str, Any]], kind: str, member: str, shown: TimeRange, rate: str
) -> list[Panel]:
    """Those of that kind whose queries have that member."""
    found = []
    for panel in panels:
        asked = [target for target in panel.get("targets") or () if member in target]
        if panel["type"] != kind or not asked or panel["title"] in _NOT_ASKED:
            continue
        unit = panel.get("fieldConfig", {}).get("defaults", {}).get("unit", "none")
        queries = [
            Query(
                filled(target[member], {}, shown, rate), target.get("legendFormat", ""),
                int(target.get("limit", 20)),
            )
            for target in asked
        ]  # fmt: skip
        found.append(Panel(panel["title"], panel.get("description", ""), unit, tuple(queries)))
    return found
