from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from backend.models import BacktestResult, Trading, unix_ns
from backend.result_store import ResultStore

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def noon_ns() -> int:
    """Begin of every window here, Unix ns."""
    return unix_ns(NOON)


@pytest.fixture
def make_result() -> Callable[..., BacktestResult]:
    """A run over an hour from noon.

    `curve` are (seconds after noon, equity), `trading` replaces fields of a record without trades,
    None leaves the record out; other keywords replace fields of the request or the result.
    """

    def make(
        run_id: str = "run-1", *, curve: Any = ((0, 1000.0),), trading: Any = (), **fields: Any
    ) -> BacktestResult:
        asked = {
            "instrument_id": "EUR/USD.FXCM", "kind": "quote", "start": NOON,
            "end": NOON + timedelta(hours=1), "strategy": "ema_cross", "params": {},
        }  # fmt: skip
        asked |= {name: fields.pop(name) for name in list(fields) if name in asked}
        record = {
            "currency": "USD", "fills": 0, "traded_value": 0.0, "exposed_seconds": 0.0,
            "closed": 0, "won": 0, "gross_profit": 0.0, "gross_loss": 0.0,
        }  # fmt: skip
        values = {
            "run_id": run_id, "job_id": "job", "trace_id": "0" * 32, "status": "ok",
            "request": asked, "created_at": NOON, "finished_at": NOON, "duration_seconds": 1.0,
            "window": "1h", "versions": {"python": "3"}, "pnl": {"USD": 0.0},
            "trading": None if trading is None else Trading.model_validate(record | dict(trading)),
            "equity_curve": [(unix_ns(NOON) + round(s * 1e9), equity) for s, equity in curve],
        }  # fmt: skip
        return BacktestResult.model_validate(values | fields)

    return make


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ResultStore]:
    results = ResultStore(tmp_path / "results")
    yield results
    results.close()
