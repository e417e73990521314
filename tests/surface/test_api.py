"""The HTTP API as a caller sees it: which calls there are, and what bad input gets."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from backend.app import BODY_LIMIT, create_app
from backend.executors.local import Limits, LocalExecutor
from backend.settings import Settings
from nautilus_instrumentation import Settings as TelemetrySettings
from nautilus_instrumentation import instrument, metrics
from nautilus_instrumentation.exposition.registry import build_registry
from tests.unit.service import trivial_jobs

ROUTES = {
    "GET /api/health",
    "GET /api/ready",
    "GET /api/session",
    "POST /api/session",
    "DELETE /api/session",
    "GET /api/datasets",
    "GET /api/datasets/rejects",
    "POST /api/datasets/convert",
    "GET /api/jobs",
    "GET /api/jobs/events",
    "GET /api/jobs/{job_id}",
    "GET /api/jobs/{job_id}/events",
    "DELETE /api/jobs/{job_id}",
    "GET /api/catalog/instruments",
    "GET /api/catalog/ticks",
    "POST /api/backtest/run",
    "GET /api/backtest/results",
    "GET /api/backtest/results/{run_id}",
    "DELETE /api/backtest/results/{run_id}",
    "GET /api/backtest/results/{run_id}/orders",
    "GET /api/backtest/table",
    "GET /api/backtest/compare",
    "GET /api/backtest/evaluation",
    "POST /api/backtest/sweep",
    "GET /api/backtest/sweeps",
    "GET /api/backtest/sweeps/{sweep_id}",
    "GET /api/backtest/sweeps/{sweep_id}/events",
    "DELETE /api/backtest/sweeps/{sweep_id}",
    "GET /api/strategies",
    "GET /api/traces/search",
    "GET /api/traces/tags",
    "GET /api/traces/tags/{tag}/values",
    "GET /api/traces/{trace_id}",
    "GET /api/prometheus/query",
    "GET /api/prometheus/query_range",
    "GET /api/prometheus/query_exemplars",
    "POST /api/vitals",
    "GET /api/alerts",
    "GET /api/alerts/notifications",
    "POST /api/alerts/notifications",
    "GET /api/alerts/silences",
    "POST /api/alerts/silences",
    "DELETE /api/alerts/silences/{silence_id}",
    "GET /api/dashboards",
    "GET /api/dashboards/{uid}",
    "GET /api/objectives",
    "GET /api/runbooks",
    "GET /api/runbooks/{alert}",
    "POST /api/incidents",
}
RUN = {
    "instrument_id": "EUR/USD.SIM",
    "kind": "quote",
    "start": "2024-01-01T00:00:00Z",
    "end": "2024-01-01T01:00:00Z",
    "strategy": "idle",
}
TICKS = {
    "instrument_id": "EUR/USD.SIM",
    "kind": "quote",
    "start": "2024-01-01T00:00:00Z",
    "end": "2024-01-01T01:00:00Z",
}


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """The application over empty folders and trivial work."""
    folder = tmp_path_factory.mktemp("service")
    (folder / "raw" / "by_date").mkdir(parents=True)
    (folder / "raw" / "datasets.toml").write_text("")
    settings = Settings(
        raw_tick_dir=folder / "raw",
        datasets_file=folder / "raw" / "datasets.toml",
        catalog_dir=folder / "catalog",
        results_dir=folder / "results",
    )
    session = instrument(TelemetrySettings(spans_to="none"), nautilus=False)
    limits = Limits(memory_bytes=2**40, timeout_seconds=60, jobs_per_worker=1000)
    app = create_app(settings, session, LocalExecutor(1, trivial_jobs.make_jobs_handler, limits))

    @app.get("/api/test/failure", include_in_schema=False)
    async def failure() -> None:
        raise RuntimeError("a secret of the implementation")

    yield app
    session.close()


@pytest.fixture(scope="module")
def client(app) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def problem(response, status: int) -> dict:
    """The response's problem document, which must say `status`."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document = response.json()
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    return document


def test_the_calls_are_those_of_the_contract(app):
    """No call is missing and none is there that nobody agreed on."""
    paths = app.openapi()["paths"]
    assert {
        f"{method.upper()} {path}" for path, calls in paths.items() for method in calls
    } == ROUTES


def test_every_call_describes_its_answer(app):
    """OpenAPI names a schema for each success and a problem for each failure."""
    vague = []
    for path, calls in app.openapi()["paths"].items():
        for method, call in calls.items():
            good = [code for code in call["responses"] if code.startswith("2")]
            content = call["responses"][good[0]].get("content", {})
            if good != ["204"] and not any(
                part.get("schema") or kind == "text/event-stream" for kind, part in content.items()
            ):
                vague.append(f"{method} {path}")
            assert "application/problem+json" in call["responses"]["default"]["content"]
    assert vague == []


def test_every_reference_of_openapi_resolves(app):
    """A generator of clients must find all schemas, that of problems included."""
    document = app.openapi()
    text = json.dumps(document)
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert "Problem" in names
    assert names <= set(document["components"]["schemas"])


def test_the_documentation_is_served(client):
    """/api/docs shows what /api/openapi.json says."""
    assert "/api/openapi.json" in client.get("/api/docs").text
    assert client.get("/api/openapi.json").json()["info"]["title"] == "Nautilus monitoring"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"instrument_id": None}, "instrument_id"),
        ({"instrument_id": "../../etc/passwd"}, "instrument_id"),
        ({"instrument_id": "EUR/../../USD.SIM"}, "instrument_id"),
        ({"instrument_id": "NO/SUCH.THING"}, "instrument_id"),
        ({"kind": "depth"}, "kind"),
        ({"start": "yesterday"}, "start"),
        ({"start": "1969-12-31T23:59:59Z"}, "start"),
        ({"end": "2024-01-01T00:00:00Z"}, "end"),
        ({"end": "2023-12-31T00:00:00Z"}, "end"),
        ({"end": "9999-12-31T23:59:59-12:00"}, "end"),
        ({"strategy": "os.system"}, "strategy"),
        ({"strategy": ""}, "strategy"),
        ({"strategy": "ema_cross", "params": {"fast_ema_period": "ten"}}, "params.fast_ema_period"),
        ({"strategy": "ema_cross", "params": {"fast_ema_period": -1}}, "params.fast_ema_period"),
        ({"strategy": "ema_cross", "params": {"fast": 1}}, "params.fast"),
        ({"params": []}, "params"),
        ({"venue": {"oms_type": "MESSY"}}, "venue.oms_type"),
        ({"chunk_size": 0}, "chunk_size"),
        ({"starting_balances": ["lots"]}, "starting_balances.0"),
        ({"starting_balances": ["-5 USD"]}, "starting_balances.0"),
        ({"starting_balances": ["NaN USD"]}, "starting_balances.0"),
        ({"starting_balances": "lots"}, "starting_balances"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_bad_run_is_refused_by_field(client, change, field):
    """What cannot run does not become a job; the problem names the field."""
    document = problem(client.post("/api/backtest/run", json={**RUN, **change}), 422)
    assert document["field"] == field


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"date": None}, "date"),
        ({"date": "2024-02-30"}, "date"),
        ({"date": "2024-01-01", "files": "all"}, "files"),
        ({"date": "2024-01-01", "files": []}, "files"),
        ({"date": "2024-01-01", "force": "very"}, "force"),
    ],
)
def test_a_bad_conversion_is_refused_by_field(client, change, field):
    """The same for conversions."""
    document = problem(client.post("/api/datasets/convert", json=change), 422)
    assert document["field"] == field


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"instrument_id": "../x.SIM"}, 422, "instrument_id"),
        ({"kind": "bars"}, 422, "kind"),
        ({"limit": 0}, 422, "limit"),
        ({"limit": 10**9}, 422, "limit"),
        ({"format": "csv"}, 422, "format"),
        ({"end": "2023-01-01"}, 422, "end"),
        ({}, 404, "instrument_id"),
    ],
)
def test_bad_ticks_are_refused_by_field(client, change, status, field):
    """The same for ticks; an instrument that the catalog lacks is not found."""
    document = problem(client.get("/api/catalog/ticks", params={**TICKS, **change}), status)
    assert document["field"] == field


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"sort": "password"}, "sort"),
        ({"status": "fine"}, "status"),
    ],
)
def test_a_bad_list_of_results_is_refused_by_field(client, params, field):
    """The same for lists."""
    document = problem(client.get("/api/backtest/results", params=params), 422)
    assert document["field"] == field


@pytest.mark.parametrize(
    ("call", "status", "field"),
    [
        ("evaluation?sort=password", 422, "sort"),
        ("evaluation?sort=-sharpe_ratio", 422, "sort"),
        ("evaluation?format=xml", 422, "format"),
        ("evaluation?limit=0", 422, "limit"),
        ("evaluation?limit=201", 422, "limit"),
        ("evaluation?status=fine", 422, "status"),
        ("evaluation?instrument_id=../x.SIM", 422, "instrument_id"),
        ("evaluation?run_ids=nobody", 404, "run_ids"),
        ("evaluation?run_ids=..%2Fx", 422, "run_ids"),
        ("evaluation?run_ids=" + ",".join(f"run-{n}" for n in range(201)), 422, "run_ids"),
        ("evaluation?run_ids=" + "x" * 20_000, 422, "run_ids"),
        ("compare?a=nobody&b=nobody", 404, "a"),
        ("compare?a=..%2Fx&b=nobody", 422, "a"),
        ("compare?a=nobody", 422, "b"),
        ("compare?a=nobody&b=nobody&format=xml", 422, "format"),
    ],
)
def test_a_bad_evaluation_is_refused_by_field(client, call, status, field):
    """The same for rankings and comparisons."""
    assert problem(client.get(f"/api/backtest/{call}"), status)["field"] == field


@pytest.mark.parametrize("folder", ["backtest/results", "jobs"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("name", ["..", "..%2F..%2Fetc%2Fpasswd", "%2e%2e%2fx", "a.json", "%00"])
def test_an_id_never_is_a_path(client, method, folder, name):
    """What climbs out of a folder, or into another file, is not found or refused."""
    response = client.request(method, f"/api/{folder}/{name}")
    assert response.status_code in (404, 405, 422)
    problem(response, response.status_code)


@pytest.mark.parametrize("path", ["/api/jobs/nobody", "/api/jobs/nobody/events",
                                  "/api/backtest/results/nobody"])  # fmt: skip
def test_unknown_ids_are_not_found(client, path):
    """With a problem, also where a stream would have begun."""
    assert "nobody" in problem(client.get(path), 404)["detail"]


def test_an_unknown_path_is_not_found(client):
    """As a problem document."""
    assert "/api/nothing" in problem(client.get("/api/nothing"), 404)["detail"]


def test_a_wrong_method_is_refused_with_the_right_ones(client):
    """405 says in `Allow` what is possible."""
    response = client.put("/api/jobs")
    problem(response, 405)
    assert "GET" in response.headers["allow"]


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
@pytest.mark.parametrize(
    "path",
    [
        "/api/strategies",
        "/api/catalog/instruments",
        "/api/jobs/none",
        "/api/nothing",
        "/api/vitals",
    ],
)
def test_head_is_answered_as_get_without_the_body(client, path, encoding):
    """The same status and headers, `ETag` and length among them."""
    headers = {"accept-encoding": encoding}
    got, head = (client.request(method, path, headers=headers) for method in ("GET", "HEAD"))
    assert (head.status_code, head.content) == (got.status_code, b"")
    assert head.headers == got.headers
    assert int(head.headers["content-length"]) > 0


def test_head_takes_the_callers_copy_into_account(client):
    """304 for an ETag that still holds."""
    tag = client.head("/api/strategies").headers["etag"]
    assert client.head("/api/strategies", headers={"if-none-match": tag}).status_code == 304


def test_head_of_an_endless_stream_ends(client):
    """Its caller leaves when the headers are there."""
    response = client.head("/api/jobs/events")
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-type"].startswith("text/event-stream")


def test_head_is_counted_as_head(app, client):
    """With the route that answered it, as a method of the closed set."""
    client.head("/api/strategies")
    counted = app.state.services.session.recorder.store
    samples = [
        sample.labels
        for family in build_registry(counted).collect()
        for sample in family.samples
        if sample.name == f"{metrics.HTTP_REQUEST_DURATION.family}_count"
    ]
    labels = {"http_route": "/api/strategies", "http_response_status_code": "200"}
    assert {"http_request_method": "HEAD", **labels} in samples


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '"text"', "\xff", "[" * 10_000])
def test_a_body_that_is_no_object_is_refused(client, body):
    """Whatever comes instead of an object is the caller's error, never ours."""
    response = client.post(
        "/api/backtest/run",
        content=body.encode("latin-1"),
        headers={"content-type": "application/json"},
    )
    assert response.status_code in (400, 422)
    problem(response, response.status_code)


def test_numbers_that_json_does_not_know_are_refused(client):
    """Python would read NaN; a parameter must not be one."""
    body = json.dumps({**RUN, "strategy": "market_maker", "params": {"half_spread_bps": 1e400}})
    response = client.post(
        "/api/backtest/run", content=body, headers={"content-type": "application/json"}
    )
    assert problem(response, 422)["field"] == "params.half_spread_bps"


def test_a_body_that_says_it_is_too_large_is_refused(client):
    """A length of 10 MB: refused before a byte of it is read."""
    headers = {"content-length": "10000000", "content-type": "application/json"}
    problem(client.post("/api/backtest/run", content=b"{}", headers=headers), 413)


def test_a_body_that_grows_too_large_is_refused(client):
    """10 MB in pieces, without a length: refused at the first byte too many."""
    sent = 0

    def pieces() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 100_000
            yield b" " * 100_000

    response = client.post(
        "/api/backtest/run", content=pieces(), headers={"content-type": "application/json"}
    )
    assert str(BODY_LIMIT) in problem(response, 413)["detail"]


def test_an_unexpected_error_tells_no_secrets(client):
    """The caller gets a trace id to ask with, and neither message nor stack trace."""
    response = client.get("/api/test/failure")
    document = problem(response, 500)
    assert "secret" not in response.text
    assert "Traceback" not in response.text
    assert len(document["trace_id"]) == 32


def test_problems_carry_the_trace_of_the_request(client):
    """The id that the caller's own trace has."""
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    headers = {"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"}
    document = problem(client.get("/api/jobs/nobody", headers=headers), 404)
    assert document["trace_id"] == trace_id


def test_health_and_readiness(client):
    """Alive at once; ready says what it depends on."""
    assert client.get("/api/health").json()["status"] == "ok"
    response = client.get("/api/ready")
    assert response.status_code in (200, 503)
    names = {check["name"] for check in response.json()["checks"]}
    assert names == {"workers", "raw ticks", "datasets file", "catalog", "results"}


def test_strategies_come_with_the_schema_of_their_parameters(client):
    """The three of the contract are there."""
    found = {one["name"]: one["params_schema"] for one in client.get("/api/strategies").json()}
    assert {"ema_cross", "market_maker", "idle"} <= set(found)
    assert "fast_ema_period" in found["ema_cross"]["properties"]


ACTION = {
    "trace_id": "a" * 32, "span_id": "b" * 16, "action": "click", "page": "backtests",
    "ago_seconds": 3, "duration_seconds": 0.25,
}  # fmt: skip


def test_vitals_are_recorded_without_an_answer(client):
    """204 for a report of several."""
    body = {"vitals": [{"vital": "LCP", "page": "/runs", "value": 1.2},
                       {"vital": "CLS", "page": "/runs", "value": 0.02}]}  # fmt: skip
    assert client.post("/api/vitals", json=body).status_code == 204


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"vital": "XYZ"}, "vitals.0.vital"),
        ({"value": -1}, "vitals.0.value"),
        ({"value": "fast"}, "vitals.0.value"),
        ({"page": ""}, "vitals.0.page"),
        ({"page": "x" * 101}, "vitals.0.page"),
    ],
)
def test_bad_vitals_are_refused_by_field(client, change, field):
    """The part of the report that is wrong is named."""
    body = {"vitals": [{"vital": "LCP", "page": "/runs", "value": 1.2, **change}]}
    assert problem(client.post("/api/vitals", json=body), 422)["field"] == field


def test_what_people_do_in_the_console_is_taken_with_the_vitals(client):
    """Actions alone are a report as well."""
    assert client.post("/api/vitals", json={"actions": [ACTION]}).status_code == 204


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"trace_id": "0" * 32}, "trace_id"),
        ({"trace_id": "A" * 32}, "trace_id"),
        ({"span_id": "b" * 15}, "span_id"),
        ({"action": "swipe"}, "action"),
        ({"page": "no such page"}, "page"),
        ({"ago_seconds": -1}, "ago_seconds"),
        ({"duration_seconds": 1e9}, "duration_seconds"),
        ({"name": "x"}, "name"),
    ],
)
def test_bad_actions_are_refused_by_field(client, change, field):
    """Ids are W3C's, names are of a closed set, times are near."""
    body = {"actions": [{**ACTION, **change}]}
    assert problem(client.post("/api/vitals", json=body), 422)["field"] == f"actions.0.{field}"


def test_a_flood_of_vitals_is_slowed_down(app, client):
    """429 with a time to come back."""
    from backend.routes.vitals import RateLimit

    before, app.state.vitals_limit = app.state.vitals_limit, RateLimit(0.001, burst=1)
    body = {"vitals": [{"vital": "LCP", "page": "/runs", "value": 1.2}]}
    try:
        assert client.post("/api/vitals", json=body).status_code == 204
        response = client.post("/api/vitals", json=body)
    finally:
        app.state.vitals_limit = before
    problem(response, 429)
    assert int(response.headers["retry-after"]) > 0


def test_a_flood_of_actions_makes_few_spans(app, client, monkeypatch):
    """Anybody can send them: the measurements count, the actions that are too many do not."""
    from backend.routes.vitals import RateLimit

    sent = []
    monkeypatch.setattr(
        app.state.services.session.tracing, "relay", lambda *told, **_: sent.append(told)
    )
    monkeypatch.setattr(app.state, "actions_limit", RateLimit(0.001, burst=3), raising=False)
    for _ in range(2):
        assert client.post("/api/vitals", json={"actions": [ACTION] * 2}).status_code == 204
    assert len(sent) == 3


def test_a_large_report_of_vitals_is_refused(client):
    """Anybody can send them, so they may not be large."""
    problem(client.post("/api/vitals", content=b" " * 20_000), 413)


def test_a_large_group_of_alerts_is_taken(client):
    """Three megabytes: a thousand alerts with their texts, sent at once after a bad night."""
    alerts = [
        {"status": "firing", "labels": {"alertname": "TargetDown"}, "fingerprint": f"{n:x}",
         "annotations": {"description": "x" * 3_000}, "startsAt": "2026-01-05T12:00:00Z"}
        for n in range(1_000)
    ]  # fmt: skip
    body = {"version": "4", "groupKey": "", "receiver": "r", "status": "firing", "alerts": alerts}
    assert client.post("/api/alerts/notifications", json=body).status_code == 204
    page = client.get("/api/alerts/notifications", params={"limit": 1000}).json()
    assert (len(page["items"]), page["next_cursor"]) == (1_000, None)


def test_a_notification_beyond_measure_is_refused(client):
    """No body is read without end."""
    headers = {"content-length": "100000000", "content-type": "application/json"}
    answer = client.post("/api/alerts/notifications", content=b"{}", headers=headers)
    problem(answer, 413)


def test_a_full_queue_is_said_with_a_time_to_come_back(app, client, monkeypatch):
    """503 with `Retry-After`."""
    monkeypatch.setattr(app.state.services.jobs, "_queue_limit", 0)
    response = client.post("/api/datasets/convert", json={"date": "2024-01-01"})
    problem(response, 503)
    assert int(response.headers["retry-after"]) > 0


def test_an_unchanged_list_is_not_sent_again(client):
    """The ETag of a list of results holds until a result comes or goes."""
    first = client.get("/api/backtest/results")
    tag = first.headers["etag"]
    again = client.get("/api/backtest/results", headers={"if-none-match": tag})
    assert (first.json(), again.status_code) == ({"items": [], "next_cursor": None}, 304)


STORED = ["backtest/results", "backtest/table", "backtest/evaluation", "catalog/instruments",
          "datasets", "jobs", "strategies", "dashboards", "dashboards/nautobs-cache", "objectives",
          "runbooks", "alerts/notifications"]  # fmt: skip


@pytest.mark.parametrize("path", STORED)
def test_what_the_caller_has_is_not_sent_again(client, path):
    """304 for its tag, with the headers of the whole answer; 200 for another tag."""
    first = client.get(f"/api/{path}")
    assert first.status_code == 200
    headers = {name: first.headers[name] for name in ("etag", "cache-control", "vary")}
    tag = headers["etag"]
    for known in (tag, f'"other", {tag}', tag.removeprefix("W/"), "*"):
        again = client.get(f"/api/{path}", headers={"if-none-match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert {name: again.headers.get(name) for name in headers} == headers
    other = client.get(f"/api/{path}", headers={"if-none-match": '"other"'})
    assert (other.status_code, other.content) == (200, first.content)


def test_a_tag_holds_for_every_encoding(client):
    """The same content in other bytes has the same, weak tag."""
    tags = set()
    for encoding in ("identity", "gzip", "br", "zstd"):
        answer = client.get("/api/strategies", headers={"accept-encoding": encoding})
        assert answer.headers.get("content-encoding", "identity") == encoding
        tags.add(answer.headers["etag"])
    (tag,) = tags
    assert tag.startswith('W/"')


def test_large_answers_are_compressed(client):
    """For callers that can take it."""
    response = client.get("/api/strategies", headers={"accept-encoding": "gzip"})
    assert response.headers["content-encoding"] == "gzip"
