"""What may be wrong with a board as a whole: each rule of the house that a board can break."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from alerts.objectives import SEVERITIES
from nautilus_instrumentation import metrics
from promql.read import selectors

Json = Mapping[str, Any]

CROSSHAIR = 1
"""Grafana's number for a crosshair that all charts of a board share."""
ALWAYS = ("datasource", "job", "instance")
"""Variables of every board, by which it fits every installation."""
BY_LABEL = {"strategy": "strategy", "window": "window"}
"""Label → the variable that a board offers as soon as one of its queries selects by the label."""


def board_problems(board: Json) -> Iterator[str]:
    """All that is wrong with `board`, but for its panels and for what needs other boards."""
    for check in (opening, crosshair, annotations, offered, used, menu):
        yield from check(board)


def opening(board: Json) -> Iterator[str]:
    """The first panel is a sentence on how to read the board, which its description repeats."""
    first = board["panels"][0]
    if first["type"] != "text" or not first["options"]["content"].strip().endswith("."):
        yield "does not open with a sentence on how to read it"
    elif not board["description"].startswith(first["options"]["content"]):
        yield "the description is not how to read it"


def crosshair(board: Json) -> Iterator[str]:
    """The same moment is marked on every chart."""
    if board["graphTooltip"] != CROSSHAIR:
        yield "its charts do not share a crosshair"


def annotations(board: Json) -> Iterator[str]:
    """Changes of versions and alerts for people are marked: firing ones, and not the Watchdog."""
    found = {each["name"]: each for each in board["annotations"]["list"] if each["enable"]}
    if set(found) != {"Version changes", "Alerts"}:
        yield f"annotations are {sorted(found)}"
        return
    if metrics.BUILD_INFO.name not in found["Version changes"]["expr"]:
        yield "version changes are not read from the build's info"
    for selector in selectors(found["Alerts"]["expr"]):
        wanted = {"alertstate": ("=", "firing"), "severity": ("=~", "|".join(SEVERITIES))}
        if {label: selector.matchers.get(label) for label in wanted} != wanted:
            yield "marks alerts that do not fire, or that are for nobody"
    for each in found.values():
        if not each["titleFormat"] or not each["textFormat"]:
            yield f"annotation {each['name']} says nothing"


def offered(board: Json) -> Iterator[str]:
    """The variables that every board has, and those for labels that queries select by."""
    names = _names(board)
    for name in ALWAYS:
        if name not in names:
            yield f"has no variable {name}"
    for label, name in BY_LABEL.items():
        if name not in names and f'{label}=~"$' in json.dumps(board["panels"]).replace("\\", ""):
            yield f"selects by {label}, but has no variable {name}"


def used(board: Json) -> Iterator[str]:
    """A variable that changes nothing would mislead."""
    texts = json.dumps(board)
    for name in sorted(_names(board)):
        if not re.search(rf"\$\{{?{name}\b", texts):
            yield f"the variable {name} changes nothing"
    kinds = [each["type"] for each in board["templating"]["list"]]
    if kinds[:1] != ["datasource"]:
        yield "the datasource is not the first variable, on which the others depend"


def menu(board: Json) -> Iterator[str]:
    """Every board leads to all others and takes variables and time along."""
    kept = [each for each in board["links"] if each["includeVars"] and each["keepTime"]]
    if [each["type"] for each in kept] != ["dashboards"]:
        yield "has no menu of the boards"


def _names(board: Json) -> set[str]:
    return {variable["name"] for variable in board["templating"]["list"]}
