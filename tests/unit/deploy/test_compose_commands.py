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
from deploy import backup, compose, mounts, secrets
from deploy.compose import ComposeError
from deploy.lint import ROOT, load
from stack.ticks import ensure_ticks

# Writes down how it was called, and what it was sent; fails where the test says so.
DOCKER = """#!{python}
import json, os, sys
call = " ".join(sys.argv[1:])
with open("{log}", "a") as log:
    sent = sys.stdin.read() if " cp - " in call else ""
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
        ours = "compose --project-name nautobs --file docker-compose.yml "
        more = f"--file {compose.OVERRIDE} "
        return [(call.replace(ours, "").removeprefix(more), sent) for call, sent in found]


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Docker:
    """A checkout of its own, and a Docker that does nothing."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(compose, "ROOT", tmp_path)
    monkeypatch.setattr(compose, "ensure_ticks", lambda parent: ensure_ticks(parent, total_rows=50))
    for name in ("docker-compose.yml", "prometheus.yml", "deploy", "dashboards"):
        (tmp_path / name).symlink_to(ROOT / name)
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
    assert f"--file {compose.OVERRIDE}" in docker.log.read_text()


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
    assert "http://" not in captured.out


@pytest.mark.parametrize(
    ("command", "call"),
    [("down", "--profile demo down"), ("logs", "--profile demo logs --follow --tail 200")],
)
def test_down_and_logs_cover_the_load_too(docker: Docker, command: str, call: str) -> None:
    """Also when it was started by the profile."""
    assert compose.main([command]) == 0
    assert docker.calls[-1][0] == call


def test_a_demo_without_ticks_gets_a_generated_day(docker: Docker, tmp_path: Path) -> None:
    """Mounted in the place of the user's own, and where the backend looks."""
    file = tmp_path / "override.json"
    file.write_text(json.dumps(compose.override({}, "demo")))
    backend = load(override=file)["services"]["backend"]
    (mount,) = [each for each in backend["volumes"] if each["target"] == "/app/data_downloads"]
    assert mount["read_only"] is True
    inside = Path(backend["environment"]["RAW_TICK_DIR"]).relative_to(mount["target"])
    folder = Path(mount["source"]) / inside
    assert (folder / "datasets.toml").is_file()
    assert mounts.unreadable(mounts.inside([folder])) == []


def test_a_demo_with_ticks_uses_them(docker: Docker, tmp_path: Path) -> None:
    """Those in the usual place, or those that RAW_TICKS names."""
    own = tmp_path / "data_downloads" / "raw_tick_data"
    own.mkdir(parents=True)
    (own / "datasets.toml").touch()
    assert "volumes" not in compose.override({}, "demo")["services"]["backend"]
    (own / "datasets.toml").unlink()
    named = compose.override({"RAW_TICKS": "data_downloads"}, "demo")
    assert "volumes" not in named["services"]["backend"]


def test_a_stack_without_ticks_says_where_to_put_them(
    docker: Docker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Generated ones are for demos. The folder is made by us: Docker's would be root's."""
    assert "volumes" not in compose.override({})["services"]["backend"]
    assert "data_downloads/raw_tick_data" in capsys.readouterr().out
    assert (tmp_path / "data_downloads" / "raw_tick_data").is_dir()


def test_a_folder_of_ticks_that_is_not_there_is_named(docker: Docker) -> None:
    """With its variable."""
    with pytest.raises(ComposeError, match="RAW_TICKS=/nowhere"):
        compose.override({"RAW_TICKS": "/nowhere"})


@pytest.mark.parametrize("env", [{}, {"RAW_TICKS": "data_downloads"}])
def test_ticks_that_the_backend_could_not_read_are_named(
    docker: Docker, tmp_path: Path, env: dict[str, str]
) -> None:
    """Before it starts without them."""
    own = tmp_path / "data_downloads" / "raw_tick_data"
    own.mkdir(parents=True)
    (own / "datasets.toml").touch(0o600)
    with pytest.raises(ComposeError, match=r"cannot read .*datasets\.toml: let all read it"):
        compose.override(env)


@pytest.mark.parametrize("name", ["secrets/api_token", "slack"])
def test_a_secret_that_a_container_could_not_read_starts_nothing(
    docker: Docker, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Its user is none of this machine; Alertmanager would learn it when it must tell somebody."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / ".env").write_text("SLACK_API_URL_FILE=slack\n")
    (tmp_path / "slack").write_text("https://hooks.example.com/secret")
    path = tmp_path / name
    path.write_text("https://hooks.example.com/secret")
    path.chmod(0o600)
    assert compose.main(["up"]) == 1
    assert str(path) in capsys.readouterr().err
    assert not any(" up " in call for call, _ in docker.calls)


def test_what_is_rendered_can_be_read_whatever_the_umask(docker: Docker, tmp_path: Path) -> None:
    """It is mounted into containers of other users."""
    before = os.umask(0o077)
    try:
        assert compose.main(["up", "demo"]) == 0
    finally:
        os.umask(before)
    written = mounts.inside([tmp_path / compose.RENDERED, tmp_path / compose.GENERATED_TICKS])
    assert len(written) > 10
    assert mounts.unreadable(written) == []


def test_a_change_of_what_is_mounted_makes_the_container_anew(
    docker: Docker, tmp_path: Path
) -> None:
    """Compose looks at its own file only: what has the same label goes on with the old files."""

    config = tmp_path / compose.RENDERED / "alertmanager" / "alertmanager.yml"
    config.parent.mkdir(parents=True)
    config.write_text("one")
    secrets.write(tmp_path / secrets.FOLDER)

    def labels() -> dict[str, str]:
        services = compose.override({})["services"]
        return {name: each["labels"][mounts.LABEL] for name, each in services.items()}

    first = labels()
    config.write_text("two")
    second = labels()
    assert {name for name in first if first[name] != second[name]} == {"alertmanager"}
    token = tmp_path / "secrets" / "api_token"
    token.chmod(0o644)
    token.write_text("another token of some length")
    third = labels()
    changed = {name for name in first if second[name] != third[name]}
    assert changed == {"alertmanager", "backend", "load"}


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


def test_a_backup_holds_every_part(
    docker: Docker, prometheus: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prometheus by snapshot while it runs; the others when nothing is written to them."""
    (tmp_path / ".env").write_text(f"PROMETHEUS_PORT={os.environ['PROMETHEUS_PORT']}\n")
    monkeypatch.delenv("PROMETHEUS_PORT")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
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
    assert target.stat().st_mode & 0o077 == 0
    calls = [call for call, _ in docker.calls]
    around = (("grafana", "stop", "start"), ("tempo", "stop", "start"),
              ("backend", "pause", "unpause"))  # fmt: skip
    for service, before, after in around:
        begin, end = calls.index(f"{before} {service}"), calls.index(f"{after} {service}")
        assert [call for call in calls[begin:end] if f" {service}:" in call]
    removed = "exec -T prometheus rm -rf /prometheus/snapshots/20240102T030405Z-1"
    assert calls.index(removed) > calls.index(
        "cp prometheus:/prometheus/snapshots/20240102T030405Z-1/. -"
    )


def test_a_backup_that_fails_is_not_taken_for_one(
    docker: Docker, prometheus: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its folder keeps another name, and what was stopped runs again."""
    monkeypatch.setenv("FAILING", "cp grafana:")
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
    assert (tmp_path / "var/compose/alertmanager/alertmanager.yml").is_file()
    removed = [call for call, _ in calls if call.startswith("volume rm")]
    assert removed == [f"volume rm --force nautobs_{part.volume}" for part in backup.PARTS]
    put = {call: sent for call, sent in calls if call.startswith("cp ")}
    assert put == {
        f"cp - {part.service}:{part.path}": f"content of {part.service}" for part in backup.PARTS
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
