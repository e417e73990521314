"""The panel and the targets that Grafana 11 to 13 reads, over grafanalib's.

grafanalib 0.7.1 has no modern heatmap, state timeline, exemplars or data links, and its panels
carry keys that Grafana dropped years ago. So one class takes its `Panel` for ids, titles and
targets, and writes the rest itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_uppercase
from typing import Any

import attr
import grafanalib.core as G

from dashboards.queries import Query

PROMETHEUS = {"type": "prometheus", "uid": "${datasource}"}
TEMPO = {"type": "tempo", "uid": "${tempo}"}

Json = dict[str, Any]
Line = tuple[str, Query]
"""Legend of a series, which may name labels as {{label}}, and its query."""

REF_IDS = tuple(ascii_uppercase)
"""References of a panel's targets, in their order."""

_DEAD_KEYS = ("cacheTimeout", "editable", "error", "height", "minSpan", "span", "timeShift")


@attr.s
class Panel(G.Panel):
    """A panel of any type. `width` and `height` are grid units: a row has 24."""

    type = attr.ib(default="")
    options = attr.ib(factory=dict)
    fieldConfig = attr.ib(factory=dict)
    width = attr.ib(default=12)
    rows = attr.ib(default=8)
    maxDataPoints = attr.ib(default=None)

    def to_json_data(self) -> Json:
        data: Json = self.panel_json({"type": self.type})
        if self.type == "row":
            kept = ("gridPos", "id", "title", "type")
            return {key: data[key] for key in kept} | {"collapsed": False, "panels": []}
        data["options"], data["fieldConfig"] = self.options, self.fieldConfig
        dropped = {key for key, value in data.items() if value is None} | set(_DEAD_KEYS)
        return {key: value for key, value in data.items() if key not in dropped}


@attr.s
class PromTarget(G.Target):
    """A query to Prometheus, without the keys of old Grafanas."""

    query = attr.ib(default=Query(""))

    def to_json_data(self) -> Json:
        return {
            "datasource": PROMETHEUS,
            "editorMode": "code",
            "exemplar": self.query.exemplars and not self.instant,
            "expr": self.query.expr,
            "format": self.format,
            "instant": self.instant,
            "legendFormat": self.legendFormat,
            "range": not self.instant,
            "refId": self.refId,
        }


@attr.s
class TraceTarget(G.Target):
    """A TraceQL search, or a trace by its id."""

    query = attr.ib(default="")
    limit = attr.ib(default=20)
    spansPerTrace = attr.ib(default=1)
    tableType = attr.ib(default="traces")

    def to_json_data(self) -> Json:
        return {
            "datasource": TEMPO,
            "filters": [],
            "limit": self.limit,
            "query": self.query,
            "queryType": "traceql",
            "refId": self.refId,
            "spss": self.spansPerTrace,
            "tableType": self.tableType,
        }


def referenced(targets: Sequence[Any]) -> list[Any]:
    """The targets with the refIds A, B, C …"""
    return [attr.evolve(target, refId=REF_IDS[i]) for i, target in enumerate(targets)]


def fields(defaults: Json, overrides: Sequence[Json] = ()) -> Json:
    """How a panel shows its fields."""
    return {"defaults": defaults, "overrides": list(overrides)}
