"""References between the files that containers mount: `problems(read(config))`, each a sentence.

What one program's configuration says of another: the compose file's own rules (lint.py) do not see
it, and each program's own checker accepts it.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import yaml

Json = Any

ROOT = Path(__file__).resolve().parents[1]
GRAFANA = "deploy/grafana/provisioning"
ALERTMANAGER = "alerts/generated/alertmanager/compose.yml"
"""As make compose-up writes it to var/compose, without anybody's receivers."""
PUBLISHED_LATER = {6379}
"""Redis' port: it listens and is not published."""


@dataclass(frozen=True, slots=True)
class Files:
    """Everything parsed. `rules`, `targets` and `boards` are by name of the file."""

    compose: Json
    alertmanager: Json
    prometheus: Json
    rules: Mapping[str, Json]
    targets: Mapping[str, Json]
    tempo: Json
    datasources: Json
    boards: Mapping[str, Json]


def read(compose: Json, root: Path = ROOT) -> Files:
    """All files of the checkout `root` that `compose`, from lint.load, mounts."""

    def parsed(path: str) -> Json:
        return yaml.safe_load((root / path).read_text())

    def all_of(folder: str, ending: str) -> dict[str, Json]:
        # YAML's parser takes a minute for the boards.
        load = json.loads if ending == "json" else yaml.safe_load
        found = sorted((root / folder).glob(f"*.{ending}"))
        return {path.name: load(path.read_text()) for path in found}

    return Files(
        compose=compose,
        alertmanager=parsed(ALERTMANAGER),
        prometheus=parsed("prometheus.yml"),
        rules=all_of("alerts/generated/rules", "yml"),
        targets=all_of("deploy/prometheus/targets", "yml"),
        tempo=parsed("deploy/tempo.yml"),
        datasources=parsed(f"{GRAFANA}/datasources/stack.yml"),
        boards=all_of("dashboards/generated", "json"),
    )


def problems(files: Files) -> list[str]:
    """All that refers to nothing."""
    return [problem for rule in RULES for problem in rule(files)]


def listening(service: Json) -> set[int]:
    """Ports of a service: those published, and Redis', which is not published."""
    ports = {port["target"] for port in service.get("ports", ())}
    return ports | (PUBLISHED_LATER if service.get("image", "").startswith("redis:") else set())


def answers(url: str, services: Json) -> str:
    """Why nobody answers at `url`; empty when a service does."""
    parts = urlsplit(url if "//" in url else f"//{url}")
    if parts.hostname not in services:
        return f"asks {parts.hostname}, which is no service"
    if parts.port not in listening(services[parts.hostname]):
        return f"asks {parts.hostname} on port {parts.port}, where it does not listen"
    return ""


def each(document: Json, name: str) -> Iterator[Json]:
    """Values of every key that matches the pattern `name`, however deep."""
    if isinstance(document, dict):
        for key, value in document.items():
            if fnmatch.fnmatch(key, name):
                yield value
            yield from each(value, name)
    elif isinstance(document, list):
        for part in document:
            yield from each(part, name)


def notified(files: Files) -> Iterator[str]:
    """Alertmanager's webhooks are services, their credentials are secrets it has."""
    services = files.compose["services"]
    held = {f"/run/secrets/{secret['source']}" for secret in services["alertmanager"]["secrets"]}
    for receiver in files.alertmanager["receivers"]:
        for url in each(receiver, "url"):
            if said := answers(url, services):
                yield f"alertmanager: receiver {receiver['name']} {said}"
            backend = urlsplit(url).hostname == "backend"
            if backend and not list(each(receiver, "credentials_file")):
                yield f"alertmanager: receiver {receiver['name']} has no token for the backend"
        for path in each(receiver, "*_file"):
            if path not in held:
                yield f"alertmanager: receiver {receiver['name']} reads {path}, which it has not"


def scraped(files: Files) -> Iterator[str]:
    """Each of Prometheus' patterns finds files, and each target is a service."""
    mounts = [mount["target"] for mount in files.compose["services"]["prometheus"]["volumes"]]
    found = {"targets": files.targets, "rules": files.rules}
    for pattern in (*each(files.prometheus, "files"), files.prometheus["rule_files"]):
        for one in pattern:
            folder, name = PurePosixPath(one).parent.as_posix(), PurePosixPath(one).name
            if f"/etc/prometheus/{folder}" not in mounts:
                yield f"prometheus: {one} is in a folder that is not mounted"
            elif not fnmatch.filter(found[folder], name):
                yield f"prometheus: {one} matches no file"
    for name, document in files.targets.items():
        for target in (target for group in document for target in group["targets"]):
            if said := answers(target, files.compose["services"]):
                yield f"prometheus: targets/{name} {said}"


def watched(files: Files) -> Iterator[str]:
    """Rules look at jobs that are scraped."""
    jobs = {job["job_name"] for job in files.prometheus["scrape_configs"]}
    for name, document in files.rules.items():
        text = " ".join(each(document, "expr"))
        asked = {
            job for found in re.findall(r'\bjob=~?"([\w|]+)"', text) for job in found.split("|")
        }
        yield from (
            f"rules/{name}: looks at job {job}, which is not" for job in sorted(asked - jobs)
        )


def traced(files: Files) -> Iterator[str]:
    """Tempo writes to a Prometheus that takes it, and listens where it is asked."""
    services = files.compose["services"]
    for target in each(files.tempo, "remote_write"):
        for url in each(target, "url"):
            if said := answers(url, services):
                yield f"tempo: {said}"
    if "--web.enable-remote-write-receiver" not in services["prometheus"]["command"]:
        yield "tempo: prometheus takes no remote writes"
    (otlp,) = each(files.tempo, "endpoint")
    ports = {files.tempo["server"]["http_listen_port"], int(otlp.rpartition(":")[2])}
    if ports != listening(services["tempo"]):
        yield f"tempo: listens on {sorted(ports)}, not where it is asked"


def shown(files: Files) -> Iterator[str]:
    """Data sources are services; boards and links use data sources that there are."""
    sources = {source["uid"]: source for source in files.datasources["datasources"]}
    kinds = {source["type"] for source in sources.values()}
    for source in sources.values():
        if said := answers(source["url"], files.compose["services"]):
            yield f"grafana: {source['name']} {said}"
    for uid in each(files.datasources, "datasourceUid"):
        if uid not in sources:
            yield f"grafana: a link leads to {uid}, which is no data source"
    for name, board in files.boards.items():
        for variable in board["templating"]["list"]:
            if variable["type"] == "datasource" and variable["query"] not in kinds:
                yield f"{name}: offers data sources of type {variable['query']}: there are none"
        for source in each(board, "datasource"):
            uid = source.get("uid", "") if isinstance(source, dict) else ""
            if uid and not uid.startswith(("$", "-- ")) and uid not in sources:
                yield f"{name}: asks {uid}, which is no data source"


RULES: tuple[Callable[[Files], Iterator[str]], ...] = (notified, scraped, watched, traced, shown)
