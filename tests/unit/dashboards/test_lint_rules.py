"""Each rule of the house sees what it is there for: a board is broken, and the problem named."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from dashboards.lint import problems

Board = dict[str, Any]
Damage = Callable[[Board], object]


def panel(board: Board, title: str) -> Board:
    (found,) = (each for each in board["panels"] if each["title"] == title)
    return found


def defaults(board: Board, title: str) -> Board:
    found: Board = panel(board, title)["fieldConfig"]["defaults"]
    return found


def target(board: Board, title: str) -> Board:
    found: Board = panel(board, title)["targets"][0]
    return found


def steps(*values: object) -> list[Board]:
    return [{"color": "red", "value": value} for value in values]


def unused(board: Board) -> None:
    board["templating"]["list"].append({**board["templating"]["list"][-1], "name": "spare"})


def without_variable(name: str) -> Damage:
    def damage(board: Board) -> None:
        variables = board["templating"]["list"]
        variables[:] = [each for each in variables if each["name"] != name]

    return damage


CHART, STAGES, TREND = "Backtests of 5 minutes", "Time by stage", "In progress"

PANELS: dict[str, tuple[Damage, str]] = {
    "no legend": (lambda b: target(b, CHART).update(legendFormat=""), "legends are empty"),
    "legends alike": (lambda b: target(b, CHART).update(legendFormat="mean"), "or the same"),
    "legend without label": (
        lambda b: target(b, STAGES).update(legendFormat="time"), "does not name stage",
    ),
    "no value": (lambda b: defaults(b, TREND).pop("noValue"), "where there is no data"),
    "gap": (lambda b: defaults(b, CHART)["custom"].update(spanNulls=True), "across gaps"),
    "no minimum": (lambda b: defaults(b, CHART).pop("min"), "has no minimum"),
    "bounds": (lambda b: defaults(b, CHART).update(max=0), "not below its maximum"),
    "steps that fall": (
        lambda b: defaults(b, CHART)["thresholds"].update(steps=steps(None, 10, 5)),
        "do not rise from the bottom",
    ),
    "no first step": (
        lambda b: defaults(b, CHART)["thresholds"].update(steps=steps(10)), "do not rise",
    ),
    "hidden thresholds": (
        lambda b: defaults(b, CHART)["custom"]["thresholdsStyle"].update(mode="off"),
        "hides those it has",
    ),
    "not the objective's": (
        lambda b: defaults(b, CHART)["thresholds"].update(steps=steps(None, 11)),
        "does not show the objective's threshold",
    ),
    "no exemplars": (lambda b: target(b, CHART).update(exemplar=False), "exemplars of A are off"),
    "exemplars of a gauge": (
        lambda b: target(b, TREND).update(exemplar=True), "exemplars of A are on",
    ),
    "unit": (lambda b: defaults(b, CHART).update(unit="ms"), "'ms' is no unit of ours"),
    "wrong unit": (lambda b: defaults(b, CHART).update(unit="bytes"), "A is shown as bytes"),
    "wrong unit of buckets": (
        lambda b: defaults(b, "Peak memory").update(unit="s"), "A is shown as s",
    ),
    "count as a rate": (lambda b: defaults(b, TREND).update(unit="ops"), "A is shown as ops"),
    "count as a share": (
        lambda b: defaults(b, TREND).update(unit="percentunit"), "shown as a share, but is none",
    ),
    "apples and pears": (
        lambda b: target(b, TREND).update(expr="up + scrape_duration_seconds"), "seconds=1",
    ),
    "dead end": (lambda b: defaults(b, CHART).update(links=[]), "has no link"),
    "transformation": (
        lambda b: panel(b, CHART).update(transformations=[{"id": "sort", "options": {}}]),
        "transformation sort",
    ),
    "transformation's option": (
        lambda b: panel(b, CHART).update(
            transformations=[{"id": "organize", "options": {"rename": {}}}]),
        "transformation organize with ['rename']",
    ),
}  # fmt: skip

BOARDS: dict[str, tuple[Damage, str]] = {
    "no reading": (lambda b: b["panels"].pop(0), "does not open with a sentence"),
    "other description": (
        lambda b: b.update(description="Something else. do not edit"), "is not how to read it",
    ),
    "crosshair": (lambda b: b.update(graphTooltip=0), "do not share a crosshair"),
    "annotation gone": (lambda b: b["annotations"]["list"].pop(), "annotations are ['Version"),
    "annotation off": (
        lambda b: b["annotations"]["list"][0].update(enable=False), "annotations are ['Alerts']",
    ),
    "other versions": (
        lambda b: b["annotations"]["list"][0].update(expr="up"), "not read from the build's info",
    ),
    "pending alerts": (
        lambda b: b["annotations"]["list"][1].update(expr='ALERTS{severity=~"page|ticket"}'),
        "marks alerts that do not fire",
    ),
    "watchdog": (
        lambda b: b["annotations"]["list"][1].update(expr='ALERTS{alertstate="firing"}'),
        "or that are for nobody",
    ),
    "silent annotation": (
        lambda b: b["annotations"]["list"][1].update(textFormat=""), "annotation Alerts says noth",
    ),
    "no instance": (without_variable("instance"), "has no variable instance"),
    "no window": (without_variable("window"), "selects by window, but has no variable window"),
    "unused variable": (unused, "the variable spare changes nothing"),
    "order of variables": (
        lambda b: b["templating"]["list"].reverse(), "the datasource is not the first variable",
    ),
    "menu": (lambda b: b["links"][0].update(includeVars=False), "has no menu of the boards"),
}  # fmt: skip


def found(boards: dict[str, Board], damage: Damage) -> list[str]:
    """Problems of the backtests' board after `damage`."""
    board = copy.deepcopy(boards["nautobs-backtest"])
    damage(board)
    return problems(board, boards)


@pytest.mark.parametrize("name", PANELS)
def test_a_broken_panel_is_refused(boards: dict[str, Board], name: str) -> None:
    """One thing about a panel is broken, and that is what is said."""
    damage, message = PANELS[name]
    said = found(boards, damage)
    assert any(message in each for each in said), said


@pytest.mark.parametrize("name", BOARDS)
def test_a_board_against_the_house_is_refused(boards: dict[str, Board], name: str) -> None:
    """One thing about a board is broken, and that is what is said."""
    damage, message = BOARDS[name]
    said = found(boards, damage)
    assert any(message in each for each in said), said
