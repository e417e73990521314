"""The service with a Redis that comes and goes: nothing fails, and it is seen."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nautilus_instrumentation import metrics
from stack.redis_server import RedisServer
from tests.integration.service_process import Service, until


@pytest.fixture(scope="module")
def service(start_service: Callable[..., Service], redis: RedisServer) -> Service:
    return start_service(REDIS_URL=redis.url).until_ready()


def readiness(service: Service) -> str:
    return service.http.get("/ready").json()["status"]


def work(service: Service) -> None:
    """A run, and every list that is cached: all answered."""
    assert service.ended(service.run()["job_id"])["status"] == "ok"
    for path in ("/catalog/instruments", "/datasets", "/backtest/results"):
        assert service.http.get(path).status_code == 200


def test_a_redis_that_comes_and_goes_harms_nothing(service: Service, redis: RedisServer) -> None:
    """Runs and lists go on while it is killed, frozen and spoilt; errors are counted."""

    def looked_up(result: str) -> float:
        return service.metrics()(metrics.CACHE_REQUESTS, backend="redis", result=result)

    until(lambda: readiness(service) == "ok")
    for _ in range(2):
        work(service)
    assert redis.client.keys("nautobs:catalog:*")
    # The API and the workers opened the same raw file and catalog.
    assert looked_up("hit") > 0

    # There are some where a slow machine did not answer in a quarter of a second.
    errors = looked_up("error")
    for fault, mend in ((redis.kill, redis.start), (redis.freeze, redis.thaw)):
        fault()
        work(service)
        until(lambda: readiness(service) == "degraded")
        assert looked_up("error") > errors
        mend()
        until(lambda: readiness(service) == "ok")
        errors = looked_up("error")

    for key in redis.client.keys("nautobs:*"):
        redis.client.set(key, b"rubbish")
    work(service)
    until(lambda: readiness(service) == "ok")
    assert service.metrics()(metrics.CACHE_SECONDS_SAVED) > 0
