"""A running Grafana: datasources, boards, and every query that its boards send.

It is the one at GRAFANA_URL; without that, one line of the summary says that Grafana was not asked.
tests/unit/compat/test_grafana_suite.py shows what they catch.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.compat import asked, grafana_checks
from tests.compat.grafana_api import Grafana

if not os.environ.get("GRAFANA_URL"):
    pytest.skip(
        "Grafana was not asked: set GRAFANA_URL (docs/guide/compose.md says how)",
        allow_module_level=True,
    )

pytestmark = pytest.mark.timeout(1800)

BOARDS = asked.boards()
SENT_SECONDS = 30.0
"""The trace of a run comes when the run is over."""

each_board = pytest.mark.parametrize("board", BOARDS, ids=lambda board: str(board["uid"]))


def nothing(problems: list[str]) -> None:
    """Fails with all of them, in full."""
    if problems:
        pytest.fail("\n".join(problems), pytrace=False)


def test_datasources_are_as_provisioned(grafana: Grafana) -> None:
    """Uids, types, links from exemplars and traces; nobody can edit them."""
    nothing(grafana_checks.wrong_datasources(grafana))


def test_datasources_are_healthy(grafana: Grafana) -> None:
    """Each reaches what it is about."""
    nothing(grafana_checks.unhealthy(grafana))


@each_board
def test_a_board_is_there_as_generated(grafana: Grafana, board: dict[str, Any]) -> None:
    """Nobody has changed it, and nobody can."""
    nothing(grafana_checks.changed(grafana, board))


@each_board
def test_the_queries_of_a_board_are_answered(grafana: Grafana, board: dict[str, Any]) -> None:
    """Grafana's query API gives every panel data, without an error or a warning."""
    replies = grafana.platform.eventually(
        lambda: grafana_checks.replies(grafana, board),
        # An error stays; data may be on its way.
        lambda found: any(each.problem for each in found) or all(each.is_good for each in found),
    )
    nothing([each.told for each in replies if not each.is_good])


@each_board
def test_the_searches_of_a_board_are_answered(grafana: Grafana, board: dict[str, Any]) -> None:
    """Tables of traces and waterfalls get their traces through Grafana."""

    def unanswered() -> list[str]:
        searches = asked.board_searches(board)
        told = (grafana_checks.unanswered_search(grafana, each) for each in searches)
        return [problem for problem in told if problem]

    nothing(grafana.platform.eventually(unanswered, lambda found: not found))


def test_exemplars_lead_to_traces(grafana: Grafana) -> None:
    """The newest dot of every panel that has dots opens a trace."""
    dotted = {
        question.where
        for board in BOARDS
        for question in asked.board_questions(board)
        if question.exemplars
    }

    def dead() -> list[str]:
        found = [reply for board in BOARDS for reply in grafana_checks.replies(grafana, board)]
        assert dotted <= {reply.where for reply in found}
        told = (grafana_checks.dead_link(grafana, each) for each in found if each.where in dotted)
        return [problem for problem in told if problem]

    nothing(grafana.platform.eventually(dead, lambda found: not found, grace=SENT_SECONDS))
