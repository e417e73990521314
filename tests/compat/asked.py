"""Everything that boards and rules ask, as questions that can be put to a running platform."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from tests.compat import grafana
from tests.compat.conditions import compared

Json = Mapping[str, Any]

ROOT = Path(__file__).resolve().parents[2]
BOARDS = ROOT / "dashboards" / "generated"
RULES = ROOT / "alerts" / "generated" / "rules"

ANNOTATION_STEP = 60
"""Seconds between an annotation's samples, unless it says otherwise."""
LAST_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Question:
    """An expression for Prometheus, and what its answer must be like."""

    where: str
    """Board, panel and refId; board and annotation or variable; or group and rule."""
    expr: str
    instant: bool = False
    low: float | None = None
    high: float | None = None
    """Bounds of the panel's axis."""
    exemplars: bool = False
    span: int = LAST_HOUR
    """Seconds that the answer covers."""
    step: int | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    must_return: bool = True
    """Whether no data is an error: the condition of an alert holds only when something is wrong."""
    may_be_nan: bool = False
    """Where nobody sees the values: a comparison passes NaN over."""

    def text(self, window: grafana.Window) -> str:
        """The expression as it is sent."""
        return grafana.filled(self.expr, {**self.variables, **window.macros(self.step)})

    @property
    def over_time(self) -> Question:
        """The same question about every moment of its span, not only the last."""
        return replace(self, instant=False)

    @property
    def optional(self) -> Question:
        """The same question, to which no data is a good answer."""
        return replace(self, must_return=False)

    def depends_on(self, variable: str) -> bool:
        return grafana.filled(self.expr, {variable: ""}) != self.expr


@dataclass(frozen=True, slots=True)
class Values:
    """A variable that lists the values of a label."""

    where: str
    variable: Json
    series: str
    label: str


@dataclass(frozen=True, slots=True)
class Search:
    """A TraceQL search, or a trace by its id (`$trace_id`)."""

    where: str
    query: str
    limit: int = 20
    spans_per_trace: int = 3
    span: int = LAST_HOUR

    @property
    def selected(self) -> frozenset[str]:
        """Attributes that the search adds to its spans."""
        listed = re.findall(r"select\(([^)]*)\)", self.query)
        return frozenset(re.findall(r"\bspan\.([\w.]+)", " ".join(listed)))


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a generated file."""

    group: str
    name: str
    is_alert: bool
    expr: str
    labels: Mapping[str, str]
    traceql: str
    number: int
    """Among the rules of the group that have the same name and labels, from 1."""

    @property
    def where(self) -> str:
        """Group and rule, told apart by the labels that the rule sets."""
        told = [f"{k}={v}" for k, v in sorted(self.labels.items()) if k not in ("job", "severity")]
        again = [f"({self.number})"] if self.number > 1 else []
        return " ".join([f"{self.group}: {self.name}", *told, *again])


# Boards ------------------------------------------------------------------------------------------


def boards(folder: Path = BOARDS) -> list[Json]:
    """The generated boards, by name of their files."""
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


def board_questions(board: Json) -> Iterator[Question]:
    """What the panels and annotations of a board ask Prometheus when it is opened."""
    values, span = grafana.chosen(board), grafana.span_of(board)
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            if "expr" in target:
                bounds = panel["fieldConfig"]["defaults"]
                yield Question(
                    f"{board['uid']}: {panel['title']} {target['refId']}", target["expr"],
                    instant=bool(target.get("instant")), low=bounds.get("min"),
                    high=bounds.get("max"), exemplars=bool(target.get("exemplar")), span=span,
                    variables=values,
                )  # fmt: skip
    for annotation in board["annotations"]["list"]:
        step = grafana.seconds(annotation.get("step") or f"{ANNOTATION_STEP}s")
        yield Question(
            f"{board['uid']}: annotation {annotation['name']}", annotation["expr"], span=span,
            step=step, variables=values,
        )  # fmt: skip


def board_variables(board: Json) -> Iterator[Values]:
    """The label values that a board's variables ask for."""
    values = grafana.chosen(board)
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            series, label = grafana.label_values(variable["query"]["query"])
            where = f"{board['uid']}: variable {variable['name']}"
            yield Values(where, variable, grafana.filled(series, values), label)


def with_choice(question: Question, variable: Json, value: str) -> Question | None:
    """`question` after `value` was chosen; None where it does not depend on the variable."""
    name = variable["name"]
    if question.depends_on(name):
        given = {**question.variables, name: grafana.value_of(variable, value)}
        where = f"{question.where}, {name}={value}"
        return replace(question, where=where, variables=given)
    return None


def board_searches(board: Json) -> Iterator[Search]:
    """What the panels of a board ask the trace store; `$run_id` and `$trace_id` are left open."""
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            if target.get("queryType") == "traceql":
                yield Search(
                    f"{board['uid']}: {panel['title']} {target['refId']}", target["query"],
                    target["limit"], target["spss"], grafana.span_of(board),
                )  # fmt: skip


# Rules -------------------------------------------------------------------------------------------


def rules(folder: Path = RULES) -> list[Rule]:
    """All rules of the generated files, in order."""
    found: list[Rule] = []
    for path in sorted(folder.glob("*.yml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            for rule in group["rules"]:
                one = _rule(group["name"], rule)
                same = sum(other.where.startswith(one.where) for other in found)
                found.append(replace(one, number=same + 1))
    return found


def _rule(group: str, rule: Json) -> Rule:
    return Rule(
        group, rule.get("alert") or rule["record"], "alert" in rule, rule["expr"],
        rule.get("labels", {}), rule.get("annotations", {}).get("traceql", ""), 1,
    )  # fmt: skip


def rule_questions(rule: Rule) -> Iterator[Question]:
    """The expression of a rule; of an alert also what it compares, which exists at all times."""
    parts = compared(rule.expr) if rule.is_alert else [rule.expr]
    if parts != [rule.expr]:
        yield Question(rule.where, rule.expr, instant=True, must_return=False)
        for number, part in enumerate(parts, 1):
            yield Question(f"{rule.where} operand {number}", part, instant=True, may_be_nan=True)
        return
    yield Question(rule.where, rule.expr, instant=True)
    if not rule.is_alert:
        matchers = ", ".join(f'{k}="{v}"' for k, v in rule.labels.items())
        yield Question(f"{rule.where} recorded", f"{rule.name}{{{matchers}}}", instant=True)
