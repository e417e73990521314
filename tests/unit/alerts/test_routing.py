"""Every alert reaches the people it is for, and Alertmanager takes the configuration."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from alerts.build import GENERATED, PLACES, Clock, Place, Receivers, write
from alerts.notifications.inhibition import STOPS_WITH_THE_BACKEND, WATCHDOG, inhibit_rules
from alerts.notifications.routing import configuration
from alerts.place import Email, PagerDuty, Slack, Webhook
from alerts.rules import alerts
from stack.provision import AMTOOL
from tests.programs import VERSIONS, of_version

ALERTS = [(name, alert.severity) for name, named in alerts().items() for alert in named]

Amtool = Callable[..., "subprocess.CompletedProcess[str]"]

EMAIL = Email("a@example.org", "127.0.0.1:25", "b@example.org", "user", "/secrets/mail")
SLACK = Slack("/secrets/slack", "#on-call")
PAGERDUTY = PagerDuty("/secrets/pagerduty")
WEBHOOK = Webhook("https://example.org/hook", "/secrets/webhook")


@pytest.fixture(scope="session", params=VERSIONS)
def amtool(request: pytest.FixtureRequest) -> Amtool:
    """Alertmanager's own tool of each version, called with arguments."""
    found = of_version(AMTOOL, request.param)

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [found.path, *arguments], capture_output=True, text=True, check=False, timeout=60
        )

    return run


def written(folder: Path, place: Place) -> Path:
    write(folder, place)
    return folder / "alertmanager" / "alertmanager.yml"


@pytest.mark.parametrize("name", PLACES)
def test_alertmanager_takes_what_is_committed(amtool: Amtool, name: str) -> None:
    """amtool finds no error."""
    checked = amtool("check-config", GENERATED / "alertmanager" / f"{name}.yml")
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("chosen", list(product([False, True], repeat=4)), ids=str)
def test_alertmanager_takes_every_combination_of_receivers(
    amtool: Amtool, tmp_path: Path, chosen: tuple[bool, ...]
) -> None:
    """Each is rendered whole or not at all; the templates parse."""
    email, slack, pagerduty, webhook = chosen
    receivers = Receivers(
        EMAIL if email else None,
        SLACK if slack else None,
        PAGERDUTY if pagerduty else None,
        WEBHOOK if webhook else None,
    )
    config = written(tmp_path, replace(PLACES["embedded"], receivers=receivers))
    checked = amtool("check-config", config)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "1 templates" in checked.stdout
    kinds = ("email", "slack", "pagerduty")
    rendered = [f"{kind}_configs" in config.read_text() for kind in kinds]
    assert rendered == [email, slack, pagerduty]
    assert ("https://example.org/hook" in config.read_text()) is webhook


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (["alertname=BackendDown", "severity=page", "job=nautilus"], "page"),
        (["alertname=SpansDropped", "severity=ticket", "job=nautilus"], "ticket"),
        (["alertname=Watchdog", "severity=none"], "watchdog"),
        (["alertname=SomebodysOwn", "severity=warning"], "ticket"),
        (["alertname=SomebodysOwn"], "ticket"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else value,
)
def test_an_alert_is_routed_by_its_severity(
    amtool: Amtool, place: str, labels: list[str], receiver: str
) -> None:
    """What no route knows is treated as a ticket, not lost."""
    assert routed(amtool, place, labels) == [receiver]


def routed(amtool: Amtool, place: str, labels: list[str]) -> list[str]:
    config = GENERATED / "alertmanager" / f"{place}.yml"
    tested = amtool("config", "routes", "test", f"--config.file={config}", *labels)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    return tested.stdout.strip().split(",")


@pytest.mark.parametrize(("name", "severity"), sorted(set(ALERTS)))
def test_every_alert_reaches_the_receiver_of_its_severity(
    amtool: Amtool, name: str, severity: str
) -> None:
    """No alert falls into a hole, and only the Watchdog goes where nobody looks."""
    labels = [f"alertname={name}", f"severity={severity}", "job=nautilus"]
    wanted = "watchdog" if name == WATCHDOG else severity
    assert wanted in ("watchdog", "page", "ticket")
    assert routed(amtool, "embedded", labels) == [wanted]


def told(place: Place) -> dict[str, set[str]]:
    """Receiver → kinds of configuration, webhooks by address."""
    return {
        receiver["name"]: {
            each.get("url") if kind == "webhook_configs" else kind.removesuffix("_configs")
            for kind, configs in receiver.items()
            if kind != "name"
            for each in configs
        }
        for receiver in configuration(place)["receivers"]
    }


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_pages_wake_people_and_tickets_do_not(place: Place) -> None:
    """The backend is told everything; PagerDuty pages only; the Watchdog nobody else."""
    backend = f"{place.backend}/api/alerts/notifications"
    everybody = replace(place, receivers=Receivers(EMAIL, SLACK, PAGERDUTY, WEBHOOK))
    assert told(everybody) == {
        "page": {backend, WEBHOOK.url, "email", "slack", "pagerduty"},
        "ticket": {backend, WEBHOOK.url, "email", "slack"},
        "watchdog": {backend},
    }


def test_people_are_told_of_the_end_too() -> None:
    """Every receiver but the Watchdog's sends resolved messages."""
    place = replace(PLACES["embedded"], receivers=Receivers(EMAIL, SLACK, PAGERDUTY, WEBHOOK))
    sends = {
        (receiver["name"], each["send_resolved"])
        for receiver in configuration(place)["receivers"]
        for kind, configs in receiver.items()
        if kind != "name"
        for each in configs
    }
    assert sends == {("page", True), ("ticket", True), ("watchdog", False)}


@pytest.mark.parametrize("interval", [1, 10, 60, 3600])
def test_the_watchdog_is_due_at_every_interval(interval: int) -> None:
    """At once and then at each; a repeat that is as long would miss every other one."""
    route = configuration(replace(PLACES["drill"], watchdog_interval=interval))["route"]["routes"][
        0
    ]
    assert route["group_wait"] == "0s"
    assert route["group_interval"] == f"{interval}s"
    assert route["repeat_interval"] == f"{interval * 500}ms"


@pytest.mark.parametrize("scale", ["1", "0.1", "0.001", "0.00001"])
def test_no_interval_of_a_fast_clock_is_zero(amtool: Amtool, tmp_path: Path, scale: str) -> None:
    """Alertmanager refuses a group_interval or repeat_interval of 0."""
    config = written(tmp_path, replace(PLACES["drill"], clock=Clock(Decimal(scale))))
    checked = amtool("check-config", config)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_what_silences_and_is_silenced_exists() -> None:
    """A name that no alert has would silence nothing, for ever."""
    matchers = [
        matcher
        for rule in inhibit_rules()
        for matcher in [*rule["source_matchers"], *rule["target_matchers"]]
        if matcher.startswith("alertname")
    ]
    names = {name for each in matchers for name in re.findall(r"[A-Z]\w+", each)}
    assert names >= {*STOPS_WITH_THE_BACKEND, WATCHDOG, "TargetDown", "BackendDown"}
    assert names <= {name for name, _ in ALERTS}


def test_keys_are_those_of_all_versions() -> None:
    """0.26 brought `url_file` for webhooks; `match` and `match_re` are on their way out."""
    place = replace(PLACES["embedded"], receivers=Receivers(EMAIL, SLACK, PAGERDUTY, WEBHOOK))

    def keys(value: Any) -> set[str]:
        if isinstance(value, dict):
            return {*value, *(key for each in value.values() for key in keys(each))}
        return {key for each in value for key in keys(each)} if isinstance(value, list) else set()

    late_or_old = {
        "url_file", "match", "match_re", "source_match", "source_match_re", "target_match",
        "target_match_re", "service_key", "basic_auth", "bearer_token", "bearer_token_file",
    }  # fmt: skip
    assert keys(configuration(place)) & late_or_old == set()
