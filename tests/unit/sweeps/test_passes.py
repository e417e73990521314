"""Which runs of a sweep go to a worker together."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from backend.models import BacktestRequest
from backend.sweeps.passes import MOST_RUNS, passes, shares
from backend.work import BacktestWork


def request(strategy: str = "ema_cross", **fields: Any) -> BacktestRequest:
    values: dict[str, Any] = {
        "instrument_id": "EUR/USD.SIM", "kind": "quote", "strategy": strategy,
        "start": datetime(2026, 1, 5, tzinfo=UTC), "end": datetime(2026, 1, 6, tzinfo=UTC),
    }  # fmt: skip
    return BacktestRequest(**(values | fields))


def works(*requests: BacktestRequest) -> list[BacktestWork]:
    return [BacktestWork(one, f"run-{n}", "sweep-1") for n, one in enumerate(requests)]


@pytest.mark.parametrize(
    ("sets", "workers", "sizes"),
    [
        (1, 2, [1]), (2, 2, [1, 1]), (5, 2, [3, 2]), (50, 2, [25, 25]), (51, 2, [17, 17, 17]),
        (6, 8, [1] * 6), (60, 1, [20, 20, 20]),
    ],
)  # fmt: skip
def test_workers_get_equal_parts(sets: int, workers: int, sizes: list[int]) -> None:
    """All workers have something to do, no pass is too large, and the order of sets stays."""
    found = passes(works(*[request() for _ in range(sets)]), workers)
    assert [len(part) for part in found] == sizes
    assert [work.run_id for part in found for work in part] == [f"run-{n}" for n in range(sets)]
    assert max(sizes) <= MOST_RUNS


def test_only_sets_with_the_same_bars_share() -> None:
    """Timers of others would change when orders reach the venue (1.221)."""
    params = [{"interval": "1m"}, {"interval": "10s"}, {"interval": "1m"}, {"interval": "tick"}]
    found = passes(works(*[request(params=one) for one in params]), 1)
    assert [[work.run_id for work in part] for part in found] == [
        ["run-0", "run-2"], ["run-1"], ["run-3"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (request(params={"interval": "5m"}), "5m"),
        (request("idle"), ""),
        (request("market_maker"), None),
        (request("faulty"), None),
        (request("no_such"), None),
        (request(params={"fast_ema_period": 0}), None),
        (request(params={"interval": "tick"}), None),
        (request(venue={"account_type": "CASH"}), None),
        (request(venue={"oms_type": "HEDGING"}), None),
        (request(venue={"base_currency": "USD"}), None),
    ],
)
def test_what_is_not_known_to_be_equal_runs_alone(
    one: BacktestRequest, expected: str | None
) -> None:
    """An engine is shared on a netting margin account, by strategies that say so."""
    assert shares(one) == expected
