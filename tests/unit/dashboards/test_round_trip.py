"""Grafana 11.6 knows every key of our boards: its own model reads and writes them without loss.

The model drops what it does not know, so a misspelt or invented key is one that does not come back.
It adds its defaults, which is no loss. Two places are open in it and take anything: the options of
transformations (see `dashboards.lint`) and the query of a variable.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.build import GENERATED

Board = dict[str, Any]

FILES = sorted(GENERATED.glob("*.json"))

NOT_MODELLED = {
    "annotations.list[].textFormat",
    "annotations.list[].titleFormat",
}
"""Keys of Prometheus' annotations: Grafana's datasource reads them
(packages/grafana-prometheus/src/annotations.ts), its model lists no datasource's own keys there."""


@pytest.fixture(scope="module", autouse=True)
def _panels_and_queries_have_their_types() -> None:
    """Without the plugins the model takes options and targets as they are and loses nothing."""
    register_default_plugins()


def lost(board: Board) -> set[str]:
    """Places whose key or value does not come back from the model; list indexes are left out."""
    back = json.loads(json.dumps(Dashboard.from_json(copy.deepcopy(board)), cls=JSONEncoder))
    return set(differences(board, back, ""))


def differences(ours: object, theirs: object, place: str) -> Iterator[str]:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key, value in ours.items():
            where = f"{place}.{key}".lstrip(".")
            if key in theirs:
                yield from differences(value, theirs[key], where)
            else:
                yield where
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for one, other in zip(ours, theirs, strict=True):
            yield from differences(one, other, f"{place}[]")
    elif ours != theirs or type(ours) is not type(theirs):
        yield place


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_key_and_no_value_is_lost(path: Any) -> None:
    """What Grafana would write back is what we wrote, but for what its model is known to lack."""
    assert lost(json.loads(path.read_text(encoding="utf-8"))) - NOT_MODELLED == set()


def test_every_exception_is_needed(boards: dict[str, Board]) -> None:
    """A model that learns these keys shortens the list."""
    assert set().union(*(lost(board) for board in boards.values())) >= NOT_MODELLED


def first(board: Board, kind: str) -> Board:
    return next(panel for panel in board["panels"] if panel["type"] == kind)


MISSPELT: dict[str, tuple[Callable[[Board], Board], str]] = {
    "board": (lambda b: b, "sharedCrosshairs"),
    "grid": (lambda b: first(b, "row")["gridPos"], "width"),
    "panel": (lambda b: first(b, "timeseries"), "dataSource"),
    "options of a chart": (lambda b: first(b, "timeseries")["options"], "legends"),
    "legend": (lambda b: first(b, "timeseries")["options"]["legend"], "show"),
    "field": (lambda b: first(b, "timeseries")["fieldConfig"]["defaults"], "units"),
    "custom field": (
        lambda b: first(b, "timeseries")["fieldConfig"]["defaults"]["custom"], "linewidth",
    ),
    "step": (
        lambda b: first(b, "timeseries")["fieldConfig"]["defaults"]["thresholds"]["steps"][0],
        "colour",
    ),
    "query to Prometheus": (lambda b: first(b, "timeseries")["targets"][0], "exemplars"),
    "query to Tempo": (lambda b: first(b, "traces")["targets"][0], "spansPerTrace"),
    "options of a table": (lambda b: first(b, "table")["options"], "cellheight"),
    "options of figures": (lambda b: first(b, "stat")["options"]["reduceOptions"], "calc"),
    "variable": (lambda b: b["templating"]["list"][0], "multiple"),
    "link": (lambda b: b["links"][0], "dropdown"),
    "time": (lambda b: b["time"], "until"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISSPELT)
def test_a_misspelt_key_is_lost_and_so_found(boards: dict[str, Board], name: str) -> None:
    """At every level of a board, Grafana's model drops what it does not know."""
    place, key = MISSPELT[name]
    board = copy.deepcopy(boards["nautobs-run"])
    place(board)[key] = "x"
    assert {where.rpartition(".")[2] for where in lost(board)} - {
        where.rpartition(".")[2] for where in NOT_MODELLED
    } == {key}


@pytest.mark.parametrize("kind", ["heatmap", "state-timeline"])
def test_the_options_of_the_other_panels_are_modelled_too(
    boards: dict[str, Board], kind: str
) -> None:
    """No kind of panel of ours passes because the model takes its options as they come."""
    found = [b for b in boards.values() if any(p["type"] == kind for p in b["panels"])]
    board = copy.deepcopy(found[0])
    first(board, kind)["options"]["invented"] = True
    assert "panels[].options.invented" in lost(board)
