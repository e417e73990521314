"""Head sampling of a real service: failures and slow runs are in the store all the same."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nautilus_instrumentation import attributes as keys
from nautilus_instrumentation import metrics
from tests.integration.service_process import Service, until
from tests.integration.trace_store import TraceStore

REQUEST = "POST /api/backtest/run"
WHOLE = {
    REQUEST, keys.JOB_QUEUE, keys.BACKTEST_RUN, keys.ENGINE_BUILD,
    keys.ENGINE_LOAD, keys.ENGINE_RUN, keys.RESULT_PERSIST,
}  # fmt: skip
IMPATIENT = """\
from nautilus_instrumentation import metrics
metrics.RUN_OBJECTIVES["5m"] = 0.0
"""
"""Read by every process at its start: any run over five minutes takes too long."""


@pytest.fixture(scope="module")
def service(
    start_service: Callable[..., Service],
    trace_store: TraceStore,
    tmp_path_factory: pytest.TempPathFactory,
) -> Service:
    """A service that samples nothing, and finds runs over five minutes slow."""
    folder: Path = tmp_path_factory.mktemp("site")
    (folder / "sitecustomize.py").write_text(IMPATIENT)
    service = start_service(
        OTEL_TRACES_EXPORTER="otlp", OTEL_EXPORTER_OTLP_ENDPOINT=trace_store.otlp,
        OTEL_TRACES_SAMPLER="traceidratio", OTEL_TRACES_SAMPLER_ARG="0",
        PYTHONPATH=str(folder),
    ).until_ready()  # fmt: skip
    service.ended(service.run(hours=0.5)["job_id"])  # converts the day
    return service


def names(store: TraceStore, trace_id: str) -> set[str]:
    return {span["name"] for span in store.trace(trace_id)}


def is_whole(store: TraceStore, trace_id: str) -> bool:
    return names(store, trace_id) >= WHOLE


def run(service: Service, *arguments: Any, **params: Any) -> dict[str, Any]:
    """A run that has ended."""
    return service.ended(service.run(*arguments, **params)["job_id"])


def test_only_what_failed_or_was_slow_is_stored(service: Service, trace_store: TraceStore) -> None:
    """Good runs and reads before and between leave nothing; the others are whole."""
    good = [run(service, "idle", 1) for _ in range(4)]
    slow = run(service, "idle", 5 / 60)
    good += [run(service, "idle", 1) for _ in range(4)]
    failed = run(service, "faulty", 1)
    assert [job["status"] for job in (slow, failed, *good)] == ["ok", "error", *["ok"] * 8]
    until(lambda: is_whole(trace_store, slow["trace_id"]))
    until(lambda: is_whole(trace_store, failed["trace_id"]))
    # Both workers have sent what they had: spans leave in the order in which they ended.
    for job in good:
        assert names(trace_store, job["trace_id"]) == set()
    assert set(trace_store.search("{ }")) == {slow["trace_id"], failed["trace_id"]}


def test_a_killed_run_is_stored(service: Service, trace_store: TraceStore) -> None:
    """With the spans of the parent, which knows its last stage."""
    accepted = service.run_long()
    job = service.in_stage(accepted["job_id"], "run")
    (busy,) = [worker for worker in service.workers() if worker["slot"] == job["slot"]]
    os.kill(busy["pid"], signal.SIGKILL)
    parents = {REQUEST, keys.JOB_QUEUE, keys.BACKTEST_RUN}
    until(lambda: names(trace_store, accepted["trace_id"]) >= parents)


def test_nothing_counts_as_lost(service: Service, trace_store: TraceStore) -> None:
    """Spans that were turned down were never promised."""
    failed = run(service, "faulty", 1)
    until(lambda: is_whole(trace_store, failed["trace_id"]))
    value = until(lambda: (found := service.metrics())(metrics.TELEMETRY_SPANS) and found)
    assert value(metrics.TELEMETRY_SPANS, outcome="dropped") == 0
    assert service.errors() == []
