"""What may be behind the stand-in for Grafana: a running platform, or canned answers."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from nautilus_instrumentation import attributes
from tests.compat import asked
from tests.compat.grafana import Window, filled
from tests.compat.grafana_stub import Answer, Failed, dots, line, spans
from tests.compat.platform import Platform, Refused

Json = dict[str, Any]

LABEL = "trace_id"
SEARCH_REFUSED = "backend TraceQL search queries are not supported"
"""The words of Grafana's Tempo plugin, pkg/tsdb/tempo/traceql_query.go."""


@dataclass
class Running:
    """Passes queries on to a platform, with Grafana's own variables filled in."""

    platform: Platform

    def frames(self, query: Json, window: Window) -> list[Json]:
        try:
            if query["datasource"]["type"] == "tempo":
                return [self._trace(query)]
            return self._series(query, filled(query["expr"], window.macros()), window)
        except Refused as error:
            raise Failed(str(error)) from error

    def passed_on(self, uid: str, path: str, parameters: dict[str, str]) -> Answer:
        address = getattr(self.platform.addresses, uid)
        answer = self.platform.client.get(f"{address}/{path}", params=parameters)
        return answer.status_code, answer.json()

    def _trace(self, query: Json) -> Json:
        if query["queryType"] != "traceId":
            raise Failed(SEARCH_REFUSED)
        path = f"api/v2/traces/{query['query']}"
        status, answer = self.passed_on("tempo", path, {})
        if status != 200:
            raise Failed(f"failed to get trace with id: {query['query']} Status: {status}")
        found = [
            span["spanId"]
            for resource in answer["trace"]["resourceSpans"]
            for scope in resource["scopeSpans"]
            for span in scope["spans"]
        ]
        return spans(query["query"], found)

    def _series(self, query: Json, expr: str, window: Window) -> list[Json]:
        if query["instant"]:
            answer = self.platform.prometheus("query", query=expr, time=window.end)
            if answer["resultType"] == "scalar":
                return [line("scalar", _numbers([answer["result"]]))]
            return [line("vector", _numbers([each["value"]])) for each in answer["result"]]
        start, end = window.aligned(window.step)
        answer = self.platform.prometheus(
            "query_range", query=expr, start=start, end=end, step=window.step
        )
        lines = [line("matrix", _numbers(each["values"])) for each in answer["result"]]
        return [*lines, *self._dots(expr, window)] if query["exemplar"] else lines

    def _dots(self, expr: str, window: Window) -> list[Json]:
        series = self.platform.prometheus(
            "query_exemplars", query=expr, start=window.start, end=window.end
        )
        found = [
            (each["timestamp"], float(each["value"]), each["labels"][LABEL])
            for one in series
            for each in one["exemplars"]
        ]
        return [dots(LABEL, found)] if found else []


def _numbers(samples: list[Any]) -> list[tuple[float, float]]:
    return [(float(at), float(value)) for at, value in samples]


@dataclass
class Canned:
    """One number for every query, one trace for every search, and what tests spoil."""

    errors: dict[str, str] = field(default_factory=dict)
    """Part of an expression → why a query with it fails."""
    known: bool = True
    """Whether the trace store has the trace that exemplars name."""
    trace_id: str = field(default_factory=lambda: secrets.token_hex(16))

    def frames(self, query: Json, window: Window) -> list[Json]:
        if query["datasource"]["type"] == "tempo":
            if query["queryType"] != "traceId":
                raise Failed(SEARCH_REFUSED)
            if not self.known or query["query"] != self.trace_id:
                raise Failed(f"failed to get trace with id: {query['query']} Status: 404 Not Found")
            return [spans(self.trace_id, ["a", "b"])]
        for part, error in self.errors.items():
            if part in query["expr"]:
                raise Failed(error)
        samples = [line("matrix", [(window.end, 1.0)])]
        return [*samples, dots(LABEL, [(window.end, 1.0, self.trace_id)])][: 1 + query["exemplar"]]

    def passed_on(self, uid: str, path: str, parameters: dict[str, str]) -> Answer:
        if (uid, path) == ("alertmanager", "api/v2/status"):
            return 200, {"versionInfo": {}}
        if (uid, path) == ("tempo", "api/search"):
            return 200, {"traces": [self._found(parameters["q"])]}
        return 404, {"error": f"nothing canned for {uid}/{path}"}

    def _found(self, query: str) -> Json:
        keys = {attributes.RUN_ID, *asked.Search("", query).selected}
        span = {"spanID": "a", "attributes": [_text(key) for key in sorted(keys)]}
        return {"traceID": self.trace_id.lstrip("0"), "spanSets": [{"spans": [span]}]}


def _text(key: str) -> Json:
    return {"key": key, "value": {"stringValue": "some"}}
