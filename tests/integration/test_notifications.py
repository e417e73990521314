"""From a rule that fires to what the API tells of it, through real Prometheus and Alertmanager."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from stack.monitor import WATCHDOG, Prometheus
from stack.processes import Service, Supervisor
from stack.provision import ALERTMANAGER, PROMETHEUS, Found, provision
from stack.services import fresh_layout, services
from stack.settings import load_settings
from stack.ticks import RawTicks
from tests.http_server import HttpServer, Request
from tests.integration.service_process import until
from tests.ports import free_ports

ROOT = Path(__file__).resolve().parents[2]
INTERVAL = 2
RULES = """
groups:
  - name: test
    rules:
      - {alert: Watchdog, expr: vector(1), labels: {severity: none}}
      - alert: Probe
        expr: vector(42)
        labels: {severity: page, job: nautilus}
        annotations: {summary: "the value is {{ $value }}"}
"""
# Not the receivers of the developer's own .env: nobody wants to be paged by a test.
INHERITED = {n: os.environ[n] for n in ("PATH", "PYTHONPATH", "TMPDIR") if n in os.environ}
UNKNOWN = "00000000-0000-4000-8000-000000000000"


class DeadmanReceiver(HttpServer):
    """Keeps the messages of the dead-man switch."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        super().__init__()

    def answer(self, request: Request) -> tuple[int, bytes]:
        self.messages.append(request.json)
        return 204, b""

    @property
    def statuses(self) -> list[str]:
        return [message["status"] for message in self.messages]


@dataclass
class Stack:
    """The embedded stack, with rules that fire at once."""

    supervisor: Supervisor
    alertmanager: Service
    prometheus: Prometheus
    api: httpx.Client
    deadman: DeadmanReceiver

    def get(self, path: str, **params: Any) -> Any:
        answer = self.api.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def probes(self) -> list[dict[str, Any]]:
        """Notifications of the rule."""
        found = self.get("/alerts/notifications")["items"]
        return [one for one in found if one["name"] == "Probe"]

    def state(self) -> str | None:
        """State of the rule's alert."""
        found = {one["name"]: one["state"] for one in self.get("/alerts")["alerts"]}
        return found.get("Probe")

    def ready(self) -> dict[str, Any]:
        return self.get("/ready")

    def watchdog(self) -> dict[str, Any]:
        """What readiness says of the dead-man switch."""
        return {check["name"]: check for check in self.ready()["checks"]}["watchdog"]


@pytest.fixture(scope="module")
def deadman() -> Iterator[DeadmanReceiver]:
    receiver = DeadmanReceiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="module")
def stack(
    tmp_path_factory: pytest.TempPathFactory, raw_day: Path, deadman: DeadmanReceiver
) -> Iterator[Stack]:
    tools = load_settings(root=ROOT)
    found = {}
    for tool in (PROMETHEUS, ALERTMANAGER):
        answer = provision(tool, tools)
        if not isinstance(answer, Found):
            pytest.skip(str(answer))
        found[tool.name] = answer
    ports = {name: str(port) for name, port in free_ports().items()}
    environment = {
        **INHERITED, **ports, "VAR_DIR": "var", "WORKERS": "1",
        "ALERT_TIME_SCALE": "0.01", "WATCHDOG_INTERVAL": str(INTERVAL),
        "DEADMAN_WEBHOOK": deadman.url,
    }  # fmt: skip
    settings = load_settings(environment, root=tmp_path_factory.mktemp("stack"))
    layout = fresh_layout(settings)
    raw = RawTicks(raw_day, raw_day / "datasets.toml")
    planned = {each.name: each for each in services(settings, layout, raw, found)}
    for rules in (layout.prometheus / "rules").iterdir():
        rules.unlink()
    (layout.prometheus / "rules" / "test.yml").write_text(RULES)
    config = layout.prometheus / "prometheus.yml"
    config.write_text(config.read_text().replace(": 5s", ": 1s").replace(": 4s", ": 1s"))
    with Supervisor(settings.logs_dir) as supervisor:
        for service in planned.values():
            supervisor.start(service)
        api = httpx.Client(base_url=settings.url("BACKEND_PORT") + "/api", timeout=60)
        prometheus = Prometheus(settings.url("PROMETHEUS_PORT"))
        yield Stack(supervisor, planned["alertmanager"], prometheus, api, deadman)
        api.close()


def test_a_rule_that_fires_becomes_a_notification(stack: Stack) -> None:
    """It is kept as Alertmanager sent it, and nothing else is."""
    (probe,) = until(stack.probes)
    assert (probe["status"], probe["severity"], probe["receiver"]) == ("firing", "page", "page")
    assert probe["annotations"] == {"summary": "the value is 42"}
    assert probe["labels"]["job"] == "nautilus"
    assert probe["generator_url"].startswith(f"{stack.prometheus._url}/graph?")
    assert probe["alertmanager_url"] == stack.alertmanager.ready_url.removesuffix("/-/ready")
    names = {one["name"] for one in stack.get("/alerts/notifications")["items"]}
    assert names == {"Probe"}


def test_every_watchdog_moves_the_gauge(stack: Stack) -> None:
    """At the pace of the interval, and readiness has nothing against it."""
    seen: list[float] = []

    def at_pace() -> bool:
        now = stack.prometheus.scalar(WATCHDOG.promql)
        if now and now not in seen:
            seen.append(now)
        # A slow machine may miss one; were every other left out, no two would be this close.
        pairs = itertools.pairwise(seen)
        return any(later - earlier < 1.75 * INTERVAL for earlier, later in pairs)

    until(at_pace)
    assert stack.watchdog()["ok"]


def test_an_alert_can_be_silenced_and_heard_again(stack: Stack) -> None:
    """Alertmanager has the silence, with who and why; ended, the alert fires again."""
    until(lambda: stack.state() == "firing")
    body = {
        "matchers": [{"name": "alertname", "value": "Pro.*", "is_regex": True}],
        "duration_seconds": 600, "created_by": "a test", "comment": "because",
    }  # fmt: skip
    answer = stack.api.post("/alerts/silences", json=body)
    assert answer.status_code == 201, answer.text
    silence_id = answer.json()["silence_id"]
    until(lambda: stack.state() == "silenced")
    (probe,) = stack.get("/alerts", state="silenced")["alerts"]
    assert probe["silenced_by"] == [silence_id]
    (silence,) = stack.get("/alerts/silences")
    assert (silence["created_by"], silence["comment"]) == ("a test", "because")
    assert silence["ends_at"][:23] == answer.json()["ends_at"][:23]
    assert stack.api.delete(f"/alerts/silences/{silence_id}").status_code == 204
    until(lambda: stack.state() == "firing")
    assert stack.get("/alerts/silences") == []
    assert stack.api.delete(f"/alerts/silences/{silence_id}").status_code == 204


def test_an_incident_holds_the_alert_from_every_source(stack: Stack) -> None:
    """Once, though people, Alertmanager and Prometheus all know of it; the trace store is down."""
    now = datetime.now(UTC)
    asked = {"start": (now - timedelta(hours=1)).isoformat()}

    def seen() -> dict[str, Any] | None:
        body = {**asked, "end": datetime.now(UTC).isoformat()}
        answer = stack.api.post("/incidents", json=body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found if [len(one["sources"]) for one in found["alerts"]["items"]] == [3] else None

    found = until(seen)
    (probe,) = found["alerts"]["items"]
    assert (probe["name"], probe["state"], probe["ends_at"]) == ("Probe", "firing", None)
    assert probe["annotations"] == {"summary": "the value is 42"}
    targets = {one["title"]: one for one in found["series"]}["Targets"]
    assert {line["labels"]["job"] for line in targets["lines"]} >= {"nautilus", "prometheus"}
    assert {line["last"] for line in targets["lines"]} <= {0.0, 1.0}


def test_alerts_are_sorted_and_bounded(stack: Stack) -> None:
    """Pages come before what is not for people, and `total` says how many there are."""
    until(lambda: len(stack.get("/alerts")["alerts"]) == 2)
    assert [one["name"] for one in stack.get("/alerts")["alerts"]] == ["Probe", "Watchdog"]
    found = stack.get("/alerts", limit=1)
    assert ([one["name"] for one in found["alerts"]], found["total"]) == (["Probe"], 2)


@pytest.mark.parametrize("value", ["(", "", ".*"])
def test_what_alertmanager_refuses_is_told_in_its_words(stack: Stack, value: str) -> None:
    """A broken expression, or matchers that fit everything."""
    body = {
        "matchers": [{"name": "alertname", "value": value, "is_regex": True}],
        "duration_seconds": 600, "created_by": "a test", "comment": "because",
    }  # fmt: skip
    answer = stack.api.post("/alerts/silences", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, "matchers"), answer.text
    assert "Alertmanager refuses the silence" in answer.json()["detail"]


def test_a_silence_that_nobody_set_is_not_found(stack: Stack) -> None:
    """404 with the parameter's name."""
    answer = stack.api.delete(f"/alerts/silences/{UNKNOWN}")
    assert (answer.status_code, answer.json()["field"]) == (404, "silence_id"), answer.text


def test_without_alertmanager_the_backend_itself_tells(stack: Stack) -> None:
    """Readiness is degraded and the webhook told, once; and again when it is back."""
    until(lambda: "the last came" in stack.watchdog()["detail"])
    # With so short an interval, a start or a pause of the machine is longer than three of them.
    until(lambda: stack.deadman.statuses[-1:] in ([], ["resolved"]))
    stack.deadman.messages.clear()
    stack.supervisor.end("alertmanager")
    answer = stack.api.get("/alerts")
    assert answer.status_code == 503
    assert "ALERTMANAGER_URL" in answer.json()["hint"]
    until(lambda: "watchdog: no Watchdog from Alertmanager" in stack.ready()["detail"])
    assert stack.ready()["status"] == "degraded"
    until(lambda: stack.deadman.statuses == ["firing"])
    stack.supervisor.start(stack.alertmanager)
    until(lambda: stack.watchdog()["ok"])
    until(lambda: stack.deadman.statuses == ["firing", "resolved"])
    assert stack.deadman.messages[0]["interval_seconds"] == INTERVAL
