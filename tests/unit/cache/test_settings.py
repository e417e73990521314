"""REDIS_URL: what it may be, and what readiness says of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import ValidationError

from backend import routes
from backend.__main__ import main
from backend.cache import RedisStore, shared_store
from backend.executors.base import SlotStatus
from backend.settings import Settings


@pytest.mark.parametrize(
    "address",
    [
        "redis://localhost",
        "redis://cache.example:6380/2",
        "rediss://user:p%23ss@cache.example:6379/0?ssl_cert_reqs=none",
        "unix:///run/redis.sock?db=1&password=secret",
        "redis://[::1]:6379",
    ],
)
def test_addresses_of_redis_are_taken(address: str) -> None:
    """As its driver takes them."""
    assert Settings(redis_url=address).redis_address == address


@pytest.mark.parametrize(
    "address",
    [
        "localhost:6379",
        "http://:hunter2@localhost:6379",
        "redis://",
        "redis://:hunter2@",
        "redis://:hunt/er2@localhost:6379",
        "redis://:hunt#er2@localhost:6379",
        "redis://:hunter2@localhost:port",
        "redis://:hunter2@localhost:66000",
        "unix://",
        "redis://localhost#hunter2",
        "redis://:hunter2@localhost?socket_timeout=60",
        "redis://:hunter2@localhost?%ZZ",
    ],
)
def test_other_addresses_are_refused_without_being_said(
    address: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The error names the variable; neither it nor the log shows a password."""
    with pytest.raises(ValidationError, match="redis_url") as caught:
        Settings(redis_url=address)
    monkeypatch.setenv("REDIS_URL", address)
    assert main() == 2
    said = f"{caught.value} {caught.value.errors(include_input=False)} {caplog.text}"
    assert "REDIS_URL" in caplog.text
    for part in ("hunt", "er2"):
        assert part not in said


def test_settings_do_not_show_the_password() -> None:
    """Wherever they are printed."""
    settings = Settings(redis_url="redis://:hunter2@localhost")
    assert "hunter2" not in f"{settings!r} {settings} {settings.model_dump_json()}"


def test_an_empty_address_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """As compose files pass on what is not set; caches are in memory then."""
    monkeypatch.setenv("REDIS_URL", "")
    address = Settings().redis_address
    assert (address, shared_store(address)) == (None, None)


def test_caches_of_a_process_learn_of_an_outage_together() -> None:
    """One store, and so one breaker, for one address."""
    assert shared_store("redis://localhost") is shared_store("redis://localhost")


@pytest.fixture
def ready(tmp_path: Any) -> Callable[[RedisStore | None], dict[str, Any]]:
    """What `GET /api/ready` answers."""
    (tmp_path / "datasets.toml").touch()
    settings = Settings(raw_tick_dir=tmp_path, catalog_dir=tmp_path, results_dir=tmp_path)
    executor = SimpleNamespace(status=lambda: [SlotStatus(0, "idle", 1, "")])

    def ask(store: RedisStore | None) -> dict[str, Any]:
        app = FastAPI()
        app.include_router(routes.api())
        app.state.services = SimpleNamespace(settings=settings, executor=executor, shared=store)
        with TestClient(app) as client:
            answer = client.get("/api/ready")
        assert answer.status_code == 200
        return answer.json()

    return ask


def test_a_redis_that_is_away_degrades(
    ready: Any, make_store: Any, server: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Jobs run, slower; what is amiss is said, and is over when it is back."""
    caplog.set_level(logging.INFO)
    store = make_store()
    fine = ready(store)
    assert fine["status"] == "ok"
    assert "redis" in [check["name"] for check in fine["checks"]]
    server.kill()
    found = ready(store)
    assert found["status"] == "degraded"
    assert "REDIS_URL" in found["detail"]
    server.start()
    assert ready(store)["status"] == "ok"
    server.fill()
    assert "maxmemory" in ready(store)["detail"]


def test_without_redis_readiness_does_not_ask_for_it(ready: Any) -> None:
    """Memory alone is as good a choice."""
    assert "redis" not in [check["name"] for check in ready(None)["checks"]]
