"""The team's stack: `python -m deploy.compose up | down | logs` (make compose-…)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from dotenv import dotenv_values

from deploy import mounts, secrets
from stack.ticks import ensure_ticks

ROOT = Path(__file__).resolve().parents[1]
PROJECT = "nautobs"
"""Given to each call: an environment may name another."""
WAIT_SECONDS = 600
"""For all services to be healthy: the first time, images are fetched and built."""

RENDERED = Path("var/compose")
"""Rules and Alertmanager's configuration, as docker-compose.yml mounts them."""
OVERRIDE = Path("var/compose-override.json")
"""What depends on `.env` and on the files that are mounted."""
IN_CONTAINER = "/run/secrets"
RAW_TICKS = Path("data_downloads")
TICKS_IN_CONTAINER = "/app/data_downloads"
GENERATED_TICKS = Path("var/ticks")

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
    docker(
        "compose", "--project-name", PROJECT, "--file", mounts.COMPOSE_FILE, *extra, *arguments,
        source=source, to=to,
    )  # fmt: skip


def docker(*arguments: str, source: IO[bytes] | None = None, to: IO[bytes] | None = None) -> None:
    """Run docker; `source` is what it reads, `to` where it writes. Raises ComposeError."""
    done = subprocess.run(["docker", *arguments], check=False, cwd=ROOT, stdin=source, stdout=to)
    if done.returncode:
        raise ComposeError(f"docker {' '.join(arguments)} failed ({done.returncode})")


def prepare(profile: str = "") -> None:
    """Write secrets, rules, Alertmanager's configuration and the override. Raises ComposeError."""
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
    mounts.make_readable(ROOT / RENDERED)
    (ROOT / OVERRIDE).write_text(json.dumps(override(env, profile), indent=2) + "\n")


def override(env: Mapping[str, str], profile: str = "") -> dict[str, Any]:
    """The compose file's addition: receivers' secrets, generated ticks, digests of what is mounted.

    Raises ComposeError for what the containers could not read.
    """
    files = {
        name.lower().removesuffix("_file"): (ROOT / Path(env[name]).expanduser()).resolve()
        for name in RECEIVER_FILES
        if env.get(name)
    }
    given = mounts.by_service(ROOT)
    given["alertmanager"] += files.values()
    _require_readable(mounts.inside({path for paths in given.values() for path in paths}))
    services: dict[str, Any] = {
        name: {"labels": {mounts.LABEL: mounts.digest(paths)}} for name, paths in given.items()
    }
    services["alertmanager"]["secrets"] = sorted(files)
    services["backend"] |= _ticks(env, profile)
    return {
        "services": services,
        "secrets": {name: {"file": str(path)} for name, path in sorted(files.items())},
    }


def _require_readable(paths: Iterable[Path]) -> None:
    if wrong := mounts.unreadable(paths):
        named = ", ".join(map(str, sorted(wrong)))
        raise ComposeError(
            f"containers run as users of their own and cannot read {named}: let all read it "
            "(chmod a+rX), and keep a secret in a folder that only you can enter"
        )


def _ticks(env: Mapping[str, str], profile: str) -> dict[str, Any]:
    """Of the backend: a generated day, for a demo where there are no ticks of the user's own."""
    named = env.get("RAW_TICKS")
    folder = ROOT / Path(named or RAW_TICKS).expanduser()
    if named and not folder.is_dir():
        raise ComposeError(f"RAW_TICKS={named}: no such folder")
    own = folder / "raw_tick_data"
    if not named:
        own.mkdir(parents=True, exist_ok=True)  # Docker does not mount what is not there
    if named or any(own.iterdir()):
        # Below are too many files to look at each time.
        _require_readable([folder, own, own / "by_date", own / "datasets.toml"])
        return {}
    if profile != "demo":
        sys.stdout.write(
            f"No raw ticks yet: put them into {own.relative_to(ROOT)}, or name a folder in "
            "RAW_TICKS. make compose-up PROFILE=demo generates a day.\n"
        )
        return {}
    raw = ensure_ticks(ROOT / GENERATED_TICKS)
    mounts.make_readable(raw.folder.parent)
    sys.stdout.write(f"No raw ticks of your own: generated {raw.folder.relative_to(ROOT)}\n")
    mount = {"type": "bind", "source": str(raw.folder.parent), "target": TICKS_IN_CONTAINER,
             "read_only": True, "bind": {"create_host_path": False}}  # fmt: skip
    return {
        "volumes": [mount],
        "environment": {"RAW_TICK_DIR": f"{TICKS_IN_CONTAINER}/{raw.folder.name}"},
    }


def up(profile: str = "") -> None:
    """Secrets, image, services, health; prints where everything is."""
    prepare(profile)
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
