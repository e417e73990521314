from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from backend.context import JobContext
from backend.models import BacktestRequest
from backend.settings import Settings
from nautilus_instrumentation import current_session


@pytest.fixture
def settings(tick_catalog: Any, tmp_path: Path) -> Settings:
    """The small catalog, no raw data, results of this test alone."""
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "datasets.toml").write_text("")
    return Settings(
        nautilus_log_level="OFF",  # tests that fail on purpose would fill the screen
        catalog_dir=tick_catalog.path,
        results_dir=tmp_path / "results",
        raw_tick_dir=raw,
    )


@pytest.fixture
def make_request(tick_catalog: Any) -> Callable[..., BacktestRequest]:
    """A run over the first minutes of the small catalog."""

    def make(strategy: str = "idle", minutes: float = 60, **fields: Any) -> BacktestRequest:
        values = {
            "instrument_id": tick_catalog.fx, "kind": "quote", "start": tick_catalog.start,
            "end": tick_catalog.start + timedelta(minutes=minutes), "strategy": strategy,
        }  # fmt: skip
        return BacktestRequest.model_validate(values | fields)

    return make


@dataclass
class Progress:
    """Takes progress as a job's parent would."""

    calls: list[tuple[str, float | None, int | None]]

    def __call__(
        self, stage: str, fraction: float | None = None, *, data_points: int | None = None
    ) -> None:
        self.calls.append((stage, fraction, data_points))


@pytest.fixture
def make_context(settings: Settings) -> Callable[..., JobContext]:
    """The context of job `n` in this process."""

    def make(n: int = 1, session: Any = None, **fields: Any) -> JobContext:
        values: dict[str, Any] = {
            "job_id": f"job-{n}", "run_id": f"run-{n}", "trace_id": f"{n:032x}", "slot": 0,
            "settings": settings, "session": session or current_session(),
            "progress": Progress([]),
        }  # fmt: skip
        return JobContext(**(values | fields))

    return make
