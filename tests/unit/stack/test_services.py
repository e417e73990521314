"""What is rendered for the services, and that the real programs take it."""

import subprocess
from pathlib import Path

import httpx
import pytest

from stack.processes import Supervisor
from stack.provision import ALERTMANAGER, AMTOOL, PROMETHEUS, PROMTOOL, Found, provision
from stack.services import PROMETHEUS_CONFIG, Layout, fresh_layout, services
from stack.settings import StackSettings, load_settings
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
