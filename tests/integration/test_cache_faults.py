"""Lists and results asked for in mid-load while Redis stops, is slow, or is full of rubbish."""

from __future__ import annotations

import base64
import itertools
import json
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from nautilus_instrumentation import metrics
from stack.redis_server import RedisServer
from tests.integration.service_process import Service, until

CALLERS = 4
RUNS = 3


@pytest.fixture(scope="module")
def service(start_service: Callable[..., Service], redis: RedisServer) -> Service:
    """A service with a few results."""
    service = start_service(REDIS_URL=redis.url).until_ready()
    for _ in range(RUNS):
        assert service.ended(service.run(hours=0.1)["job_id"])["status"] == "ok"
    return service


class Callers:
    """Threads that ask for lists and results without end; every answer must be what it was.

    One list of each round is asked for the first time: the service looks for it in Redis.
    """

    _new = itertools.count()  # of all callers, whichever fault they see
    _lock = threading.Lock()

    def __init__(self, service: Service, reference: Service | None = None) -> None:
        self._base = service.http.base_url
        reference = reference or service
        items = reference.http.get("/backtest/results").json()["items"]
        paths = [f"/backtest/results/{item['run_id']}" for item in items]
        paths += ["/backtest/results", "/catalog/instruments", "/datasets", "/strategies"]
        self._items = by_id(items)
        self._expected = {path: reference.http.get(path).json() for path in paths}
        self._over = threading.Event()
        self._rounds = [0] * CALLERS
        self.wrong: list[str] = []
        self._threads = [threading.Thread(target=self._ask, args=(n,)) for n in range(CALLERS)]

    def __enter__(self) -> Callers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(60)

    def go_on(self) -> None:
        """Every caller begins and ends a round from now on."""
        then = list(self._rounds)
        until(
            lambda: (
                self.wrong
                or all(now >= before + 2 for now, before in zip(self._rounds, then, strict=True))
            )
        )
        assert self.wrong == []

    def _ask(self, number: int) -> None:
        with httpx.Client(base_url=self._base, timeout=60) as http:
            while not self._over.is_set() and not self.wrong:
                for path, expected in self._expected.items():
                    self._check(http, path, expected)
                with self._lock:
                    begin = next(Callers._new)
                self._check(http, all_results(begin), self._items)
                self._rounds[number] += 1

    def _check(self, http: httpx.Client, path: str, expected: Any) -> None:
        try:
            answer = http.get(path)
            said = answer.json()
            if "?" in path:  # in another order
                said = by_id(said["items"])
            if answer.status_code != 200 or said != expected:
                self.wrong.append(f"{path}: {answer.status_code} {answer.text[:300]}")
        except httpx.HTTPError as error:
            self.wrong.append(f"{path}: {error!r}")


def all_results(begin: int) -> str:
    """A list from so many microseconds after 1970 on, before all results that there are."""
    cursor = base64.urlsafe_b64encode(json.dumps(["created_at", begin, ""]).encode())
    return f"/backtest/results?sort=created_at&cursor={cursor.decode().rstrip('=')}"


def by_id(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(items, key=lambda item: item["run_id"])


def spoil(redis: RedisServer) -> None:
    """Replace every entry by what no version of ours wrote."""
    for number, key in enumerate(redis.client.keys("nautobs:*")):
        redis.client.delete(key)
        if number % 2:
            redis.client.set(key, b"\x00rubbish")
        else:
            redis.client.rpush(key, "not", "even", "a", "string")


def redis_errors(service: Service) -> float:
    return service.metrics()(metrics.CACHE_REQUESTS, backend="redis", result="error")


def test_answers_stay_right_whatever_redis_does(
    service: Service, redis: RedisServer, start_service: Callable[..., Service]
) -> None:
    """Errors are counted, the breaker opens and closes, and no caller notices any of it."""

    def breaker_is_open() -> bool:
        return service.http.get("/ready").json()["status"] == "degraded"

    assert redis.client.keys("nautobs:*")
    # A slow machine may not have kept to Redis' quarter of a second.
    until(lambda: not breaker_is_open())
    # What a process has in memory it does not look up: another one comes to the spoilt entries.
    folder = service.folder
    with Callers(service) as callers:
        spoil(redis)
        callers.go_on()
        other = start_service(
            REDIS_URL=redis.url, CATALOG_DIR=str(folder / "catalog"),
            RESULTS_DIR=str(folder / "results"),
        ).until_ready()  # fmt: skip
        with Callers(other, reference=service) as others:
            others.go_on()
            callers.go_on()
    until(lambda: not breaker_is_open())
    assert redis_errors(other) > 0

    faults = (
        (redis.kill, redis.start),
        (redis.freeze, redis.thaw),
    )
    for fault, mend in faults:
        before = redis_errors(service)
        with Callers(service) as callers:
            callers.go_on()
            fault()
            callers.go_on()
            until(breaker_is_open)
            callers.go_on()
            mend()
            until(lambda: not breaker_is_open())
            callers.go_on()
        assert redis_errors(service) > before
