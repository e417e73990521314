"""A real Alertmanager, and everything it can send to: mail, Slack, PagerDuty, webhooks."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

from alerts.build import Place, write
from stack.provision import Found
from tests import http_server
from tests.integration.service_process import until
from tests.ports import free_port

EXTERNAL_URL = "http://alertmanager.example:9093"


@dataclass(frozen=True, slots=True)
class Request:
    """What arrived over HTTP."""

    path: str
    authorization: str | None
    body: dict[str, Any]
    at: float
    """Monotonic seconds."""


class HttpSink(http_server.HttpServer):
    """Keeps every POST; answers ok, as PagerDuty and Slack want it."""

    content_type = None

    def __init__(self) -> None:
        self.requests: list[Request] = []
        super().__init__()

    def answer(self, request: http_server.Request) -> tuple[int, bytes]:
        authorization = request.headers.get("Authorization")
        self.requests.append(Request(request.path, authorization, request.json, time.monotonic()))
        # PagerDuty accepts with 202, Slack answers ok.
        return 202 if request.path == "/pagerduty" else 200, b"ok"

    def at(self, path: str) -> list[Request]:
        """What arrived at `path`, in order."""
        return [request for request in list(self.requests) if request.path == path]


@dataclass
class MailSink:
    """An SMTP server that takes mail from one user."""

    username: str
    password: str
    mails: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    """Recipients and message."""

    def __post_init__(self) -> None:
        self.port = free_port()
        self._controller = Controller(
            self, hostname="127.0.0.1", port=self.port, authenticator=self._sign_in,
            auth_required=True, auth_require_tls=False,
            auth_exclude_mechanism=["LOGIN"],  # its prompts are not those Alertmanager knows
        )  # fmt: skip
        self._controller.start()

    def _sign_in(self, *given: Any) -> AuthResult:
        wanted = LoginPassword(self.username.encode(), self.password.encode())
        return AuthResult(success=given[-1] == wanted, handled=False)

    async def handle_DATA(self, server: object, session: object, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.mails.append((envelope.rcpt_tos, message))
        return "250 OK"

    def close(self) -> None:
        self._controller.stop()


class Alertmanager:
    """Alertmanager with the configuration of `place`, rendered into `folder`."""

    def __init__(self, program: Found, folder: Path, place: Place) -> None:
        write(folder, place)
        port = free_port()
        self.log = folder / "alertmanager.log"
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(
                [
                    program.path,
                    f"--config.file={folder / 'alertmanager' / 'alertmanager.yml'}",
                    f"--storage.path={folder / 'data'}",
                    f"--web.listen-address=127.0.0.1:{port}",
                    f"--web.external-url={EXTERNAL_URL}",
                    "--cluster.listen-address=",
                ],
                cwd=program.home, stdout=output, stderr=output,
            )  # fmt: skip
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)
        until(self._ready)

    def _ready(self) -> bool:
        assert self._process.poll() is None, self.log.read_text()
        try:
            return self.http.get("/-/ready").is_success
        except httpx.TransportError:
            return False

    def post(self, *alerts: dict[str, Any]) -> None:
        """Alerts as Prometheus sends them: labels, annotations, startsAt, endsAt."""
        self.http.post("/api/v2/alerts", json=alerts).raise_for_status()

    def alerts(self) -> dict[str, dict[str, Any]]:
        """Alertname → the alert with its status."""
        answer = self.http.get("/api/v2/alerts").raise_for_status().json()
        return {alert["labels"]["alertname"]: alert for alert in answer}

    def until(self, condition: Callable[[], Any]) -> Any:
        """Wait for it; when it does not happen, what Alertmanager logged is shown."""
        try:
            return until(condition)
        except AssertionError as error:
            raise AssertionError(self.log.read_text()) from error

    def close(self) -> None:
        self.http.close()
        self._process.terminate()
        self._process.wait(60)
