"""The traces that real requests and real workers leave in a real store."""

from __future__ import annotations

import base64
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from nautilus_instrumentation import attributes as keys
from tests.integration.service_process import DAY, Service, until
from tests.integration.trace_store import TraceStore, attributes

REQUEST = "POST /api/backtest/run"
ERROR = "STATUS_CODE_ERROR"
IN_WORKER = {
    keys.CATALOG_QUERY, keys.ENGINE_BUILD, keys.ENGINE_LOAD, keys.ENGINE_RUN, keys.ENGINE_END,
    keys.ENGINE_REPORT, keys.RESULT_PERSIST,
}  # fmt: skip
"""What every run does below `backtest run`."""

Span = dict[str, Any]


class Tree:
    """A trace of the store, once it holds all that is waited for."""

    def __init__(self, store: TraceStore, trace_id: str, *names: str) -> None:
        def complete() -> list[Span]:
            found = store.trace(trace_id)
            return found if {*names, REQUEST} <= {span["name"] for span in found} else []

        self.spans: list[Span] = until(complete)
        self._by_id = {span["spanId"]: span for span in self.spans}

    def all(self, name: str) -> list[Span]:
        return [span for span in self.spans if span["name"] == name]

    def one(self, name: str) -> Span:
        (span,) = self.all(name)
        return span

    def paths(self) -> set[tuple[str, ...]]:
        """Names from the root to each span."""
        return {self._path(span) for span in self.spans}

    def _path(self, span: Span) -> tuple[str, ...]:
        above = self._by_id.get(span.get("parentSpanId", ""))
        return (*(self._path(above) if above else ()), span["name"])


def values(span: Span) -> dict[str, Any]:
    return attributes(span)


def failed(span: Span) -> bool:
    return span.get("status", {}).get("code") == ERROR


def lies_within(inner: Span, outer: Span) -> bool:
    start, end = "startTimeUnixNano", "endTimeUnixNano"
    return int(outer[start]) <= int(inner[start]) <= int(inner[end]) <= int(outer[end])


@pytest.fixture(scope="module")
def start(start_service: Callable[..., Service], trace_store: TraceStore) -> Callable[..., Service]:
    """Starts services that send their spans to the store."""

    def start(**environment: str) -> Service:
        return start_service(
            OTEL_TRACES_EXPORTER="otlp", OTEL_EXPORTER_OTLP_ENDPOINT=trace_store.otlp,
            NAUTOBS_SAMPLE_SECONDS="0.05", **environment,
        ).until_ready()  # fmt: skip

    return start


@pytest.fixture(scope="module")
def service(start: Callable[..., Service]) -> Service:
    return start()


@pytest.fixture(scope="module")
def first(service: Service, trace_store: TraceStore) -> tuple[dict[str, Any], Tree]:
    """Result and trace of the first run, whose window is not converted yet."""
    request = service.request("market_maker", 0.5)
    result = service.result(request)
    names = (*IN_WORKER, keys.CONVERSION, keys.BACKTEST_RUN)
    return result, Tree(trace_store, result["trace_id"], *names)


def test_a_run_is_one_tree_from_the_request_to_the_result(first) -> None:
    """Conversion on the way included, each span below the one that it is part of."""
    result, tree = first
    assert result["status"] == "ok"
    run = (REQUEST, keys.JOB_QUEUE, keys.BACKTEST_RUN)
    conversion = (*run, keys.CONVERSION, keys.CONVERSION_FILE)
    assert tree.paths() >= {
        (REQUEST,), run[:2], run, conversion[:-1], conversion,
        (*conversion, keys.CONVERSION_BATCH), (*run, keys.CATALOG_INSTRUMENTS),
        *((*run, name) for name in IN_WORKER),
    }  # fmt: skip
    assert {path[: len(run)] for path in tree.paths() if len(path) > 2} == {run}
    assert not [span for span in tree.spans if failed(span)]


def test_the_worker_s_spans_lie_within_the_run_s(first) -> None:
    """Times of both processes agree; the parent owns request, wait and run, the worker the rest."""
    _, tree = first
    run = tree.one(keys.BACKTEST_RUN)
    roles = {
        name: {span["resource"][keys.ROLE] for span in tree.all(name)}
        for name in (REQUEST, keys.JOB_QUEUE, keys.BACKTEST_RUN, *IN_WORKER, keys.CONVERSION)
    }
    owned = {name for name, role in roles.items() if role == {"api"}}
    assert owned == {REQUEST, keys.JOB_QUEUE, keys.BACKTEST_RUN}
    assert all(lies_within(span, run) for name in IN_WORKER for span in tree.all(name))
    slots = {span["resource"][keys.SLOT] for span in tree.all(keys.ENGINE_RUN)}
    assert slots == {str(values(run)[keys.SLOT])}


def test_the_run_s_span_carries_what_its_page_shows(first) -> None:
    """Every figure of the result is an attribute, with the same value."""
    result, tree = first
    found = values(tree.one(keys.BACKTEST_RUN))
    expected = {
        keys.RUN_ID: result["run_id"], keys.JOB_ID: result["job_id"], keys.JOB_TYPE: "backtest",
        keys.STATUS: "ok", keys.STRATEGY: "market_maker", keys.INSTRUMENT_ID: "EUR/USD.SIM",
        keys.KIND: "quote", keys.WINDOW: "1h", keys.WINDOW_START: f"{DAY}T00:00:00+00:00",
        keys.WINDOW_END: f"{DAY}T00:29:59+00:00", keys.LAST_STAGE: "persist",
        keys.CACHE_SOURCE: result["cache_source"], keys.DATA_POINTS: result["data_points"],
        keys.EVENTS: result["events"], keys.ORDERS: result["orders"],
        keys.POSITIONS: result["positions"],
    }  # fmt: skip
    assert {key: found[key] for key in expected} == expected
    assert found[keys.PEAK_MEMORY] >= result["peak_memory_bytes"] > 0
    assert found[keys.GC_SECONDS] >= result["gc_seconds"] >= 0
    stages = {"convert", "query", "build", "load", "run", "report"}
    assert stages <= set(result["stages"])
    for stage in stages:
        assert found[keys.stage_seconds(stage)] == pytest.approx(result["stages"][stage])
    assert found[keys.stage_seconds("persist")] > 0


def test_queries_tell_what_they_read(first) -> None:
    """Files, row groups, bytes and rows are on the catalog's spans, ticks on the conversion's."""
    result, tree = first
    query = values(tree.one(keys.CATALOG_QUERY))
    assert query[keys.ROWS] == result["data_points"]
    assert query[keys.FILES] >= 1
    assert query[keys.ROW_GROUPS_READ] >= 1
    assert query[keys.ROW_GROUPS_PRUNED] >= 0
    assert query[keys.BYTES_READ] > 0
    file = values(tree.one(keys.CONVERSION_FILE))
    assert file[keys.FILE_PATH].endswith("quotes.parquet")
    assert (file[keys.CONVERSION_OUTCOME], file[keys.ROWS]) == ("first", 200_000)
    batches = [values(span)[keys.ROWS] for span in tree.all(keys.CONVERSION_BATCH)]
    assert sum(batches) == 200_000


def test_a_streaming_run_has_a_span_for_each_chunk(
    service: Service, first, trace_store: TraceStore
) -> None:
    """With `chunk_size` the engine runs chunk by chunk; what exceeds ten spans is one that sums."""
    request = {**service.request("idle", 1), "chunk_size": 1000}
    result = service.result(request)
    tree = Tree(trace_store, result["trace_id"], *IN_WORKER, keys.BACKTEST_RUN)
    points = [values(span)[keys.DATA_POINTS] for span in tree.all(keys.ENGINE_RUN)]
    assert len(points) == 9
    assert sum(points) == result["data_points"]
    assert len(tree.all(keys.ENGINE_LOAD)) == 9

    longer = {**service.request("idle", 3), "chunk_size": 1000}
    result = service.result(longer)
    tree = Tree(trace_store, result["trace_id"], *IN_WORKER, keys.BACKTEST_RUN)
    runs = [values(span) for span in tree.all(keys.ENGINE_RUN)]
    assert len(runs) == 11
    assert [run.get(keys.CALLS, 1) for run in runs] == [1] * 10 + [15]
    assert sum(run[keys.DATA_POINTS] for run in runs) == result["data_points"]


def test_a_run_tells_its_progress(service: Service, first, trace_store: TraceStore) -> None:
    """Events of `engine run` say how far it was, and where in simulated time."""
    request = {**service.request("market_maker", 6), "chunk_size": 10_000_000}
    result = service.result(request)
    tree = Tree(trace_store, result["trace_id"], *IN_WORKER, keys.BACKTEST_RUN)
    events = [event for span in tree.all(keys.ENGINE_RUN) for event in span.get("events", ())]
    progress = [attributes(event) for event in events if event["name"] == keys.PROGRESS_EVENT]
    iterations = [one[keys.ITERATION] for one in progress]
    assert len(iterations) > 1
    assert iterations == sorted(iterations)
    assert all(one[keys.SIMULATED_TIME].startswith(DAY) for one in progress[1:])


def test_a_failing_strategy_leaves_its_exception(
    service: Service, first, trace_store: TraceStore
) -> None:
    """Engine and run have failed, with type, message and stack trace; the result is stored."""
    accepted = service.run("faulty", message="as planned")
    assert service.ended(accepted["job_id"])["status"] == "error"
    tree = Tree(
        trace_store, accepted["trace_id"], keys.BACKTEST_RUN, keys.ENGINE_RUN, keys.RESULT_PERSIST
    )
    assert {span["name"] for span in tree.spans if failed(span)} == {
        keys.ENGINE_RUN, keys.BACKTEST_RUN,
    }  # fmt: skip
    for name in (keys.ENGINE_RUN, keys.BACKTEST_RUN):
        span = tree.one(name)
        (event,) = [event for event in span["events"] if event["name"] == "exception"]
        found = attributes(event)
        assert (found["exception.type"], found["exception.message"]) == ("ValueError", "as planned")
        assert "on_quote_tick" in found["exception.stacktrace"]
        assert span["status"]["message"] == "ValueError: as planned"
    assert values(tree.one(keys.BACKTEST_RUN))[keys.STATUS] == "error"
    assert trace_store.search(
        f'{{ span.{keys.RUN_ID} = "{accepted["run_id"]}" && status = error }}'
    )


def test_a_cancelled_run_ends_with_its_last_stage(
    service: Service, first, trace_store: TraceStore
) -> None:
    """The parent ends the span in the worker's place; nothing has failed."""
    accepted = service.run_long()
    service.in_stage(accepted["job_id"], "run")
    service.http.delete(f"/jobs/{accepted['job_id']}")
    run = Tree(trace_store, accepted["trace_id"], keys.BACKTEST_RUN).one(keys.BACKTEST_RUN)
    found = values(run)
    assert (found[keys.STATUS], found[keys.LAST_STAGE]) == ("cancelled", "run")
    assert found[keys.RUN_ID] == accepted["run_id"]
    assert not failed(run)
    assert [event["name"] for event in run["events"]] == ["cancelled"]


def test_a_killed_run_ends_with_its_last_stage(
    service: Service, first, trace_store: TraceStore
) -> None:
    """What the worker could not say any more the parent knows."""
    accepted = service.run_long()
    job = service.in_stage(accepted["job_id"], "run")
    (busy,) = [worker for worker in service.workers() if worker["slot"] == job["slot"]]
    os.kill(busy["pid"], signal.SIGKILL)
    run = Tree(trace_store, accepted["trace_id"], keys.BACKTEST_RUN).one(keys.BACKTEST_RUN)
    found = values(run)
    assert (found[keys.STATUS], found[keys.LAST_STAGE]) == ("killed", "run")
    assert found[keys.SLOT] == job["slot"]
    assert failed(run)
    assert "WorkerDied" in run["status"]["message"]


def test_a_run_that_took_too_long_ends_with_its_last_stage(
    start: Callable[..., Service], trace_store: TraceStore
) -> None:
    """The limit and its setting are named."""
    service = start(JOB_TIMEOUT="5", WORKERS="2")
    accepted = service.run_long()
    assert service.ended(accepted["job_id"])["status"] == "timeout"
    run = Tree(trace_store, accepted["trace_id"], keys.BACKTEST_RUN).one(keys.BACKTEST_RUN)
    found = values(run)
    assert (found[keys.STATUS], bool(found[keys.LAST_STAGE])) == ("timeout", True)
    assert failed(run)
    assert "JOB_TIMEOUT" in run["status"]["message"]


def test_the_caller_s_trace_goes_on(service: Service, first, trace_store: TraceStore) -> None:
    """`traceparent` of the request reaches the worker's spans, by way of the queue."""
    trace_id, span_id = os.urandom(16), os.urandom(8)
    headers = {"traceparent": f"00-{trace_id.hex()}-{span_id.hex()}-01"}
    answer = service.http.post("/backtest/run", json=service.request("idle", 0.1), headers=headers)
    assert answer.json()["trace_id"] == trace_id.hex()
    tree = Tree(trace_store, trace_id.hex(), *IN_WORKER, keys.BACKTEST_RUN)
    assert tree.one(REQUEST)["parentSpanId"] == base64.b64encode(span_id).decode()
    assert (REQUEST, keys.JOB_QUEUE, keys.BACKTEST_RUN, keys.ENGINE_RUN) in tree.paths()
    job = service.ended(answer.json()["job_id"])
    assert job["trace_id"] == trace_id.hex()


def test_a_conversion_is_a_trace_of_its_own(service: Service, first, trace_store) -> None:
    """From the request through the queue to the file."""
    answer = service.http.post("/datasets/convert", json={"date": DAY, "force": True})
    accepted = answer.json()
    assert service.ended(accepted["job_id"])["status"] == "ok"
    names = ("POST /api/datasets/convert", keys.JOB_QUEUE, keys.CONVERSION, keys.CONVERSION_FILE)
    spans = until(
        lambda: (
            (found := trace_store.trace(accepted["trace_id"]))
            and {*names} <= {span["name"] for span in found}
            and found
        )
    )
    by_id = {span["spanId"]: span["name"] for span in spans}
    parents = {span["name"]: by_id.get(span.get("parentSpanId", ""), "") for span in spans}
    assert [parents[name] for name in names] == ["", *names[:-1]]
    assert parents[keys.CONVERSION_BATCH] == keys.CONVERSION_FILE


def test_nothing_failed_inside_the_telemetry(service: Service, first) -> None:
    """Of all these runs none cost an error of the instrumentation or a span."""
    assert service.errors() == []
