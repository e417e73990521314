"""How long a notification may take, from the rules and the routes that the stack was given.

Nothing is typed here: ranges, `for`, `keep_firing_for`, intervals and Alertmanager's waits are read
from the files that alerts/build.py wrote for this stack.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
PART = re.compile(r"([0-9]+)(ms|[smhdwy])")
RANGE = re.compile(r"\[\s*([0-9a-z]+)\s*(?::\s*[0-9a-z]*\s*)?\](?!\s*offset)")
"""A range or a subquery, whose step does not make it longer. One with an offset says what was usual
before: nobody waits for that."""
AGE = re.compile(r"\btime\(\)\s*-.*>=?\s*([0-9.]+)\s*$", re.MULTILINE)
"""A stamp must be so old: as good as a range."""
NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')

WATCHDOG = "Watchdog"
"""Its route has a pace of its own."""
MISSED_INTERVALS = 3
"""Intervals of the Watchdog after whose end the backend says that it is missing (DESIGN)."""


class UnknownAlert(LookupError):
    """No rule of the stack has that name and those labels."""


@dataclass(frozen=True, slots=True)
class Expected:
    """Seconds, at most, until a notification arrives; what each is made of, for people."""

    firing: float
    resolved: float
    made_of: str


def seconds(text: str) -> float:
    """Seconds of one of Prometheus' durations, such as 20s or 1h30m. Raises ValueError."""
    parts = PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is no duration")
    return sum(int(number) * UNITS[unit] for number, unit in parts)


@dataclass(frozen=True, slots=True)
class Reach:
    """How far back an expression looks, and through how many recorded series."""

    seconds: float
    depth: int


class Timetable:
    """The rules, intervals and waits of one stack."""

    def __init__(
        self,
        rules: list[Mapping[str, Any]],
        scrape: float,
        evaluation: float,
        group_wait: float,
        group_interval: float,
        watchdog: float = 60.0,
        resend: float = 60.0,
    ) -> None:
        self._alerts = [rule for rule in rules if "alert" in rule]
        self._recorded: dict[str, list[str]] = {}
        for rule in rules:
            if "record" in rule:
                self._recorded.setdefault(rule["record"], []).append(rule["expr"])
        self.scrape = scrape
        self.evaluation = evaluation
        self.group_wait = group_wait
        self.group_interval = group_interval
        self.watchdog = watchdog
        self.resend = resend

    @classmethod
    def read(cls, prometheus: Path, alertmanager: Path, resend: float) -> Timetable:
        """From Prometheus' configuration, with rules/ beside it, and Alertmanager's.

        `resend`: seconds after which Prometheus sends a firing alert again (its own flag).
        """
        settings = _load(prometheus)["global"]
        rules = [
            rule
            for path in sorted((prometheus.parent / "rules").glob("*.yml"))
            for group in _load(path)["groups"]
            for rule in group["rules"]
        ]
        root = _load(alertmanager)["route"]
        waits = list(_waits(root, {}))
        return cls(
            rules,
            scrape=seconds(settings["scrape_interval"]),
            evaluation=seconds(settings["evaluation_interval"]),
            group_wait=max(wait for wait, _ in waits),
            group_interval=max(interval for _, interval in waits),
            watchdog=max(_watchdog_intervals(root)),
            resend=resend,
        )

    def deadman(self, lead: float = 0) -> Expected:
        """For the backend's own message that the Watchdog is missing."""
        wait = MISSED_INTERVALS * self.watchdog
        return Expected(
            lead + wait,
            self.resend + self.watchdog,
            f"fault {lead:g} + {MISSED_INTERVALS} intervals of the Watchdog {wait:g}",
        )

    def expected(self, alert: str, labels: Mapping[str, str], lead: float = 0) -> Expected:
        """For the quickest rule of that name whose own labels agree with `labels`.

        `lead` is what the fault takes until a metric can show it. Raises UnknownAlert.
        """
        fitting = [
            rule
            for rule in self._alerts
            if rule["alert"] == alert
            and all(labels.get(name, value) == value for name, value in _fixed(rule).items())
        ]
        if not fitting:
            raise UnknownAlert(f"the stack has no rule {alert} with {dict(labels)}")
        return min((self._of(rule, lead) for rule in fitting), key=lambda found: found.firing)

    def _of(self, rule: Mapping[str, Any], lead: float) -> Expected:
        reach = self.reach(rule["expr"])
        short = self._short(rule, reach)
        # Recorded series are evaluated before or after the alert that reads them: a turn for each.
        turns = self.evaluation * (reach.depth + 1)
        hold = seconds(rule.get("for", "0s"))
        keep = seconds(rule.get("keep_firing_for", "0s"))
        # What holds for a while is seen to do so at the evaluation after.
        hold_turn = self.evaluation if hold else 0.0
        keep_turn = self.evaluation if keep else 0.0
        wait = max(self.group_wait, self.group_interval)
        return Expected(
            lead + self.scrape + reach.seconds + turns + hold + hold_turn + wait,
            self.scrape + short.seconds + turns + keep + keep_turn + self.group_interval,
            f"fault {lead:g} + scrape {self.scrape:g} + range {reach.seconds:g} + evaluation "
            f"{turns + hold_turn:g} + for {hold:g} + group {wait:g}",
        )

    def _short(self, rule: Mapping[str, Any], reach: Reach) -> Reach:
        """What an alert over two windows ends with: the short one, where it names one."""
        suffix = "_" + _fixed(rule).get("short_window", "")
        ends = [
            self.reach(name)
            for name in NAME.findall(TEXT.sub("", rule["expr"]))
            if name in self._recorded and name.endswith(suffix)
        ]
        return max(ends, key=lambda found: found.seconds) if suffix != "_" and ends else reach

    def reach(self, expr: str) -> Reach:
        """How far back `expr` looks: its longest range, and that of recorded series it reads."""
        code = TEXT.sub('""', expr)
        looks = [seconds(text) for text in RANGE.findall(code)]
        own = max([*looks, *(float(text) for text in AGE.findall(code))], default=0.0)
        inner = [
            self.reach(source)
            for name in set(NAME.findall(code)) & self._recorded.keys()
            for source in self._recorded[name]
        ]
        return Reach(
            own + max((found.seconds for found in inner), default=0.0),
            max((found.depth + 1 for found in inner), default=0),
        )


def _fixed(rule: Mapping[str, Any]) -> dict[str, str]:
    """Labels that the rule itself sets, without templates."""
    labels: Mapping[str, str] = rule.get("labels", {})
    return {name: value for name, value in labels.items() if "{{" not in value}


def _waits(route: Mapping[str, Any], above: Mapping[str, Any]) -> Iterator[tuple[float, float]]:
    """(group_wait, group_interval) of the route and those below it; each inherits."""
    if WATCHDOG in str(route.get("matchers", "")):
        return
    # Alertmanager's own defaults, for a route that says nothing.
    defaults = {"group_wait": "30s", "group_interval": "5m"}
    own = {name: route.get(name, above.get(name, value)) for name, value in defaults.items()}
    yield seconds(own["group_wait"]), seconds(own["group_interval"])
    for below in route.get("routes", ()):
        yield from _waits(below, own)


def _watchdog_intervals(root: Mapping[str, Any]) -> list[float]:
    return [
        seconds(route["group_interval"])
        for route in root.get("routes", ())
        if WATCHDOG in str(route.get("matchers", ""))
    ]


def _load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))
