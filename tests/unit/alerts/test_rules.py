"""What holds for every alert and every rule, whoever wrote it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml

from alerts.build import rule_files
from alerts.model import SHORTEST_RANGE, Alert, Clock, Links, Recording, seconds
from alerts.rules import alerts, groups
from alerts.slo import recorded
from dashboards.build import all_boards
from dashboards.lint import ATTRIBUTES
from nautilus_instrumentation.metrics import Capped, Label, MetricSpec
from promql.check import SAMPLES, unknown
from promql.foreign import foreign_metrics
from promql.read import Selector, selectors
from tracestore.traceql.parser import parse

ROOT = Path(__file__).resolve().parents[3]
RUNBOOKS = ROOT / "docs" / "runbooks"
TESTS = sorted((ROOT / "alerts" / "tests").glob("*_test.yml"))
RULES = sorted((ROOT / "alerts" / "generated" / "rules").glob("*.yml"))

ALERTS = alerts()
EVERY = [(name, i) for name, rules in ALERTS.items() for i in range(len(rules))]
RECORDS = [
    pytest.param(rule.expr, id=f"{group.name}-{i}")
    for group in groups()
    for i, rule in enumerate(group.rules)
]
SECTIONS = ["Meaning", "Impact", "First three actions", "Query to run", "Dashboard"]
RATES = "rate|increase|delta|deriv|changes|avg_over_time|sum_over_time"
"""Functions that say nothing of one sample."""
TEMPLATE = re.compile(r"{{.*?}}", re.DOTALL)


@cache
def cases() -> dict[str, list[dict[str, Any]]]:
    """Name of an alert → what promtool's tests expect of it, moment by moment."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path in TESTS:
        for test in yaml.safe_load(path.read_text())["tests"]:
            for case in test.get("alert_rule_test", ()):
                found.setdefault(case["alertname"], []).append(case)
    return found


@cache
def board_variables() -> dict[str, set[str]]:
    """Uid of a board → its variables."""
    return {
        board.uid: {variable["name"] for variable in board.templating.list}
        for board in all_boards()
    }


def rule(alert: tuple[str, int]) -> Alert:
    name, i = alert
    return ALERTS[name][i]


def rendered(alert: tuple[str, int]) -> dict[str, Any]:
    return rule(alert).rule(Links())


every_alert = pytest.mark.parametrize("alert", EVERY, ids=lambda alert: f"{alert[0]}-{alert[1]}")
every_name = pytest.mark.parametrize("name", ALERTS)


@every_name
def test_an_alert_is_tested_while_it_must_be_silent(name: str) -> None:
    """Some test looks at a moment at which it does not fire."""
    # The dead-man switch fires always.
    silent = [case for case in cases().get(name, ()) if not case.get("exp_alerts")]
    assert silent or name == "Watchdog"


@every_name
def test_an_alert_is_tested_while_it_fires_with_all_that_it_says(name: str) -> None:
    """Labels and annotations are compared, in each severity that the alert has."""
    firing = [each for case in cases().get(name, ()) for each in case.get("exp_alerts") or ()]
    severities = {each.severity for each in ALERTS[name]}
    assert {each["exp_labels"].get("severity") for each in firing} == severities
    texts = {"summary", "description", "runbook_url", "dashboard_url", "traceql"}
    for each in firing:
        assert each["exp_annotations"].keys() == texts
        assert each["exp_labels"]["job"]


def test_tests_are_of_alerts_that_exist() -> None:
    """A test of an alert that was renamed would pass for ever with nothing to expect."""
    assert cases().keys() <= ALERTS.keys()


@every_name
def test_an_alert_has_a_runbook_with_all_sections(name: str) -> None:
    """Meaning, impact, what to do, what to ask, where to look; nothing of it empty."""
    for page in {each.runbook or each.name for each in ALERTS[name]}:
        text = (RUNBOOKS / f"{page}.md").read_text()
        _, *parts = re.split(r"^## ", text, flags=re.MULTILINE)
        assert [part.partition("\n")[0] for part in parts] == SECTIONS
        assert all(part.partition("\n")[2].strip() for part in parts)
        assert len(re.findall(r"^[0-9]\. ", parts[2], flags=re.MULTILINE)) == 3


@every_name
def test_the_queries_of_a_runbook_ask_for_what_exists(name: str) -> None:
    """Somebody woken at night pastes them as they are."""
    for page in {each.runbook or each.name for each in ALERTS[name]}:
        text = (RUNBOOKS / f"{page}.md").read_text()
        found = re.findall(r"^```promql\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
        assert [wrong for each in found for wrong in problems(each)] == []


def test_every_runbook_belongs_to_an_alert() -> None:
    """A page that nothing leads to is out of date before long."""
    pages = {each.runbook or each.name for rules in ALERTS.values() for each in rules}
    assert {path.stem for path in RUNBOOKS.glob("[A-Z]*.md")} <= pages | {"README"}


@every_alert
def test_an_alert_says_everything(alert: tuple[str, int]) -> None:
    """Severity and job as labels; no annotation is empty, and the texts are sentences."""
    found = rendered(alert)
    assert found["labels"]["severity"] in ("page", "ticket", "none")
    assert all(text.strip() for text in found["annotations"].values())
    assert found["annotations"]["description"].rstrip("}").endswith((".", "{{ end "))
    assert not found["annotations"]["summary"].endswith(".")


@every_alert
def test_an_alert_leads_to_a_board_with_variables_it_has(alert: tuple[str, int]) -> None:
    """A variable that the board does not know would be dropped in silence."""
    url = urlsplit(rendered(alert)["annotations"]["dashboard_url"])
    variables = board_variables()[url.path.rpartition("/")[2]]
    names = [name for name, _ in parse_qsl(url.query)]
    assert {name for name in names if name.startswith("var-")} <= {f"var-{v}" for v in variables}
    assert names[:2] == ["from", "to"]


@every_alert
def test_the_trace_store_reads_the_search_of_an_alert(alert: tuple[str, int]) -> None:
    """It parses once templates are filled in, and asks for attributes that spans have."""
    query = TEMPLATE.sub("x", rule(alert).traceql)
    parse(query)
    keys = re.findall(r"\b(?:span|resource)\.([\w.]+)", query)
    assert {key for key in keys if not key.startswith("http.")} <= ATTRIBUTES


@every_alert
def test_templates_name_labels_that_the_alert_has(alert: tuple[str, int]) -> None:
    """`$labels.x` of a label that is not there is the text <no value>."""
    each, found = rule(alert), rendered(alert)
    used = set(re.findall(r"\$labels\.(\w+)", " ".join(found["annotations"].values())))
    known = {label for selector in selectors(each.expr) for label in labels_of(selector.name)}
    assert used <= known | each.labels.keys()


@pytest.mark.parametrize("expression", RECORDS)
def test_a_rule_asks_for_metrics_and_labels_that_exist(expression: str) -> None:
    """Ours, recorded ones, and those of others that are listed; ours from our own scrape jobs."""
    assert problems(expression) == []


@cache
def all_recorded() -> dict[str, MetricSpec]:
    """Name → what rules record; where nothing else is said, with the labels of its expression."""
    found = dict(recorded())
    for rule in (rule for group in groups() for rule in group.rules):
        if isinstance(rule, Recording) and rule.record not in found:
            names = {label for each in selectors(rule.expr) for label in labels_of(each.name)}
            labels = tuple(Label(name, Capped(100)) for name in sorted(names | rule.labels.keys()))
            found[rule.record] = MetricSpec("gauge", "", "", rule.record, "", "", labels)
    return found


def problems(expression: str) -> list[str]:
    known = all_recorded()
    found = selectors(expression)
    # In a sum over several operands, the label may come from any of them.
    there = {label for each in found if each.name in SAMPLES for label in labels_of(each.name)}
    own = [replace(each, grouped_by=each.grouped_by - there | _le(each)) for each in found]
    wrong = [problem for each in own for problem in unknown(each, known)]
    others = foreign_metrics().keys() | known.keys()
    return wrong + [
        f"{each.name} selects no scrape job"
        for each in found
        if each.name not in others and "job" not in each.matchers
    ]


def _le(selector: Selector) -> frozenset[str]:
    return selector.grouped_by & {"le"} if selector.name.endswith("_bucket") else frozenset()


def labels_of(name: str) -> set[str]:
    spec = recorded().get(name) or SAMPLES.get(name) or all_recorded()[name]
    return {*spec.label_names, "job", "instance"}


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_prometheus_takes_the_rules(promtool: Callable[..., Any], path: Path) -> None:
    """promtool finds no error and no rule twice."""
    checked = promtool("check", "rules", path)
    assert (checked.returncode, "FAILED" in checked.stdout + checked.stderr) == (0, False), checked


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_alerts_fire_when_they_should(promtool: Callable[..., Any], path: Path) -> None:
    """promtool's tests pass on the committed rules."""
    tested = promtool("test", "rules", path)
    assert tested.returncode == 0, tested.stdout + tested.stderr


@pytest.mark.parametrize("scale", ["0.1", "0.01", "0.001"])
def test_rules_on_a_fast_clock_are_valid_and_ask_for_enough_samples(
    promtool: Callable[..., Any], tmp_path: Path, scale: str
) -> None:
    """Drills shorten every window, and none below what a rate needs."""
    files = rule_files(Clock(Decimal(scale)), Links())
    for name, content in files.items():
        (tmp_path / name).write_text(content)
        ranges = re.findall(rf"\b(?:{RATES})\([^()]*\[([0-9]+[smhd])\]", " ".join(content.split()))
        assert all(seconds(each) >= SHORTEST_RANGE for each in ranges), name
    checked = promtool("check", "rules", *sorted(tmp_path.iterdir()))
    assert checked.returncode == 0, checked.stderr


def test_a_faster_clock_is_told_in_the_texts_too() -> None:
    """What happened within half a minute is not said to have taken five.

    The texts of objectives name what they promise, which no clock changes.
    """
    lasting = re.compile(r"\b(?:[0-9]+|an?) (?:minute|hour|day)s?\b")
    fast = alerts(Clock(Decimal("0.1")))
    for name, rules in ALERTS.items():
        for slow, quick in zip(rules, fast[name], strict=True):
            if "objective" in slow.labels:
                continue
            said, kept = (
                lasting.findall(each.summary + each.description) for each in (slow, quick)
            )
            assert not set(said) & set(kept), name
