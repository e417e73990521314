"""Helpers of the core's tests: parsed scrapes, workers of their own process, waiting."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.samples import Sample

from nautilus_instrumentation.exposition import SharedStore
from nautilus_instrumentation.exposition.collector import DirectoryCollector
from nautilus_instrumentation.guard import Guard
from nautilus_instrumentation.recorder import Recorder

OPENMETRICS = "application/openmetrics-text; version=1.0.0"

PREAMBLE = """
import os, signal, sys, time
from nautilus_instrumentation import metrics
from nautilus_instrumentation.exposition import SharedStore
from nautilus_instrumentation.guard import Guard
from nautilus_instrumentation.recorder import Recorder

guard = Guard()
store = SharedStore(sys.argv[1], "worker", int(sys.argv[2]), guard)
recorder = Recorder(store, guard)
guard.on_error = recorder.count_error

def say(text):
    print(text, flush=True)
"""


class Scrape:
    """A scrape in OpenMetrics, parsed by prometheus_client."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.samples: dict[tuple[str, frozenset[tuple[str, str]]], Sample] = {}
        for family in parse_openmetrics(text):
            for sample in family.samples:
                key = (sample.name, frozenset(sample.labels.items()))
                assert key not in self.samples, f"{key} twice"
                self.samples[key] = sample

    def sample(self, name: str, **labels: str) -> Sample | None:
        return self.samples.get((name, frozenset(labels.items())))

    def value(self, name: str, **labels: str) -> float | None:
        found = self.sample(name, **labels)
        return None if found is None else found.value

    def named(self, name: str) -> list[Sample]:
        return [sample for (own, _), sample in self.samples.items() if own == name]


def _scrape(collector: DirectoryCollector) -> Scrape:
    return Scrape(collector.scrape(OPENMETRICS).body.decode())


@pytest.fixture
def scrape() -> Callable[[DirectoryCollector], Scrape]:
    """Scrapes a collector and parses the answer."""
    return _scrape


@pytest.fixture
def parsed() -> Callable[[str], Scrape]:
    """Parses a scrape in OpenMetrics."""
    return Scrape


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "metrics"


@pytest.fixture
def collect(folder: Path) -> Iterator[Callable[..., DirectoryCollector]]:
    """Makes exporters of the folder; each new one takes it over from the last."""
    made: list[DirectoryCollector] = []

    def begin(**options: object) -> DirectoryCollector:
        if made:
            made.pop().close()
        made.append(DirectoryCollector(folder, **options))  # type: ignore[arg-type]
        return made[-1]

    yield begin
    for collector in made:
        collector.close()


@pytest.fixture
def process(folder: Path) -> Iterator[Callable[..., Recorder]]:
    """Makes recorders that look to the exporter like processes; closing the store ends one."""
    with ExitStack() as stack:

        def begin(slot: int = 0, role: str = "worker", **options: object) -> Recorder:
            guard = Guard()
            store = SharedStore(folder, role, slot, guard, **options)  # type: ignore[arg-type]
            stack.callback(store.close)
            recorder = Recorder(store, guard)
            guard.on_error = recorder.count_error
            return recorder

        yield begin


class Worker:
    """A real process that runs a script after `PREAMBLE`; it speaks in lines."""

    def __init__(self, folder: Path, slot: int, script: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", PREAMBLE + script, str(folder), str(slot)],
            stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.pid = self._process.pid

    def heard(self) -> str:
        """Next line that it says."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def tell(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n")
        self._process.stdin.flush()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def ended(self) -> int:
        """Waits for the end; exit code, or minus the signal."""
        return self._process.wait(timeout=60)

    def close(self) -> None:
        self.kill()
        for pipe in (self._process.stdout, self._process.stdin):
            assert pipe is not None
            pipe.close()


@pytest.fixture
def worker(folder: Path) -> Iterator[Callable[..., Worker]]:
    """Starts real processes."""
    with ExitStack() as stack:

        def begin(script: str, slot: int = 0) -> Worker:
            made = Worker(folder, slot, script)
            stack.callback(made.close)
            return made

        yield begin


@pytest.fixture
def wait_until() -> Callable[..., None]:
    """Polls until a condition holds."""

    def wait(condition: Callable[[], object], seconds: float = 120.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "the condition did not come true in time"
            time.sleep(0.01)

    return wait
