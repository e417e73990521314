"""Each check of the lint sees what it is there for: a board is broken, and the problem named."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from dashboards.lint import problems

Board = dict[str, Any]


def chart(board: Board) -> Board:
    """The first panel with a query to Prometheus."""
    return next(panel for panel in board["panels"] if panel["type"] == "timeseries")


def expression(text: str, legend: str = "") -> Callable[[Board], object]:
    return lambda board: chart(board)["targets"][0].update(expr=text, legendFormat=legend)


def link(url: str) -> Callable[[Board], object]:
    return lambda b: chart(b)["fieldConfig"]["defaults"].update(links=[{"title": "x", "url": url}])


BROKEN: dict[str, tuple[Callable[[Board], object], str]] = {
    "uid": (lambda b: b.update(uid="mine"), "uid or schema version"),
    "schema": (lambda b: b.update(schemaVersion=12), "uid or schema version"),
    "header": (lambda b: b.update(description="x"), "does not say that the file is generated"),
    "panel id": (lambda b: chart(b).update(id=1), "panel ids are not unique"),
    "refId": (lambda b: chart(b)["targets"].append(chart(b)["targets"][0]), "refIds are not"),
    "title twice": (lambda b: chart(b).update(title="In flight"), "two panels are called"),
    "grid": (lambda b: chart(b)["gridPos"].update(w=25), "outside the grid"),
    "overlap": (lambda b: chart(b)["gridPos"].update(y=0), "overlap"),
    "type": (lambda b: chart(b).update(type="graph"), "graph is no panel of ours"),
    "title": (lambda b: chart(b).update(title=""), "title or description is missing"),
    "description": (lambda b: chart(b).update(description=""), "title or description is missing"),
    "unit": (lambda b: chart(b)["fieldConfig"]["defaults"].pop("unit"), "has no unit"),
    "datasource": (
        lambda b: chart(b)["targets"][0].update(datasource={"type": "prometheus", "uid": "p"}),
        "is not one of the variables",
    ),
    "metric": (expression("made_up"), "no metric is called made_up"),
    "label": (expression('up{shape="round"}'), "up has no label shape"),
    "grouping": (expression("sum by (shape) (up)"), "up has no label shape"),
    "bucket label": (expression('up{le="1"}'), "up has no label le"),
    "buckets": (
        expression('sum(rate(job_duration_seconds_bucket{job="$job"}[5m]))'), "loses its buckets",
    ),
    "job": (expression("job_queue_depth"), "does not select our scrape job"),
    "other job": (expression('job_queue_depth{job="x"}'), "does not select our scrape job"),
    "value": (
        expression('job_queue_depth{job="$job", job_type="nap"}'), "job_type is never nap",
    ),
    "one of the values": (
        expression('job_queue_depth{job="$job", job_type=~"sweep|nap"}'), "job_type is never nap",
    ),
    "recorded metric": (
        expression('slo:error:ratio_2m{job="$job"}'), "no metric is called slo:error:ratio_2m",
    ),
    "recorded label": (
        expression('slo:error:ratio_1h{job="$job", instance="x"}'), "has no label instance",
    ),
    "recorded value": (
        expression('slo:error:ratio_1h{job="$job", objective="x"}'), "objective is never x",
    ),
    "recorded job": (expression("slo:error:ratio_1h"), "does not select our scrape job"),
    "nothing": (expression("1"), "asks for nothing"),
    "brackets": (expression("sum(up"), "a ( too many"),
    "legend": (expression("sum by (job) (up)", "{{instance}}"), "legend names instance"),
    "variable": (expression('up{instance="$place"}'), "the variable place is not defined"),
    "annotation": (
        lambda b: b["annotations"]["list"][0].update(expr="made_up"), "no metric is called made_up",
    ),
    "variable's query": (
        lambda b: b["templating"]["list"][2]["query"].update(query="label_values(made_up, x)"),
        "no metric is called made_up",
    ),
    "attribute": (
        lambda b: chart(b)["targets"][0].update(queryType="traceql", query="{ span.made.up = 1 }"),
        "no span has the attribute made.up",
    ),
    "link": (link("/d/nautobs-nowhere"), "leads nowhere"),
    "link's variable": (link("/d/nautobs-cache?var-strategy=x"), "has no variable strategy"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_board_is_refused(boards: dict[str, Board], name: str) -> None:
    """The board of the API with one thing broken has exactly that kind of problem."""
    damage, message = BROKEN[name]
    board = copy.deepcopy(boards["nautobs-api"])
    damage(board)
    found = problems(board, boards)
    assert any(message in problem for problem in found), found
