"""The calls about alerts: what they take, what they refuse, and what they make of Alertmanager."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from backend.alertmanager_client import AlertmanagerClient
from backend.notifications import Notifications
from backend.services import Services
from backend.watchdog import Watchdog
from nautilus_instrumentation import Settings as TelemetrySettings
from nautilus_instrumentation import instrument, metrics
from tests import api
from tests.http_server import HttpServer, Request

ALERT = {
    "status": "firing",
    "labels": {"alertname": "TargetDown", "severity": "page"},
    "annotations": {"summary": "a target is down"},
    "startsAt": "2026-01-05T12:00:00.123456789Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "http://127.0.0.1:9090/graph",
    "fingerprint": "0123456789abcdef",
}
WEBHOOK = {
    "version": "4", "groupKey": "{}:{}", "truncatedAlerts": 0, "status": "firing",
    "receiver": "page", "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {},
    "externalURL": "http://127.0.0.1:9093", "alerts": [ALERT],
}  # fmt: skip
SILENCE = {
    "matchers": [{"name": "alertname", "value": "TargetDown"}],
    "duration_seconds": 3600, "created_by": "somebody", "comment": "maintenance",
}  # fmt: skip
SILENCE_ID = "6a3b5e9c-0c6f-4d0b-8a2e-1f2e3d4c5b6a"


def at_alertmanager(number: int, start: int, severity: str = "page", **status: Any) -> dict:
    """An alert as Alertmanager 0.28 shows it."""
    return {
        "labels": {"alertname": f"A{number}", "severity": severity},
        "annotations": {},
        "status": {"state": "active", "silencedBy": [], "inhibitedBy": [], "mutedBy": [], **status},
        "receivers": [{"name": "page"}],
        "fingerprint": f"{number:016x}",
        "startsAt": f"2026-01-05T12:00:{start:02}.000Z",
        "endsAt": "2026-01-05T12:10:00.000Z",
        "updatedAt": "2026-01-05T12:05:00.000Z",
    }


class Alertmanager(HttpServer):
    """Answers every call with `status` and `body`; keeps what it was asked."""

    def __init__(self) -> None:
        self.status, self.body = 200, b"[]"
        self.asked: list[tuple[str, str, Any]] = []
        super().__init__()

    def answer(self, request: Request) -> tuple[int, bytes]:
        self.asked.append((request.method, request.path, request.json))
        return self.status, self.body

    def answers(self, body: Any, status: int = 200) -> None:
        self.status, self.body = status, json.dumps(body).encode()


@pytest.fixture
def alertmanager() -> Iterator[Alertmanager]:
    one = Alertmanager()
    yield one
    one.close()


@pytest.fixture
def parts(tmp_path: Path, alertmanager: Alertmanager) -> Iterator[Services]:
    session = instrument(TelemetrySettings(spans_to="none"), nautilus=False)
    notifications = Notifications(tmp_path / "notifications.sqlite3")
    yield api.services(
        session=session,
        notifications=notifications,
        watchdog=Watchdog(session, 60),
        alertmanager=AlertmanagerClient(alertmanager.url, answer_seconds=10),
    )
    notifications.close()
    session.close()


@pytest.fixture
def client(parts: Services) -> Iterator[TestClient]:
    with api.client_of(parts) as client:
        yield client


def problem(answer, status: int) -> dict:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.json()


# Notifications ------------------------------------------------------------------------------------


def test_a_notification_is_taken_and_shown(client: TestClient) -> None:
    """204 for Alertmanager; then it is the first of the list."""
    assert client.post("/alerts/notifications", json=WEBHOOK).status_code == 204
    page = client.get("/alerts/notifications").json()
    assert [one["name"] for one in page["items"]] == ["TargetDown"]
    assert page["next_cursor"] is None


def test_what_a_later_alertmanager_adds_is_no_error(client: TestClient) -> None:
    """A refused notification would be lost."""
    more = {**WEBHOOK, "notificationReason": "x", "alerts": [{**ALERT, "extra": {"deep": [1]}}]}
    assert client.post("/alerts/notifications", json=more).status_code == 204


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"version": "3"}, "version"),
        ({"version": None}, "version"),
        ({"status": "unsure"}, "status"),
        ({"groupKey": 7}, "groupKey"),
        ({"truncatedAlerts": -1}, "truncatedAlerts"),
        ({"alerts": None}, "alerts"),
        ({"alerts": "TargetDown"}, "alerts"),
        ({"alerts": ["TargetDown"]}, "alerts.0"),
        ({"alerts": [ALERT, {**ALERT, "status": "broken"}]}, "alerts.1.status"),
        ({"alerts": [{**ALERT, "startsAt": "yesterday"}]}, "alerts.0.startsAt"),
        ({"alerts": [{**ALERT, "startsAt": "2026-01-05T12:00:00"}]}, "alerts.0.startsAt"),
        ({"alerts": [{**ALERT, "fingerprint": "../../etc"}]}, "alerts.0.fingerprint"),
        ({"alerts": [{**ALERT, "labels": {"alertname": 5}}]}, "alerts.0.labels.alertname"),
        ({"alerts": [{**ALERT, "labels": None}]}, "alerts.0.labels"),
        ({"alerts": [ALERT] * 10_001}, "alerts"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_malformed_notification_is_refused_by_field(
    client: TestClient, change: dict, field: str
) -> None:
    """The problem names it as Alertmanager does, and nothing is kept."""
    answer = client.post("/alerts/notifications", json={**WEBHOOK, **change})
    assert problem(answer, 422)["field"] == field
    assert client.get("/alerts/notifications").json()["items"] == []


@pytest.mark.parametrize("where", ["annotations", "labels"])
def test_half_a_character_is_refused(client: TestClient, where: str) -> None:
    """JSON can spell it, no database or answer can hold it."""
    alert = {**ALERT, where: {"alertname": "half \ud83d"}}
    answer = client.post(
        "/alerts/notifications",
        content=json.dumps({**WEBHOOK, "alerts": [alert]}),
        headers={"Content-Type": "application/json"},
    )
    assert problem(answer, 422)["field"] == f"alerts.0.{where}.alertname"


@pytest.mark.parametrize(
    ("call", "field"),
    [
        ("/alerts/notifications?limit=0", "limit"),
        ("/alerts/notifications?limit=1001", "limit"),
        ("/alerts/notifications?cursor=nonsense", "cursor"),
        ("/alerts?limit=0", "limit"),
        ("/alerts?state=quiet", "state"),
    ],
)
def test_a_bad_list_is_refused_by_field(client: TestClient, call: str, field: str) -> None:
    """422, before anybody is asked."""
    assert problem(client.get(call), 422)["field"] == field


@pytest.mark.parametrize(("status", "arrives"), [("firing", True), ("resolved", False)])
def test_only_a_watchdog_that_fires_is_a_sign_of_life(
    client: TestClient, parts: Services, status: str, arrives: bool
) -> None:
    """Of a resolved one Alertmanager says that it stopped coming. Neither is kept."""
    watchdog = {**ALERT, "status": status, "labels": {"alertname": "Watchdog", "severity": "none"}}
    answer = client.post("/alerts/notifications", json={**WEBHOOK, "alerts": [watchdog]})
    assert answer.status_code == 204
    gauge = parts.session.recorder.gauge(metrics.TELEMETRY_WATCHDOG)
    assert (gauge.values()[0] > 0) is arrives
    assert client.get("/alerts/notifications").json()["items"] == []


# Alerts -------------------------------------------------------------------------------------------


def test_the_most_urgent_alert_comes_first(client: TestClient, alertmanager: Alertmanager) -> None:
    """By state, then by severity, then the newest."""
    alertmanager.answers(
        [
            at_alertmanager(1, 9, state="suppressed", silencedBy=[SILENCE_ID], inhibitedBy=["1"]),
            at_alertmanager(2, 8, state="suppressed", inhibitedBy=["1"]),
            at_alertmanager(3, 7, state="suppressed", mutedBy=["night"]),
            at_alertmanager(4, 6, state="unprocessed"),
            at_alertmanager(5, 5, severity="none"),
            at_alertmanager(6, 4, severity="ticket"),
            at_alertmanager(7, 3),
            at_alertmanager(8, 4),
        ]
    )
    found = client.get("/alerts").json()
    assert [(one["name"], one["state"]) for one in found["alerts"]] == [
        ("A8", "firing"), ("A7", "firing"), ("A6", "firing"), ("A5", "firing"), ("A4", "pending"),
        ("A2", "inhibited"), ("A1", "silenced"), ("A3", "silenced"),
    ]  # fmt: skip
    assert found["total"] == 8
    few = client.get("/alerts", params={"limit": 2}).json()
    assert ([one["name"] for one in few["alerts"]], few["total"]) == (["A8", "A7"], 8)
    only = client.get("/alerts", params={"state": "inhibited", "limit": 1}).json()
    assert ([one["name"] for one in only["alerts"]], only["total"]) == (["A2"], 1)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"<html>", 200, 503), (b"{}", 200, 503), (b'[{"labels": {}}]', 200, 503),
        (b'"oops"', 500, 503), (b"", 404, 503), (b'"busy"', 429, 429), (b"", 504, 504),
    ],
)  # fmt: skip
def test_what_is_no_answer_of_alertmanager_is_said(
    client: TestClient, alertmanager: Alertmanager, body: bytes, status: int, code: int
) -> None:
    """Never an error of ours, and never an empty list."""
    alertmanager.body, alertmanager.status = body, status
    problem(client.get("/alerts"), code)


def test_an_alertmanager_that_is_away_is_said(client: TestClient, parts: Services) -> None:
    """503 with its address and the setting that names it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    parts.alertmanager = AlertmanagerClient(url)
    for answer in (client.get("/alerts"), client.get("/alerts/silences"),
                   client.post("/alerts/silences", json=SILENCE),
                   client.delete(f"/alerts/silences/{SILENCE_ID}")):  # fmt: skip
        found = problem(answer, 503)
        assert url in found["detail"]
        assert "ALERTMANAGER_URL" in found["hint"]


# Silences -----------------------------------------------------------------------------------------


def test_a_silence_is_set_for_as_long_as_was_asked(
    client: TestClient, alertmanager: Alertmanager
) -> None:
    """From now, with all that Alertmanager wants to know."""
    alertmanager.answers({"silenceID": SILENCE_ID})
    answer = client.post("/alerts/silences", json=SILENCE)
    assert (answer.status_code, answer.json()["silence_id"]) == (201, SILENCE_ID)
    method, path, sent = alertmanager.asked[-1]
    assert (method, path) == ("POST", "/api/v2/silences")
    assert sent["matchers"] == [
        {"name": "alertname", "value": "TargetDown", "isRegex": False, "isEqual": True}
    ]
    assert (sent["createdBy"], sent["comment"]) == ("somebody", "maintenance")
    assert answer.json()["ends_at"][:19] == sent["endsAt"][:19]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"matchers": []}, "matchers"),
        ({"matchers": [{"name": "a-b", "value": "c"}]}, "matchers.0.name"),
        ({"matchers": [{"name": "a"}]}, "matchers.0.value"),
        ({"matchers": [{"name": "a", "value": "b", "regex": True}]}, "matchers.0.regex"),
        ({"matchers": [{"name": "a", "value": "b"}] * 21}, "matchers"),
        ({"duration_seconds": 59}, "duration_seconds"),
        ({"duration_seconds": 30 * 86400 + 1}, "duration_seconds"),
        ({"duration_seconds": "for ever"}, "duration_seconds"),
        ({"created_by": ""}, "created_by"),
        ({"created_by": "  "}, "created_by"),
        ({"comment": None}, "comment"),
        ({"comment": "x" * 1001}, "comment"),
        ({"endsAt": "2099-01-01T00:00:00Z"}, "endsAt"),
    ],
)
def test_a_bad_silence_is_refused_by_field(
    client: TestClient, alertmanager: Alertmanager, change: dict, field: str
) -> None:
    """Alertmanager is not asked: it would take silences without end, author or reason."""
    answer = client.post("/alerts/silences", json={**SILENCE, **change})
    assert problem(answer, 422)["field"] == field
    assert alertmanager.asked == []


@pytest.mark.parametrize("name", ["..", "1", "..%2Freceivers", "x" * 36, SILENCE_ID + "0"])
def test_only_an_id_reaches_alertmanager(
    client: TestClient, alertmanager: Alertmanager, name: str
) -> None:
    """Nothing that could name another call."""
    answer = client.delete(f"/alerts/silences/{name}")
    assert answer.status_code in (404, 405, 422)
    assert alertmanager.asked == []
