"""What `make compose-…` asks of Docker, seen by a stand-in for its command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from alerts.place import COMPOSE
from deploy import backup, compose
from deploy.compose import ComposeError

# Writes down how it was called, and what it was sent; fails where the test says so.
DOCKER = """#!{python}
import json, os, sys
call = " ".join(sys.argv[1:])
with open("{log}", "a") as log:
    sent = sys.stdin.read() if " - " in call and call.endswith(("grafana", "/data", "/prometheus",
        "/alertmanager", "/var/tempo")) else ""
    log.write(json.dumps([call, sent]) + "\\n")
if call.endswith(" -"):
    print("tar of", call.split()[-2])
for failing in os.environ.get("FAILING", "").split(";"):
    if failing and failing in call:
        print("it is broken", file=sys.stderr)
        sys.exit(3)
"""


class Docker:
    """The stand-in, first on PATH."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "calls"
        program = folder / "docker"
        program.write_text(DOCKER.format(python=sys.executable, log=self.log))
        program.chmod(0o755)

    @property
    def calls(self) -> list[tuple[str, str]]:
        """(arguments after `docker`, what it was sent)."""
        if not self.log.exists():
            return []
        found = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [(call.replace("compose --file docker-compose.yml ", ""), sent)
                for call, sent in found]  # fmt: skip


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Docker:
    """A checkout of its own, and a Docker that does nothing."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(compose, "ROOT", tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[3]))
    return Docker(folder)


def test_up_prepares_builds_and_waits_for_health(
    docker: Docker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Secrets, rules and Alertmanager's configuration are there before anything starts."""
    (tmp_path / ".env").write_text("GRAFANA_PORT=3333\n")
    assert compose.main(["up", "demo"]) == 0
    (_, _, (started, _)) = docker.calls
    assert "--profile demo up --build --detach --wait" in started
    for path in ("secrets/api_token", "var/compose/rules/targets.yml",
                 "var/compose/alertmanager/alertmanager.yml"):  # fmt: skip
        assert (tmp_path / path).is_file(), path
    assert "http://127.0.0.1:3333" in capsys.readouterr().out


def test_receivers_of_the_env_file_get_their_secrets(docker: Docker, tmp_path: Path) -> None:
    """What Alertmanager's configuration reads in its container is what the container is given."""
    files = {name: tmp_path / name.lower() for name in compose.RECEIVER_FILES}
    for path in files.values():
        path.write_text("https://hooks.example.com/secret")
    lines = [f"{name}={path.name}" for name, path in files.items()]
    others = ["SMTP_SMARTHOST=mail:25", "SMTP_FROM=a@example.com", "ALERT_EMAIL_TO=b@example.com",
              "SMTP_AUTH_USERNAME=a", "ALERT_WEBHOOK_URL=https://example.com"]  # fmt: skip
    (tmp_path / ".env").write_text("\n".join([*lines, *others]))
    assert compose.main(["up"]) == 0
    written = json.loads((tmp_path / compose.OVERRIDE).read_text())
    rendered = (tmp_path / "var/compose/alertmanager/alertmanager.yml").read_text()
    given = {f"{compose.IN_CONTAINER}/{name}" for name in written["secrets"]}
    assert len(given) == len(compose.RECEIVER_FILES)
    assert all(path in rendered for path in given)
    assert sorted(written["services"]["alertmanager"]["secrets"]) == sorted(written["secrets"])
    sources = {name: secret["file"] for name, secret in written["secrets"].items()}
    assert sources["slack_api_url"] == str(files["SLACK_API_URL_FILE"])
    assert f"--file {compose.OVERRIDE}" in docker.calls[-1][0]


def test_the_backend_is_told_with_its_token() -> None:
    """Its webhook is a write, and writes need it."""
    assert COMPOSE.backend_token_file == f"{compose.IN_CONTAINER}/api_token"


def test_a_receiver_that_cannot_be_used_starts_nothing(
    docker: Docker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names the variable."""
    (tmp_path / ".env").write_text("SLACK_API_URL_FILE=secrets/slack\n")
    assert compose.main(["up"]) == 1
    assert "SLACK_API_URL_FILE" in capsys.readouterr().err
    assert not any(" up " in call for call, _ in docker.calls)


@pytest.mark.parametrize(
    ("failing", "words"),
    [("compose version", "compose plugin"), ("info", "engine does not answer")],
)
def test_a_docker_that_cannot_work_is_explained(
    docker: Docker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    failing: str, words: str,
) -> None:  # fmt: skip
    """With what it said itself."""
    monkeypatch.setenv("FAILING", failing)
    assert compose.main(["up"]) == 1
    said = capsys.readouterr().err
    assert words in said
    assert "it is broken" in said


def test_no_docker_at_all_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And that the embedded stack needs none."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert compose.main(["up"]) == 1
    assert "make demo" in capsys.readouterr().err


def test_a_start_that_fails_says_where_to_look(
    docker: Docker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code is not 0, and no addresses are promised."""
    monkeypatch.setenv("FAILING", " up ")
    assert compose.main(["up"]) == 1
    captured = capsys.readouterr()
    assert "make compose-logs" in captured.err
    assert captured.out == ""


@pytest.mark.parametrize(
    ("command", "call"),
    [("down", "--profile demo down"), ("logs", "--profile demo logs --follow --tail 200")],
)
def test_down_and_logs_cover_the_load_too(docker: Docker, command: str, call: str) -> None:
    """Also when it was started by the profile."""
    assert compose.main([command]) == 0
    assert docker.calls[-1][0] == call


@pytest.fixture
def prometheus(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Answers a snapshot's request; the requests that came."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"status": "success", "data": {"name": "20240102T030405Z-1"}}')

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("PROMETHEUS_PORT", str(server.server_port))
    yield asked
    server.shutdown()
    server.server_close()


def test_a_backup_holds_every_part(docker: Docker, prometheus: list[str], tmp_path: Path) -> None:
    """Prometheus by snapshot while it runs; Grafana and Tempo stopped for the copy."""
    target = tmp_path / "backups" / "one"
    backup.save(target)
    assert prometheus == ["/api/v1/admin/tsdb/snapshot"]
    assert {path.name: path.read_text() for path in target.iterdir()} == {
        "prometheus.tar": "tar of prometheus:/prometheus/snapshots/20240102T030405Z-1/.\n",
        "alertmanager.tar": "tar of alertmanager:/alertmanager/.\n",
        "grafana.tar": "tar of grafana:/var/lib/grafana/.\n",
        "tempo.tar": "tar of tempo:/var/tempo/.\n",
        "backend.tar": "tar of backend:/data/.\n",
    }
    calls = [call for call, _ in docker.calls]
    for service in ("grafana", "tempo"):
        stop, start = calls.index(f"stop {service}"), calls.index(f"start {service}")
        assert [call for call in calls[stop:start] if f" {service}:" in call]


def test_a_backup_that_fails_is_not_taken_for_one(
    docker: Docker, prometheus: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its folder keeps another name, and what was stopped runs again."""
    monkeypatch.setenv("FAILING", "grafana:/var")
    with pytest.raises(ComposeError, match="grafana"):
        backup.save(tmp_path / "one")
    assert not (tmp_path / "one").exists()
    assert docker.calls[-1][0] == "start grafana"


def test_a_backup_is_never_written_over(docker: Docker, tmp_path: Path) -> None:
    """Nor into."""
    with pytest.raises(ComposeError, match="exists already"):
        backup.save(tmp_path)
    assert docker.calls == []


def whole_backup(folder: Path) -> Path:
    folder.mkdir()
    for part in backup.PARTS:
        (folder / f"{part.service}.tar").write_text(f"content of {part.service}")
    return folder


def test_a_restore_fills_new_volumes_before_anything_starts(
    docker: Docker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old volumes go, containers are made but not started, files are put in, all start."""
    monkeypatch.setenv("REPLACE", "yes")
    backup.restore(whole_backup(tmp_path / "one"))
    calls = docker.calls
    assert [call for call, _ in calls][:1] == ["--profile demo down"]
    removed = [call for call, _ in calls if call.startswith("volume rm")]
    assert removed == [f"volume rm --force nautobs_{part.volume}" for part in backup.PARTS]
    put = {call: sent for call, sent in calls if call.startswith("cp ")}
    assert put == {
        f"cp --archive - {part.service}:{part.path}": f"content of {part.service}"
        for part in backup.PARTS
    }
    order = [call.split()[0] for call, _ in calls]
    assert order == ["--profile", *["volume"] * 5, "create", *["cp"] * 5, "up"]


def test_a_restore_asks_first(docker: Docker, tmp_path: Path) -> None:
    """It replaces everything."""
    with pytest.raises(ComposeError, match="REPLACE=yes"):
        backup.restore(whole_backup(tmp_path / "one"))
    assert docker.calls == []


def test_half_a_backup_is_refused(
    docker: Docker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is touched, with the name of what is missing."""
    monkeypatch.setenv("REPLACE", "yes")
    source = whole_backup(tmp_path / "one")
    (source / "tempo.tar").unlink()
    with pytest.raises(ComposeError, match=r"tempo\.tar"):
        backup.restore(source)
    assert docker.calls == []


def test_the_volumes_of_a_restore_are_those_of_the_compose_file(parsed: dict[str, dict]) -> None:
    """Names and folders as the containers mount them."""
    for part in backup.PARTS:
        mounts = parsed["services"][part.service]["volumes"]
        assert {"source": part.volume, "target": part.path}.items() <= next(
            mount for mount in mounts if mount["source"] == part.volume
        ).items()
        assert parsed["volumes"][part.volume]["name"] == f"{backup.PROJECT}_{part.volume}"


def test_the_commands_can_be_started() -> None:
    """As the Makefile starts them."""
    for module in ("deploy.compose", "deploy.backup"):
        done = subprocess.run(
            [sys.executable, "-m", module], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr.startswith("usage:")) == (2, True)
