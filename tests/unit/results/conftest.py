from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from backend.models import BacktestRequest, BacktestResult
from backend.result_store import ResultStore

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def make_result() -> Callable[..., BacktestResult]:
    """Result number `n`, created `n` seconds after noon; keywords replace fields."""

    def make(n: int = 0, *, strategy: str = "idle", params: Any = None, **fields: Any) -> Any:
        request = BacktestRequest(
            instrument_id=fields.pop("instrument_id", "EUR/USD.FXCM"), kind="quote",
            start=NOON, end=NOON + timedelta(hours=1), strategy=strategy, params=params or {},
        )  # fmt: skip
        values = {
            "run_id": f"run-{n:05}", "job_id": f"job-{n}", "trace_id": f"{n:032x}", "status": "ok",
            "request": request, "created_at": NOON + timedelta(seconds=n),
            "finished_at": NOON + timedelta(seconds=n + 1), "duration_seconds": 1.0, "window": "1h",
            "versions": {"python": "3"}, "data_points_per_second": 1000.0,
        }  # fmt: skip
        return BacktestResult.model_validate(values | fields)

    return make


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ResultStore]:
    results = ResultStore(tmp_path / "results")
    yield results
    results.close()
