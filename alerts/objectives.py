"""The platform's targets, read from objectives.toml and checked against the metrics they use.

Ratios are `Decimal`, as written: an error budget of 0.01 is not 0.010000000000000009.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Literal, NoReturn, cast

from prometheus_client.utils import floatToGoString

from nautilus_instrumentation.metrics import BY_NAME, MetricSpec

FILE = Path(__file__).with_name("objectives.toml")

Severity = Literal["page", "ticket"]
SEVERITIES = ("page", "ticket")

_SECONDS = {"m": 60, "h": 3600, "d": 86400, "w": 604800}
_BOARD_VARIABLES = ("window", "http_route")
"""Labels of indicators that are variables of the boards."""
_KEYS = {
    "title", "protects", "indicator", "threshold", "bad", "target", "window", "severity", "runbook",
    "board",
}  # fmt: skip


class ObjectiveError(ValueError):
    """The file is wrong; the message names file, table and key."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """Series that an objective is measured on."""

    metric: MetricSpec
    labels: Mapping[str, tuple[str, ...]]
    """Label → the values that count; labels not named may have any."""


@dataclass(frozen=True, slots=True)
class Objective:
    """A target: in `window`, the share `target` of events is good.

    Good is an observation up to `threshold` (histogram), a moment below it (gauge), or an event
    whose labels do not match `bad` (label → regular expression). Exactly one of the two is set.
    """

    name: str
    title: str
    protects: str
    indicator: Indicator
    threshold: float | None
    bad: Mapping[str, str]
    target: Decimal
    window: str
    severity: Severity
    runbook: str
    board: str
    """Topic of the dashboard that explains it."""

    @property
    def error_budget(self) -> Decimal:
        """Share of events that may be bad."""
        return 1 - self.target

    @property
    def window_seconds(self) -> int:
        return int(self.window[:-1]) * _SECONDS[self.window[-1]]

    @property
    def board_variables(self) -> dict[str, str]:
        """Variables of the board that narrow it down to this objective."""
        single = {
            label: values[0] for label, values in self.indicator.labels.items() if not values[1:]
        }
        return {label: value for label, value in single.items() if label in _BOARD_VARIABLES}

    @property
    def bound(self) -> str:
        """The threshold as the value of the label `le`, as the exporter writes it."""
        if self.threshold is None or self.indicator.metric.kind != "histogram":
            raise TypeError(f"{self.name} has no bucket")
        return str(floatToGoString(self.threshold))


@cache
def objectives() -> Mapping[str, Objective]:
    """Name → objective, in the order of our own file."""
    return load(FILE)


def load(path: Path) -> dict[str, Objective]:
    """Name → objective of the file at `path`. Raises ObjectiveError."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ObjectiveError(f"{path.name}: {error}") from error
    return {name: _Table(path.name, name, table).objective() for name, table in tables.items()}


def plain(number: Decimal) -> str:
    """`number` in full and without zeros at its end, as PromQL and people read it."""
    return f"{number.normalize():f}"


class _Table:
    """One table of the file; every complaint names it."""

    def __init__(self, file: str, name: str, table: object) -> None:
        self.where = f"{file}: [{name}]"
        self.name = name
        if not isinstance(table, dict):
            raise ObjectiveError(f"{self.where}: must be a table")
        self.table: dict[str, Any] = table

    def objective(self) -> Objective:
        if unknown := sorted(self.table.keys() - _KEYS):
            self.fail(unknown[0], "is not known")
        indicator = self.indicator()
        return Objective(
            name=self.name,
            title=self.text("title"),
            protects=self.text("protects"),
            indicator=indicator,
            threshold=self.threshold(indicator.metric),
            bad=self.bad(indicator.metric),
            target=self.target(),
            window=self.matching("window", r"[1-9][0-9]*[mhdw]", "a duration such as 30d"),
            severity=self.severity(),
            runbook=self.matching("runbook", r"[A-Z][A-Za-z0-9]+", "the name of a page"),
            board=self.matching("board", r"[a-z]+", "the topic of a dashboard"),
        )

    def fail(self, key: str, problem: str) -> NoReturn:
        raise ObjectiveError(f"{self.where} {key}: {problem}")

    def text(self, key: str) -> str:
        value = self.table.get(key)
        if not isinstance(value, str) or not value.strip():
            self.fail(key, "must be a text")
        return value

    def matching(self, key: str, pattern: str, meaning: str) -> str:
        value = self.text(key)
        if not re.fullmatch(pattern, value):
            self.fail(key, f"must be {meaning}, is {value!r}")
        return value

    def number(self, key: str) -> Decimal:
        value = self.table.get(key)
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            self.fail(key, "must be a number")
        return Decimal(value)

    def severity(self) -> Severity:
        value = self.text("severity")
        if value not in SEVERITIES:
            self.fail("severity", f"must be one of {', '.join(SEVERITIES)}, is {value!r}")
        return cast(Severity, value)

    def target(self) -> Decimal:
        value = self.number("target")
        if not 0 < value < 1:
            # A target of 1 leaves no error budget, and burn rates divide by it.
            self.fail("target", f"must be above 0 and below 1, is {value}")
        return value

    def indicator(self) -> Indicator:
        table = self.table.get("indicator")
        if not isinstance(table, dict):
            self.fail("indicator", "must be a table with metric and labels")
        if unknown := sorted(table.keys() - {"metric", "labels"}):
            self.fail(f"indicator.{unknown[0]}", "is not known")
        metric = BY_NAME.get(table.get("metric", ""))
        if metric is None:
            self.fail("indicator.metric", f"no metric is called {table.get('metric')!r}")
        labels = table.get("labels", {})
        if not isinstance(labels, dict):
            self.fail("indicator.labels", "must be a table")
        return Indicator(metric, {key: self.values(metric, key, v) for key, v in labels.items()})

    def values(self, metric: MetricSpec, label: str, value: object) -> tuple[str, ...]:
        key = f"indicator.labels.{label}"
        values = value if isinstance(value, list) else [value]
        if not values or not all(isinstance(each, str) for each in values):
            self.fail(key, "must be a text or a list of texts")
        allowed = self.label_values(metric, label, key)
        if allowed and (unknown := [each for each in values if each not in allowed]):
            self.fail(key, f"{unknown[0]!r} is not one of {', '.join(allowed)}")
        return tuple(values)

    def label_values(self, metric: MetricSpec, label: str, key: str) -> tuple[str, ...]:
        """The label's values where they are a closed set, else nothing."""
        for each in metric.labels:
            if each.name == label:
                return each.values if isinstance(each.values, tuple) else ()
        self.fail(key, f"{metric.name} has no label {label!r}")

    def threshold(self, metric: MetricSpec) -> float | None:
        if metric.kind == "counter" or "bad" in self.table:
            if "threshold" in self.table:
                self.fail("threshold", "cannot be combined with a counter or with bad")
            return None
        value = float(self.number("threshold"))
        if metric.kind == "histogram" and value not in metric.buckets:
            self.fail("threshold", f"{value:g} is no bucket bound of {metric.name}")
        return value

    def bad(self, metric: MetricSpec) -> dict[str, str]:
        table = self.table.get("bad", {})
        if not isinstance(table, dict):
            self.fail("bad", "must be a table")
        if not table and metric.kind == "counter":
            self.fail("bad", "is what a counter needs")
        if table and metric.kind == "gauge":
            self.fail("bad", "cannot be said of a gauge")
        for label, expression in table.items():
            self.label_values(metric, label, f"bad.{label}")
            if not isinstance(expression, str) or not expression:
                self.fail(f"bad.{label}", "must be a regular expression")
        return dict(table)
