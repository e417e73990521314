"""What may be wrong with a panel: each rule of the house that a panel can break."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from alerts.objectives import objectives
from dashboards.dimensions import COUNT, UNITS, DimensionError, of_expression, of_metric
from nautilus_instrumentation.metrics import ALL
from promql.read import selectors

Json = Mapping[str, Any]

WITHOUT_DATA = {"row", "text"}
LEGENDLESS = {"table", "heatmap"}
"""Kinds that show labels as columns, or buckets."""

OBJECTIVES = {each.title: each for each in objectives().values()}
UNTRACED = {
    f'http_route="{route}"' for route in objectives()["health"].indicator.labels["http_route"]
}
"""Matchers for requests that make no spans, and so leave no exemplars."""
WITH_EXEMPLARS = {f"{spec.name}_bucket" for spec in ALL if spec.exemplars}

TRANSFORMATIONS = {
    "convertFieldType": {"conversions", "fields"},
    "filterFieldsByName": {"include"},
    "merge": set(),
    "organize": {"excludeByName", "indexByName", "renameByName"},
}
"""Transformation → its options; Grafana's own models take anything here."""


def panel_problems(panel: Json) -> Iterator[str]:
    """All that is wrong with `panel`, but for what needs the rest of the board."""
    if panel["type"] in WITHOUT_DATA:
        return
    checks: list[Callable[[Json], Iterator[str]]] = [onward, transformations, nulls]
    if panel["datasource"]["type"] == "prometheus":
        checks += [legends, bounds, thresholds, objective, exemplars, unit]
    for check in checks:
        for problem in check(panel):
            yield f"{panel['title'] or panel['type']}: {problem}"


def legends(panel: Json) -> Iterator[str]:
    """A legend says what its line is: it names what the lines are told apart by."""
    if panel["type"] in LEGENDLESS:
        return
    names = [target["legendFormat"] for target in panel["targets"]]
    if "" in names or len(set(names)) != len(names):
        yield f"legends are empty or the same: {names}"
    for target in panel["targets"]:
        for label in sorted(_groups(target["expr"])):
            if f"{{{{{label}}}}}" not in target["legendFormat"]:
                yield f"the legend does not name {label}, which tells the lines apart"


def _groups(expression: str) -> set[str]:
    try:
        found = selectors(expression)
    except ValueError:
        return set()  # which another rule names
    return {label for each in found for label in each.grouped_by} - {"le"}


def nulls(panel: Json) -> Iterator[str]:
    """No data is told from zero."""
    defaults = panel["fieldConfig"]["defaults"]
    if panel["type"] != "traces" and not defaults.get("noValue"):
        yield "does not say what it shows where there is no data"
    if panel["type"] == "timeseries" and defaults["custom"].get("spanNulls") is not False:
        yield "draws a line across gaps"


def bounds(panel: Json) -> Iterator[str]:
    """A chart says where it begins, so that a small change does not look like a large one."""
    defaults = panel["fieldConfig"]["defaults"]
    falls = any("delta(" in target["expr"] for target in panel["targets"])
    if panel["type"] == "timeseries" and "min" not in defaults and not falls:
        yield "has no minimum"
    if defaults.get("min", 0) >= defaults.get("max", float("inf")):
        yield "its minimum is not below its maximum"


def thresholds(panel: Json) -> Iterator[str]:
    """Steps rise from minus infinity; a chart that has some draws them."""
    defaults = panel["fieldConfig"]["defaults"]
    values = [step["value"] for step in defaults["thresholds"]["steps"]]
    if values[:1] != [None] or None in values[1:] or values[1:] != sorted(set(values[1:])):
        yield f"its thresholds do not rise from the bottom: {values}"
    if panel["type"] == "timeseries":
        drawn = defaults["custom"]["thresholdsStyle"]["mode"] != "off"
        if drawn != (len(values) > 1):
            yield "draws thresholds that it does not have, or hides those it has"


def objective(panel: Json) -> Iterator[str]:
    """A panel called after an objective shows its threshold, or the target of its share."""
    found = OBJECTIVES.get(panel["title"])
    if found is None:
        return
    values = {step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]}
    if not {found.threshold, float(found.target)} & values - {None}:
        yield f"does not show the objective's threshold: {values}"


def exemplars(panel: Json) -> Iterator[str]:
    """Charts of histograms show exemplars where the histogram has some, and only there."""
    for target in panel["targets"]:
        shaped = "histogram_quantile(" in target["expr"] or target["format"] == "heatmap"
        names = re.findall(r"\w+_bucket\b", target["expr"])
        traced = not any(matcher in target["expr"] for matcher in UNTRACED)
        expected = bool(
            shaped and traced and not target["instant"] and WITH_EXEMPLARS.intersection(names)
        )
        if target["exemplar"] != expected:
            yield f"exemplars of {target['refId']} are {'off' if expected else 'on'}"


def unit(panel: Json) -> Iterator[str]:
    """What the expression measures is what the unit says."""
    name = panel["fieldConfig"]["defaults"].get("unit", "")
    if name not in UNITS:
        yield f"{name!r} is no unit of ours"
        return
    for target in panel["targets"]:
        expression = target["expr"]
        try:
            measured = of_expression(expression)
        except DimensionError as error:
            yield str(error)
            continue
        if panel["type"] == "heatmap":  # whose unit is that of its buckets
            measured = of_metric(next(iter(re.findall(r"\w+_bucket\b", expression)), ""))
        if measured != UNITS[name]:
            yield f"{target['refId']} is shown as {name}, but measures {measured}"
        share = re.search(r"/|[_:]ratio(_|\b)|rate\(\w+_seconds_sum", expression)
        if measured == COUNT and name == "percentunit" and not share:
            yield f"{target['refId']} is shown as a share, but is none"


def onward(panel: Json) -> Iterator[str]:
    """Every value leads somewhere."""
    if panel["type"] != "traces" and not panel["fieldConfig"]["defaults"].get("links"):
        yield "has no link"


def transformations(panel: Json) -> Iterator[str]:
    """Known ones with known options."""
    for each in panel.get("transformations", ()):
        options = TRANSFORMATIONS.get(each["id"])
        if options is None or set(each["options"]) != options:
            yield f"transformation {each['id']} with {sorted(each['options'])} is none we know"
