"""What is wrong with a Grafana, in sentences that name it: datasources, boards, queries, links."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from tests.compat import answers, asked, grafana
from tests.compat.excuses import excused
from tests.compat.grafana_api import Grafana, columns_of, error_of, has_data, is_exemplars
from tests.compat.platform import Refused

Json = dict[str, Any]

SOURCES = asked.ROOT / "deploy" / "grafana" / "provisioning" / "datasources" / "stack.yml"

ADDED = {"id", "uid", "version"}
"""What Grafana keeps beside a board; it writes them into the answer (pkg/api/dashboard.go)."""
FRONTEND_ONLY = {"alertmanager": "api/v2/status"}
"""Types without a health check of their own (grafana/grafana issue 83794), and what they answer."""


def provisioned() -> list[Json]:
    """The datasources of the file, as Grafana reads them: `$$` is a dollar sign."""
    text = SOURCES.read_text().replace("$$", "$")
    found: list[Json] = yaml.safe_load(text)["datasources"]
    return found


# Datasources -------------------------------------------------------------------------------------


def wrong_datasources(subject: Grafana) -> list[str]:
    """Datasources that are missing, not as the file says, or can be edited. Raises Refused."""
    there = subject.datasources()
    return [problem for each in provisioned() for problem in _wrong(each, there.get(each["uid"]))]


def _wrong(wanted: Json, found: Json | None) -> Iterator[str]:
    where = f"datasource {wanted['uid']}"
    if found is None:
        yield f"{where}: is not there"
        return
    for key in sorted(set(wanted) - {"editable"}):
        # Grafana adds settings of its own to jsonData.
        mine, other = wanted[key], found.get(key)
        if key == "jsonData":
            other = {name: value for name, value in (other or {}).items() if name in mine}
        yield from (f"{where}: {each}" for each in differences(mine, other, key))
    if not found.get("readOnly"):
        yield f"{where}: can be edited"


def unhealthy(subject: Grafana) -> list[str]:
    """Datasources that cannot reach what they are about."""
    return [problem for each in provisioned() if (problem := _sick(subject, each))]


def _sick(subject: Grafana, source: Json) -> str:
    where = f"datasource {source['uid']}"
    try:
        if source["type"] in FRONTEND_ONLY:
            subject.platform.alertmanager("status")
            return ""
        health = subject.health(source["uid"])
    except Refused as error:
        return f"{where}: {error}"
    return "" if health["status"] == "OK" else f"{where}: {health['status']} {health['message']}"


# Boards ------------------------------------------------------------------------------------------


def changed(subject: Grafana, board: asked.Json) -> list[str]:
    """Where Grafana's board is not the generated one, or could be saved. Raises Refused."""
    found = subject.board(board["uid"])
    mine, other = (
        {key: value for key, value in each.items() if key not in ADDED}
        for each in (board, found["dashboard"])
    )
    problems = [f"{board['uid']}: {each}" for each in differences(mine, other)]
    # Set where the provider's allowUiUpdates is off: then nobody can save it. meta.canSave is
    # something else, a permission of the one who asks.
    if not found["meta"].get("provisioned"):
        problems.append(f"{board['uid']}: is not provisioned, people can save it")
    return problems


def differences(mine: Any, other: Any, path: str = "") -> Iterator[str]:
    """Places where `other` is not `mine`."""
    if isinstance(mine, dict) and isinstance(other, dict):
        for key in sorted({*mine, *other}):
            place = f"{path}.{key}" if path else key
            if key not in other or key not in mine:
                yield f"{place} is {'not there' if key not in other else 'not ours'}"
            else:
                yield from differences(mine[key], other[key], place)
    elif isinstance(mine, list) and isinstance(other, list) and len(mine) == len(other):
        for number, (one, two) in enumerate(zip(mine, other, strict=True)):
            yield from differences(one, two, f"{path}[{number}]")
    elif mine != other:
        yield f"{path} is {_short(other)}, not {_short(mine)}"


def _short(value: Any) -> str:
    if isinstance(value, list):
        return f"a list of {len(value)}"
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:120]}…"


# Queries -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reply:
    """What Grafana's query API gave for one query of a panel."""

    where: str
    expr: str
    problem: str
    """Empty, where it was answered."""
    has_data: bool
    traces: tuple[str, ...] = ()
    """Trace ids of its exemplars, newest first."""

    @property
    def told(self) -> str:
        return f"{self.where}: {self.problem or 'no data'}\n  {self.expr}"

    @property
    def is_good(self) -> bool:
        return not self.problem and (self.has_data or excused(self.where) is not None)


def replies(subject: Grafana, board: asked.Json) -> list[Reply]:
    """Replies to all that a board asks of Prometheus when it is opened. Raises Refused.

    A panel's queries go together, with variables filled in; intervals and ranges are left to
    Grafana, whose browser code leaves them to the server too.
    """
    values, window = grafana.chosen(board), subject.platform.window(grafana.span_of(board))
    found = []
    for panel in board["panels"]:
        queries = [_filled(each, values) for each in panel.get("targets", ()) if "expr" in each]
        results = subject.query(queries, window) if queries else {}
        for query in queries:
            where = f"{board['uid']}: {panel['title']} {query['refId']}"
            found.append(_reply(where, query["expr"], results.get(query["refId"], {})))
    return found


def _filled(target: Json, values: dict[str, str]) -> Json:
    source = target["datasource"]
    return {
        **target,
        "expr": grafana.filled(target["expr"], values),
        "datasource": {**source, "uid": grafana.filled(source["uid"], values)},
    }


def _reply(where: str, expr: str, result: Json) -> Reply:
    if problem := error_of(result):
        return Reply(where, expr, problem, False)
    return Reply(where, expr, "", has_data(result), tuple(_traces(result)))


def _traces(result: Json) -> list[str]:
    label = next(
        each["name"]
        for source in provisioned()
        for each in source["jsonData"].get("exemplarTraceIdDestinations", ())
    )
    dots: list[tuple[float, str]] = []
    for frame in filter(is_exemplars, result["frames"]):
        columns = columns_of(frame)
        dots += zip(columns["Time"], columns.get(label, ()), strict=False)
    return [trace_id for _, trace_id in sorted(dots, reverse=True) if trace_id]


def unanswered_search(subject: Grafana, search: asked.Search) -> str:
    """What is wrong with the answer to a panel's TraceQL; empty: nothing.

    Grafana's browser code sends a search through the datasource's proxy; of TraceQL, the query API
    answers only metrics (pkg/tsdb/tempo/traceql_query.go). A trace by its id does go through it.
    """
    if search.query != "$trace_id":
        found = answers.searched(subject.platform, search)
        return "" if excused(search.where) and not found.has_data else found.problem
    window = subject.platform.window(search.span)
    try:
        runs = answers.runs(subject.platform, window)
        closed = [each for each in runs.values() if not subject.trace("tempo", each, window)]
    except Refused as error:
        return f"{search.where}: {error}"
    if not runs:
        return f"{search.where}: no runs"
    return f"{search.where}: no spans of {', '.join(closed)}" if closed else ""


def dead_link(subject: Grafana, reply: Reply) -> str:
    """Why the newest exemplar of a reply leads to no trace; empty: it does. Raises Refused.

    The way is the one that Grafana itself names: the datasource of the exemplars' destination.
    """
    if not reply.traces:
        return f"{reply.where}: no exemplars"
    settings = subject.datasources()["prometheus"]["jsonData"]
    target = settings["exemplarTraceIdDestinations"][0]["datasourceUid"]
    window = subject.platform.window(asked.LAST_HOUR)
    try:
        spans = subject.trace(target, reply.traces[0], window)
    except Refused as error:
        return f"{reply.where}: {error}"
    return "" if spans else f"{reply.where}: no spans of {reply.traces[0]} in {target}"
