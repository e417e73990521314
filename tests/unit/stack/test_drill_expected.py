"""How long a notification may take is read from rules and routes, and added up right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from stack.drill.expected import Timetable, UnknownAlert, seconds

WAITS = {"scrape": 5, "evaluation": 5, "group_wait": 1, "group_interval": 6}


def timetable(*rules: dict[str, Any], **waits: float) -> Timetable:
    return Timetable(list(rules), **{**WAITS, **waits})


def alert(expr: str, **more: Any) -> dict[str, Any]:
    return {"alert": "Broken", "expr": expr, **more}


@pytest.mark.parametrize(
    ("text", "expected"), [("20s", 20), ("1h30m", 5400), ("5000ms", 5), ("3d", 259_200)]
)
def test_durations_are_those_of_prometheus(text: str, expected: float) -> None:
    """One unit or several, down to milliseconds."""
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "5", "m", "5m ", "-5m", "5 m"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match="no duration"):
        seconds(text)


def test_a_condition_of_now_waits_for_scrape_evaluation_and_group() -> None:
    """No range, no `for`: one scrape, one evaluation, and the longer of Alertmanager's waits."""
    found = timetable(alert("up == 0")).expected("Broken", {})
    assert found.firing == 5 + 5 + 6
    assert found.resolved == 5 + 5 + 6


def test_a_condition_that_must_hold_needs_an_evaluation_more() -> None:
    """`for` is over at the first evaluation after it."""
    found = timetable(alert("up == 0", **{"for": "20s"})).expected("Broken", {})
    assert found.firing == 5 + 5 + 20 + 5 + 6
    assert found.resolved == 5 + 5 + 6


def test_what_keeps_firing_is_resolved_later() -> None:
    """`keep_firing_for` delays the end only."""
    found = timetable(alert("up == 0", keep_firing_for="18s")).expected("Broken", {})
    assert found.firing == 5 + 5 + 6
    assert found.resolved == 5 + 5 + 18 + 5 + 6


def test_the_longest_range_counts() -> None:
    """At worst the whole range must be bad, and good again."""
    expr = "increase(a[20s]) / increase(b[1m]) > 0 and max_over_time((c > 0)[72s:5s]) > 1"
    found = timetable(alert(expr)).expected("Broken", {})
    assert found.firing == 5 + 72 + 5 + 6
    assert found.resolved == 5 + 72 + 5 + 6


def test_what_was_usual_before_is_not_waited_for() -> None:
    """A range with an offset lies in the past."""
    expr = "rate(a[20s]) < 0.5 * rate(a[1h] offset 15m)"
    assert timetable(alert(expr)).reach(expr).seconds == 20


def test_ranges_in_label_values_are_none() -> None:
    """Text is not code."""
    expr = 'a{path="[5m]", other="x_total"} > 0'
    assert timetable(alert(expr)).reach(expr).seconds == 0


def test_an_age_is_waited_for_like_a_range() -> None:
    """A stamp that stands still is too old only after that long."""
    expr = "time() - (stamp > 0) > 240\nand on (job) in_progress > 0"
    assert timetable(alert(expr)).reach(expr).seconds == 240


def test_recorded_series_bring_their_own_range_and_a_turn() -> None:
    """Rules of rules: ranges add up, and each level may wait for one more evaluation."""
    rules = (
        {"record": "x:bad:increase_5m", "expr": "increase(bad[20s])"},
        {"record": "x:error:ratio_5m", "expr": "x:bad:increase_5m / increase(all[30s])"},
        alert("avg_over_time(x:error:ratio_5m[10s]) > 0.1"),
    )
    found = timetable(*rules).expected("Broken", {})
    assert found.firing == 5 + (10 + 30 + 20) + 3 * 5 + 6


def test_an_alert_over_two_windows_ends_with_the_short_one() -> None:
    """A burn rate is over when its short window is clean."""
    rules = (
        {"record": "error:ratio_5m", "expr": "rate(bad[20s])"},
        {"record": "error:ratio_1h", "expr": "rate(bad[72s])"},
        alert("error:ratio_1h > 1 and error:ratio_5m > 1", labels={"short_window": "5m"}),
    )
    found = timetable(*rules).expected("Broken", {})
    assert found.firing == 5 + 72 + 10 + 6
    assert found.resolved == 5 + 20 + 10 + 6


def test_the_rule_with_the_labels_asked_for_is_taken() -> None:
    """Of several rules of one name, those whose own labels contradict do not count."""
    rules = (
        alert("rate(a[1m]) > 0", labels={"severity": "page"}),
        alert("rate(a[20s]) > 0", labels={"severity": "ticket", "slot": "{{ $labels.slot }}"}),
    )
    table = timetable(*rules)
    assert table.expected("Broken", {"severity": "page", "slot": "1"}).firing == 5 + 60 + 5 + 6
    assert table.expected("Broken", {"severity": "ticket", "slot": "1"}).firing == 5 + 20 + 5 + 6
    assert table.expected("Broken", {}).firing == 5 + 20 + 5 + 6


@pytest.mark.parametrize(("name", "labels"), [("Whole", {}), ("Broken", {"severity": "ticket"})])
def test_an_alert_that_no_rule_has_is_an_error(name: str, labels: dict[str, str]) -> None:
    """A drill must not wait for what cannot come."""
    with pytest.raises(UnknownAlert, match=name):
        timetable(alert("up == 0", labels={"severity": "page"})).expected(name, labels)


def test_the_dead_man_switch_waits_for_three_intervals() -> None:
    """It comes back when Prometheus has sent its alerts again."""
    found = timetable(watchdog=10, resend=60).deadman(lead=5)
    assert (found.firing, found.resolved) == (5 + 30, 60 + 10)


def test_the_fault_s_own_time_comes_first() -> None:
    """What it takes until a metric can show it is part of what is expected."""
    table = timetable(alert("up == 0"))
    assert table.expected("Broken", {}, lead=15).firing == 15 + table.expected("Broken", {}).firing


def test_everything_is_read_from_the_files_of_the_stack(tmp_path: Path) -> None:
    """Intervals of Prometheus, rules beside it, waits of the slowest route but the Watchdog's."""
    prometheus, alertmanager = tmp_path / "prometheus.yml", tmp_path / "alertmanager.yml"
    intervals = {"scrape_interval": "5s", "evaluation_interval": "10s"}
    prometheus.write_text(yaml.safe_dump({"global": intervals}))
    (tmp_path / "rules").mkdir()
    rules = {"groups": [{"name": "a", "rules": [alert("up == 0", **{"for": "1s"})]}]}
    (tmp_path / "rules" / "a.yml").write_text(yaml.safe_dump(rules))
    watchdog = {"matchers": ['alertname="Watchdog"'], "group_wait": "9m", "group_interval": "8m"}
    page = {"matchers": ['severity="page"'], "group_wait": "1s"}
    route = {"group_wait": "2s", "group_interval": "6s", "routes": [watchdog, page]}
    alertmanager.write_text(yaml.safe_dump({"route": route}))

    table = Timetable.read(prometheus, alertmanager, resend=60)

    assert (table.scrape, table.evaluation, table.watchdog) == (5, 10, 480)
    assert (table.group_wait, table.group_interval) == (2, 6)
    assert table.expected("Broken", {}).firing == 5 + 10 + 1 + 10 + 6
