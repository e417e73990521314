"""A small client of Tempo's HTTP API."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import httpx

from tracestore.terminal.trace import Trace, parse_trace, plain_value

MOST = 5000
"""Traces asked for at most when the slowest are looked for in one go."""


class StoreUnreachable(Exception):
    """No answer from the trace store."""


class QueryRefused(Exception):
    """The store understood the request and said no; the text is its reason."""


@dataclass(frozen=True)
class Found:
    """One trace that a search found.

    `spans` are the matched spans as far as the store sent them; `matched` counts all of them.
    """

    trace_id: str
    root_name: str
    root_service: str
    start_ns: int
    duration_ms: float
    matched: int
    spans: tuple[dict[str, Any], ...]


class Tempo:
    """Searches and fetches traces. Raises StoreUnreachable and QueryRefused."""

    def __init__(self, url: str, timeout_seconds: float = 30.0) -> None:
        self._url = url.rstrip("/")
        self._http = httpx.Client(timeout=timeout_seconds, trust_env=False)

    def search(self, query: str, start: int, end: int, limit: int, spss: int = 3) -> list[Found]:
        """Newest traces first that match `query` between two Unix times in seconds."""
        answer = self._get(
            "/api/search",
            {"q": query, "start": start, "end": end, "limit": limit, "spss": spss},
        )
        found = [_found(trace) for trace in answer.get("traces") or []]
        return sorted(found, key=lambda trace: -trace.start_ns)

    def slowest(
        self, condition: str, pipeline: str, start: int, end: int, count: int
    ) -> list[Found]:
        """The `count` traces with the slowest spans that meet `condition`, slowest first.

        A search returns the newest, whatever their duration: the bound on the duration is raised
        until the answer is complete.
        """
        over_ns = 0
        while True:
            bound = f" && duration >= {over_ns}ns" if over_ns else ""
            query = f"{{ {condition}{bound} }} | {pipeline}"
            found = self.search(query, start, end, MOST, spss=1)
            found.sort(key=lambda trace: -longest_ns(trace))
            if len(found) < MOST or longest_ns(found[count - 1]) <= over_ns:
                return found[:count]
            over_ns = longest_ns(found[count - 1])

    def trace(self, trace_id: str) -> Trace:
        """The whole trace. Raises QueryRefused when there is none of that id."""
        answer = self._get(f"/api/v2/traces/{trace_id}", {}, missing=f"no trace {trace_id}")
        spans = parse_trace(answer.get("trace") or answer)
        if not spans:
            raise QueryRefused(f"no trace {trace_id}")
        return Trace(trace_id, tuple(spans))

    def _get(self, path: str, params: dict[str, Any], missing: str = "") -> dict[str, Any]:
        try:
            response = self._http.get(
                self._url + path, params=params, headers={"Accept": "application/json"}
            )
        except httpx.HTTPError as error:
            raise StoreUnreachable(f"{self._url}: {error or type(error).__name__}") from error
        if response.status_code == 404 and missing:
            raise QueryRefused(missing)
        if response.status_code >= 500 or response.status_code == 404:
            raise StoreUnreachable(f"{self._url}{path}: HTTP {response.status_code}")
        if response.status_code >= 400:
            raise QueryRefused(response.text.strip())
        try:
            answer: dict[str, Any] = response.json()
        except json.JSONDecodeError as error:
            raise StoreUnreachable(f"{self._url}{path}: not JSON: {error}") from error
        return answer


def longest_ns(found: Found) -> int:
    """Duration of the longest matched span, of the trace where the store sent no span."""
    durations = [int(span["duration_ns"]) for span in found.spans]
    return max(durations, default=int(found.duration_ms * 1e6))


def _found(trace: dict[str, Any]) -> Found:
    sets = trace.get("spanSets") or ([trace["spanSet"]] if trace.get("spanSet") else [])
    return Found(
        trace_id=str(trace["traceID"]).rjust(32, "0"),
        root_name=trace.get("rootTraceName", ""),
        root_service=trace.get("rootServiceName", ""),
        start_ns=int(trace.get("startTimeUnixNano", 0)),
        duration_ms=float(trace.get("durationMs", 0)),
        matched=sum(int(spanset.get("matched", 0)) for spanset in sets),
        spans=tuple(_matched(span) for spanset in sets for span in spanset.get("spans") or []),
    )


def _matched(span: dict[str, Any]) -> dict[str, Any]:
    return {
        "span_id": span.get("spanID", ""),
        "name": span.get("name", ""),
        "start_ns": int(span.get("startTimeUnixNano", 0)),
        "duration_ns": int(span.get("durationNanos", 0)),
        "attributes": {
            pair["key"]: plain_value(pair.get("value") or {})
            for pair in span.get("attributes") or []
        },
    }
