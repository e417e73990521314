"""Objectives as rules: exact numbers, names that hold, and a document for the console."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from alerts import slo
from alerts.build import rule_files
from alerts.burn import burn_alerts
from alerts.culprits import in_words
from alerts.model import Clock, Links, Recording, seconds
from alerts.objectives import objectives, plain
from alerts.objectives_document import objectives_document
from alerts.recording import long_windows, short_windows
from alerts.rules import groups
from alerts.windows import BurnWindow, burn_windows, windows, windows_of

MONTH = 30 * 86400


@pytest.mark.parametrize("row", burn_windows(), ids=lambda row: row.long)
def test_a_burn_rate_spends_what_the_table_says(row: BurnWindow) -> None:
    """Burn rate times long window is the share of a month's budget, to the last digit."""
    assert row.burn_rate * seconds(row.long) / MONTH == row.spent


def test_the_windows_are_those_of_the_workbook() -> None:
    """Pages within an hour and six, tickets within a day and three; short is a twelfth of long."""
    found = [(row.severity, str(row.burn_rate), row.long, row.short) for row in burn_windows()]
    assert found == [
        ("page", "14.4", "1h", "5m"), ("page", "6", "6h", "30m"),
        ("ticket", "3", "1d", "2h"), ("ticket", "1", "3d", "6h"),
    ]  # fmt: skip
    assert {seconds(row.long) // seconds(row.short) for row in burn_windows()} == {12}


def test_an_objective_that_may_wait_opens_only_tickets() -> None:
    """No page has an objective whose severity is ticket, and each objective has its tickets."""
    found: dict[str, list[str]] = {}
    for alert in burn_alerts(Clock()):
        found.setdefault(alert.labels["objective"], []).append(alert.severity)
    expected = {
        each.name: ["page"] * 2 * (each.severity == "page") + ["ticket"] * 2
        for each in objectives().values()
    }
    assert found == expected


def test_no_alert_asks_for_more_bad_events_than_there_are_events() -> None:
    """A burn rate that only 100 % and more could reach would never fire."""
    for objective in objectives().values():
        assert all(row.error_ratio(objective) < 1 for row in windows_of(objective))


def test_numbers_in_rules_are_as_people_would_write_them() -> None:
    """No 0.010000000000000009, and no digits that nobody chose."""
    text = "\n".join(
        f"{rule.rule(Links())}"
        for group in groups()
        if group.name in ("slo", "slo_long")
        for rule in group.rules
    )
    numbers = re.findall(r"(?<![\w.])[0-9]+\.[0-9]+", text)
    assert "0.144" in numbers
    assert [number for number in numbers if len(number) > len("0.0144")] == []


@pytest.mark.parametrize(
    ("number", "text"),
    [("0.0100", "0.01"), ("1E+2", "100"), ("14.40", "14.4"), ("1E-7", "0.0000001")],
)
def test_decimals_are_written_in_full(number: str, text: str) -> None:
    """Without zeros at the end, and without exponents."""
    assert plain(Decimal(number)) == text


def test_all_that_is_recorded_is_declared_with_its_labels() -> None:
    """Boards and checks trust the declaration."""
    made = {
        rule.record
        for group in groups()
        if group.name in ("slo", "slo_long")
        for rule in group.rules
        if isinstance(rule, Recording)
    }
    assert made == slo.recorded().keys()


def test_names_say_level_metric_and_operation() -> None:
    """As Prometheus asks of recording rules."""
    assert all(re.fullmatch(r"slo:[a-z_]+:[a-z_]+(_[0-9]+[mhd])?", name) for name in slo.recorded())


def test_names_keep_their_windows_when_a_drill_shortens_them() -> None:
    """Boards read the same series in a drill."""
    rules = [rule for group in groups(Clock(Decimal("0.01"))) for rule in group.rules]
    made = {rule.record for rule in rules if isinstance(rule, Recording)}
    assert made >= slo.recorded().keys()


def test_every_window_is_recorded_once() -> None:
    """Pages' windows with every scrape, tickets' and budgets' once a minute."""
    assert short_windows() == ["5m", "30m", "1h", "2h", "6h"]
    assert long_windows() == ["1d", "3d", "30d"]
    assert [*short_windows(), *long_windows()] == list(windows())


def test_long_windows_are_evaluated_less_often_and_as_fast_as_a_drill_needs() -> None:
    """Once a minute, or with every scrape at most."""
    intervals = {
        scale: rule_files(Clock(Decimal(scale)), Links())["slo_long.yml"].split("interval: ")[1][:3]
        for scale in ("1", "0.5", "0.01")
    }
    assert intervals == {"1": "1m\n", "0.5": "30s", "0.01": "5s\n"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("health", "took longer than 100 ms"), ("backtest_1d", "took longer than 300 s"),
        ("results_available", "failed"), ("run_memory", "took more than 2 GB"),
        ("repeat_conversion", "of the time a repeat took 10% of the first or longer"),
    ],
)  # fmt: skip
def test_bad_events_are_called_by_what_they_did(name: str, words: str) -> None:
    """With the threshold in the unit that people use for it."""
    assert in_words(objectives()[name]) == words


def test_the_document_has_all_that_the_console_shows() -> None:
    """Texts, exact numbers, board, recorded series and PromQL that names the objective."""
    found = {each["name"]: each for each in objectives_document()["objectives"]}
    assert found.keys() == objectives().keys()
    health = found["health"]
    assert (health["target"], health["error_budget"], health["threshold"], health["unit"]) == (
        "0.99", "0.01", 0.1, "seconds",
    )  # fmt: skip
    assert health["board"] == {"topic": "api", "variables": {"http_route": "/api/health"}}
    assert health["series"]["burn_rate"]["1h"] == "slo:burn_rate:ratio_1h"
    assert health["queries"]["budget_left"] == (
        'slo:error_budget_left:ratio{job="nautilus", objective="health"}'
    )
    assert [each["error_ratio"] for each in health["alerts"]] == ["0.144", "0.06", "0.03", "0.01"]


def test_the_document_knows_gauges_and_failures() -> None:
    """Moments are no events, and a failure has neither threshold nor unit."""
    found = {each["name"]: each for each in objectives_document()["objectives"]}
    gauge, failures = found["repeat_conversion"], found["results_available"]
    assert (gauge["counts"], failures["counts"]) == ("moments", "events")
    assert "bad_events" in failures["series"].keys() - gauge["series"].keys()
    assert (failures["threshold"], failures["unit"], failures["target"]) == (None, "", "0.999")
