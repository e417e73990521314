"""Files are written for a place, and a file that is out of date is found."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from alerts.build import PLACES, Clock, Links, main, render, write
from alerts.model import seconds
from alerts.rules import alerts

PLACE = replace(
    PLACES["embedded"],
    backend="http://127.0.0.1:8123",
    links=Links.of("http://console.example:1234"),
)


def test_what_was_written_is_current(tmp_path: Path) -> None:
    """The check accepts what the build writes."""
    folder = ["--folder", str(tmp_path)]
    assert main(folder) == 0
    assert main([*folder, "--check"]) == 0


@pytest.mark.parametrize("name", ["rules/targets.yml", "alertmanager/drill.yml", "objectives.json"])
@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_file_that_is_not_current_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, damage: str
) -> None:
    """The check fails and says which file."""
    main(["--folder", str(tmp_path)])
    if damage == "changed":
        (tmp_path / name).write_text("changed")
    else:
        (tmp_path / name).unlink()
    assert main(["--folder", str(tmp_path), "--check"]) == 1
    assert capsys.readouterr().err == f"{name} is not current: run make alerts\n"


def test_rules_of_a_topic_that_is_gone_are_found_and_removed(tmp_path: Path) -> None:
    """Prometheus would go on alerting by them."""
    main(["--folder", str(tmp_path)])
    gone = tmp_path / "rules" / "gone.yml"
    gone.write_text("groups: []\n")
    assert main(["--folder", str(tmp_path), "--check"]) == 1
    main(["--folder", str(tmp_path)])
    assert not gone.exists()


def test_writing_leaves_other_files_alone(tmp_path: Path) -> None:
    """The stack keeps more in that folder."""
    others = [tmp_path / "prometheus" / "prometheus.yml", tmp_path / "alertmanager" / "other.yml"]
    for other in others:
        other.parent.mkdir()
        other.write_text("kept")
    write(tmp_path, PLACE)
    assert [other.read_text() for other in others] == ["kept", "kept"]
    assert (tmp_path / "alertmanager" / "templates" / "email.tmpl").is_file()


def test_addresses_of_the_place_are_everywhere() -> None:
    """No rule, template or receiver keeps an address of another place."""
    files = render(PLACE)
    written = "".join(files.values())
    found = {url for url in re.findall(r"https?://[\w.-]+(?::[0-9]+)?", written)}
    assert found == {"http://127.0.0.1:8123", "http://console.example:1234"}
    assert "@traces@" not in written
    assert "@alerts@" not in written
    assert "@ranges@" not in written


def test_links_know_how_far_back_each_board_looks() -> None:
    """A range that the template does not know would begin at the alert's start."""
    links = render(PLACE)["alertmanager/templates/links.tmpl"]
    ranges = {alert.board.since for named in alerts().values() for alert in named}
    known = dict(
        re.findall(r'"from=now-(\w+)&" \$url }}{{ \$from = \.StartsAt\.Add -(\d+) ', links)
    )
    assert known == {since: str(seconds(since) * 10**9) for since in ranges}


def test_one_setting_scales_rules_and_messages() -> None:
    """The clock of the place is that of both; the Watchdog keeps its own interval."""
    slow, fast = (render(replace(PLACE, clock=Clock(Decimal(scale)))) for scale in ("1", "0.1"))
    waits = [re.findall(r"for: (\w+)", files["rules/targets.yml"]) for files in (slow, fast)]
    routes = [
        yaml.safe_load(files["alertmanager/alertmanager.yml"])["route"] for files in (slow, fast)
    ]
    assert waits[0] != waits[1]
    assert [route["group_interval"] for route in routes] == ["5m", "30s"]
    assert routes[0]["routes"][0] == routes[1]["routes"][0]


def test_a_place_is_rendered_with_the_receivers_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For compose: secrets are named as the container sees them."""
    (tmp_path / "key").write_text("xyzzy")
    monkeypatch.setenv("PAGERDUTY_ROUTING_KEY_FILE", str(tmp_path / "key"))
    folder = tmp_path / "compose"
    arguments = ["--place", "compose", "--folder", str(folder), "--secrets", "/run/secrets"]
    assert main(arguments) == 0
    text = (folder / "alertmanager" / "alertmanager.yml").read_text()
    assert "routing_key_file: /run/secrets/pagerduty_routing_key" in text
    assert "http://backend:8000/api/alerts/notifications" in text
    assert "xyzzy" not in text


@pytest.mark.parametrize(
    ("env", "dashboards", "traces"),
    [
        ({}, "http://127.0.0.1:3000/d", "http://127.0.0.1:8000/traces"),
        ({"GRAFANA_PORT": "3001", "BACKEND_PORT": "8001"},
         "http://127.0.0.1:3001/d", "http://127.0.0.1:8001/traces"),
        ({"GRAFANA_URL": "https://grafana.example/", "CONSOLE_URL": "https://nautobs.example/"},
         "https://grafana.example/d", "https://nautobs.example/traces"),
    ],
)  # fmt: skip
def test_links_lead_where_people_reach_the_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, env: dict[str, str], dashboards: str,
    traces: str,
) -> None:  # fmt: skip
    """Ports and public addresses come from the environment; compose has a Grafana."""
    for name in ("CONSOLE_URL", "GRAFANA_URL", "GRAFANA_PORT", "BACKEND_PORT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    main(["--place", "compose", "--folder", str(tmp_path)])
    assert f"dashboard_url: {dashboards}/nautobs-" in (tmp_path / "rules/targets.yml").read_text()
    links = tmp_path / "alertmanager" / "templates" / "links.tmpl"
    assert f'printf "{traces}?q=' in links.read_text()
    assert f'printf "{traces.removesuffix("traces")}alerts?silence=' in links.read_text()


def test_a_receiver_that_cannot_be_rendered_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is written; the variable and the file are named."""
    monkeypatch.setenv("SLACK_API_URL_FILE", str(tmp_path / "nowhere"))
    assert main(["--place", "compose", "--folder", str(tmp_path / "compose")]) == 2
    reason = "No such file or directory"
    assert capsys.readouterr().err == f"SLACK_API_URL_FILE={tmp_path / 'nowhere'}: {reason}\n"
    assert not (tmp_path / "compose").exists()
