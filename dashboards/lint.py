"""What may be wrong with a generated board, each problem as a sentence that says where."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from alerts.slo import recorded
from dashboards.house import COLUMNS, SCHEMA_VERSION, uid
from dashboards.lint_board import board_problems
from dashboards.lint_panels import panel_problems
from nautilus_instrumentation import attributes, metrics
from promql.check import unknown
from promql.read import Selector, selectors

Json = Mapping[str, Any]

OURS = {name for spec in metrics.HOST for name in spec.sample_names} | recorded().keys()

ATTRIBUTES = {value for name, value in vars(attributes).items() if name.isupper()} | {
    attributes.stage_seconds(stage) for stage in metrics.STAGES
}

MODERN = {
    "heatmap", "row", "stat", "state-timeline", "table", "text", "timeseries", "traces",
}  # fmt: skip
DATASOURCES = {"${datasource}": "prometheus", "${tempo}": "tempo"}
WITHOUT_UNIT = {"row", "text", "traces"}
WITHOUT_DATA = {"row", "text"}


def problems(board: Json, topics: Mapping[str, Json]) -> list[str]:
    """All that is wrong with `board`; `topics` holds every board by its uid, for links."""
    checks: tuple[Callable[[Json], Iterator[str]], ...] = (
        identity, layout, panels, expressions, trace_queries, variables, board_problems,
    )  # fmt: skip
    found = [problem for check in checks for problem in check(board)]
    found += [problem for panel in board["panels"] for problem in panel_problems(panel)]
    found += links(board, topics)
    return [f"{board['uid']}: {problem}" for problem in found]


def identity(board: Json) -> Iterator[str]:
    """Uid, schema version, unique ids, refIds."""
    if not board["uid"].startswith(uid("")) or board["schemaVersion"] != SCHEMA_VERSION:
        yield "uid or schema version is not the house's"
    if "do not edit" not in board["description"]:
        yield "the description does not say that the file is generated"
    ids = [panel["id"] for panel in board["panels"]]
    if len(set(ids)) != len(ids) or None in ids:
        yield f"panel ids are not unique: {ids}"
    for panel in board["panels"]:
        references = [target["refId"] for target in panel.get("targets", ())]
        if len(set(references)) != len(references) or "" in references:
            yield f"{panel['title']}: refIds are not unique: {references}"
    titles = [panel["title"] for panel in board["panels"] if panel["type"] != "row"]
    for title in sorted({title for title in titles if titles.count(title) > 1}):
        yield f"two panels are called {title!r}"


def layout(board: Json) -> Iterator[str]:
    """No panel lies over another or outside the grid."""
    for panel in board["panels"]:
        grid = panel["gridPos"]
        if grid["x"] < 0 or grid["w"] < 1 or grid["x"] + grid["w"] > COLUMNS:
            yield f"{panel['title']} is outside the grid"
    for one, other in combinations(board["panels"], 2):
        a, b = one["gridPos"], other["gridPos"]
        beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        above = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        if not (beside or above):
            yield f"{one['title']} and {other['title']} overlap"


def panels(board: Json) -> Iterator[str]:
    """Modern types, titles, descriptions, units, datasources by variable, links."""
    for panel in board["panels"]:
        where = panel["title"] or panel["type"]
        if panel["type"] not in MODERN:
            yield f"{where}: {panel['type']} is no panel of ours"
        if panel["type"] in WITHOUT_DATA:
            continue
        if not panel["title"] or not panel.get("description", "").endswith("."):
            yield f"{where}: title or description is missing"
        if panel["type"] not in WITHOUT_UNIT and not _unit(panel):
            yield f"{where}: has no unit"
        sources = [panel["datasource"], *(target["datasource"] for target in panel["targets"])]
        for source in sources:
            if DATASOURCES.get(source["uid"]) != source["type"]:
                yield f"{where}: datasource {source} is not one of the variables"


def _unit(panel: Json) -> bool:
    # A search shows fields of many units: each gets its own, or is a text.
    defaults = panel["fieldConfig"]["defaults"]
    return "unit" in defaults or panel["datasource"]["type"] == "tempo"


def expressions(board: Json) -> Iterator[str]:
    """Every metric and label exists; ours select our scrape job; legends name grouped labels."""
    for where, expression, legend in _expressions(board):
        try:
            found = selectors(expression)
        except ValueError as error:
            yield f"{where}: {error}"
            continue
        if not found:
            yield f"{where}: asks for nothing"
        for selector in found:
            yield from (f"{where}: {problem}" for problem in _selector(selector))
        grouped = frozenset().union(*(each.grouped_by for each in found))
        for label in re.findall(r"{{(\w+)}}", legend):
            if label not in grouped:
                yield f"{where}: the legend names {label}, which the query does not give"


def _expressions(board: Json) -> Iterator[tuple[str, str, str]]:
    """(where, expression, legend) of targets, annotations and variables."""
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            if "expr" in target:
                yield f"{panel['title']} {target['refId']}", target["expr"], target["legendFormat"]
    for annotation in board["annotations"]["list"]:
        yield f"annotation {annotation['name']}", annotation["expr"], ""
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield f"variable {variable['name']}", _label_values(variable["query"]["query"]), ""


def _label_values(query: str) -> str:
    """The series a variable looks at, grouped by the label it wants."""
    found = re.fullmatch(r"label_values\((.*), (\w+)\)", query)
    return f"sum by ({found[2]}) ({found[1]})" if found else query


def _selector(selector: Selector) -> Iterator[str]:
    yield from unknown(selector, recorded())
    # The variable that finds the job cannot select it.
    finds_job = "job" in selector.grouped_by and not selector.matchers
    ours = selector.name in OURS and not finds_job
    if ours and selector.matchers.get("job") != ("=", "$job"):
        yield f"{selector.name} does not select our scrape job"


def trace_queries(board: Json) -> Iterator[str]:
    """Every attribute in a TraceQL query is one of ours."""
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            if target.get("queryType") == "traceql":
                for key in re.findall(r"\bspan\.([\w.]+)", target["query"]):
                    if key not in ATTRIBUTES:
                        yield f"{panel['title']}: no span has the attribute {key}"


def variables(board: Json) -> Iterator[str]:
    """Every variable that is used is defined."""
    defined = _variables(board)
    texts = [
        text
        for panel in board["panels"]
        for target in panel.get("targets", ())
        for text in (target.get("expr", ""), target.get("query", ""), target["datasource"]["uid"])
    ]
    used = {name for text in texts for name in re.findall(r"\$\{?(\w+)", text)}
    for name in sorted(used - defined):
        if not name.startswith("__"):
            yield f"the variable {name} is not defined"


def links(board: Json, topics: Mapping[str, Json]) -> Iterator[str]:
    """Every link leads to a board of ours that takes the variables the link brings."""
    for panel in board["panels"]:
        for link in panel.get("fieldConfig", {}).get("defaults", {}).get("links", ()):
            url = urlsplit(link["url"])
            target = topics.get(url.path.removeprefix("/d/"))
            if target is None:
                yield f"{panel['title']}: the link {link['title']!r} leads nowhere"
                continue
            for name, _ in parse_qsl(url.query):
                if name.startswith("var-") and name[4:] not in _variables(target):
                    yield f"{panel['title']}: {target['uid']} has no variable {name[4:]}"


def _variables(board: Json) -> set[str]:
    return {variable["name"] for variable in board["templating"]["list"]}
