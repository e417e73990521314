"""The boards as they are generated and committed."""

from __future__ import annotations

from typing import Any

import pytest

from dashboards.build import GENERATED, stale
from dashboards.lint import problems
from tracestore.traceql.parser import parse

Boards = dict[str, dict[str, Any]]

TOPICS = (
    "api", "backtest", "cache", "catalog", "conversion", "frontend", "incident", "overview", "run",
    "runtime", "stack",
)  # fmt: skip


def test_every_topic_has_its_board(boards: Boards) -> None:
    """Links, alerts and runbooks rely on these uids."""
    assert sorted(boards) == [f"nautobs-{topic}" for topic in TOPICS]


@pytest.mark.parametrize("topic", TOPICS)
def test_a_board_has_no_problem(boards: Boards, topic: str) -> None:
    """Ids, grid, units, descriptions, links, and every metric, label and attribute are right."""
    assert problems(boards[f"nautobs-{topic}"], boards) == []


def test_the_committed_files_are_current(rendered: dict[str, str]) -> None:
    """What the repository holds is what the sources give."""
    assert stale(GENERATED, rendered) == []


@pytest.mark.parametrize("topic", ["incident", "run"])
def test_the_embedded_trace_store_reads_the_trace_queries(boards: Boards, topic: str) -> None:
    """No search of a board uses a part of TraceQL that only Tempo has."""
    queries = [
        target["query"]
        for panel in boards[f"nautobs-{topic}"]["panels"]
        for target in panel.get("targets", ())
        if target.get("queryType") == "traceql" and target["query"].startswith("{")
    ]
    assert queries
    for query in queries:
        parse(query)


def test_charts_of_histograms_with_exemplars_show_them(boards: Boards) -> None:
    """A slow run is a dot that opens its trace."""
    shown = {
        target["exemplar"]
        for panel in boards["nautobs-backtest"]["panels"]
        if panel["type"] == "heatmap"
        for target in panel["targets"]
    }
    assert shown == {True}


def test_boards_share_their_crosshair_and_show_versions_and_alerts(boards: Boards) -> None:
    """The same moment is marked on every chart, with what happened then."""
    for board in boards.values():
        names = [annotation["name"] for annotation in board["annotations"]["list"]]
        assert (board["graphTooltip"], names) == (1, ["Version changes", "Alerts"])


def test_every_board_opens_with_how_to_read_it(boards: Boards) -> None:
    """The first panel is the sentence that the description begins with."""
    for board in boards.values():
        first = board["panels"][0]
        assert first["type"] == "text"
        assert board["description"].startswith(first["options"]["content"])


def test_the_board_of_one_topic_shows_the_thresholds_of_its_objectives(boards: Boards) -> None:
    """The dashed line at ten seconds comes from the objective."""
    (panel,) = (
        panel
        for panel in boards["nautobs-backtest"]["panels"]
        if panel["title"] == "Backtests of 5 minutes"
    )
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert [step["value"] for step in steps] == [None, 10]
