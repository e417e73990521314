"""What is rendered for the services, and that the real programs take it."""

import subprocess
from pathlib import Path

import httpx
import pytest
import yaml

from stack.processes import Supervisor, is_ready
from stack.provision import ALERTMANAGER, AMTOOL, PROMETHEUS, PROMTOOL, REDIS, Found, provision
from stack.services import PROMETHEUS_CONFIG, Layout, api_token, fresh_layout, services
from stack.settings import SettingsError, StackSettings, load_settings
from stack.ticks import RawTicks

RAW = RawTicks(Path("raw"), Path("raw/datasets.toml"))
ABSENT = Found(Path("/no/such/program"), "test", "0")


@pytest.fixture
def settings(tmp_path: Path) -> StackSettings:
    return load_settings({"PROMETHEUS_PORT": "0", "ALERTMANAGER_PORT": "0"}, root=tmp_path)


def plan(settings: StackSettings, *tools: str):
    layout = fresh_layout(settings)
    return layout, services(settings, layout, RAW, dict.fromkeys(tools, ABSENT))


def real(tool, tool_settings: StackSettings) -> Found:
    found = provision(tool, tool_settings)
    if not isinstance(found, Found):
        pytest.skip(str(found))
    return found


@pytest.fixture(scope="module")
def tool_settings() -> StackSettings:
    return load_settings(root=PROMETHEUS_CONFIG.parent)


def test_services_start_before_those_that_watch_them(settings: StackSettings) -> None:
    """Where spans and metrics go comes first, Prometheus last."""
    _, planned = plan(settings, PROMETHEUS.name, ALERTMANAGER.name)
    assert [s.name for s in planned] == [
        "tracestore", "exporter", "backend", "alertmanager", "prometheus",
    ]  # fmt: skip


def test_what_is_not_found_is_left_out(settings: StackSettings) -> None:
    """Without Prometheus and Alertmanager the platform itself remains."""
    _, planned = plan(settings)
    assert [service.name for service in planned] == ["tracestore", "exporter", "backend"]


def test_prometheus_is_told_only_of_what_runs(settings: StackSettings) -> None:
    """Without Alertmanager there is no target file for it."""
    layout, _ = plan(settings, PROMETHEUS.name)
    targets = sorted(path.name for path in (layout.prometheus / "targets").iterdir())
    assert targets == ["nautilus.yml", "prometheus.yml", "tracestore.yml"]


def test_the_backend_works_on_fresh_folders(settings: StackSettings) -> None:
    """The demo's catalog, results and metrics lie below its own folder."""
    layout, planned = plan(settings)
    env = planned[2].env or {}
    for name in ("CATALOG_DIR", "RESULTS_DIR", "NAUTOBS_METRICS_DIR"):
        assert Path(env[name]).is_relative_to(layout.demo)


def test_spans_go_to_the_store_of_the_stack(tmp_path: Path) -> None:
    """Whatever collector the user's shell is set up for, the demo's traces are in the demo."""
    elsewhere = {
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://elsewhere:4318/v1/traces",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://elsewhere:4318",
        "TEMPO_PORT": "3201", "OTLP_PORT": "4319",
    }  # fmt: skip
    _, (store, _, backend) = plan(load_settings(elsewhere, root=tmp_path))
    env = backend.env or {}
    assert env["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://127.0.0.1:4319"
    assert "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" not in env
    assert env["TEMPO_URL"] == "http://127.0.0.1:3201"
    assert (store.port, dict(store.other_ports)) == (3201, {"OTLP_PORT": 4319})


def test_the_backend_expects_a_watchdog_only_where_one_can_come(tmp_path: Path) -> None:
    """It takes Prometheus and Alertmanager; that of another platform is not ours."""
    settings = load_settings({"ALERTMANAGER_URL": "http://elsewhere:9093"}, root=tmp_path)
    _, (_, _, whole, *_) = plan(settings, PROMETHEUS.name, ALERTMANAGER.name)
    assert (whole.env or {})["ALERTMANAGER_URL"] == "http://127.0.0.1:9093"
    for found in ((), (PROMETHEUS.name,), (ALERTMANAGER.name,)):
        _, (_, _, alone, *_) = plan(settings, *found)
        assert "ALERTMANAGER_URL" not in (alone.env or {})


def test_the_backend_shares_its_caches_through_the_redis_of_the_stack(tmp_path: Path) -> None:
    """It is there before the backend, on this machine alone; without it the user's own is used."""
    env = {"BIND_HOST": "0.0.0.0", "REDIS_URL": "redis://elsewhere:6379/0", "REDIS_PORT": "6390"}
    settings = load_settings(env, root=tmp_path)
    _, (*_, redis, backend) = plan(settings, REDIS.name)
    assert list(redis.command)[1:5] == ["--bind", "127.0.0.1", "--port", "6390"]
    assert (backend.env or {})["REDIS_URL"] == redis.ready_url == "redis://127.0.0.1:6390/0"
    _, (*_, backend) = plan(settings)
    assert (backend.env or {})["REDIS_URL"] == "redis://elsewhere:6379/0"


def test_a_real_redis_becomes_ready_and_keeps_nothing(
    settings: StackSettings, tool_settings: StackSettings
) -> None:
    """It answers once it counts as started, and leaves no file behind."""
    layout = fresh_layout(settings)
    planned = services(settings, layout, RAW, {REDIS.name: real(REDIS, tool_settings)})
    (service,) = [one for one in planned if one.name == "redis"]
    assert not is_ready(service)
    with Supervisor(settings.logs_dir) as supervisor:
        supervisor.start(service)
        assert is_ready(service)
        assert supervisor.deaths() == []
    assert list(layout.redis.iterdir()) == []


def rendered(env: dict[str, str], root: Path) -> tuple[str, str]:
    """All rules and Alertmanager's configuration of a stack with that environment."""
    layout, _ = plan(load_settings(env, root=root), PROMETHEUS.name, ALERTMANAGER.name)
    rules = sorted((layout.prometheus / "rules").glob("*.yml"))
    notifications = (layout.alertmanager / "alertmanager.yml").read_text()
    return "".join(path.read_text() for path in rules), notifications


def test_rules_and_notifications_lead_to_this_stack(tmp_path: Path) -> None:
    """On whatever ports it is, and to Grafana where there is one."""
    rules, notifications = rendered({"BACKEND_PORT": "8123"}, tmp_path)
    assert "http://127.0.0.1:8123/api/runbooks/TargetDown" in rules
    assert "http://127.0.0.1:8123/dashboards/nautobs-" in rules
    assert ":8000" not in rules + notifications
    assert "url: http://127.0.0.1:8123/api/alerts/notifications" in notifications
    rules, _ = rendered({"GRAFANA_URL": "http://127.0.0.1:3000/"}, tmp_path)
    assert "http://127.0.0.1:3000/d/nautobs-" in rules


def test_the_scale_reaches_rules_and_notifications(tmp_path: Path) -> None:
    """One setting shortens every window; the Watchdog has its own."""
    env = {"ALERT_TIME_SCALE": "0.1", "WATCHDOG_INTERVAL": "7"}
    assert rendered(env, tmp_path)[0] != rendered({}, tmp_path)[0]
    whole, scaled = (yaml.safe_load(rendered(e, tmp_path)[1])["route"] for e in ({}, env))
    assert (whole["group_interval"], scaled["group_interval"]) == ("5m", "30s")
    watchdog = scaled["routes"][0]
    assert (watchdog["receiver"], watchdog["group_interval"]) == ("watchdog", "7s")


def test_alertmanager_knows_the_token_that_the_backend_asks_for(tmp_path: Path) -> None:
    """By the file's absolute path; without a token it sends none."""
    (tmp_path / "token").write_text("0123456789abcdef")
    settings = load_settings({"API_TOKEN_FILE": "token"}, root=tmp_path)
    assert api_token(settings) == "0123456789abcdef"
    tokens = {service.name: service.token for service in plan(settings)[1]}
    assert {name for name, token in tokens.items() if token} == {"backend"}
    with_token = rendered({"API_TOKEN_FILE": "token"}, tmp_path)[1]
    assert f"credentials_file: {tmp_path / 'token'}" in with_token
    assert "credentials_file" not in rendered({}, tmp_path)[1]


def test_a_receiver_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    """The variable is named; nobody finds out by not being told."""
    settings = load_settings({"SLACK_API_URL_FILE": "no/such/file"}, root=tmp_path)
    with pytest.raises(SettingsError, match="SLACK_API_URL_FILE"):
        plan(settings)


def test_a_new_demo_removes_what_the_last_one_wrote(settings: StackSettings) -> None:
    """Data of an earlier demo never shows in a later one."""
    old = fresh_layout(settings).catalog / "old"
    old.touch()
    assert isinstance(fresh_layout(settings), Layout)
    assert not old.exists()


def test_promtool_accepts_the_configuration(
    settings: StackSettings, tool_settings: StackSettings
) -> None:
    """prometheus.yml and the target files are valid for the Prometheus that is found."""
    layout, _ = plan(settings, PROMETHEUS.name, ALERTMANAGER.name)
    config = layout.prometheus / "prometheus.yml"
    check = subprocess.run(
        [real(PROMTOOL, tool_settings).path, "check", "config", config],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert check.returncode == 0, check.stderr + check.stdout


def test_amtool_accepts_the_configuration(
    settings: StackSettings, tool_settings: StackSettings
) -> None:
    """The rendered alertmanager.yml is valid for the Alertmanager that is found."""
    layout, _ = plan(settings, ALERTMANAGER.name)
    config = layout.alertmanager / "alertmanager.yml"
    check = subprocess.run(
        [real(AMTOOL, tool_settings).path, "check-config", config],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert check.returncode == 0, check.stderr + check.stdout


def test_the_real_monitors_become_ready_on_their_configuration(
    settings: StackSettings, tool_settings: StackSettings
) -> None:
    """Prometheus and Alertmanager start on what is rendered for them."""
    found = {tool.name: real(tool, tool_settings) for tool in (PROMETHEUS, ALERTMANAGER)}
    layout = fresh_layout(settings)
    planned = services(settings, layout, RAW, found)
    with Supervisor(settings.logs_dir) as supervisor:
        for service in planned[3:]:
            supervisor.start(service)
        assert supervisor.deaths() == []
        page = httpx.get(settings.url("PROMETHEUS_PORT"), follow_redirects=True, trust_env=False)
        assert page.status_code == 200
