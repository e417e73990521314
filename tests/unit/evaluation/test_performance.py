"""The figures of a stored result."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nautilus_trader.analysis import ProfitFactor, WinRate

from backend.evaluation.models import METRICS
from backend.evaluation.performance import evaluate
from backend.models import BacktestResult

Results = Callable[..., BacktestResult]

TRADED = {
    "fills": 6, "traded_value": 2500.0, "exposed_seconds": 900.0,
    "closed": 4, "won": 1, "gross_profit": 30.0, "gross_loss": 20.0,
}  # fmt: skip


def test_all_figures_of_a_run_that_traded(make_result: Results) -> None:
    """Each is there, and none is said to be missing."""
    curve = [(0, 1000.0), (600, 1030.0), (1800, 1010.0)]
    found = evaluate(make_result(curve=curve, trading=TRADED)).performance
    assert found.undefined == {}
    assert found.total_return == pytest.approx(0.01)
    assert found.max_drawdown == pytest.approx(20 / 1030)
    assert found.win_rate == 0.25
    assert found.profit_factor == 1.5
    mean = (600 * 1000 + 1200 * 1030 + 1800 * 1010) / 3600
    assert found.turnover == pytest.approx(2500 / mean)
    assert found.exposure == 0.25


def test_an_evaluation_says_how_its_window_was_cut(make_result: Results) -> None:
    """An hour has sixty periods of a minute."""
    found = evaluate(make_result())
    assert (found.periods, found.period_seconds) == (60, 60.0)


@settings(max_examples=50, deadline=None)
@given(
    pnls=st.lists(
        st.floats(-1e4, 1e4).map(lambda value: round(value, 2) + 0.0), min_size=1, max_size=50
    )
)
def test_trades_are_judged_like_nautilus_trader_judges_them(pnls: list[float]) -> None:
    """Its win rate; its profit factor, which takes any numbers, of the same amounts."""
    from backend.models import Trading

    profit = sum(pnl for pnl in pnls if pnl > 0)
    loss = -sum(pnl for pnl in pnls if pnl < 0)
    trading = Trading(
        currency="USD", fills=0, traded_value=0.0, exposed_seconds=0.0, closed=len(pnls),
        won=sum(pnl > 0 for pnl in pnls), gross_profit=profit, gross_loss=loss,
    )  # fmt: skip
    start = datetime(2026, 1, 5, tzinfo=UTC)
    request = {"instrument_id": "A.B", "kind": "quote", "start": start, "strategy": "idle",
               "end": start + timedelta(hours=1)}  # fmt: skip
    result = BacktestResult.model_validate({
        "run_id": "r", "job_id": "j", "trace_id": "", "status": "ok", "request": request,
        "created_at": start, "finished_at": start, "duration_seconds": 1, "window": "1h",
        "versions": {}, "trading": trading,
    })  # fmt: skip
    found = evaluate(result).performance
    assert found.win_rate == WinRate().calculate_from_realized_pnls(pnls)
    day = 86_400 * 10**9
    theirs = ProfitFactor().calculate_from_returns({n * day: pnl for n, pnl in enumerate(pnls)})
    if loss:
        assert found.profit_factor == pytest.approx(theirs)
    else:
        assert found.undefined["profit_factor"] == "no trade lost"


def undefined(result: BacktestResult) -> dict[Any, str]:
    """Reasons by figure, of figures that are null; all others are numbers."""
    performance = evaluate(result).performance
    for metric in METRICS:
        assert (getattr(performance, metric) is None) == (metric in performance.undefined)
    return performance.undefined


def test_a_run_without_trades_has_nothing_to_judge_trades_by(make_result: Results) -> None:
    """Return, drawdown, turnover and exposure of an idle run are zero; the rest is null."""
    assert undefined(make_result(trading={})) == {
        "sharpe_ratio": "equity did not change",
        "sortino_ratio": "equity did not change",
        "win_rate": "no position was closed",
        "profit_factor": "no position was closed",
    }


def test_a_result_from_before_trading_was_recorded_says_so(make_result: Results) -> None:
    """The figures of its curve are there."""
    why = "the run was stored without a record of its trading"
    assert undefined(make_result(curve=[(0, 1000.0), (60, 990.0)], trading=None)) == dict.fromkeys(
        ("win_rate", "profit_factor", "turnover", "exposure"), why
    )


@pytest.mark.parametrize("status", ["error", "cancelled", "timeout", "killed"])
def test_a_run_that_did_not_end_well_is_not_judged(make_result: Results, status: str) -> None:
    """What there is of it is of a shorter window than was asked for."""
    result = make_result(curve=[(0, 1.0), (60, 2.0)], trading=TRADED, status=status)
    assert undefined(result) == dict.fromkeys(METRICS, f"the run ended with status {status}")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"pnl": {"GBP": 1.0}}, "fills are in USD, equity is in GBP"),
        ({"pnl": {}}, "fills are in USD, equity is in None"),
        ({"trading": {**TRADED, "traded_value": None}}, "the value traded is not in USD"),
        ({"curve": []}, "the run left no equity curve"),
        ({"curve": [(0, -5.0)]}, "mean equity was not above zero"),
    ],
)
def test_turnover_needs_one_currency_and_equity(
    make_result: Results, fields: dict[str, Any], reason: str
) -> None:
    """Amounts of two currencies have no quotient."""
    assert undefined(make_result(**{"trading": TRADED, **fields}))["turnover"] == reason


@settings(max_examples=100, deadline=None)
@given(
    values=st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=20),
    amounts=st.tuples(*[st.floats(0, allow_nan=False, allow_infinity=False)] * 3),
    closed=st.integers(0, 3),
)
def test_json_never_holds_what_is_no_number(
    values: list[float], amounts: tuple[float, ...], closed: int
) -> None:
    """Whatever the equity and the amounts: finite numbers, or null with a reason."""
    start = datetime(2026, 1, 5, tzinfo=UTC)
    traded, profit, loss = amounts
    result = BacktestResult.model_validate({
        "run_id": "r", "job_id": "j", "trace_id": "", "status": "ok", "pnl": {"USD": 1.0},
        "request": {"instrument_id": "A.B", "kind": "quote", "strategy": "idle", "start": start,
                    "end": start + timedelta(minutes=5)},
        "created_at": start, "finished_at": start, "duration_seconds": 1, "window": "5m",
        "versions": {}, "trading": {
            "currency": "USD", "fills": 1, "traded_value": traded, "exposed_seconds": 1.0,
            "closed": closed, "won": 0, "gross_profit": profit, "gross_loss": loss,
        },
        "equity_curve": [(int(start.timestamp()) * 10**9 + n * 10**10, value)
                         for n, value in enumerate(values)],
    })  # fmt: skip
    undefined(result)
    text = evaluate(result).model_dump_json()

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    json.loads(text, parse_constant=refuse)
