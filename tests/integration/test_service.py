"""The service as it is started in earnest: real processes, real engine, real ticks."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pyarrow as pa
import pytest

from nautilus_instrumentation import attributes, metrics
from tests.gone import all_gone
from tests.integration.service_process import DAY, ROWS, until
from tests.ports import free_port


@pytest.fixture(scope="module")
def service(start_service, traces):
    return start_service(
        OTEL_TRACES_EXPORTER="otlp",
        OTEL_EXPORTER_OTLP_ENDPOINT=traces.url,
        OTEL_BSP_SCHEDULE_DELAY="200",
    ).until_ready()


@pytest.fixture(scope="module")
def first(service):
    """The first run ever: its window is not converted yet."""
    return service.result(service.request("ema_cross"))


def test_an_unconverted_window_is_converted_first(first):
    """`?wait` answers with the stored result; one of its stages is the conversion."""
    assert (first["status"], first["error"]) == ("ok", None)
    assert first["window"] == "1h"
    assert first["data_points"] == pytest.approx(ROWS / 24, rel=0.01)
    assert {"convert", "query", "build", "load", "run", "report"} <= set(first["stages"])


def test_one_run_is_one_trace(first, traces):
    """From the request to the stored result, each span below the right one."""
    names = {
        attributes.JOB_QUEUE: "POST /api/backtest/run",
        attributes.BACKTEST_RUN: attributes.JOB_QUEUE,
        attributes.CONVERSION: attributes.BACKTEST_RUN,
        attributes.CONVERSION_FILE: attributes.CONVERSION,
        attributes.CATALOG_QUERY: attributes.BACKTEST_RUN,
        attributes.ENGINE_BUILD: attributes.BACKTEST_RUN,
        attributes.ENGINE_RUN: attributes.BACKTEST_RUN,
        attributes.RESULT_PERSIST: attributes.BACKTEST_RUN,
    }
    wanted = {*names, "POST /api/backtest/run"}
    until(lambda: wanted <= {span.name for span in traces.trace(first["trace_id"])})
    spans = traces.trace(first["trace_id"])
    by_id = {span.span_id: span for span in spans}
    parents = {
        span.name: by_id[span.parent_span_id].name
        for span in spans
        if span.name in names and span.parent_span_id in by_id
    }
    assert parents == names
    assert len([span for span in spans if span.name == attributes.BACKTEST_RUN]) == 1


def test_the_span_of_the_run_shows_what_its_page_shows(first, traces):
    """Run id, data points and stage seconds are attributes of `backtest run`."""

    def run_spans():
        return [s for s in traces.trace(first["trace_id"]) if s.name == attributes.BACKTEST_RUN]

    (span,) = until(run_spans)
    values = {item.key: item.value for item in span.attributes}
    assert values[attributes.RUN_ID].string_value == first["run_id"]
    assert values[attributes.DATA_POINTS].int_value == first["data_points"]
    assert values[attributes.stage_seconds("run")].double_value > 0
    assert values[attributes.STATUS].string_value == "ok"


def test_a_result_is_answered_from_the_callers_copy(service, first):
    """The ETag of an unchanged result saves sending it again."""
    path = f"/backtest/results/{first['run_id']}"
    response = service.http.get(path)
    assert response.json() == first
    again = service.http.get(path, headers={"if-none-match": response.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_results_come_in_pages(service, first):
    """The pages of a list have every run once, newest first."""
    runs = [service.run(hours=0.1)["job_id"] for _ in range(4)]
    for job_id in runs:
        assert service.ended(job_id)["status"] == "ok"
    found, cursor = [], None
    while True:
        params = {"limit": 2, "strategy": "idle", **({"cursor": cursor} if cursor else {})}
        page = service.http.get("/backtest/results", params=params).json()
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert {item["job_id"] for item in found} >= set(runs)
    assert len({item["run_id"] for item in found}) == len(found)
    assert [item["created_at"] for item in found] == sorted(
        (item["created_at"] for item in found), reverse=True
    )


def test_a_deleted_result_is_gone(service, first):
    """204, then 404, from the list as well."""
    accepted = service.run(hours=0.1)
    service.ended(accepted["job_id"])
    path = f"/backtest/results/{accepted['run_id']}"
    assert service.http.delete(path).status_code == 204
    assert service.http.get(path).status_code == 404
    listed = service.http.get("/backtest/results", params={"limit": 100}).json()["items"]
    assert accepted["run_id"] not in {item["run_id"] for item in listed}


def test_a_failing_strategy_leaves_a_result_with_its_error(service, first):
    """Job and result are `error` and say what the strategy said; the worker lives on."""
    accepted = service.run("faulty", message="as planned")
    job = service.ended(accepted["job_id"])
    result = service.http.get(f"/backtest/results/{accepted['run_id']}").json()
    assert (job["status"], result["status"]) == ("error", "error")
    assert job["error"]["message"] == "as planned"
    assert result["error"]["stacktrace"]


def test_the_engines_log_names_run_and_trace(service, first):
    """A line that NautilusTrader wrote itself carries the ids of its run, and of no other."""
    for job in [service.run("faulty") for _ in range(2)]:
        service.ended(job["job_id"])
        ids = f"[trace_id={job['trace_id']} run_id={job['run_id']}]: "
        lines = [line for line in service.log.read_text().splitlines() if ids in line]
        assert any("nautilus_trader" in line and "[ERROR]" in line for line in lines), lines


def test_a_day_is_converted_once(service, first):
    """A repeat is answered from the manifest; the report names the file."""
    response = service.http.post("/datasets/convert", json={"date": DAY})
    assert response.status_code == 202
    job = service.ended(response.json()["job_id"])
    (file,) = job["result"]["files"]
    assert (job["status"], file["path"], file["outcome"]) == ("ok", "quotes.parquet", "cached")
    (day,) = service.http.get("/datasets").json()
    assert [file["state"] for file in day["files"]] == ["converted"]


def test_a_conversion_of_nothing_ends_as_error(service):
    """A day or a file that is not there is named in the job's error."""
    for body, name in (
        ({"date": "1999-01-01"}, "1999-01-01"),
        ({"date": DAY, "files": ["../../datasets.toml"]}, "datasets.toml"),
    ):
        accepted = service.http.post("/datasets/convert", json=body).json()
        job = service.ended(accepted["job_id"])
        assert job["status"] == "error"
        assert name in job["error"]["message"]


def test_an_empty_window_is_refused(service, first):
    """A window outside the data is the caller's error, and names the field."""
    body = {**service.request(), "start": "2020-01-01", "end": "2020-01-02"}
    response = service.http.post("/backtest/run", json=body)
    assert (response.status_code, response.json()["field"]) == (422, "start")


def test_ticks_as_json_and_arrow(service, first):
    """Both formats hold the same ticks, with decoded prices."""
    params = {"instrument_id": "EUR/USD.SIM", "kind": "quote", "start": DAY,
              "end": f"{DAY}T01:00:00", "limit": 5}  # fmt: skip
    listed = service.http.get("/catalog/ticks", params=params).json()
    arrow = service.http.get("/catalog/ticks", params={**params, "format": "arrow"})
    table = pa.ipc.open_stream(io.BytesIO(arrow.content)).read_all()
    assert listed["more"]
    assert len(listed["ticks"]) == table.num_rows == 5
    assert listed["ticks"][0]["bid_price"] == pytest.approx(1.1, abs=0.01)
    (instrument,) = service.http.get("/catalog/instruments").json()
    assert instrument["ticks"]["quote"]["rows"] == ROWS


def test_events_tell_a_job_to_its_end(service, first):
    """The first event comes at once, the last is the end, and the stream ends with it."""
    accepted, seen = service.run(hours=3), []
    with service.http.stream("GET", f"/jobs/{accepted['job_id']}/events") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert "content-encoding" not in response.headers
        for line in response.iter_lines():
            if line.startswith("data:"):
                seen.append(json.loads(line.removeprefix("data:")))
    assert seen[-1]["status"] == "ok"
    assert {event["job_id"] for event in seen} == {accepted["job_id"]}


def test_one_stream_tells_of_all_jobs(service, first):
    """The state comes at once, then two jobs to their ends; nothing is compressed or held back."""
    ended = set()
    with service.http.stream("GET", "/jobs/events") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        messages = (
            json.loads(line.removeprefix("data:"))
            for line in response.iter_lines()
            if line.startswith("data:")
        )
        assert next(messages)["kind"] == "state"
        wanted = {service.run(hours=1)["job_id"], service.run(hours=2)["job_id"]}
        while not wanted <= ended:
            ended |= {job["job_id"] for job in next(messages)["jobs"] if job["status"] == "ok"}


def test_a_follower_that_leaves_is_forgotten(service, first):
    """A closed stream is no longer an active request."""
    accepted = service.run_long()
    with service.http.stream("GET", f"/jobs/{accepted['job_id']}/events") as response:
        lines = response.iter_lines()  # closes the stream when it is collected
        next(lines)
        assert service.metrics()(metrics.HTTP_ACTIVE_REQUESTS) == 1
    until(lambda: service.metrics()(metrics.HTTP_ACTIVE_REQUESTS) == 0)
    service.http.delete(f"/jobs/{accepted['job_id']}")


def test_wait_gives_up_in_time(service, first):
    """A run that takes longer than `wait` is accepted like any other."""
    response = service.http.post(
        "/backtest/run",
        params={"wait": 0.1},
        json=service.request("market_maker", 23, requote_ticks=1, min_quote_life=0),
    )
    assert response.status_code == 202
    job_id = response.json()["job_id"]
    assert response.headers["location"] == f"/api/jobs/{job_id}"
    assert service.http.delete(f"/jobs/{job_id}").json()["status"] == "cancelled"
    assert service.http.delete(f"/jobs/{job_id}").status_code == 409


def test_an_endless_body_is_refused_while_it_arrives(service):
    """10 MB in chunks, without a length, to a real server: 413, and the server is well."""

    def pieces() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 100_000

    response = httpx.post(
        f"http://127.0.0.1:{service.port}/api/backtest/run",
        content=pieces(),
        headers={"content-type": "application/json"},
        timeout=60,
    )
    assert response.status_code == 413
    assert service.http.get("/health").json()["status"] == "ok"


def test_the_counters_of_good_work_move_once(service, first):
    """One more run is one more run, queue wait, job duration and request; gauges end at zero."""
    before = service.metrics()
    job = service.ended(service.run(hours=0.1)["job_id"])
    assert job["status"] == "ok"
    until(lambda: service.workers_are("idle", "idle"))
    after = service.metrics()
    moved = {
        name: after(spec, **labels) - before(spec, **labels)
        for name, spec, labels in (
            ("runs", metrics.BACKTEST_RUNS, {"strategy": "idle", "status": "ok"}),
            ("waits", metrics.JOB_QUEUE_WAIT, {"job_type": "backtest"}),
            ("jobs", metrics.JOB_DURATION, {"job_type": "backtest", "status": "ok"}),
            ("requests", metrics.HTTP_REQUEST_DURATION, {"http_route": "/api/backtest/run"}),
        )
    }
    assert moved == {"runs": 1, "waits": 1, "jobs": 1, "requests": 1}
    assert after(metrics.BACKTEST_IN_PROGRESS) == after(metrics.JOB_QUEUE_DEPTH) == 0
    assert after(metrics.ENGINE_DATA_POINTS) > before(metrics.ENGINE_DATA_POINTS)


def test_the_instrumentation_made_no_errors(service, first):
    """Nothing in the log speaks of telemetry that failed."""
    assert service.errors() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_the_service(start_service, number):
    """Also with a worker in the middle of a run, and when the service cannot say goodbye."""
    service = start_service().until_ready()
    accepted = service.run_long()
    service.in_stage(accepted["job_id"], "run")
    children = service.descendants()
    events = f"{service.http.base_url}jobs/{accepted['job_id']}/events"
    follower = httpx.stream("GET", events, timeout=60)
    lines = follower.__enter__().iter_lines()  # closes the stream when it is collected
    next(lines)
    assert len(children) >= 2
    os.kill(service.process.pid, number)
    code = service.process.wait(300)
    assert code == (0 if number != signal.SIGKILL else -signal.SIGKILL)
    until(lambda: all_gone(children))
    if number != signal.SIGKILL:
        stored = json.loads((service.folder / "results" / f"{accepted['run_id']}.json").read_text())
        assert (stored["status"], stored["last_stage"]) == ("cancelled", "run")


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"BIND_HOST": "0.0.0.0"}, ["BIND_HOST=0.0.0.0", "API_TOKEN_FILE"]),
        ({"API_TOKEN_FILE": "token"}, ["API_TOKEN_FILE", "No such file"]),
        ({"WORKERS": "many"}, ["WORKERS"]),
        ({"WORKER_MEMORY_LIMIT": "-1"}, ["WORKER_MEMORY_LIMIT"]),
        ({"NAUTOBS_SAMPLE_SECONDS": "soon"}, ["NAUTOBS_SAMPLE_SECONDS"]),
    ],
)
def test_a_setting_that_cannot_be_used_stops_the_start(tmp_path, environment, words):
    """The exit code is 2 and the message names the variable."""
    done = subprocess.run(
        [sys.executable, "-m", "backend"],
        env={"PATH": os.environ["PATH"], "BACKEND_PORT": str(free_port()), **environment},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    for word in words:
        assert word in done.stderr
    assert "Traceback" not in done.stderr
