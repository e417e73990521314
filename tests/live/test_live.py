"""Every expression of boards and rules, and every TraceQL target, on a platform at work.

A question may be empty only where may_be_empty.toml says why. One file, so that one worker of
pytest-xdist holds the one platform.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from stack.drill.faults import FAULTS as DRILLED
from tests.compat import answers, asked, grafana_checks
from tests.compat.asked import Question, Rule, Search, Values
from tests.compat.excuses import LISTED, excused
from tests.compat.grafana_api import Grafana, Login
from tests.compat.grafana_behind import Running
from tests.compat.grafana_stub import TOKEN, Stub, serving
from tests.compat.platform import Platform

pytestmark = pytest.mark.timeout(1800)

BOARDS = asked.boards()
RULES = asked.rules()
PANELS = [question for board in BOARDS for question in asked.board_questions(board)]
VARIABLES = [values for board in BOARDS for values in asked.board_variables(board)]
SEARCHES = [search for board in BOARDS for search in asked.board_searches(board)]
CONDITIONS = [question for rule in RULES for question in asked.rule_questions(rule)]
WITH_EXEMPLARS = [question for question in PANELS if question.exemplars]

NOT_EMPTY = "returns data: something is wrong with the platform, or it needs not be on the list"

FAULTS = {fault.name for fault in DRILLED}

OPENED = 3
"""Exemplars of a panel whose traces are opened."""
SENT_SECONDS = 30.0
"""A span leaves its process within seconds of its end; that of a run comes when the run is over."""


def named(value: Any) -> str:
    return str(value.where)


def may_be_empty(platform: Platform, where: str) -> bool:
    """Whether the list excuses it; what shows a start is not excused on a fresh platform."""
    entry = excused(where)
    return entry is not None and not (platform.fresh and entry.when == "start")


def must_be_empty(platform: Platform, where: str) -> bool:
    """Whether the list says that a platform without a fault has no data.

    Not where it is a matter of age: how old the platform is by now depends on the machine.
    """
    entry = excused(where)
    return platform.fresh and entry is not None and entry.when in ("fault", "other")


def returns_data(platform: Platform, question: Question) -> None:
    """The question's answer is sound and, unless it may be empty, has data."""
    if may_be_empty(platform, question.where):
        answer = answers.answered(platform, question.optional)
        assert answer.problem == ""
        if must_be_empty(platform, question.where):
            assert not answer.has_data, f"{question.where}: {NOT_EMPTY}"
        return
    answer = platform.eventually(
        lambda: answers.answered(platform, question), lambda answer: not answer.problem
    )
    assert answer.problem == ""


@pytest.mark.parametrize("question", PANELS, ids=named)
def test_a_panel_has_data(platform: Platform, question: Question) -> None:
    """Prometheus answers what Grafana asks when the board is opened, within the panel's axis."""
    returns_data(platform, question)


@pytest.mark.parametrize("question", CONDITIONS, ids=named)
def test_a_rule_has_data(platform: Platform, question: Question) -> None:
    """A recording has values; an alert parses, and what it compares has values."""
    returns_data(platform, question)


def test_every_board_and_rule_was_asked() -> None:
    """The generated files are there, and each has something to ask."""
    assert len(BOARDS) == len({board["uid"] for board in BOARDS}) >= 11
    assert {rule.group for rule in RULES} == {path.stem for path in asked.RULES.glob("*.yml")}
    for found in (PANELS, VARIABLES, SEARCHES, CONDITIONS):
        repeated = [where for where, n in Counter(each.where for each in found).items() if n > 1]
        assert repeated == []


def test_the_list_of_exceptions_names_what_exists() -> None:
    """Each entry is a question of a board or rule, with its reason and, of a fault, its drill."""
    known = {each.where for each in (*PANELS, *CONDITIONS, *SEARCHES)}
    known |= {f"{search.where}: {key}" for search in SEARCHES for key in search.selected}
    for entry in LISTED:
        assert any(entry.excuses(where) for where in known), f"nothing is called {entry.what}"
        assert entry.because.endswith("."), entry
        assert entry.drill in FAULTS if entry.needs_drill else not entry.drill, entry


# Variables ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("values", VARIABLES, ids=named)
def test_a_variable_offers_values(platform: Platform, values: Values) -> None:
    """People have something to choose from."""
    assert platform.eventually(lambda: answers.label_values(platform, values), bool)


@pytest.mark.parametrize("values", VARIABLES, ids=named)
def test_every_choice_can_be_asked_for(platform: Platform, values: Values) -> None:
    """Whatever value is chosen, panels get an answer, and each has data for one of the values."""
    choices = platform.eventually(lambda: answers.label_values(platform, values), bool)
    board = values.where.partition(":")[0]
    for question in (each for each in PANELS if each.where.startswith(f"{board}:")):
        if not question.depends_on(values.variable["name"]):
            continue
        if may_be_empty(platform, question.where):
            continue

        def ask(question: Question = question) -> list[answers.Answer]:
            chosen = [asked.with_choice(question, values.variable, choice) for choice in choices]
            return [answers.answered(platform, one.optional) for one in chosen]

        found = platform.eventually(ask, lambda found: any(one.has_data for one in found))
        assert [one.problem for one in found if one.problem] == []
        assert any(one.has_data for one in found), f"{question.where}: no data for {choices}"


# Rules and alerts --------------------------------------------------------------------------------


def loaded(platform: Platform) -> list[dict[str, Any]]:
    """The rules of Prometheus, each with the name of its group."""
    groups = platform.prometheus("rules")["groups"]
    return [{**rule, "group": group["name"]} for group in groups for rule in group["rules"]]


def test_prometheus_has_every_rule(platform: Platform) -> None:
    """What was generated is what runs."""
    expected = Counter((rule.group, rule.name) for rule in RULES)
    assert Counter((rule["group"], rule["name"]) for rule in loaded(platform)) == expected


def test_every_rule_is_healthy(platform: Platform) -> None:
    """Each was evaluated, and without an error."""

    def sick() -> list[str]:
        return [
            f"{rule['group']}: {rule['name']} is {rule['health']}: {rule.get('lastError', '')}"
            for rule in loaded(platform)
            if rule["health"] != "ok" or rule.get("lastError")
        ]

    assert platform.eventually(sick, lambda found: not found) == []


def test_the_watchdog_reaches_alertmanager(platform: Platform) -> None:
    """Prometheus knows Alertmanager, and an alert that always fires has arrived there."""
    assert platform.prometheus("alertmanagers")["activeAlertmanagers"]

    def arrived() -> list[str]:
        return [alert["labels"]["alertname"] for alert in platform.alertmanager("alerts")]

    assert "Watchdog" in platform.eventually(arrived, lambda names: "Watchdog" in names)


# Traces ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "search", [search for search in SEARCHES if search.query != "$trace_id"], ids=named
)
def test_a_search_finds_traces(platform: Platform, search: Search) -> None:
    """The trace store answers what Grafana asks, with every attribute that the panel shows."""
    answer = platform.eventually(
        lambda: answers.searched(platform, search),
        lambda answer: not answer.problem or may_be_empty(platform, search.where),
    )
    if may_be_empty(platform, search.where):
        assert "no traces" in answer.problem or not answer.problem
        return
    assert answer.problem == ""

    def unexcused() -> list[str]:
        return [
            key
            for key in answers.missing(platform, search)
            if not may_be_empty(platform, f"{search.where}: {key}")
        ]

    left = platform.eventually(unexcused, lambda left: not left)
    assert left == [], f"{search.where}: no span has these\n  {search.query}"


@pytest.mark.parametrize(
    "search", [search for search in SEARCHES if search.query == "$trace_id"], ids=named
)
def test_the_trace_of_a_run_opens(platform: Platform, search: Search) -> None:
    """A waterfall has a trace to draw for each run that a person may have chosen."""
    window = platform.window(search.span)
    runs = platform.eventually(lambda: answers.runs(platform, window), bool)
    assert runs
    assert [trace for trace in runs.values() if not platform.opens(trace)] == []


@pytest.mark.parametrize("question", WITH_EXEMPLARS, ids=named)
def test_exemplars_lead_to_traces(platform: Platform, question: Question) -> None:
    """The dots on a panel open traces: the newest that Prometheus holds are in the trace store."""
    found = platform.eventually(lambda: answers.exemplars(platform, question), bool)
    assert found, f"{question.where}: no exemplars"
    newest = list(dict.fromkeys(found))[:OPENED]

    def closed() -> list[str]:
        # The trace of a run that goes on is still to come.
        return [trace for trace in newest if not platform.opens(trace)]

    left = platform.eventually(closed, lambda closed: not closed, grace=SENT_SECONDS)
    assert left == [], f"{question.where}: not in the trace store"


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.traceql], ids=named)
def test_the_search_of_an_alert_parses(platform: Platform, rule: Rule) -> None:
    """The TraceQL that a notification brings along is understood, its templates filled in."""
    query = re.sub(r"{{.*?}}", "0", rule.traceql)
    platform.search(query, platform.window(asked.LAST_HOUR), 1, 1)


# Grafana's part of the suite ---------------------------------------------------------------------


def test_the_queries_for_grafana_are_answered(platform: Platform) -> None:
    """What test_grafana.py sends gets data when a stand-in for Grafana passes it on to here."""
    with serving(Stub(Running(platform), platform.scrape_seconds)) as stub:
        grafana = Grafana(stub.url, Login(f"Bearer {TOKEN}"), 0)
        replies = [each for board in BOARDS for each in grafana_checks.replies(grafana, board)]
        assert [each.told for each in replies if not each.is_good] == []
        assert {each.where for each in replies} >= {each.where for each in WITH_EXEMPLARS}
        linked = [each for each in replies if each.traces]

        def dead() -> list[str]:
            return [grafana_checks.dead_link(grafana, each) for each in linked[:OPENED]]

        assert (
            platform.eventually(dead, lambda found: not any(found), SENT_SECONDS) == [""] * OPENED
        )
        for search in (each for each in SEARCHES if each.query == "$trace_id"):
            assert grafana_checks.unanswered_search(grafana, search) == ""


# The suite itself --------------------------------------------------------------------------------


def test_a_wrong_panel_is_named(platform: Platform) -> None:
    """A metric that does not exist fails with board, panel and expression."""
    renamed = replace(PANELS[0], expr=PANELS[0].expr.replace("_bucket", "_bocket"))
    answer = answers.answered(platform, renamed)
    assert answer.problem.startswith(f"{PANELS[0].where}: no data")
    assert "_bocket" in answer.problem


def test_a_wrong_expression_is_told_with_the_words_of_prometheus(platform: Platform) -> None:
    """What does not parse fails, also where no data would be good."""
    broken = replace(PANELS[0], expr="sum by (le) (", must_return=False)
    assert "parse error" in answers.answered(platform, broken).problem


def test_values_outside_the_axis_are_told(platform: Platform) -> None:
    """NaN, infinity, and values above the panel's maximum."""
    for expr, high in (("vector(0) / 0", None), ("vector(1) / 0", None), ("vector(2)", 1.0)):
        question = Question("here", expr, instant=True, low=0, high=high)
        assert "values of {} are like" in answers.answered(platform, question).problem
