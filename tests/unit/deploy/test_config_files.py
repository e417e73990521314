"""The files that containers mount: keys that their programs know, and references that resolve."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.lint import ROOT, listening
from stack.provision import PROMTOOL
from tests.programs import VERSIONS, of_version

GRAFANA = ROOT / "deploy" / "grafana" / "provisioning"
DATASOURCES = GRAFANA / "datasources" / "stack.yml"
PROVIDERS = GRAFANA / "dashboards" / "boards.yml"
TEMPO = ROOT / "deploy" / "tempo.yml"
TARGETS = ROOT / "deploy" / "prometheus" / "targets"
BOARDS = "/etc/dashboards"

ANY: dict[str, Any] = {}
"""Below such a key nothing is checked."""

# Keys of Tempo 3.0's configuration that we may use, from its manifest (docs: configuration,
# manifest.md). Tempo refuses all others at its start; among them what 3.0 removed: ingester,
# compactor, ingester_client, metrics_generator_client, local_blocks, traces_storage.
TEMPO_KEYS = {
    "target": ANY,
    "stream_over_http_enabled": ANY,
    "server": {"http_listen_port": ANY, "log_level": ANY, "log_format": ANY},
    "distributor": {
        "receivers": {"otlp": {"protocols": {"http": {"endpoint": ANY}, "grpc": {"endpoint": ANY}}}}
    },
    "storage": {
        "trace": {"backend": ANY, "wal": {"path": ANY}, "local": {"path": ANY}, "block": ANY}
    },
    "backend_scheduler": {"provider": {"compaction": {"compaction": {"block_retention": ANY}}}},
    "backend_worker": {"compaction": {"block_retention": ANY}},
    "query_frontend": {"search": {"max_duration": ANY, "default_result_limit": ANY}},
    "metrics_generator": {
        "registry": {"external_labels": {"source": ANY}},
        "processor": {
            "span_metrics": {"histogram_buckets": ANY, "dimensions": ANY},
            "service_graphs": {"histogram_buckets": ANY, "dimensions": ANY},
        },
        "storage": {"path": ANY, "remote_write": ANY},
    },
    "overrides": {
        "defaults": {
            "metrics_generator": {
                "processors": ANY,
                "generate_native_histograms": ANY,
                "trace_id_label_name": ANY,
                "max_active_series": ANY,
            }
        }
    },
    "usage_report": {"reporting_enabled": ANY},
}

# Grafana, pkg/services/provisioning/datasources/types.go (version 1 of the format); jsonData from
# the pages of each data source. Grafana ignores what it does not know: a typo would go unnoticed.
PROMETHEUS_JSON = {
    "httpMethod": ANY,
    "prometheusType": ANY,
    "timeInterval": ANY,
    "manageAlerts": ANY,
    "exemplarTraceIdDestinations": {"name": ANY, "datasourceUid": ANY, "urlDisplayLabel": ANY},
}
TEMPO_JSON = {
    "serviceMap": {"datasourceUid": ANY},
    "nodeGraph": {"enabled": ANY},
    "search": {"hide": ANY},
    "streamingEnabled": {"search": ANY, "metrics": ANY},
    "traceQuery": {"timeShiftEnabled": ANY, "spanStartTimeShift": ANY, "spanEndTimeShift": ANY},
    "tracesToMetrics": {
        "datasourceUid": ANY,
        "spanStartTimeShift": ANY,
        "spanEndTimeShift": ANY,
        "tags": {"key": ANY, "value": ANY},
        "queries": {"name": ANY, "query": ANY},
    },
}
JSON_DATA = {
    "prometheus": PROMETHEUS_JSON,
    "tempo": TEMPO_JSON,
    "alertmanager": {"implementation": ANY, "handleGrafanaManagedAlerts": ANY},
}
DATASOURCE = {
    "name": ANY, "uid": ANY, "type": ANY, "access": ANY, "url": ANY, "isDefault": ANY,
    "editable": ANY, "jsonData": ANY, "orgId": ANY, "version": ANY,
}  # fmt: skip
DATASOURCE_FILE = {"apiVersion": ANY, "prune": ANY, "deleteDatasources": ANY}
PROVIDER_FILE = {
    "apiVersion": ANY,
    "providers": {
        "name": ANY, "orgId": ANY, "folder": ANY, "folderUid": ANY, "type": ANY,
        "disableDeletion": ANY, "allowUiUpdates": ANY, "updateIntervalSeconds": ANY,
        "options": {"path": ANY, "foldersFromFilesStructure": ANY},
    },
}  # fmt: skip


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def unknown(document: Any, known: dict[str, Any], where: str = "") -> Iterator[str]:
    """Paths of the keys in `document` that `known` does not have."""
    if known is ANY:
        return
    for part in document if isinstance(document, list) else [document]:
        for key, value in part.items():
            if key not in known:
                yield f"{where}{key}"
            else:
                yield from unknown(value, known[key], f"{where}{key}.")


def unknown_in_datasources(document: Any) -> list[str]:
    """The same for the file of data sources, whose jsonData depends on the type."""
    found = list(unknown(document, {**DATASOURCE_FILE, "datasources": DATASOURCE}))
    for source in document["datasources"]:
        found += unknown(source["jsonData"], JSON_DATA[source["type"]], f"{source['type']}.")
    return found


def test_tempo_knows_every_key() -> None:
    """An unknown one is fatal at its start."""
    assert list(unknown(read(TEMPO), TEMPO_KEYS)) == []


@pytest.mark.parametrize(
    "removed",
    [("ingester",), ("compactor",), ("metrics_generator", "traces_storage"),
     ("metrics_generator", "processor", "local_blocks")],
)  # fmt: skip
def test_a_key_that_tempo_3_removed_is_found(removed: tuple[str, ...]) -> None:
    """Examples for Tempo 2 are full of them."""
    document = read(TEMPO)
    inner = document
    for key in removed[:-1]:
        inner = inner[key]
    inner[removed[-1]] = {"path": "/var/tempo"}
    assert list(unknown(document, TEMPO_KEYS)) == [".".join(removed)]


def test_tempo_deletes_what_it_plans_to_delete() -> None:
    """Scheduler and worker have the same retention."""
    document = read(TEMPO)
    planned = document["backend_scheduler"]["provider"]["compaction"]["compaction"]
    assert planned == document["backend_worker"]["compaction"]


def test_tempo_keeps_all_it_stores_on_its_volume(parsed: Any) -> None:
    """The root of its container is read-only."""
    volumes = parsed["services"]["tempo"]["volumes"]
    (volume,) = [mount["target"] for mount in volumes if mount["type"] == "volume"]
    document = read(TEMPO)
    paths = [
        document["storage"]["trace"]["wal"]["path"],
        document["storage"]["trace"]["local"]["path"],
        document["metrics_generator"]["storage"]["path"],
    ]
    assert all(path.startswith(f"{volume}/") for path in paths)


def test_grafana_knows_every_key_of_the_data_sources() -> None:
    """It would ignore a misspelt one without a word."""
    assert unknown_in_datasources(read(DATASOURCES)) == []


def test_a_misspelt_key_of_a_data_source_is_found() -> None:
    """On each level."""
    document = deepcopy(read(DATASOURCES))
    document["datasource"] = []
    document["datasources"][0]["default"] = True
    document["datasources"][0]["jsonData"]["exemplarTraceIdDestinations"][0]["uid"] = "tempo"
    assert unknown_in_datasources(document) == [
        "datasources.default", "datasource", "prometheus.exemplarTraceIdDestinations.uid",
    ]  # fmt: skip


def test_grafana_knows_every_key_of_the_providers() -> None:
    """Boards are read-only: they are changed in the code."""
    document = read(PROVIDERS)
    assert list(unknown(document, PROVIDER_FILE)) == []
    (provider,) = document["providers"]
    assert (provider["allowUiUpdates"], provider["disableDeletion"]) == (False, True)


def uids(document: Any) -> Iterator[str]:
    """Every uid that a document refers to."""
    if isinstance(document, dict):
        for key, value in document.items():
            if key == "datasourceUid":
                yield value
            yield from uids(value)
    elif isinstance(document, list):
        for part in document:
            yield from uids(part)


def test_data_sources_refer_to_each_other() -> None:
    """Exemplars lead to traces, traces to metrics and to the service map."""
    document = read(DATASOURCES)
    referred = list(uids(document))
    assert sorted(referred) == ["prometheus", "prometheus", "tempo"]
    assert set(referred) <= {source["uid"] for source in document["datasources"]}


def test_data_sources_ask_services_where_they_listen(parsed: Any) -> None:
    """By the names that containers have."""
    for source in read(DATASOURCES)["datasources"]:
        host, port = source["url"].removeprefix("http://").split(":")
        assert int(port) in listening(parsed["services"][host]), source["name"]


def test_grafana_finds_the_boards_where_they_are_mounted(parsed: Any) -> None:
    """In a folder below the provider's path, which becomes their folder in Grafana."""
    (provider,) = read(PROVIDERS)["providers"]
    mounts = {m["target"]: m["source"] for m in parsed["services"]["grafana"]["volumes"]}
    (target,) = [path for path in mounts if path.startswith(provider["options"]["path"])]
    assert Path(target).parent == Path(BOARDS)
    assert mounts[target] == str(ROOT / "dashboards" / "generated")
    home = parsed["services"]["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (Path(mounts[target]) / Path(home).relative_to(target)).is_file()


def test_grafana_leaves_the_plugins_of_its_image_alone(parsed: Any) -> None:
    """It would unload a data source for an update, which a read-only root then refuses."""
    environment = parsed["services"]["grafana"]["environment"]
    assert environment["GF_PLUGINS_PREINSTALL_DISABLED"] == "true"
    assert environment["GF_PLUGINS_PREINSTALL_AUTO_UPDATE"] == "false"


def test_prometheus_finds_a_target_for_every_job(parsed: Any) -> None:
    """Each job's file is there and names a service on a port where it listens."""
    jobs = read(ROOT / "prometheus.yml")["scrape_configs"]
    for job in jobs:
        (file,) = TARGETS.glob(f"{job['job_name']}*.yml")
        ((target,),) = [group["targets"] for group in read(file)]
        host, port = target.split(":")
        assert int(port) in listening(parsed["services"][host]), target
    assert len(jobs) == len(list(TARGETS.glob("*.yml")))


@pytest.mark.parametrize("version", VERSIONS)
def test_promtool_accepts_the_mounted_configuration(tmp_path: Path, version: str) -> None:
    """With the targets as they are mounted."""
    promtool = of_version(PROMTOOL, version)
    (tmp_path / "targets").symlink_to(TARGETS)
    (tmp_path / "prometheus.yml").write_bytes((ROOT / "prometheus.yml").read_bytes())
    done = subprocess.run(
        [promtool.path, "check", "config", tmp_path / "prometheus.yml"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
