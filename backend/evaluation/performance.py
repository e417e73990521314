"""The figures of one stored result. Those of its equity curve are in `curve`.

Whatever a result lacks gives a figure without a value, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from backend.evaluation import curve
from backend.evaluation.curve import Figure, figure
from backend.evaluation.models import METRICS, Evaluation, Metric, Performance
from backend.models import BacktestResult, Trading, unix_ns


@np.errstate(over="ignore", invalid="ignore")  # what overflows becomes a figure without a value
def evaluate(result: BacktestResult) -> Evaluation:
    """Cheap: about a millisecond for a full curve."""
    request = result.request
    window = unix_ns(request.start), unix_ns(request.end)
    sample = curve.returns(result.equity_curve, *window)
    currency, pnl = next(iter(result.pnl.items()), (None, None))
    figures: dict[Metric, Figure] = {
        "total_return": curve.total_return(result.equity_curve),
        "sharpe_ratio": curve.sharpe_ratio(sample),
        "sortino_ratio": curve.sortino_ratio(sample),
        "max_drawdown": curve.max_drawdown(result.equity_curve),
        "win_rate": _traded(result, _win_rate),
        "profit_factor": _traded(result, _profit_factor),
        "turnover": _traded(result, lambda trading: _turnover(trading, result)),
        "exposure": _traded(result, lambda trading: _exposure(trading, result)),
    }
    return Evaluation(
        run_id=result.run_id,
        status=result.status,
        strategy=request.strategy,
        params=request.params,
        instrument_id=request.instrument_id,
        kind=request.kind,
        bar_type=request.bar_type,
        start=request.start,
        end=request.end,
        created_at=result.created_at,
        currency=currency,
        pnl=pnl,
        performance=_performance(result, figures),
        period_seconds=sample.seconds,
        periods=sample.periods,
    )


def _performance(result: BacktestResult, figures: dict[Metric, Figure]) -> Performance:
    if result.status != "ok":  # what there is of it is of another window than was asked for
        figures = dict.fromkeys(METRICS, Figure(None, f"the run ended with status {result.status}"))
    values = {name: one.value for name, one in figures.items()}
    undefined = {name: one.reason for name, one in figures.items() if one.reason is not None}
    return Performance.model_validate({**values, "undefined": undefined})


def _traded(result: BacktestResult, measure: Callable[[Trading], Figure]) -> Figure:
    if result.trading is None:
        return Figure(None, "the run was stored without a record of its trading")
    return measure(result.trading)


def _win_rate(trading: Trading) -> Figure:
    """Trades that won over all trades; one that broke even did not win.

    As NautilusTrader's statistic `WinRate`, but of closed positions only: what an open one has paid
    in commissions is not yet a trade lost.
    """
    if not trading.closed:
        return Figure(None, "no position was closed")
    return figure(trading.won / trading.closed)


def _profit_factor(trading: Trading) -> Figure:
    """Gross profit over gross loss of the trades, after commissions.

    As in MetaTrader 5's testing report, from amounts; NautilusTrader's `ProfitFactor` is the same
    quotient of returns, which weighs a small position like a large one.
    """
    if not trading.closed:
        return Figure(None, "no position was closed")
    if trading.gross_loss == 0:
        return Figure(None, "no trade lost")
    return figure(trading.gross_profit / trading.gross_loss)


def _turnover(trading: Trading, result: BacktestResult) -> Figure:
    """Value bought and sold over the mean equity; 2 for one round trip with all of it.

    As pyfolio's `get_turnover` over the portfolio's value, but for the whole window, and with the
    equity weighted by time.
    """
    currency = next(iter(result.pnl), None)
    if trading.traded_value is None:
        return Figure(None, f"the value traded is not in {trading.currency}")
    if currency != trading.currency:
        return Figure(None, f"fills are in {trading.currency}, equity is in {currency}")
    if not result.equity_curve:
        return Figure(None, "the run left no equity curve")
    request = result.request
    mean = curve.mean_equity(result.equity_curve, unix_ns(request.start), unix_ns(request.end))
    if mean <= 0:
        return Figure(None, "mean equity was not above zero")
    return figure(trading.traded_value / mean)


def _exposure(trading: Trading, result: BacktestResult) -> Figure:
    """Time with a position open over the window's; backtesting.py's "Exposure Time", in time."""
    request = result.request
    return figure(trading.exposed_seconds / (request.end - request.start).total_seconds())
