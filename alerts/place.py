"""Where the platform runs: the addresses, the clock and the receivers that rendered files need."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Literal

from alerts.model import Clock, Links


class ReceiverError(ValueError):
    """A receiver's setting cannot be used; the message names the variable, and the file if any."""


@dataclass(frozen=True, slots=True)
class Email:
    """Mail over SMTP. `smarthost` is host:port."""

    to: str
    smarthost: str
    sender: str
    username: str = ""
    password_file: str = ""
    require_tls: bool = True


@dataclass(frozen=True, slots=True)
class Slack:
    """An incoming webhook; its address is the secret. An empty channel is the webhook's own."""

    api_url_file: str
    channel: str = ""


@dataclass(frozen=True, slots=True)
class PagerDuty:
    """Events API v2. `url` differs for accounts in the EU."""

    routing_key_file: str
    url: str = "https://events.pagerduty.com/v2/enqueue"


@dataclass(frozen=True, slots=True)
class Webhook:
    """Alertmanager's JSON (version 4) by POST, with a bearer token when there is a file of it."""

    url: str
    token_file: str = ""


@dataclass(frozen=True, slots=True)
class Receivers:
    """Who is told beside the backend; what is None is not rendered.

    Files are as Alertmanager sees them: absolute paths, not resolved against its configuration.
    """

    email: Email | None = None
    slack: Slack | None = None
    pagerduty: PagerDuty | None = None
    webhook: Webhook | None = None

    @classmethod
    def from_environment(
        cls, env: Mapping[str, str], root: Path | None = None, secrets: str = ""
    ) -> Receivers:
        """Receivers that `env` configures; README.md lists the variables.

        Relative paths start from `root` (default: the working folder). `secrets` is the folder in
        which a container finds the files: slack_api_url for SLACK_API_URL_FILE.
        Raises ReceiverError.
        """
        settings = _Settings(env, (root or Path.cwd()).resolve(), secrets)
        return cls(
            email=_email(settings),
            slack=_slack(settings),
            pagerduty=_pagerduty(settings),
            webhook=_webhook(settings),
        )


class _Settings:
    """Reads variables; every complaint names the variable."""

    def __init__(self, env: Mapping[str, str], root: Path, secrets: str) -> None:
        self.env, self.root, self.secrets = env, root, secrets

    def text(self, name: str) -> str:
        return self.env.get(name, "").strip()

    def turned_on(self, name: str, *others: str) -> bool:
        """Whether `name` is set. Without it `others` would have no effect: that is an error."""
        if not self.text(name) and (lost := [each for each in others if self.text(each)]):
            raise ReceiverError(f"{lost[0]} has no effect without {name}")
        return bool(self.text(name))

    def matching(self, name: str, pattern: str, meaning: str) -> str:
        value = self.text(name)
        if not re.fullmatch(pattern, value):
            raise ReceiverError(f"{name}={value}: {meaning}")
        return value

    def address(self, name: str) -> str:
        return self.matching(name, r"https?://[^\s/]+\S*", "must begin with http:// or https://")

    def secret(
        self, name: str, pattern: str = r"\S.*", meaning: str = "is empty", *, whole: bool = False
    ) -> str:
        """Path of the file `name`, for Alertmanager; what is in it must match `pattern`.

        `whole`: Alertmanager takes a newline at the end for a part of it (mail, before 0.27).
        """
        path = self.root / Path(self.text(name)).expanduser()
        try:
            found = path.read_text()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "is not text"
            raise ReceiverError(f"{name}={path}: {reason}") from error
        if not re.fullmatch(pattern, found.strip()):
            raise ReceiverError(f"{name}={path}: {meaning}")  # never shows what is in it
        if whole and found != found.strip():
            raise ReceiverError(f"{name}={path}: ends with a newline; write it with printf")
        if self.secrets:
            return f"{self.secrets}/{name.lower().removesuffix('_file')}"
        return str(path)


def _email(settings: _Settings) -> Email | None:
    sign_in = "SMTP_AUTH_USERNAME", "SMTP_AUTH_PASSWORD_FILE"
    if not settings.turned_on("ALERT_EMAIL_TO", "SMTP_SMARTHOST", "SMTP_FROM", *sign_in):
        return None
    username, password = map(settings.text, sign_in)
    if bool(username) != bool(password):
        raise ReceiverError(f"{' and '.join(sign_in)} are set together or not at all")
    tls = settings.text("SMTP_REQUIRE_TLS") or "1"
    if tls not in ("0", "1"):
        raise ReceiverError(f"SMTP_REQUIRE_TLS={tls}: must be 0 or 1")
    mail = r"[^@\s,]+@[^@\s,]+"
    return Email(
        to=settings.matching(
            "ALERT_EMAIL_TO", rf"{mail}(\s*,\s*{mail})*", "must be mail addresses"
        ),
        smarthost=settings.matching("SMTP_SMARTHOST", r"\S+:[0-9]+", "must be host:port"),
        sender=settings.matching("SMTP_FROM", mail, "must be a mail address"),
        username=username,
        password_file=settings.secret("SMTP_AUTH_PASSWORD_FILE", whole=True) if password else "",
        require_tls=tls == "1",
    )


def _slack(settings: _Settings) -> Slack | None:
    if not settings.turned_on("SLACK_API_URL_FILE", "SLACK_CHANNEL"):
        return None
    url = settings.secret("SLACK_API_URL_FILE", r"https?://\S+", "must hold the webhook's address")
    return Slack(url, settings.text("SLACK_CHANNEL"))


def _pagerduty(settings: _Settings) -> PagerDuty | None:
    if not settings.turned_on("PAGERDUTY_ROUTING_KEY_FILE", "PAGERDUTY_URL"):
        return None
    key = settings.secret("PAGERDUTY_ROUTING_KEY_FILE", r"\S+", "must hold one routing key")
    if settings.text("PAGERDUTY_URL"):
        return PagerDuty(key, settings.address("PAGERDUTY_URL"))
    return PagerDuty(key)


def _webhook(settings: _Settings) -> Webhook | None:
    if not settings.turned_on("ALERT_WEBHOOK_URL", "ALERT_WEBHOOK_TOKEN_FILE"):
        return None
    url = settings.address("ALERT_WEBHOOK_URL")
    if settings.text("ALERT_WEBHOOK_TOKEN_FILE"):
        return Webhook(url, settings.secret("ALERT_WEBHOOK_TOKEN_FILE"))
    return Webhook(url)


@dataclass(frozen=True, slots=True)
class Place:
    """What the rendered files depend on."""

    name: Literal["embedded", "compose", "drill"]
    backend: str = "http://127.0.0.1:8000"
    """The backend as Alertmanager reaches it, without a slash at the end."""
    links: Links = field(default_factory=Links)
    """Pages as people reach them."""
    clock: Clock = field(default_factory=Clock)
    receivers: Receivers = field(default_factory=Receivers)
    watchdog_interval: int = 60
    """Seconds between arrivals of the Watchdog at the backend; not scaled by the clock."""
    backend_token_file: str = ""
    """Bearer token that the backend asks for; empty: none."""


EMBEDDED = Place("embedded")
COMPOSE = Place(
    "compose",
    backend="http://backend:8000",
    links=Links.from_environment({}, "http://127.0.0.1:8000", "http://127.0.0.1:3000"),
    backend_token_file="/run/secrets/api_token",
)
DRILL = Place(
    "drill",
    clock=Clock(Decimal("0.1")),
    receivers=Receivers(webhook=Webhook("http://127.0.0.1:9099/notifications")),
    watchdog_interval=10,
)
PLACES = {place.name: place for place in (EMBEDDED, COMPOSE, DRILL)}
"""Places as their files are committed; the stack renders its own ports with `replace`."""
