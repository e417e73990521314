"""A telemetry that writes down, a clock that is set, and a real Redis that can be broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.cache import RedisStore
from backend.cache.breaker import Breaker
from stack.provision import REDIS
from stack.redis_server import RedisServer
from tests.programs import USUAL, of_version


class Telemetry:
    """Writes down what a cache reports."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *values: self.calls.append((name, *values))

    def count(self, name: str) -> int:
        return sum(call[0] == name for call in self.calls)

    def results(self) -> dict[str, int]:
        """Look-ups by result."""
        names = ("hit", "miss", "error")
        return {name: self.count(name) for name in names if self.count(name)}


class FakeSession:
    """`telemetry` of the memory, `redis` of the shared entries."""

    def __init__(self) -> None:
        self.telemetry, self.redis = Telemetry(), Telemetry()

    def cache(self, name: str, backend: str = "memory") -> Telemetry:
        return self.redis if backend == "redis" else self.telemetry


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def session() -> FakeSession:
    return FakeSession()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def redis_program() -> Path:
    return of_version(REDIS, USUAL).path


@pytest.fixture
def server(redis_program: Path) -> Iterator[RedisServer]:
    """A server that runs."""
    one = RedisServer(redis_program)
    one.start()
    yield one
    one.close()


@pytest.fixture
def make_store(server: RedisServer, clock: Clock) -> Iterator[Callable[..., RedisStore]]:
    """Stores of the server, each as another process has it; the breaker opens after 2 failures."""
    stores: list[RedisStore] = []

    def make(**options: Any) -> RedisStore:
        options = {"timeout_seconds": 5.0, "url": server.url, **options}
        stores.append(RedisStore(**options, breaker=Breaker(2, 5.0, clock)))
        return stores[-1]

    yield make
    for store in stores:
        store.close()
