"""Asks Prometheus, or the exporter where there is no Prometheus, what the metrics say."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from nautilus_instrumentation import metrics
from nautilus_instrumentation.metrics import MetricSpec

JOB = "nautilus"
"""Name of the scrape job in prometheus.yml."""

QUERY_SECONDS = 5.0


class MonitorError(Exception):
    """The metrics could not be read; the message says from where and why."""


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum over the series of a family, narrowed by label values. Histograms: observations."""

    label: str
    """What it is called in tables."""
    spec: MetricSpec
    only: tuple[tuple[str, str], ...] = ()

    @property
    def sample(self) -> str:
        """Name of the sample that is summed."""
        return f"{self.spec.name}_count" if self.spec.kind == "histogram" else self.spec.name

    @property
    def promql(self) -> str:
        matchers = ",".join(
            f"{name}={json.dumps(value)}" for name, value in (("job", JOB), *self.only)
        )
        return f"sum({self.sample}{{{matchers}}})"


MUST_MOVE = (
    Sum("runs ok", metrics.BACKTEST_RUNS, (("status", "ok"),)),
    Sum("runs error", metrics.BACKTEST_RUNS, (("status", "error"),)),
    Sum("backtest durations", metrics.BACKTEST_DURATION),
    Sum("stage durations", metrics.BACKTEST_STAGE_DURATION),
    Sum("data points", metrics.ENGINE_DATA_POINTS),
    Sum("orders", metrics.ENGINE_ORDERS),
    Sum("conversion rows", metrics.CONVERSION_ROWS),
    Sum("conversion batches", metrics.CONVERSION_BATCH_DURATION),
    Sum("conversion bytes", metrics.CONVERSION_BYTES),
    Sum("catalog queries", metrics.CATALOG_QUERY_DURATION),
    Sum("row groups", metrics.CATALOG_ROW_GROUPS),
    Sum("engine resets", metrics.ENGINE_RESETS),
    Sum("cache requests", metrics.CACHE_REQUESTS),
    Sum("cache seconds saved", metrics.CACHE_SECONDS_SAVED),
    Sum("HTTP requests", metrics.HTTP_REQUEST_DURATION),
    Sum("job waits", metrics.JOB_QUEUE_WAIT),
    Sum("spans sent", metrics.TELEMETRY_SPANS, (("outcome", "exported"),)),
    Sum("GC collections", metrics.GC_COLLECTIONS),
    Sum("CPU seconds", metrics.PROCESS_CPU),
)
"""What grows while the demo works; the proof that the platform is really watched."""

CACHE_HITS = Sum("cache hits", metrics.CACHE_REQUESTS, (("result", "hit"),))
CACHE_MISSES = Sum("cache misses", metrics.CACHE_REQUESTS, (("result", "miss"),))
GROUPS_READ, GROUPS_PRUNED = (
    Sum(f"row groups {outcome}", metrics.CATALOG_ROW_GROUPS, (("outcome", outcome),))
    for outcome in ("read", "pruned")
)
"""Pruned only where a day has more ticks than a row group."""
REPEAT_RATIO = Sum("repeat ratio", metrics.CONVERSION_REPEAT_RATIO, (("kind", "quote"),))
"""Known only where the first conversion took half a second."""
IN_PROGRESS = Sum("runs in progress", metrics.BACKTEST_IN_PROGRESS)
WATCHDOG = Sum("watchdog", metrics.TELEMETRY_WATCHDOG)
TELEMETRY_ERRORS = Sum("telemetry errors", metrics.TELEMETRY_ERRORS)
WORKER_RESTARTS = Sum("worker restarts", metrics.JOB_WORKER_RESTARTS)


class Prometheus:
    """A running Prometheus."""

    name = "Prometheus"

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = httpx.Client(base_url=url, timeout=QUERY_SECONDS, trust_env=False)

    def read(self, sums: tuple[Sum, ...]) -> dict[str, float]:
        """Values by label; a sum without series is 0. Raises MonitorError."""
        return {item.label: self.scalar(item.promql) for item in sums}

    def scalar(self, promql: str) -> float:
        """First value of an instant query; 0 when it has none."""
        found = self.get("query", query=promql)["result"]
        return float(found[0]["value"][1]) if found else 0.0

    def watches_the_platform(self) -> bool:
        """Whether the last scrape of the exporter succeeded."""
        return self.scalar(f'up{{job="{JOB}"}}') == 1.0

    def get(self, call: str, **params: str) -> Any:
        """`data` of an answer of the HTTP API, such as `query` or `targets/metadata`."""
        try:
            answer = self._client.get(f"/api/v1/{call}", params=params).raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise MonitorError(f"{self._url} did not answer: {error}") from error
        return answer["data"]


class Exporter:
    """The exporter's /metrics, read directly."""

    name = "exporter"

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = httpx.Client(base_url=url, timeout=QUERY_SECONDS, trust_env=False)

    def read(self, sums: tuple[Sum, ...]) -> dict[str, float]:
        """Values by label; a sum without series is 0. Raises MonitorError."""
        try:
            text = self._client.get("/metrics").raise_for_status().text
        except httpx.HTTPError as error:
            raise MonitorError(f"{self._url}/metrics did not answer: {error}") from error
        wanted = {item.sample for item in sums}
        samples = [
            sample
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name in wanted
        ]
        return {
            item.label: sum(
                sample.value
                for sample in samples
                if sample.name == item.sample
                and all(sample.labels.get(name) == value for name, value in item.only)
            )
            for item in sums
        }
