from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stack.provision import REDIS
from stack.redis_server import RedisServer
from tests.integration.service_process import Service, TraceReceiver, write_raw_day
from tests.integration.trace_store import TraceStore
from tests.programs import USUAL, of_version


@pytest.fixture(scope="session")
def raw_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A raw folder with one generated day of quotes."""
    folder = tmp_path_factory.mktemp("raw")
    write_raw_day(folder)
    return folder


@pytest.fixture(scope="module")
def traces() -> Iterator[TraceReceiver]:
    """A receiver of OTLP spans."""
    receiver = TraceReceiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    """A Redis that runs."""
    one = RedisServer(of_version(REDIS, USUAL).path)
    one.start()
    yield one
    one.close()


@pytest.fixture(scope="module")
def start_service(
    tmp_path_factory: pytest.TempPathFactory, raw_day: Path
) -> Iterator[Callable[..., Service]]:
    """Starts services with the environment given; they are stopped after the module."""
    services: list[Service] = []

    def start(**environment: str) -> Service:
        services.append(Service(tmp_path_factory.mktemp("service"), raw_day, **environment))
        return services[-1]

    yield start
    for service in services:
        service.close()


@pytest.fixture(scope="module")
def trace_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TraceStore]:
    """An empty trace store."""
    store = TraceStore(tmp_path_factory.mktemp("store"))
    yield store
    store.close()
