"""The platform to ask: the one whose addresses are given, or a demo started for the tests.

The suite runs against PROMETHEUS_URL, ALERTMANAGER_URL and TEMPO_URL, whose platform must be at
work (`make compat`); without PROMETHEUS_URL it starts the embedded stack with its load. Grafana is
the one at GRAFANA_URL, or is not asked.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from stack.provision import ALERTMANAGER, PROMETHEUS, Missing, provision
from stack.settings import load_settings
from stack.ticks import ensure_ticks
from tests.compat.asked import ROOT
from tests.compat.grafana_api import Grafana, login
from tests.compat.platform import Addresses, Platform, Refused
from tests.ports import free_ports

GIVEN = ("PROMETHEUS_URL", "ALERTMANAGER_URL", "TEMPO_URL")

GIVEN_PATIENCE = 180.0
"""Seconds that a platform may need that was just started: budgets are counted by the minute."""
EMBEDDED_PATIENCE = 600.0
"""Seconds, from the start of the load, for every kind of work to be done and scraped."""
TICKS = 2_500_000
"""Enough that a first conversion takes the half second below which there is no repeat ratio."""
START_SECONDS = 600.0
LONGEST_SECONDS = 2400
"""After which the demo ends by itself, should the tests be killed."""


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform at work, for all tests of a module.

    Not of the session: its load would take the processor from every test that follows.
    """
    if os.environ.get(GIVEN[0]):
        yield Platform(given(os.environ), GIVEN_PATIENCE, fresh=False)
        return
    need_monitors()
    with demo(tmp_path_factory.mktemp("live")) as addresses:
        yield Platform(addresses, EMBEDDED_PATIENCE, fresh=True)


@pytest.fixture(scope="session")
def grafana() -> Grafana:
    """The Grafana at GRAFANA_URL, with a token or as the administrator."""
    try:
        return Grafana(os.environ["GRAFANA_URL"], login(os.environ, ROOT), GIVEN_PATIENCE)
    except Refused as error:
        pytest.fail(f"GRAFANA_URL is set: {error}", pytrace=False)


def given(env: Mapping[str, str]) -> Addresses:
    """The addresses in the environment; all three must be there."""
    missing = [name for name in GIVEN if not env.get(name)]
    if missing:
        pytest.fail(f"{GIVEN[0]} is set: set {', '.join(missing)} too, or none", pytrace=False)
    return Addresses(*(env[name].rstrip("/") for name in GIVEN))


def need_monitors() -> None:
    """Skip where Prometheus or Alertmanager is neither there nor can be fetched."""
    settings = load_settings(root=ROOT)
    for tool in (PROMETHEUS, ALERTMANAGER):
        if isinstance(answer := provision(tool, settings), Missing):
            pytest.skip(str(answer))


@contextlib.contextmanager
def demo(folder: Path) -> Iterator[Addresses]:
    """The embedded stack and its load on free ports, with all its files in `folder`."""
    ports, log = free_ports(), folder / "output.txt"
    given_ports = {name: str(port) for name, port in ports.items()}
    ticks = ensure_ticks(folder / "ticks", total_rows=TICKS)
    private = {
        "VAR_DIR": str(folder / "var"), "RAW_TICK_DIR": str(ticks.folder),
        "DATASETS_FILE": str(ticks.datasets_file),
    }  # fmt: skip
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "stack.demo", "--duration", str(LONGEST_SECONDS)],
            cwd=ROOT, stdout=output, stderr=subprocess.STDOUT,
            env={**os.environ, **given_ports, **private, "WORKERS": "2"},
        )  # fmt: skip
    try:
        until_working(process, log)
        yield Addresses(
            *(f"http://127.0.0.1:{ports[name.replace('_URL', '_PORT')]}" for name in GIVEN)
        )
        assert process.poll() is None, f"the demo ended while it was asked:\n{log.read_text()}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(120)


def until_working(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while "Driving work" not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)
