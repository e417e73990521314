"""The table, the JSON and the exit code say what was measured."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from stack.drill.outcome import SLACK_SECONDS, Outcome, Told, Wait, as_json, exit_code, table

IN_TIME, LATE, NEVER = Wait(20, 12.3), Wait(20, 20 + SLACK_SECONDS + 1), Wait(20, None)


def outcome(*told: Told, **more: object) -> Outcome:
    return Outcome("break-it", "It is broken", list(told), **more)  # type: ignore[arg-type]


def told(fired: Wait = IN_TIME, resolved: Wait | None = IN_TIME) -> Told:
    return Told("Broken{job=x}", fired, resolved, "scrape 5 + …")


def printed(*outcomes: Outcome) -> str:
    output = io.StringIO()
    Console(file=output, width=200).print(table(outcomes))
    return output.getvalue()


def test_all_in_time_is_a_success() -> None:
    """Every notification came and was resolved."""
    assert exit_code([outcome(told()), outcome(told(), told())]) == 0


@pytest.mark.parametrize(
    "failed",
    [
        outcome(told(fired=NEVER, resolved=None)),
        outcome(told(fired=LATE)),
        outcome(told(resolved=NEVER)),
        outcome(told(resolved=LATE)),
        outcome(told(resolved=None)),
        outcome(told(), told(fired=NEVER, resolved=None)),
        outcome(told(), problem="the service did not come back"),
        outcome(),
    ],
)
def test_one_that_did_not_come_or_end_fails_the_drill(failed: Outcome) -> None:
    """Late, never, never resolved, a fault that could not be injected: each is a failure."""
    assert exit_code([outcome(told()), failed]) == 1


def test_a_drill_without_faults_proves_nothing() -> None:
    """Nothing done is not success."""
    assert exit_code([]) == 1


def test_what_came_beside_it_is_shown_and_does_not_fail() -> None:
    """An alert too many is a finding; its reason, where it has one, is in the JSON."""
    found = outcome(told(), explained={"Known": "because"}, unexpected=["Odd{slot=1}"])
    assert exit_code([found]) == 0
    assert "Known, unexpected: Odd{slot=1}" in printed(found)


def test_the_table_shows_measured_against_expected() -> None:
    """One line for each notification, with its labels."""
    text = printed(outcome(told(), told(fired=NEVER, resolved=None)))
    assert text.count("break-it") == 2
    assert "Broken{job=x}" in text
    assert "12 s of 20 s" in text
    assert "never of 20 s" in text
    assert "not waited for" in text
    assert "FAILED" in text


def test_a_fault_that_could_not_be_injected_says_why() -> None:
    """Its line is there, and the reason below the table."""
    text = printed(outcome(problem="no worker in slot 0"))
    assert "break-it" in text
    assert "no worker in slot 0" in text


def test_the_json_holds_what_the_table_shows() -> None:
    """Programs get seconds, expectations and reasons."""
    found = outcome(told(), explained={"Known": "because"}, unexpected=["Odd"])
    document = json.loads(json.dumps(as_json([found], "0.02", 61.23)))
    assert document["ok"] is True
    assert (document["alert_time_scale"], document["elapsed_seconds"]) == ("0.02", 61.2)
    assert document["slack_seconds"] == SLACK_SECONDS
    (fault,) = document["faults"]
    assert (fault["fault"], fault["ok"], fault["problem"]) == ("break-it", True, "")
    assert (fault["explained"], fault["unexpected"]) == ({"Known": "because"}, ["Odd"])
    assert fault["notifications"] == [
        {
            "alert": "Broken{job=x}",
            "ok": True,
            "fired": {"seconds": 12.3, "expected": 20},
            "resolved": {"seconds": 12.3, "expected": 20},
            "expected_is": "scrape 5 + …",
        }
    ]
