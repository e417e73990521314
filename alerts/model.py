"""What rules are made of: alerts and recordings, in groups, on a clock that drills can speed up.

A group is a function of a `Clock` that returns a `Group`; rules.py lists them all, build.py renders
them for a place (`Links`). Expressions are PromQL from metric specs (`series`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import quote, urlencode

from nautilus_instrumentation.metrics import TRACESTORE, MetricSpec
from promql.foreign import foreign_metrics
from promql.select import Match, selector

JOB = "nautilus"
"""The scrape job of our own exporter in prometheus.yml."""
TRACESTORE_JOB = "tracestore"

Severity = Literal["page", "ticket", "none"]
"""page: somebody must look now; ticket: within days; none: not for people."""

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
SCRAPE = 5
"""Seconds between scrapes, and between evaluations, of prometheus.yml."""
SHORTEST_RANGE = 4 * SCRAPE
"""Seconds: four scrapes of prometheus.yml; a rate over fewer than two samples has no value."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Durations in rules. `scale` shortens all of them for drills: 1 in production."""

    scale: Decimal = Decimal(1)

    def over(self, duration: str) -> str:
        """A range such as `5m`, as PromQL writes it; never below what a rate needs."""
        return text(max(SHORTEST_RANGE, self.seconds(duration)))

    def part(self, duration: str, parts: int) -> str:
        """One of so many equal `parts` of the range `over(duration)`; at least a scrape long."""
        return text(max(SCRAPE, seconds(self.over(duration)) // parts))

    def wait(self, duration: str) -> str:
        """How long an alert's condition must hold (`for`)."""
        return text(self.seconds(duration))

    def seconds(self, duration: str) -> int:
        """Whole seconds of `duration`, scaled."""
        return int(seconds(duration) * self.scale)


def seconds(duration: str) -> int:
    """Seconds of a duration such as 90s, 5m, 6h, 30d. Raises ValueError."""
    found = re.fullmatch(r"([0-9]+)([smhd])", duration)
    if not found:
        raise ValueError(f"{duration!r} is no duration such as 90s, 5m, 6h or 30d")
    return int(found[1]) * UNITS[found[2]]


def text(whole_seconds: int) -> str:
    """Shortest way to write a duration of whole seconds, in one unit."""
    for unit, size in reversed(UNITS.items()):
        if whole_seconds and whole_seconds % size == 0:
            return f"{whole_seconds // size}{unit}"
    return "0s"


@dataclass(frozen=True, slots=True)
class Links:
    """Where people find the pages that annotations lead to. Addresses end without a slash."""

    runbooks: str = "http://127.0.0.1:8000/api/runbooks"
    """Followed by the name of a page of docs/runbooks."""
    dashboards: str = "http://127.0.0.1:8000/dashboards"
    """Followed by the uid of a board: the console's, or Grafana's …/d."""
    traces: str = "http://127.0.0.1:8000/traces"
    """The console's search; followed by ?q= and TraceQL."""
    alerts: str = "http://127.0.0.1:8000/alerts"
    """The console's page with the form for silences; followed by ?silence= and matchers."""

    @classmethod
    def of(cls, console: str) -> Links:
        """All pages below `console`, an address without a slash at the end."""
        pages = ("api/runbooks", "dashboards", "traces", "alerts")
        return cls(*(f"{console}/{page}" for page in pages))

    @classmethod
    def from_environment(cls, env: Mapping[str, str], console: str, grafana: str = "") -> Links:
        """As people reach them: CONSOLE_URL and GRAFANA_URL, else the addresses given.

        Without a Grafana the boards are the console's.
        """
        found = cls.of((env.get("CONSOLE_URL") or console).rstrip("/"))
        grafana = (env.get("GRAFANA_URL") or grafana).rstrip("/")
        return replace(found, dashboards=f"{grafana}/d") if grafana else found


@dataclass(frozen=True, slots=True)
class Board:
    """The dashboard that shows why: topic as in dashboards/boards, its variables, how far back."""

    topic: str
    variables: Mapping[str, str] = field(default_factory=dict)
    """Variable → value; may hold Prometheus' templates such as {{ $labels.slot }}."""
    since: str = "1h"

    def url(self, links: Links) -> str:
        moment = urlencode({"from": f"now-{self.since}", "to": "now"})
        more = "".join(f"&var-{k}={_template(v)}" for k, v in self.variables.items())
        return f"{links.dashboards}/nautobs-{self.topic}?{moment}{more}"


def _template(value: str) -> str:
    """`value` for a query string; templates stay, and escape what they give."""
    return re.sub(
        r"{{ *(.*?) *}}|{|[^{]+",
        lambda found: f"{{{{ {found[1]} | urlquery }}}}" if found[1] else quote(found[0], safe=""),
        value,
    )


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert. Texts are Prometheus' templates and name the numbers: {{ $value | … }}.

    Every alert has the label `job` (of the target it is about, set here unless `expr` keeps it) and
    `severity`; where it is about one target it keeps `instance` too, so that a dead target can
    silence its symptoms.
    """

    name: str
    expr: str
    severity: Severity
    summary: str
    """One line: what is wrong, how bad."""
    description: str
    """What it means and for whom, with numbers."""
    board: Board
    traceql: str
    """A search of the trace store that shows the culprits."""
    wait: str = "0s"
    """From `Clock.wait`."""
    labels: Mapping[str, str] = field(default_factory=lambda: {"job": JOB})
    """Labels that `expr` does not give; `{}` where it keeps `job`."""
    keep_firing: str = ""
    """From `Clock.wait`: how long it stays after the condition ended, against flapping."""
    runbook: str = ""
    """Page under docs/runbooks; by default the alert's own name."""

    def rule(self, links: Links) -> dict[str, Any]:
        """The alert as Prometheus reads it."""
        rule: dict[str, Any] = {"alert": self.name, "expr": self.expr, "for": self.wait}
        if self.keep_firing:
            rule["keep_firing_for"] = self.keep_firing
        rule["labels"] = {**self.labels, "severity": self.severity}
        rule["annotations"] = {
            "summary": self.summary,
            "description": self.description,
            "runbook_url": f"{links.runbooks}/{self.runbook or self.name}",
            "dashboard_url": self.board.url(links),
            "traceql": self.traceql,
        }
        return rule


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording rule: `record` is named level:metric:operations."""

    record: str
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict)

    def rule(self, links: Links) -> dict[str, Any]:
        """The rule as Prometheus reads it."""
        rule: dict[str, Any] = {"record": self.record, "expr": self.expr}
        if self.labels:
            rule["labels"] = dict(self.labels)
        return rule


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are evaluated together, in order; one generated file."""

    name: str
    rules: tuple[Alert | Recording, ...]
    interval: str = ""
    """Seconds between evaluations; empty: prometheus.yml's."""


def series(spec: MetricSpec, suffix: str = "", /, **match: Match) -> str:
    """Selector of the samples `name + suffix` of our own targets whose labels match.

    Metrics of others are selected as `match` says.
    """
    own = []
    if spec.name not in foreign_metrics() and "job" not in match:
        own = [f'job="{TRACESTORE_JOB if spec in TRACESTORE else JOB}"']
    return selector(spec, suffix, own, match)
