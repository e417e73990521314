"""Receivers from the environment: what is configured, and what is refused with which words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from alerts.place import Email, PagerDuty, ReceiverError, Receivers, Slack, Webhook

MAIL = {
    "ALERT_EMAIL_TO": "on-call@example.org",
    "SMTP_SMARTHOST": "mail.example.org:587",
    "SMTP_FROM": "alerts@example.org",
}
SECRET = "xyzzy"


@pytest.fixture
def secret(tmp_path: Path) -> Callable[..., str]:
    """Writes a secret; returns the name of its file."""

    def write(content: str = SECRET) -> str:
        (tmp_path / "secret").write_text(content)
        return "secret"

    return write


def test_without_settings_nobody_but_the_backend_is_told() -> None:
    """Variables that are empty count as not set."""
    assert Receivers.from_environment({"ALERT_EMAIL_TO": "", "SLACK_CHANNEL": " "}) == Receivers()


def test_each_receiver_is_turned_on_by_itself(tmp_path: Path, secret: Callable[..., str]) -> None:
    """Mail without signing in; channel, token and PagerDuty's address are optional."""
    url, file = "https://hooks.example.org/T0", str(tmp_path / secret("https://hooks.example/x"))

    def read(**env: str) -> Receivers:
        return Receivers.from_environment(env, tmp_path)

    assert read(**MAIL).email == Email(
        "on-call@example.org", "mail.example.org:587", "alerts@example.org"
    )
    assert read(SLACK_API_URL_FILE="secret").slack == Slack(file)
    assert read(PAGERDUTY_ROUTING_KEY_FILE="secret").pagerduty == PagerDuty(file)
    assert read(ALERT_WEBHOOK_URL=url).webhook == Webhook(url)


def test_a_container_finds_secrets_under_the_names_of_their_variables(
    tmp_path: Path, secret: Callable[..., str]
) -> None:
    """The file is checked here, its path is the container's."""
    env = {"PAGERDUTY_ROUTING_KEY_FILE": secret()}
    found = Receivers.from_environment(env, tmp_path, secrets="/run/secrets")
    assert found.pagerduty == PagerDuty("/run/secrets/pagerduty_routing_key")


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({"SMTP_FROM": "a@example.org"}, "SMTP_FROM has no effect without ALERT_EMAIL_TO"),
        ({"SLACK_CHANNEL": "#x"}, "SLACK_CHANNEL has no effect without SLACK_API_URL_FILE"),
        (
            {"PAGERDUTY_URL": "https://x"},
            "PAGERDUTY_URL has no effect without PAGERDUTY_ROUTING_KEY_FILE",
        ),
        (
            {"ALERT_WEBHOOK_TOKEN_FILE": "secret"},
            "ALERT_WEBHOOK_TOKEN_FILE has no effect without ALERT_WEBHOOK_URL",
        ),
        ({**MAIL, "ALERT_EMAIL_TO": "me"}, "ALERT_EMAIL_TO=me: must be mail addresses"),
        ({**MAIL, "SMTP_FROM": ""}, "SMTP_FROM=: must be a mail address"),
        ({**MAIL, "SMTP_SMARTHOST": "mail"}, "SMTP_SMARTHOST=mail: must be host:port"),
        ({**MAIL, "SMTP_REQUIRE_TLS": "no"}, "SMTP_REQUIRE_TLS=no: must be 0 or 1"),
        (
            {**MAIL, "SMTP_AUTH_USERNAME": "u"},
            "SMTP_AUTH_USERNAME and SMTP_AUTH_PASSWORD_FILE are set together or not at all",
        ),
        (
            {"ALERT_WEBHOOK_URL": "ftp://x"},
            "ALERT_WEBHOOK_URL=ftp://x: must begin with http:// or https://",
        ),
    ],
)
def test_a_wrong_setting_is_named(env: dict[str, str], message: str) -> None:
    """The message begins with the variable and says what it must be."""
    with pytest.raises(ReceiverError) as error:
        Receivers.from_environment(env)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("content", "variable", "message"),
    [
        (" \n", "PAGERDUTY_ROUTING_KEY_FILE", "must hold one routing key"),
        ("one two", "PAGERDUTY_ROUTING_KEY_FILE", "must hold one routing key"),
        (SECRET, "SLACK_API_URL_FILE", "must hold the webhook's address"),
        (f"{SECRET}\n", "SMTP_AUTH_PASSWORD_FILE", "ends with a newline; write it with printf"),
        ("", "SMTP_AUTH_PASSWORD_FILE", "is empty"),
    ],
)
def test_a_secret_that_cannot_be_one_is_refused_and_not_shown(
    tmp_path: Path, secret: Callable[..., str], content: str, variable: str, message: str
) -> None:
    """Variable, file and reason are named; what is in the file is not."""
    env = {variable: secret(content)}
    if variable.startswith("SMTP"):
        env |= {**MAIL, "SMTP_AUTH_USERNAME": "mailer"}
    with pytest.raises(ReceiverError) as error:
        Receivers.from_environment(env, tmp_path)
    assert str(error.value) == f"{variable}={tmp_path / 'secret'}: {message}"
    assert SECRET not in str(error.value)


@pytest.mark.parametrize(
    "variable",
    ["PAGERDUTY_ROUTING_KEY_FILE", "SLACK_API_URL_FILE", "SMTP_AUTH_PASSWORD_FILE",
     "ALERT_WEBHOOK_TOKEN_FILE"],
)  # fmt: skip
def test_a_missing_secret_is_named(tmp_path: Path, variable: str) -> None:
    """Alertmanager itself would find out when the first alert is to be sent."""
    env = {**MAIL, "SMTP_AUTH_USERNAME": "u", "SMTP_AUTH_PASSWORD_FILE": "there"}
    (tmp_path / "there").write_text(SECRET)
    env |= {"ALERT_WEBHOOK_URL": "https://example.org", variable: "nowhere"}
    with pytest.raises(ReceiverError) as error:
        Receivers.from_environment(env, tmp_path)
    assert str(error.value) == f"{variable}={tmp_path / 'nowhere'}: No such file or directory"
