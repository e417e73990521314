"""What one program's configuration says of another: that it resolves, and what is said if not."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import fields
from pathlib import Path
from typing import Any

import psutil
import pytest

from alerts.build import PLACES, render
from deploy.references import Files, problems, read


@pytest.fixture(scope="session")
def checked_out(parsed: Any) -> Files:
    """As they are; not to be changed."""
    return read(parsed)


@pytest.fixture
def files(checked_out: Files) -> Files:
    """To be broken."""
    # Boards are large, and each test changes one of them at most.
    few = dict(list(checked_out.boards.items())[:1])
    return Files(
        **{
            field.name: deepcopy(
                few if field.name == "boards" else getattr(checked_out, field.name)
            )
            for field in fields(Files)
        }
    )


def test_every_reference_resolves(checked_out: Files) -> None:
    """Of all files as they are mounted."""
    assert len(checked_out.boards) > 5
    assert len(checked_out.rules) > 5
    assert problems(checked_out) == []


def webhook(files: Files) -> Any:
    return files.alertmanager["receivers"][0]["webhook_configs"][0]


def board(files: Files) -> Any:
    return next(iter(files.boards.values()))


def source(files: Files, index: int) -> Any:
    return files.datasources["datasources"][index]


BROKEN: dict[str, tuple[Callable[[Files], object], str]] = {
    "a webhook of nobody": (
        lambda f: webhook(f).update(url="http://back:8000/"),
        "alertmanager: receiver page asks back, which is no service",
    ),
    "a webhook on another port": (
        lambda f: webhook(f).update(url="http://backend:8001/"), "asks backend on port 8001",
    ),
    "a webhook without the token": (
        lambda f: webhook(f).pop("http_config"), "receiver page has no token for the backend",
    ),
    "a secret that Alertmanager has not": (
        lambda f: f.compose["services"]["alertmanager"]["secrets"].clear(),
        "receiver page reads /run/secrets/api_token, which it has not",
    ),
    "a target that is no service": (
        lambda f: f.targets["nautilus.yml"][0].update(targets=["export:9464"]),
        "prometheus: targets/nautilus.yml asks export",
    ),
    "a target on another port": (
        lambda f: f.targets["nautilus.yml"][0].update(targets=["exporter:9465"]),
        "targets/nautilus.yml asks exporter on port 9465",
    ),
    "a job without targets": (
        lambda f: f.targets.pop("tracestore.yml"),
        "prometheus: targets/tracestore*.yml matches no file",
    ),
    "no Alertmanager to tell": (
        lambda f: f.targets.pop("alertmanager.yml"), "targets/alertmanager*.yml matches no file",
    ),
    "rules that nobody loads": (
        lambda f: f.prometheus.update(rule_files=["rule/*.yml"]),
        "rule/*.yml is in a folder that is not mounted",
    ),
    "rules with another ending": (
        lambda f: f.prometheus.update(rule_files=["rules/*.yaml"]), "*.yaml matches no file",
    ),
    "a rule about a job that nobody scrapes": (
        lambda f: f.prometheus["scrape_configs"].pop(0), "looks at job nautilus, which is not",
    ),
    "span metrics to nobody": (
        lambda f: f.tempo["metrics_generator"]["storage"]["remote_write"][0].update(
            url="http://prom:9090/api/v1/write"
        ),
        "tempo: asks prom, which is no service",
    ),
    "span metrics that are refused": (
        lambda f: f.compose["services"]["prometheus"]["command"].remove(
            "--web.enable-remote-write-receiver"
        ),
        "tempo: prometheus takes no remote writes",
    ),
    "traces on another port": (
        lambda f: f.tempo["distributor"]["receivers"]["otlp"]["protocols"]["http"].update(
            endpoint=":4317"
        ),
        "tempo: listens on [3200, 4317], not where it is asked",
    ),
    "a data source of nobody": (
        lambda f: source(f, 0).update(url="http://prom:9090"), "grafana: Prometheus asks prom",
    ),
    "a link to no data source": (
        lambda f: source(f, 1)["jsonData"]["serviceMap"].update(datasourceUid="prom"),
        "grafana: a link leads to prom, which is no data source",
    ),
    "a board without its kind of data source": (
        lambda f: source(f, 0).update(type="mimir"),
        "offers data sources of type prometheus: there are none",
    ),
    "a panel with a data source of its own": (
        lambda f: board(f)["panels"][0].update(datasource={"type": "prometheus", "uid": "prom"}),
        "asks prom, which is no data source",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_reference_to_nothing_is_found(files: Files, case: str) -> None:
    """Each, broken once, says where and what."""
    break_it, words = BROKEN[case]
    break_it(files)
    found = problems(files)
    assert any(words in problem for problem in found), found


def test_the_rendered_templates_are_those_that_alertmanager_loads(files: Files) -> None:
    """Beside its configuration, in the folder that is mounted."""
    rendered = [Path(path) for path in render(PLACES["compose"])]
    (pattern,) = files.alertmanager["templates"]
    assert [path for path in rendered if path.match(f"alertmanager/{pattern}")]


@pytest.fixture
def exporter(parsed: Any, tmp_path: Path) -> Any:
    """The exporter's container's command, with a program that waits in its place."""
    (tmp_path / "python").symlink_to(shutil.which("sleep"))
    *shell, script = parsed["services"]["exporter"]["command"]
    # Compose undoes its own doubling when it makes the container.
    started = script.replace("$$", "$").replace(
        "python -m nautilus_instrumentation.exposition --directory /metrics --host exporter",
        f"{tmp_path}/python 600",
    )
    process = psutil.Popen([*shell, started])
    yield process
    if process.is_running():
        for child in process.children(recursive=True):
            child.kill()
        process.kill()
        process.wait()


def the_exporter(shell: psutil.Popen) -> psutil.Process:
    """The program that runs now, as soon as one does."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for child in shell.children():
            with contextlib.suppress(psutil.NoSuchProcess):  # it may just be ending
                if child.status() != psutil.STATUS_ZOMBIE and "600" in child.cmdline():
                    return child
        time.sleep(0.05)
    raise AssertionError("the exporter does not run")


@pytest.mark.skipif(sys.platform != "linux", reason="the container's shell is Linux'")
def test_an_exporter_that_dies_is_started_within_its_container(exporter: psutil.Popen) -> None:
    """Else the container would end, and the backend with it, which is in its process namespace."""
    first = the_exporter(exporter)
    first.kill()
    first.wait()
    assert the_exporter(exporter).pid != first.pid
    assert exporter.is_running()


@pytest.mark.skipif(sys.platform != "linux", reason="the container's shell is Linux'")
def test_an_exporter_that_is_stopped_ends_at_once(exporter: psutil.Popen) -> None:
    """The program is told, so that it can write what it knows."""
    running = the_exporter(exporter)
    exporter.send_signal(signal.SIGTERM)
    try:
        assert exporter.wait(60) == 0
    except subprocess.TimeoutExpired:
        pytest.fail("it did not end")
    assert not running.is_running()
