"""The team's stack: `python -m deploy.compose up | down | logs` (make compose-…)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from dotenv import dotenv_values

from deploy import secrets

ROOT = Path(__file__).resolve().parents[1]
WAIT_SECONDS = 600
"""For all services to be healthy: the first time, images are fetched and built."""

RENDERED = Path("var/compose")
"""Rules and Alertmanager's configuration, as docker-compose.yml mounts them."""
OVERRIDE = RENDERED / "receivers.json"
IN_CONTAINER = "/run/secrets"

RECEIVER_FILES = (
    "ALERT_WEBHOOK_TOKEN_FILE", "PAGERDUTY_ROUTING_KEY_FILE", "SLACK_API_URL_FILE",
    "SMTP_AUTH_PASSWORD_FILE",
)  # fmt: skip
"""Variables that name a receiver's secret, see alerts/README.md."""

ADDRESSES = (
    ("Grafana", "GRAFANA_PORT", 3000, "user admin, password in secrets/grafana_admin_password"),
    ("Backend", "BACKEND_PORT", 8000, "token in secrets/api_token"),
    ("Prometheus", "PROMETHEUS_PORT", 9090, ""),
    ("Alertmanager", "ALERTMANAGER_PORT", 9093, ""),
    ("Tempo", "TEMPO_PORT", 3200, "OTLP/HTTP on OTLP_PORT, 4318 by default"),
)


class ComposeError(Exception):
    """Something is missing or failed; the message says what and how to mend it."""


def check_docker() -> None:
    """Raise ComposeError where Docker, its engine or its compose plugin cannot be used."""
    if shutil.which("docker") is None:
        raise ComposeError(
            "docker is not installed: see docs.docker.com/engine/install, or use make demo, which "
            "needs no Docker"
        )
    checks = (
        (("compose", "version"), "its compose plugin is missing: install docker-compose-plugin"),
        (("info",), "its engine does not answer: start it, and see that you may use it"),
    )
    for arguments, meaning in checks:
        done = subprocess.run(
            ["docker", *arguments], capture_output=True, text=True, check=False, cwd=ROOT
        )
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise ComposeError(f"docker is installed, but {meaning} ({said[-1] if said else ''})")


def settings() -> dict[str, str]:
    """The environment, completed from the file `.env` as docker compose does it."""
    file = {name: value for name, value in dotenv_values(ROOT / ".env").items() if value}
    return {**file, **os.environ}


def compose(*arguments: str, source: IO[bytes] | None = None, to: IO[bytes] | None = None) -> None:
    """Run docker compose with the files of this checkout. Raises ComposeError."""
    extra = ("--file", str(OVERRIDE)) if (ROOT / OVERRIDE).is_file() else ()
    docker("compose", "--file", "docker-compose.yml", *extra, *arguments, source=source, to=to)


def docker(*arguments: str, source: IO[bytes] | None = None, to: IO[bytes] | None = None) -> None:
    """Run docker; `source` is what it reads, `to` where it writes. Raises ComposeError."""
    done = subprocess.run(["docker", *arguments], check=False, cwd=ROOT, stdin=source, stdout=to)
    if done.returncode:
        raise ComposeError(f"docker {' '.join(arguments)} failed ({done.returncode})")


def prepare() -> None:
    """Write secrets, rules and Alertmanager's configuration. Raises ComposeError.

    Receivers' secrets become secrets of Alertmanager's container, in an override of the compose
    file: which of them there are, only `.env` knows.
    """
    secrets.write(ROOT / secrets.FOLDER)
    env = settings()
    done = subprocess.run(
        [
            sys.executable, "-m", "alerts.build", "--place", "compose",
            "--folder", str(RENDERED), "--secrets", IN_CONTAINER,
        ],
        cwd=ROOT, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise ComposeError(done.stderr.strip())
    (ROOT / OVERRIDE).write_text(json.dumps(override(env), indent=2) + "\n")


def override(env: Mapping[str, str]) -> dict[str, Any]:
    """The compose file's addition for the receivers that `env` configures."""
    files = {
        name.lower().removesuffix("_file"): str((ROOT / Path(env[name]).expanduser()).resolve())
        for name in RECEIVER_FILES
        if env.get(name)
    }
    return {
        "services": {"alertmanager": {"secrets": sorted(files)}},
        "secrets": {name: {"file": path} for name, path in sorted(files.items())},
    }


def up(profile: str = "") -> None:
    """Secrets, image, services, health; prints where everything is."""
    prepare()
    chosen = ("--profile", profile) if profile else ()
    try:
        compose(*chosen, "up", "--build", "--detach", "--wait", "--wait-timeout", str(WAIT_SECONDS))
    except ComposeError as error:
        raise ComposeError(f"{error}; make compose-logs shows why") from error
    env = settings()
    for name, variable, default, note in ADDRESSES:
        port = env.get(variable) or default
        sys.stdout.write(f"{name:<13} http://127.0.0.1:{port}  {note}".rstrip() + "\n")


def down() -> None:
    """Stop and remove the containers; data and secrets stay."""
    compose("--profile", "demo", "down")


def logs() -> None:
    """Follow what all services print."""
    compose("--profile", "demo", "logs", "--follow", "--tail", "200")


def main(arguments: Sequence[str]) -> int:
    commands = {"up": up, "down": down, "logs": logs}
    command, *rest = arguments or [""]
    if command not in commands:
        sys.stderr.write(f"usage: python -m deploy.compose {' | '.join(commands)}\n")
        return 2
    try:
        check_docker()
        commands[command](*rest)
    except ComposeError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
