"""What the demo makes of what fired and what arrived."""

from __future__ import annotations

from pathlib import Path

import pytest

from stack import alerting
from stack.client import Api
from stack.monitor import Prometheus
from stack.settings import StackSettings, load_settings


def result(*values: tuple[str, float]) -> dict:
    return {
        "data": {"result": [{"metric": {"alertname": n}, "value": [0, str(v)]} for n, v in values]}
    }


@pytest.fixture
def settings(backend, tmp_path: Path) -> StackSettings:
    port = backend.url.rpartition(":")[2]
    return load_settings({"BACKEND_PORT": port, "WATCHDOG_INTERVAL": "30"}, root=tmp_path)


def examined(backend, settings: StackSettings, seconds: float):
    return alerting.examine(settings, Api(backend.url), Prometheus(backend.url), seconds)


def answer(backend, watchdog: float) -> None:
    """One query is for alerts that fired, the other for the time of the Watchdog."""
    answers = iter([result(("B", 1.0), ("A", 1.0)), result(("", watchdog))])
    backend.answers["GET /v1/query"] = lambda: (200, next(answers))
    kept = [{"name": "A", "status": "resolved"}, {"name": "A", "status": "firing"}]
    backend.answers["GET /alerts/notifications"] = (200, {"items": kept})


def test_what_fired_is_told_beside_what_arrived(backend, settings: StackSettings) -> None:
    """An alert that fired may not have been told yet."""
    answer(backend, watchdog=1_700_000_000.0)
    found, trouble = examined(backend, settings, seconds=60)
    assert found is not None
    assert (found.fired, found.told, found.notifications) == (("A", "B"), ("A",), 2)
    assert found.url == f"{backend.url}/api/alerts/notifications"
    assert trouble == ""


@pytest.mark.parametrize(("seconds", "wrong"), [(29.0, False), (30.0, True)])
def test_a_watchdog_that_never_came_is_a_failure(
    backend, settings: StackSettings, seconds: float, wrong: bool
) -> None:
    """Once there was time for the first."""
    answer(backend, watchdog=0.0)
    _, trouble = examined(backend, settings, seconds)
    assert ("no Watchdog" in trouble) is wrong


def test_notifications_that_cannot_be_read_are_a_failure(backend, settings: StackSettings) -> None:
    """The reason is told."""
    answer(backend, watchdog=1.0)
    backend.answers["GET /alerts/notifications"] = (500, {"title": "disk full"})
    found, trouble = examined(backend, settings, seconds=60)
    assert found is None
    assert "disk full" in trouble
