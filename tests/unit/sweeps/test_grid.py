"""From a grid to sets of parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from backend.errors import Invalid
from backend.sweeps.grid import expand
from backend.sweeps.models import MAX_SETS, SweepRequest

Requests = Callable[..., SweepRequest]


@pytest.fixture
def sweep() -> Requests:
    def make(**fields: Any) -> SweepRequest:
        values = {
            "instrument_id": "EUR/USD.SIM", "kind": "quote", "strategy": "ema_cross",
            "start": "2026-01-05T12:00:00Z", "end": "2026-01-05T13:00:00Z",
        }  # fmt: skip
        return SweepRequest.model_validate(values | fields)

    return make


def test_a_grid_is_every_combination(sweep: Requests) -> None:
    """The last parameter moves fastest; what is common to all is in each."""
    found = expand(
        sweep(params={"interval": "tick"},
              grid={"fast_ema_period": [1, 2], "slow_ema_period": [8, 9]})
    )  # fmt: skip
    assert found == [
        {"interval": "tick", "fast_ema_period": fast, "slow_ema_period": slow}
        for fast in (1, 2)
        for slow in (8, 9)
    ]


def test_sets_follow_the_grid(sweep: Requests) -> None:
    """They win over common parameters, and may name others than the grid does."""
    found = expand(
        sweep(params={"fast_ema_period": 3}, grid={"slow_ema_period": [9]},
              sets=[{"fast_ema_period": 4}])
    )  # fmt: skip
    assert found == [{"fast_ema_period": 3, "slow_ema_period": 9}, {"fast_ema_period": 4}]


def test_a_set_is_run_once(sweep: Requests) -> None:
    """Also where a default is written out."""
    grid = {"fast_ema_period": [10, 11, 10]}
    assert expand(sweep(grid=grid, sets=[{"slow_ema_period": 20}])) == [
        {"fast_ema_period": 10},
        {"fast_ema_period": 11},
    ]


def test_impossible_combinations_can_be_left_out(sweep: Requests) -> None:
    """Only those that the strategy itself refuses; a wrong value stays an error."""
    grid = {"fast_ema_period": [5, 15], "slow_ema_period": [10, 20]}
    assert expand(sweep(grid=grid, skip_invalid=True)) == [
        {"fast_ema_period": 5, "slow_ema_period": 10},
        {"fast_ema_period": 5, "slow_ema_period": 20},
        {"fast_ema_period": 15, "slow_ema_period": 20},
    ]
    with pytest.raises(Invalid) as caught:
        expand(sweep(grid={"fast_ema_period": [0]}, skip_invalid=True))
    assert caught.value.field == "grid.fast_ema_period"


def test_no_combination_is_left(sweep: Requests) -> None:
    """A sweep of nothing is an error."""
    with pytest.raises(Invalid, match="every combination"):
        expand(sweep(grid={"fast_ema_period": [30, 40]}, skip_invalid=True))


def test_a_huge_grid_is_refused_before_it_is_made(sweep: Requests) -> None:
    """The message says how many sets there would be, and how many there may be."""
    values = list(range(MAX_SETS))
    names = ("fast_ema_period", "slow_ema_period", "trade_size", "trade_notional")
    with pytest.raises(Invalid, match=f"{MAX_SETS**4:,} sets .* {MAX_SETS:,}"):
        expand(sweep(grid=dict.fromkeys(names, values)))


def test_sets_must_come_from_somewhere(sweep: Requests) -> None:
    """Neither a grid nor sets: that is a single backtest."""
    with pytest.raises(ValidationError, match="give a grid"):
        sweep()


def test_the_runs_are_the_backtest_asked_for(sweep: Requests) -> None:
    """A run's request differs from the sweep's by its parameters."""
    request = sweep(grid={"fast_ema_period": [5]}, starting_balances=["5 USD"])
    one = request.backtest({"fast_ema_period": 5})
    assert one.params == {"fast_ema_period": 5}
    assert one.starting_balances == ["5 USD"]
    assert set(one.model_dump()) == set(type(one).model_fields)
