"""docker-compose.yml: what our rules say of it, and that each rule can say it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from deploy.lint import ROOT, load, problems

Config = dict[str, Any]

SERVICES = {
    "alertmanager", "backend", "exporter", "grafana", "load", "prometheus", "redis", "tempo",
}  # fmt: skip


def test_nothing_is_wrong_with_the_file(config: Config) -> None:
    """Every rule is kept by every service."""
    assert problems(config) == []


def test_the_services_are_those_of_the_design(config: Config) -> None:
    """And the backend's container has the name that others rely on."""
    assert set(config["services"]) == SERVICES
    assert config["services"]["backend"]["container_name"] == "nautilus-backend"


def test_ticks_are_mounted_read_only(config: Config) -> None:
    """The platform never changes its raw data."""
    (ticks,) = [
        mount
        for mount in config["services"]["backend"]["volumes"]
        if mount["target"] == "/app/data_downloads"
    ]
    assert ticks["read_only"] is True


def test_only_the_load_is_left_out_by_default(config: Config) -> None:
    """Who wants a demo asks for its profile."""
    profiles = {name: service.get("profiles") for name, service in config["services"].items()}
    assert {name for name, found in profiles.items() if found} == {"load"}
    assert profiles["load"] == ["demo"]


def test_compose_itself_refuses_what_it_does_not_know() -> None:
    """The parser is the real one: a key that is misspelt is an error that names it."""
    text = (ROOT / "docker-compose.yml").read_text().replace("healthcheck:", "healthchek:", 1)
    with pytest.raises(ValueError, match="healthchek"):
        load(text=text)


Broken = Callable[[Config], object]

BROKEN: dict[str, tuple[Broken, str]] = {
    "latest": (lambda s: s["redis"].update(image="redis:latest"), "redis: image"),
    "no tag": (lambda s: s["tempo"].update(image="grafana/tempo"), "tempo: image"),
    "port is no tag": (lambda s: s["tempo"].update(image="host:5000/tempo"), "tempo: image"),
    "root": (lambda s: s["grafana"].update(user="0:0"), "grafana: user '0:0'"),
    "a user by name": (lambda s: s["grafana"].update(user="grafana"), "grafana: user"),
    "no user": (lambda s: s["tempo"].pop("user"), "tempo: user"),
    "privileged": (lambda s: s["tempo"].update(privileged=True), "tempo: is privileged"),
    "capabilities": (lambda s: s["tempo"].pop("cap_drop"), "tempo: keeps capabilities"),
    "one capability": (lambda s: s["tempo"].update(cap_add=["CHOWN"]), "keeps capabilities"),
    "new privileges": (lambda s: s["tempo"].pop("security_opt"), "may gain privileges"),
    "writable root": (lambda s: s["tempo"].pop("read_only"), "can write to its own root"),
    "host pid": (lambda s: s["exporter"].update(pid="host"), "shares the machine's namespaces"),
    "host network": (lambda s: s["tempo"].update(network_mode="host"), "namespaces"),
    "no health": (lambda s: s["redis"].pop("healthcheck"), "redis: has no health check"),
    "no restart": (lambda s: s["redis"].pop("restart"), "redis: is not restarted"),
    "endless logs": (lambda s: s["redis"]["logging"].pop("options"), "logs without a limit"),
    "no memory limit": (lambda s: s["redis"].pop("mem_limit"), "redis: has no mem_limit"),
    "no processor limit": (lambda s: s["redis"].pop("cpus"), "redis: has no cpus"),
    "no process limit": (lambda s: s["redis"].pop("pids_limit"), "redis: has no pids_limit"),
    "published to all": (
        lambda s: s["tempo"]["ports"][0].pop("host_ip"), "publishes 3200 on all interfaces",
    ),
    "published to the network": (
        lambda s: s["tempo"]["ports"][0].update(host_ip="10.0.0.1"), "publishes 3200 on 10.0.0.1",
    ),
    "listens everywhere": (
        lambda s: s["backend"]["environment"].update(BIND_HOST="0.0.0.0"), "all interfaces",
    ),
    "a password in the environment": (
        lambda s: s["grafana"]["environment"].update(GF_SECURITY_ADMIN_PASSWORD="admin"),
        "has GF_SECURITY_ADMIN_PASSWORD in its environment",
    ),
    "does not wait": (
        lambda s: s["backend"]["depends_on"]["tempo"].update(condition="service_started"),
        "does not wait for tempo",
    ),
    "a file that is not there": (
        lambda s: s["tempo"]["volumes"][0].update(source=str(ROOT / "deploy/tempo.yaml")),
        "tempo: mounts deploy/tempo.yaml, which is not there",
    ),
    "a file it may change": (
        lambda s: s["tempo"]["volumes"][0].pop("read_only"), "can write to deploy/tempo.yml",
    ),
    "an unknown volume": (
        lambda s: s["tempo"]["volumes"][1].update(source="temp"), "volume that is not declared",
    ),
    "an unknown secret": (
        lambda s: s["grafana"]["secrets"][0].update(source="password"), "make secrets does not",
    ),
    "a secret it is not given": (
        lambda s: s["load"].pop("secrets"), "load: reads /run/secrets/api_token",
    ),
    "an unknown service": (
        lambda s: s["backend"]["environment"].update(TEMPO_URL="http://temp:3200"),
        "asks temp, which is no service",
    ),
    "a port nobody listens on": (
        lambda s: s["backend"]["environment"].update(TEMPO_URL="http://tempo:3201"),
        "asks tempo on port 3201",
    ),
    "an unknown service in a command": (
        lambda s: s["load"]["command"].__setitem__(4, "http://back:8000"), "load: asks back, which",
    ),
    "health where nobody listens": (
        lambda s: s["grafana"]["healthcheck"]["test"].__setitem__(-1, "http://127.0.0.1:3001/"),
        "grafana: looks for its health on port 3001",
    ),
    "health of nobody": (
        lambda s: s["exporter"]["healthcheck"]["test"].__setitem__(-1, "http://export:9464/"),
        "exporter: asks export, which is no service, for its health",
    ),
    "listens on another's name": (
        lambda s: s["backend"]["environment"].update(BIND_HOST="exporter"),
        "backend: listens on exporter, which is not its name",
    ),
    "listens on a name it has not": (
        lambda s: s["exporter"].pop("hostname"), "exporter: listens on exporter, which is not",
    ),
    "a folder that Docker would make": (
        lambda s: s["tempo"]["volumes"][0]["bind"].update(create_host_path=True),
        "tempo: would have Docker make an empty deploy/tempo.yml",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_violation_is_found(config: Config, case: str) -> None:
    """Each rule, broken once, says which service and what."""
    break_it, words = BROKEN[case]
    break_it(config["services"])
    found = problems(config)
    assert any(words in problem for problem in found), found
