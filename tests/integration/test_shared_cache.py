"""The service with a Redis that comes and goes: nothing fails, and it is seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from nautilus_instrumentation import metrics
from stack.provision import REDIS
from stack.redis_server import RedisServer
from tests.integration.service_process import Service, until
from tests.programs import USUAL, of_version


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    one = RedisServer(of_version(REDIS, USUAL).path)
    one.start()
    yield one
    one.close()


@pytest.fixture(scope="module")
def service(start_service: Callable[..., Service], server: RedisServer) -> Service:
    return start_service(REDIS_URL=server.url).until_ready()


def readiness(service: Service) -> str:
    return service.http.get("/ready").json()["status"]


def work(service: Service) -> None:
    """A run, and every list that is cached: all answered."""
    assert service.ended(service.run()["job_id"])["status"] == "ok"
    for path in ("/catalog/instruments", "/datasets", "/backtest/results"):
        assert service.http.get(path).status_code == 200


def test_a_redis_that_comes_and_goes_harms_nothing(service: Service, server: RedisServer) -> None:
    """Runs and lists go on while it is killed, frozen and spoilt; errors are counted."""

    def redis(result: str) -> float:
        return service.metrics()(metrics.CACHE_REQUESTS, backend="redis", result=result)

    assert readiness(service) == "ok"
    for _ in range(2):
        work(service)
    assert server.client.keys("nautobs:catalog:*")
    # The API and the workers opened the same raw file and catalog.
    assert redis("hit") > 0
    assert redis("error") == 0

    errors = 0.0
    for fault, mend in ((server.kill, server.start), (server.freeze, server.thaw)):
        fault()
        work(service)
        until(lambda: readiness(service) == "degraded")
        assert redis("error") > errors
        mend()
        until(lambda: readiness(service) == "ok")
        errors = redis("error")

    for key in server.client.keys("nautobs:*"):
        server.client.set(key, b"rubbish")
    work(service)
    assert readiness(service) == "ok"
    assert service.metrics()(metrics.CACHE_SECONDS_SAVED) > 0
