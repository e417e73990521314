"""What an incident holds, what it leaves out and says so, and what it refuses."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from backend.alertmanager_client import AlertmanagerClient
from backend.documents import Documents
from backend.incidents import alerts as incident_alerts
from backend.incidents import runs as incident_runs
from backend.incidents import series as incident_series
from backend.incidents.collect import Collector
from backend.incidents.models import IncidentRequest
from backend.metrics_reader import MetricsReader
from backend.services import Services
from backend.trace_reader import TraceReader
from tests.unit.incidents.conftest import HOUR, NOON, Upstream

FIRED = {"__name__": "ALERTS", "alertname": "TargetDown", "alertstate": "firing",
         "severity": "page", "job": "nautilus"}  # fmt: skip


def closed_port() -> str:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{one.getsockname()[1]}"


def matrix(*series: tuple[dict[str, str], list[tuple[float, str]]]) -> dict[str, Any]:
    found = [{"metric": labels, "values": values} for labels, values in series]
    return {"status": "success", "data": {"resultType": "matrix", "result": found}}


def minutes(first: float, last: float, step: int = 15) -> list[tuple[float, str]]:
    """Samples from so many minutes after noon to so many."""
    start = int(NOON.timestamp() + first * 60)
    return [(time, "1") for time in range(start, int(NOON.timestamp() + last * 60) + 1, step)]


# Alerts -------------------------------------------------------------------------------------------


def test_messages_of_begin_and_end_are_one_alert(
    hour: Callable[[], Any], notify: Callable[..., None]
) -> None:
    """With both moments and the texts."""
    notify("TargetDown", 10, summary="a target is down")
    notify("TargetDown", 10, until=20, summary="a target is down")
    (alert,) = hour()["alerts"]["items"]
    assert (alert["name"], alert["state"]) == ("TargetDown", "resolved")
    assert (alert["starts_at"], alert["ends_at"]) == (
        "2026-01-05T12:10:00Z", "2026-01-05T12:20:00Z",
    )  # fmt: skip
    assert alert["annotations"] == {"summary": "a target is down"}
    assert alert["told_at"] is not None


def test_an_end_counts_whichever_message_comes_first(
    parts: Services, notify: Callable[..., None]
) -> None:
    """The order of messages is not that of what they tell."""
    notify("TargetDown", 10)
    notify("TargetDown", 10, until=20)
    messages = sorted(parts.notifications.page().items, key=lambda one: one.id)
    (alert,) = incident_alerts.told(messages)
    assert (alert.state, alert.ends_at) == ("resolved", NOON + timedelta(minutes=20))


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [(-30, -10, False), (-30, 5, True), (10, 20, True), (50, 90, True), (70, 80, False)],
)
def test_alerts_that_overlap_the_time_are_shown(
    hour: Callable[[], Any], notify: Callable[..., None], first: int, last: int, shown: bool
) -> None:
    """Those that ended before it, or began after it, are not."""
    notify("TargetDown", first, until=last)
    assert bool(hour()["alerts"]["items"]) == shown


def test_what_prometheus_recorded_of_a_message_is_the_same_alert(
    hour: Callable[[], Any], notify: Callable[..., None], upstream: Upstream
) -> None:
    """Its end is taken from the record when no message of it came."""
    notify("TargetDown", 10)
    upstream.fired = matrix((FIRED, minutes(10, 25)))
    (alert,) = hour()["alerts"]["items"]
    assert alert["sources"] == ["notifications", "prometheus"]
    assert (alert["state"], alert["ends_at"]) == ("resolved", "2026-01-05T12:25:00Z")


def test_an_alert_that_nobody_was_told_of_is_shown(
    hour: Callable[[], Any], upstream: Upstream
) -> None:
    """As often as it fired."""
    upstream.fired = matrix((FIRED, [*minutes(5, 10), *minutes(30, 40)]))
    found = hour()["alerts"]["items"]
    assert [(one["starts_at"], one["ends_at"]) for one in found] == [
        ("2026-01-05T12:05:00Z", "2026-01-05T12:10:00Z"),
        ("2026-01-05T12:30:00Z", "2026-01-05T12:40:00Z"),
    ]
    assert {one["told_at"] for one in found} == {None}
    assert "alertstate" not in found[0]["labels"]


def test_a_silence_is_seen(
    hour: Callable[[], Any], notify: Callable[..., None], upstream: Upstream
) -> None:
    """Alertmanager knows what became of the alert; the Watchdog is no trouble."""
    notify("TargetDown", 10)
    labels = {"alertname": "TargetDown", "severity": "page", "job": "nautilus"}
    active = {
        "labels": labels, "annotations": {}, "fingerprint": "ab", "receivers": [{"name": "page"}],
        "status": {"state": "suppressed", "silencedBy": ["x"], "inhibitedBy": []},
        "startsAt": "2026-01-05T12:10:00Z", "endsAt": "2026-01-05T14:00:00Z",
        "updatedAt": "2026-01-05T12:10:00Z",
    }  # fmt: skip
    watchdog = {**active, "labels": {"alertname": "Watchdog", "severity": "none"}}
    upstream.answers["/api/v2/alerts"] = [active, watchdog]
    (alert,) = hour()["alerts"]["items"]
    assert (alert["state"], alert["ends_at"]) == ("silenced", None)


def test_so_many_alerts_at_most(
    hour: Callable[[], Any], notify: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first to fire, and how many there were."""
    monkeypatch.setattr(incident_alerts, "MOST_ALERTS", 2)
    for minute in (30, 10, 20):
        notify(f"A{minute}", minute)
    found = hour()["alerts"]
    assert ([one["name"] for one in found["items"]], found["total"]) == (["A10", "A20"], 3)


# Runs ---------------------------------------------------------------------------------------------


def test_runs_that_overlap_the_time_by_how_they_ended(
    hour: Callable[[], Any], save_run: Callable[..., None]
) -> None:
    """Failed ones newest first; good ones longest first, against their objective."""
    error = {"type": "MemoryError", "message": "the worker used\n2 GiB"}
    save_run(1, -5, 60)  # over before it
    save_run(2, -5, 600)
    save_run(3, 10, 5)
    save_run(4, 20, status="killed", error=error, last_stage="run")
    save_run(5, 30, status="error")
    save_run(6, 40, status="cancelled")
    save_run(7, 61)  # after it
    found = hour()["runs"]
    assert found["by_status"] == {"ok": 2, "error": 1, "cancelled": 1, "killed": 1}
    assert [one["run_id"] for one in found["failed"]] == ["run-00005", "run-00004"]
    assert found["failed"][1]["error"] == "MemoryError: the worker used 2 GiB"
    assert [(one["run_id"], one["objective_seconds"]) for one in found["slowest"]] == [
        ("run-00002", 60.0), ("run-00003", 60.0),
    ]  # fmt: skip


def test_so_many_runs_at_most(
    hour: Callable[[], Any], save_run: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And how many there were."""
    monkeypatch.setattr(incident_runs, "MOST_FAILED", 2)
    for n in range(3):
        save_run(n, n, status="error")
    found = hour()["runs"]
    assert (len(found["failed"]), found["by_status"]) == (2, {"error": 3})


def test_runs_that_go_on_are_shown_with_how_far_they_are(
    hour: Callable[[], Any], begin_run: Callable[..., None]
) -> None:
    """The longest first; neither what waits for a worker nor what began after that time."""
    begin_run(1, 30, stage="run", progress=0.25)
    begin_run(2, -200)
    begin_run(3, 61)
    begin_run(4, 10, status="queued", started_at=None)
    found = hour()["runs"]
    assert [one["run_id"] for one in found["running"]] == ["run-00002", "run-00001"]
    one = found["running"][1]
    assert (one["strategy"], one["stage"], one["progress"]) == ("idle", "run", 0.25)
    assert (one["window"], one["objective_seconds"]) == ("1h", 60.0)
    assert one["seconds_so_far"] > 1_800
    assert (found["running_total"], found["total"]) == (2, 0)


def test_a_run_that_ended_meanwhile_is_shown_once(
    hour: Callable[[], Any], begin_run: Callable[..., None], save_run: Callable[..., None]
) -> None:
    """As ended: its job was found before its result was kept."""
    for n, status in ((1, "ok"), (2, "error")):
        begin_run(n, 10)
        save_run(n, 10, status=status)
    begin_run(3, 10)
    found = hour()["runs"]
    assert [one["run_id"] for one in found["running"]] == ["run-00003"]
    assert (found["running_total"], found["total"]) == (1, 2)


def test_so_many_running_ones_at_most(
    hour: Callable[[], Any], begin_run: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And how many there were."""
    monkeypatch.setattr(incident_runs, "MOST_RUNNING", 2)
    for n in range(3):
        begin_run(n, n)
    found = hour()["runs"]
    assert (len(found["running"]), found["running_total"]) == (2, 3)


# Traces and series --------------------------------------------------------------------------------


def test_the_searches_of_the_board_are_asked_over_the_time(
    hour: Callable[[], Any], upstream: Upstream
) -> None:
    """Bounded, and with what they select."""
    found = {one["title"]: one for one in hour()["traces"]}
    assert {"Errors", "Failed runs", "Slow requests"} <= set(found)
    (trace,) = found["Errors"]["traces"]
    assert (trace["trace_id"], trace["duration_ms"]) == ("ab12", 900)
    assert trace["attributes"] == {"nautilus.strategy": "faulty"}
    start = str(int(NOON.timestamp()))
    assert set(upstream.queries("/api/search", "start")) == {start}
    assert {int(limit) for limit in upstream.queries("/api/search", "limit")} <= set(range(51))


def test_the_lines_of_the_board_go_over_one_grid(
    hour: Callable[[], Any], upstream: Upstream
) -> None:
    """No more points than a chart shows, variables filled in, no number that JSON lacks."""
    labels = {"job": "nautilus", "instance": "a:1"}
    upstream.answers["/api/v1/query_range"] = matrix(
        (labels, [(int(NOON.timestamp()), "2"), (int(NOON.timestamp()) + 15, "NaN"),
                  (int(NOON.timestamp()) + 30, "3.5")]),
    )  # fmt: skip
    found = {one["title"]: one for one in hour()["series"]}
    targets = found["Targets"]
    assert (len(targets["times"]), targets["times"][1] - targets["times"][0]) == (241, 15)
    (line,) = targets["lines"]
    assert (line["name"], line["values"][:4]) == ("nautilus a:1", [2.0, None, 3.5, None])
    assert (line["least"], line["most"], line["last"]) == (2.0, 3.5, 3.5)
    assert not [query for query in upstream.queries("/api/v1/query_range") if "$" in query]


def test_so_many_lines_at_most(
    hour: Callable[[], Any], upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The highest, and how many there were."""
    monkeypatch.setattr(incident_series, "MOST_LINES", 2)
    at = int(NOON.timestamp())
    upstream.answers["/api/v1/query_range"] = matrix(
        *(({"job": "a", "instance": str(n)}, [(at, str(n))]) for n in range(5))
    )
    found = {one["title"]: one for one in hour()["series"]}["Targets"]
    assert ([line["name"] for line in found["lines"]], found["total"]) == (["a 4", "a 3"], 5)


@pytest.mark.parametrize(("length", "step"), [(600, 5), (3600, 15), (86400, 600), (604800, 3600)])
def test_the_step_follows_the_length(length: int, step: int) -> None:
    """A week is as many points as an hour, and rates leave no sample out."""
    grid = incident_series.Grid.over(NOON, NOON + timedelta(seconds=length))
    assert (grid.step, len(grid.times) <= incident_series.MOST_POINTS + 2) == (step, True)
    assert grid.rate == f"{max(step + 5, 20)}s"


# Sources that are down ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "reader", "source", "words"),
    [
        ("metrics", MetricsReader, "prometheus", "Prometheus at"),
        ("alertmanager", AlertmanagerClient, "alertmanager", "Alertmanager at"),
        ("traces", TraceReader, "traces", "cannot be reached"),
    ],
)
def test_a_source_that_is_down_is_named_once(
    hour: Callable[[], Any], notify: Callable[..., None], parts: Services, part: str, reader: Any,
    source: str, words: str,
) -> None:  # fmt: skip
    """All else is there."""
    notify("TargetDown", 10)
    setattr(parts, part, reader(closed_port()))
    found = hour()
    assert found["complete"] is False
    (missing,) = found["missing"]
    assert missing["source"] == source
    assert words in missing["reason"]
    assert [one["name"] for one in found["alerts"]["items"]] == ["TargetDown"]
    assert bool(found["traces"]) == (source != "traces")
    assert bool(found["series"]) == (source != "prometheus")


def test_files_that_are_gone_are_named(
    hour: Callable[[], Any], parts: Services, tmp_path: Path
) -> None:
    """Neither boards nor notifications: the runs are still there."""
    parts.notifications.close()
    parts.documents = Documents(tmp_path, tmp_path / "none.json", tmp_path)
    found = hour()
    assert {one["source"] for one in found["missing"]} == {"boards", "notifications"}
    assert (found["traces"], found["series"], found["runs"]["total"]) == ([], [], 0)


def test_a_source_that_fails_in_its_own_way_is_named(
    hour: Callable[[], Any], parts: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a disk: what is known otherwise is wanted all the more then."""

    def broken(*_: object) -> object:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(parts.results, "count_during", broken)
    found = hour()
    (missing,) = found["missing"]
    assert missing["source"] == "results"
    assert missing["reason"] == "OSError: [Errno 5] Input/output error"
    assert found["traces"]


def test_an_answer_that_is_none_is_named(hour: Callable[[], Any], upstream: Upstream) -> None:
    """Something else listens there."""
    upstream.answers["/api/search"] = b'{"traces": [{}]}'
    (missing,) = hour()["missing"]
    assert (missing["source"], "cannot be read" in missing["reason"]) == ("traces", True)


async def _never() -> bytes:
    await asyncio.Event().wait()
    return b""


def test_a_source_that_never_answers_is_waited_for_in_bounds(parts: Services) -> None:
    """The time that a question may take."""

    class Silent:
        async def query_range(self, **asked: Any) -> bytes:
            return await _never()

    collector = Collector(
        list, parts.results, parts.notifications, parts.documents, parts.alertmanager,
        Silent(),  # type: ignore[arg-type]  # all that is asked of it
        parts.traces, answer_seconds=0.5,
    )  # fmt: skip
    found = asyncio.run(collector.incident(IncidentRequest.model_validate(HOUR)))
    reasons = [one.reason for one in found.missing if one.source == "prometheus"]
    assert reasons == ["no answer within 0.5 s"]


# Bad requests -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"start": HOUR["start"]}, "end"),
        ({"end": HOUR["end"]}, "start"),
        ({"start": "yesterday", "end": HOUR["end"]}, "start"),
        ({"start": HOUR["end"], "end": HOUR["start"]}, "end"),
        ({"start": HOUR["start"], "end": HOUR["start"]}, "end"),
        ({"start": "2026-01-01T00:00:00Z", "end": "2026-01-08T00:00:01Z"}, "end"),
        ({"start": "2200-01-01T00:00:00Z", "end": "2200-01-01T01:00:00Z"}, "start"),
        ({"start": "2026-01-05T12:00:00Z", "end": "2200-01-01T00:00:00Z"}, "end"),
        ({**HOUR, "more": 1}, "more"),
    ],
)
def test_a_bad_range_names_its_field(client: TestClient, body: Any, field: str) -> None:
    """422, before anything is asked."""
    answer = client.post("/incidents", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text


def test_an_unknown_form_is_refused(client: TestClient) -> None:
    """With the parameter's name."""
    answer = client.post("/incidents", json=HOUR, params={"format": "pdf"})
    assert (answer.status_code, answer.json()["field"]) == (422, "format")
