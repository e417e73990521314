"""Alertmanager tells each receiver that an alert fires and that it is over, in our words.

What arrives is compared with tests/data/notifications. After a change of the templates on purpose
`WRITE_GOLDENS=1 pytest tests/integration/test_receivers.py` writes that anew, to be read.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from email.message import EmailMessage
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from alerts.build import PLACES, Clock, Links, Receivers
from stack.provision import ALERTMANAGER, Found
from tests.integration.alertmanager import Alertmanager, HttpSink, MailSink, Request
from tests.integration.service_process import until
from tests.programs import VERSIONS, of_version

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
# On the loopback interface, as Alertmanager allows.

ROOT = Path(__file__).resolve().parents[2]
GOLDENS = ROOT / "tests" / "data" / "notifications"

LIVES_ON = "2100-01-01T00:00:00Z"
STARTED = "2026-01-02T03:04:05.678Z"
ENDED = "2026-01-02T03:16:39.000Z"
FASTEST = Clock(Decimal("0.001"))
"""Alertmanager's intervals become one second each; an alert repeats after a few."""
BACKEND = "/api/alerts/notifications"
UNHEARD = replace(PLACES["embedded"], backend="http://127.0.0.1:9")
"""Where nobody listens: a stack that runs on this machine is told nothing."""

HOSTILE = 'of <list> & "get", * 12.3 % $1 {{ .Evil }} é'


def alert(name: str, severity: str = "page", ends: str = LIVES_ON, **labels: str) -> dict[str, Any]:
    """An alert as Prometheus sends it; `ends` in the past: it is over."""
    return {
        "labels": {"alertname": name, "severity": severity, "job": "nautilus"} | labels,
        "annotations": {
            "summary": f"12 % of requests {HOSTILE}",
            "description": f"Since an hour the answers {HOSTILE} take 0.31 s.",
            "runbook_url": f"http://console.example/api/runbooks/{name}",
            "dashboard_url": "http://console.example/dashboards/nautobs-api?from=now-1h&to=now"
            "&var-route=%2Fapi%2Fresults%3Fa%26b",
            "traceql": '{ span.http.route = "/api/results" && duration > 200ms }',
        },
        "startsAt": STARTED,
        "endsAt": ends,
        "generatorURL": "http://prometheus.example:9090/graph?g0.expr=up",
    }


@dataclass
class Office:
    """An Alertmanager with every receiver turned on, and what they were told."""

    alertmanager: Alertmanager
    http: HttpSink
    mail: MailSink

    def told(self, name: str, status: str) -> dict[str, Any]:
        """Receiver → the first message about the alert of that name and status."""
        found: dict[str, Any] = {}
        for path in (BACKEND, "/webhook", "/slack", "/pagerduty"):
            for request in self.http.at(path):
                if name in json.dumps(request.body) and status == _status(path, request.body):
                    found.setdefault(path, request)
        for _, mail in list(self.mail.mails):
            subject = str(mail["Subject"])
            if name in subject and status == ("resolved" if "RESOLVED" in subject else "firing"):
                found.setdefault("mail", mail)
        return found

    def until_told(self, name: str, status: str, *receivers: str) -> dict[str, Any]:
        """What `told` gives once all `receivers` are in it."""
        return self.alertmanager.until(
            lambda: set(receivers) <= (found := self.told(name, status)).keys() and found
        )


def _status(path: str, body: dict[str, Any]) -> str:
    if path == "/slack":
        return "resolved" if "RESOLVED" in body["attachments"][0]["title"] else "firing"
    if path == "/pagerduty":
        return {"trigger": "firing", "resolve": "resolved"}[body["event_action"]]
    return body["status"]


@pytest.fixture(scope="module", params=VERSIONS)
def program(request: pytest.FixtureRequest) -> Found:
    """Alertmanager of each version, where it is there or can be fetched."""
    return of_version(ALERTMANAGER, request.param)


@pytest.fixture(scope="module")
def office(program: Found, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Every receiver, each with its secret in a file."""
    folder = tmp_path_factory.mktemp("office")
    http, mail = HttpSink(), MailSink("mailer", "password of the mailer")
    secrets = {
        "slack": f"{http.url}/slack",
        "pagerduty": "routing-key",
        "webhook": "token of the webhook",
        "mail": mail.password,
        "backend": "token of the backend",
    }
    for name, secret in secrets.items():
        (folder / name).write_text(secret if name == "mail" else f"{secret}\n")
    receivers = Receivers.from_environment(
        {
            "ALERT_EMAIL_TO": "on-call@example.org, team@example.org",
            "SMTP_SMARTHOST": f"127.0.0.1:{mail.port}",
            "SMTP_FROM": "alerts@example.org",
            "SMTP_AUTH_USERNAME": mail.username,
            "SMTP_AUTH_PASSWORD_FILE": "mail",
            "SMTP_REQUIRE_TLS": "0",
            "SLACK_API_URL_FILE": "slack",
            "SLACK_CHANNEL": "#on-call",
            "PAGERDUTY_ROUTING_KEY_FILE": "pagerduty",
            "PAGERDUTY_URL": f"{http.url}/pagerduty",
            "ALERT_WEBHOOK_URL": f"{http.url}/webhook",
            "ALERT_WEBHOOK_TOKEN_FILE": "webhook",
        },
        root=folder,
    )
    place = replace(
        UNHEARD,
        backend=http.url, links=Links.of("http://console.example"), clock=FASTEST,
        receivers=receivers, watchdog_interval=1, backend_token_file=str(folder / "backend"),
    )  # fmt: skip
    alertmanager = Alertmanager(program, folder, place)
    yield Office(alertmanager, http, mail)
    alertmanager.close()
    http.close()
    mail.close()


EVERYBODY = (BACKEND, "/webhook", "/slack", "/pagerduty", "mail")


@pytest.fixture(scope="module")
def messages(office: Office) -> dict[str, dict[str, Any]]:
    """Status → receiver → its message about one page that fires and ends."""
    name, labels = "ApiLatencyBudgetBurn", {"objective": "list", "instance": "127.0.0.1:9464"}
    office.alertmanager.post(alert(name, **labels))
    firing = office.until_told(name, "firing", *EVERYBODY)
    office.alertmanager.post(alert(name, ends=ENDED, **labels))
    return {"firing": firing, "resolved": office.until_told(name, "resolved", *EVERYBODY)}


def golden(name: str, content: str) -> None:
    """Compare `content` with the file of that name."""
    path = GOLDENS / name
    if os.environ.get("WRITE_GOLDENS"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        pytest.fail(f"{name} was written: read it", pytrace=False)
    assert path.read_text() == content


def as_json(request: Request) -> str:
    """The body, without what Alertmanager itself says otherwise since 0.25."""
    body = {key: value for key, value in request.body.items() if key != "notification_reason"}
    if "payload" in body:  # details of PagerDuty were text: "1" is now 1, and "" null
        details = {
            key: "" if value is None else str(value)
            for key, value in body["payload"]["custom_details"].items()
        }
        body["payload"] = {**body["payload"], "custom_details": details}
    return json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("status", ["firing", "resolved"])
@pytest.mark.parametrize("path", [BACKEND, "/webhook", "/slack", "/pagerduty"])
def test_a_message_over_http_is_as_agreed(
    messages: dict[str, dict[str, Any]], path: str, status: str
) -> None:
    """Slack, PagerDuty and webhooks get these documents."""
    name = "backend" if path == BACKEND else path.strip("/")
    golden(f"{name}_{status}.json", as_json(messages[status][path]))


@pytest.mark.parametrize("status", ["firing", "resolved"])
@pytest.mark.parametrize("kind", ["plain", "html"])
def test_a_mail_is_as_agreed(messages: dict[str, dict[str, Any]], kind: str, status: str) -> None:
    """Mail says it as text and as HTML."""
    mail: EmailMessage = messages[status]["mail"]
    part = mail.get_body((kind,))
    assert part is not None
    head = "".join(f"{name}: {mail[name]}\n" for name in ("From", "To", "Subject"))
    content = part.get_content().replace("\r\n", "\n")
    golden(
        f"mail_{status}.{'html' if kind == 'html' else 'txt'}",
        content if kind == "html" else f"{head}\n{content}",
    )


def test_mail_reaches_each_address(office: Office, messages: dict[str, dict[str, Any]]) -> None:
    """Several addresses are separated by commas."""
    recipients = {address for addresses, _ in office.mail.mails for address in addresses}
    assert messages
    assert recipients == {"on-call@example.org", "team@example.org"}


def test_a_webhook_gets_its_token(messages: dict[str, dict[str, Any]]) -> None:
    """The backend and the user's webhook each have a token of their own."""
    told = messages["firing"]
    assert told[BACKEND].authorization == "Bearer token of the backend"
    assert told["/webhook"].authorization == "Bearer token of the webhook"


def test_pagerduty_ends_the_incident_it_began(messages: dict[str, dict[str, Any]]) -> None:
    """Both events have the same key."""
    firing, resolved = (messages[status]["/pagerduty"].body for status in messages)
    assert firing["dedup_key"] == resolved["dedup_key"]


def test_a_ticket_wakes_nobody(office: Office) -> None:
    """All but PagerDuty are told of it."""
    office.alertmanager.post(alert("LabelValuesLimited", "ticket"))
    everybody_else = [each for each in EVERYBODY if each != "/pagerduty"]
    office.until_told("LabelValuesLimited", "firing", *everybody_else)
    # What PagerDuty is told comes of the same group and would have come at the same time.
    office.alertmanager.post(alert("LabelValuesLimited", "ticket", ends=ENDED))
    told = office.until_told("LabelValuesLimited", "resolved", *everybody_else)
    assert "/pagerduty" not in told
    assert "/pagerduty" not in office.told("LabelValuesLimited", "firing")


def test_a_large_group_is_one_message_and_cut(office: Office) -> None:
    """Of twelve alerts a mail shows ten, Slack five; both say how many are left out."""
    # New ones, for which Alertmanager waits until the group is complete.
    now = {"startsAt": datetime.now(UTC).isoformat()}
    many = [alert("BacktestRunStuck", slot=f"{slot:02}") | now for slot in range(12)]
    office.alertmanager.post(*many)
    told = office.until_told("BacktestRunStuck", "firing", *EVERYBODY)
    text = told["mail"].get_body(("plain",)).get_content()
    html = told["mail"].get_body(("html",)).get_content()
    slack = told["/slack"].body["attachments"][0]["text"]
    details = told["/pagerduty"].body["payload"]["custom_details"]
    assert (text.count("slot="), "and 2 more" in text) == (10, True)
    assert (html.count("slot="), "and 2 more" in html) == (10, True)
    assert (slack.count("Runbook"), "and 7 more" in slack) == (5, True)
    assert (details["firing"].count("slot="), str(details["num_firing"])) == (10, "12")
    assert "and 2 more" in details["firing"]
    assert len(told[BACKEND].body["alerts"]) == 12


def test_an_alert_without_severity_reaches_people(office: Office) -> None:
    """What no route knows is treated as a ticket, not lost."""
    posted = alert("Unknown")
    del posted["labels"]["severity"]
    office.alertmanager.post(posted)
    office.until_told("Unknown", "firing", "mail", "/slack")


def test_the_watchdog_comes_at_its_pace_and_only_to_the_backend(office: Office) -> None:
    """Alertmanager sends it at every interval, not at every other one, and to nobody else."""
    office.alertmanager.post(alert("Watchdog", "none"))

    def arrivals() -> list[float]:
        return [
            request.at
            for request in office.http.at(BACKEND)
            if request.body["receiver"] == "watchdog"
        ]

    office.alertmanager.until(lambda: len(arrivals()) > 5)
    times = arrivals()
    gaps = [after - before for before, after in pairwise(times)]
    assert statistics.median(gaps) < 1.5
    assert office.told("Watchdog", "firing").keys() == {BACKEND}


@pytest.fixture
def inhibited(program: Found, tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Expects of alerts, posted to an Alertmanager of their own, what silences each: by name."""
    alertmanager = Alertmanager(program, tmp_path, UNHEARD)

    def silencers() -> dict[str, list[str]]:
        found = alertmanager.alerts()
        names = {each["fingerprint"]: name for name, each in found.items()}
        return {
            name: sorted(names[by] for by in each["status"]["inhibitedBy"])
            for name, each in found.items()
        }

    def expect(wanted: dict[str, list[str]], *alerts: dict[str, Any]) -> None:
        alertmanager.post(*alerts)
        # Alertmanager takes note of what silences a little later than of what is silenced.
        with contextlib.suppress(AssertionError):
            until(lambda: silencers() == wanted)
        assert silencers() == wanted

    yield expect
    alertmanager.close()


def test_a_dead_target_silences_its_symptoms(inhibited: Callable[..., None]) -> None:
    """Only what is about the same target is silent; the Watchdog never is."""
    here, there = {"instance": "127.0.0.1:9464"}, {"instance": "127.0.0.1:9999"}
    inhibited(
        {
            "TargetDown": [],
            "MemoryNearLimit": ["TargetDown"],
            "EventLoopLagging": [],
            "RowsRejected": [],
            "Watchdog": [],
        },
        alert("TargetDown", **here),
        alert("MemoryNearLimit", **here),
        alert("EventLoopLagging", **there),
        alert("RowsRejected", "ticket"),
        alert("Watchdog", "none", **here),
    )


def test_a_dead_backend_silences_what_it_cannot_help(inhibited: Callable[..., None]) -> None:
    """What may have killed it is still told."""
    inhibited(
        {
            "BackendDown": [],
            "ResultsUnavailable": ["BackendDown"],
            "JobQueueGrowing": ["BackendDown"],
            "WorkerKilledForMemory": [],
        },
        alert("BackendDown", instance="127.0.0.1:9464"),
        alert("ResultsUnavailable", objective="availability"),
        alert("JobQueueGrowing", "ticket"),
        alert("WorkerKilledForMemory", "ticket"),
    )


@pytest.mark.parametrize(("integration", "by"), [("webhook", ["BackendDown"]), ("email", [])])
def test_a_dead_backend_explains_that_its_webhook_fails(
    inhibited: Callable[..., None], integration: str, by: list[str]
) -> None:
    """Alertmanager is not ill because nobody takes its messages; mail has nothing to do with it."""
    failing = {"problem": "notifications_failing", "integration": integration}
    inhibited(
        {"BackendDown": [], "AlertmanagerUnhealthy": by},
        alert("BackendDown", instance="127.0.0.1:9464"),
        alert("AlertmanagerUnhealthy", job="alertmanager", **failing),
    )


def test_a_dead_trace_store_silences_dropped_spans(inhibited: Callable[..., None]) -> None:
    """Its clients cannot help it; a target that is down elsewhere does not explain it."""
    inhibited(
        {"TraceStoreUnhealthy": [], "TargetDown": [], "SpansDropped": ["TraceStoreUnhealthy"]},
        alert("TraceStoreUnhealthy", "ticket", job="tracestore"),
        alert("TargetDown", job="prometheus"),
        alert("SpansDropped", "ticket", instance="127.0.0.1:9464"),
    )


@pytest.mark.parametrize(
    ("name", "label", "same", "other"),
    [
        ("BacktestDurationBudgetBurn", "objective", "backtest_5m", "backtest_1d"),
        ("PrometheusUnhealthy", "problem", "rules_failing", "notifications_dropped"),
    ],
)
def test_a_page_silences_the_ticket_about_the_same(
    program: Found, tmp_path: Path, name: str, label: str, same: str, other: str
) -> None:
    """Who was woken needs no ticket of that objective or problem; one of another is told."""
    alertmanager = Alertmanager(program, tmp_path, UNHEARD)
    alertmanager.post(
        alert(name, **{label: same}, long_window="1h"),
        alert(name, "ticket", **{label: same}, long_window="3d"),
        alert(name, "ticket", **{label: other}, long_window="3d"),
    )

    def silent() -> list[dict[str, str]]:
        found = alertmanager.http.get("/api/v2/alerts").raise_for_status().json()
        return [each["labels"] for each in found if each["status"]["inhibitedBy"]]

    (labels,) = until(silent)
    assert (labels[label], labels["severity"]) == (same, "ticket")
    alertmanager.close()


def test_alertmanager_complains_of_nothing(
    office: Office, messages: dict[str, dict[str, Any]]
) -> None:
    """No error and no warning, such as one of something that goes away: nobody would read it."""
    assert messages
    log = office.alertmanager.log.read_text()
    found = re.findall(r"^.*\blevel=(?:warn|error)\b.*$", log, re.MULTILINE | re.IGNORECASE)
    # The Watchdog's route is so on purpose: that makes its pace even.
    known = "repeat_interval is less than group_interval"
    assert [line for line in found if known not in line or "Watchdog" not in line] == []
