"""Error ratios and burn-rate alerts, against a count by hand of the same events."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from alerts import slo
from alerts.model import JOB, seconds
from alerts.objectives import Objective, objectives
from alerts.windows import windows_of
from stack.provision import PROMTOOL, Found, find

ROOT = Path(__file__).resolve().parents[2]
MINUTES = 35
BEFORE = (1000, 100)
"""Good and bad events before the first minute: counters that are far from 0."""
CHOSEN = [each for each in objectives().values() if each.name in ("backtest_5m", "backtest_1h")]
PAGES = [(each, row) for each in CHOSEN for row in windows_of(each) if row.severity == "page"]


@dataclass(frozen=True)
class Minute:
    """Events of a minute, and whether the target began anew in it, with its counters at 0."""

    good: int
    bad: int
    restart: bool = False


quiet = st.builds(Minute, st.integers(0, 3), st.just(0))
busy = st.builds(Minute, st.integers(0, 20), st.sampled_from([0, 0, 0, 1]))
broken = st.builds(
    Minute, st.integers(0, 3), st.integers(0, 3), st.sampled_from([False] * 9 + [True])
)
stretch = st.one_of(
    *(st.lists(kind, min_size=5, max_size=20) for kind in (quiet, busy, broken)),
    st.lists(st.just(Minute(0, 0)), min_size=5, max_size=20),
)
histories = st.lists(stretch, min_size=3, max_size=9).map(
    lambda parts: ([minute for part in parts for minute in part] + [Minute(0, 0)] * MINUTES)[
        :MINUTES
    ]
)

steady = st.integers(0, 6).map(lambda bad: [Minute(10 - bad, bad)] * MINUTES)
"""The same share all the time, of which some lie between the pages' limits."""
handfuls = st.builds(
    lambda few, after: (
        [Minute(0, 0)] * (MINUTES - few - after) + [Minute(0, 1)] * few + [Minute(0, 0)] * after
    ),
    st.integers(3, 7),
    st.integers(0, 3),
)
"""A few bad events in an idle hour: enough of them, or not yet."""


def counters(history: list[Minute]) -> tuple[list[int], list[int], list[Minute]]:
    """(all events, bad events) as the target shows them, and the history as it can be known.

    A counter that restarts and is at once where it was before hides what it lost: no restart then.
    """
    good, bad = BEFORE
    events_shown, bad_shown, known = [good + bad], [bad], []
    for minute in history:
        seen = (minute.bad < bad or not bad) and minute.good + minute.bad < good + bad
        if minute.restart and seen:
            good = bad = 0
        known.append(Minute(minute.good, minute.bad))
        good, bad = good + minute.good, bad + minute.bad
        events_shown.append(good + bad)
        bad_shown.append(bad)
    return events_shown, bad_shown, known


def counted(known: list[Minute], window: str) -> tuple[int, int]:
    """(events, bad events) of the last minutes."""
    last = known[-(seconds(window) // 60) :]
    bad = sum(minute.bad for minute in last)
    return bad + sum(minute.good for minute in last), bad


def series(objective: Objective, history: list[Minute]) -> list[dict[str, str]]:
    events, bad, _ = counters(history)
    (window,) = objective.indicator.labels["window"]
    name, labels = objective.indicator.metric.name, f'job="{JOB}", instance="i", window="{window}"'
    good = [str(all_of - bad_of) for all_of, bad_of in zip(events, bad, strict=True)]
    return [
        {"series": f"{name}_count{{{labels}}}", "values": " ".join(map(str, events))},
        {
            "series": f'{name}_bucket{{{labels}, le="{objective.bound}"}}',
            "values": " ".join(good),
        },
    ]


def expected(objective: Objective, history: list[Minute], close: float) -> list[dict[str, Any]]:
    """What promtool must find for the objective at the end of its history."""
    _, _, known = counters(history)
    chosen = f'{{objective="{objective.name}"}}'
    found = []
    for window in ("5m", "30m"):
        events, bad = counted(known, window)
        ratio = f"{slo.error_ratio(window).name}{chosen}"
        if events:
            share = bad / events
            expr = f"sum(abs({ratio} - {share!r}) <= bool {close * share + 1e-9!r})"
            found.append({"expr": expr, "exp_samples": [{"labels": "{}", "value": 1}]})
        else:
            found.append({"expr": ratio, "exp_samples": []})
    for each, row in PAGES:
        if each is objective and (fires := should_fire(each, row, known)) is not None:
            firing = (
                f'count(ALERTS{{objective="{each.name}", long_window="{row.long}", '
                'alertstate="firing"})'
            )
            samples = [{"labels": "{}", "value": 1}] if fires else []
            found.append({"expr": firing, "exp_samples": samples})
    return [{**each, "eval_time": f"{MINUTES}m"} for each in found]


def should_fire(objective: Objective, row: Any, known: list[Minute]) -> bool | None:
    """By exact arithmetic; None where the share is just the limit, which floats may miss."""
    limit = Fraction(row.error_ratio(objective))
    shares = []
    for window in (row.long, row.short):
        events, bad = counted(known, window)
        if not events:
            return False
        shares.append(Fraction(bad, events))
    if any(abs(share / limit - 1) < Fraction(1, 5) and share != 0 for share in shares):
        return None
    return min(shares) > limit and counted(known, row.long)[1] >= row.bad_events


@pytest.fixture(scope="session")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rules of the chosen objectives alone: the others have nothing to say here, slowly."""
    document = yaml.safe_load((ROOT / "alerts" / "generated" / "rules" / "slo.yml").read_text())
    (group,) = document["groups"]
    others = objectives().keys() - {each.name for each in CHOSEN}
    group["rules"] = [
        rule for rule in group["rules"] if rule.get("labels", {}).get("objective") not in others
    ]
    path = tmp_path_factory.mktemp("rules") / "slo.yml"
    path.write_text(json.dumps(document))
    return path


@pytest.fixture(scope="session")
def promtool() -> Found:
    found = find(PROMTOOL, ROOT / "var" / "tools")
    if found is None:
        pytest.skip("no promtool: `make doctor` says how to get it")
    return found


@given(st.lists(st.tuples(histories | steady, handfuls), min_size=8, max_size=8))
@settings(
    max_examples=2,
    deadline=None,
    # Each example is eight tests in one file; making it smaller would take as many calls.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[
        HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large,
        HealthCheck.large_base_example,
    ],
)  # fmt: skip
def test_prometheus_counts_as_people_do(
    promtool: Found, rules: Path, tmp_path: Path, pairs: list[tuple[list[Minute], list[Minute]]]
) -> None:
    """Ratios are bad by all events, nothing when idle, and pages follow from exact arithmetic."""
    # Prometheus 3 leaves out a range's left end and stretches what is left, unless to below 0.
    close = 0.0 if promtool.version.startswith("2.") else 0.12
    up = {"series": f'up{{job="{JOB}", instance="i"}}', "values": f"1+0x{MINUTES}"}
    tests = [
        {
            "name": f"pair {i}",
            "interval": "1m",
            "input_series": [up, *(one for o, h in named for one in series(o, h))],
            "promql_expr_test": [one for o, h in named for one in expected(o, h, close)],
        }
        for i, pair in enumerate(pairs)
        for named in [list(zip(CHOSEN, pair, strict=True))]
    ]
    document = {"rule_files": [str(rules)], "evaluation_interval": "30s", "tests": tests}
    path = tmp_path / "burn_test.yml"
    path.write_text(json.dumps(document))
    tested = subprocess.run(
        [promtool.path, "test", "rules", path], capture_output=True, text=True, check=False
    )
    assert tested.returncode == 0, tested.stdout + tested.stderr
