"""Where the platform runs: the addresses, the clock and the receivers that rendered files need."""

from __future__ import annotations

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
        raise NotImplementedError


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
COMPOSE = Place("compose", backend="http://backend:8000")
DRILL = Place(
    "drill",
    clock=Clock(Decimal("0.1")),
    receivers=Receivers(webhook=Webhook("http://127.0.0.1:9099/notifications")),
    watchdog_interval=10,
)
PLACES = {place.name: place for place in (EMBEDDED, COMPOSE, DRILL)}
"""Places as their files are committed; the stack renders its own ports with `replace`."""
