"""What readiness makes of folders and workers."""

from __future__ import annotations

import pytest

from backend.executors.base import SlotStatus
from backend.health import readiness, watchdog
from backend.settings import Settings


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "datasets.toml").write_text("")
    return Settings(
        raw_tick_dir=tmp_path / "raw",
        datasets_file=tmp_path / "raw" / "datasets.toml",
        catalog_dir=tmp_path / "not" / "there" / "yet",
        results_dir=tmp_path,
    )


def slots(*states: str, detail: str = "") -> list[SlotStatus]:
    return [SlotStatus(n, state, 1000 + n, detail) for n, state in enumerate(states)]


@pytest.mark.parametrize(
    ("states", "status"),
    [
        (("idle", "busy"), "ok"),
        (("idle", "starting"), "ok"),
        (("starting", "starting"), "unavailable"),
        (("failed", "idle"), "degraded"),
        (("failed", "failed"), "unavailable"),
    ],
)
def test_workers_decide(settings, states, status):
    """Jobs need one worker; one that fails is said."""
    assert readiness(settings, slots(*states)).status == status


def test_a_worker_that_is_replaced_on_purpose_is_no_outage(settings):
    """Recycling the only worker takes two seconds, in which jobs may wait for it."""
    replaced = [SlotStatus(0, "starting", None, "", proven=True)]
    assert readiness(settings, replaced).status == "ok"
    crashed = [SlotStatus(0, "starting", None, "the worker process died", proven=True)]
    assert readiness(settings, crashed).status == "unavailable"


def test_the_reason_of_a_failed_worker_is_told(settings):
    """The detail is what the initialiser said."""
    found = readiness(settings, slots("failed", "failed", detail="ImportError: no engine"))
    assert "ImportError: no engine" in found.detail


def test_a_missing_watchdog_degrades(settings):
    """Jobs run on, but nobody would be told of anything; the reason is said."""
    fine = readiness(settings, slots("idle"), [watchdog(False, "the last came 3 s ago")])
    assert fine.status == "ok"
    found = readiness(settings, slots("idle"), [watchdog(True, "none came in 200 s")])
    assert (found.status, found.detail) == ("degraded", "watchdog: none came in 200 s")


def test_a_missing_folder_degrades(settings):
    """Its setting is named; jobs that do not need it still run."""
    elsewhere = settings.model_copy(update={"raw_tick_dir": settings.raw_tick_dir / "gone"})
    found = readiness(elsewhere, slots("idle"))
    assert found.status == "degraded"
    assert "RAW_TICK_DIR" in found.detail
