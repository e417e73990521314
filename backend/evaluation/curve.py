"""Figures of an equity curve. Each is a number, or the reason why there is none.

The curve is a step function over the run's window: (Unix ns, equity), and the equity of a point
holds until the next one, before the first point and after the last. All figures are fractions or
ratios, so that runs in different currencies and with different balances compare.

Year. Coins trade round the clock, currencies five days in seven, and the curve's clock runs on
when a market is closed. So all time is calendar time and a year has 365 days. A weekend adds
periods without a return, which lowers mean and variance alike: both still scale with the number of
periods, where 252 "trading days" would count a market's open hours that the curve does not know.

Periods. Ratios of risk need returns over equal periods, but the points come when the account
changes. The window is cut into n equal parts, as near as divides it to the longest of `LENGTHS`
that gives `FEWEST` of them (an hour: 60 of one minute; a day: 96 of 15 minutes). Annualised figures
of short windows are large and mean little by themselves: they rank runs over the same window.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

YEAR_SECONDS = 365 * 86_400
LENGTHS = (1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400)
"""Seconds of a period, in steps that leave `FEWEST` to 300 of them up to a window of 300 days."""
FEWEST = 50

ROUNDING = 4 * float(np.finfo(float).eps)
"""A return or deviation up to this is what is left of rounding, whatever the balance: it is the
quotient of two nearly equal numbers."""

TOO_LARGE = "the number is too large to be held"

Curve = Sequence[tuple[int, float]]
Floats = np.ndarray[Any, np.dtype[np.float64]]
Places = np.ndarray[Any, np.dtype[np.intp]]


@dataclass(frozen=True)
class Figure:
    """`value` is finite; where it is None, `reason` says why."""

    value: float | None
    reason: str | None = None


@dataclass(frozen=True)
class Returns:
    """Returns over equal periods; `values` is None where `reason` says why there are none."""

    seconds: float
    periods: int
    values: Floats | None
    reason: str | None = None

    @property
    def per_year(self) -> float:
        """Periods in a year."""
        return YEAR_SECONDS / self.seconds


def figure(value: float) -> Figure:
    """A number as a figure; one that overflowed is none."""
    if math.isfinite(value):
        return Figure(float(value))
    return Figure(None, TOO_LARGE)


def returns(curve: Curve, start_ns: int, end_ns: int) -> Returns:
    """Simple returns E[i]/E[i-1] - 1 at the ends of equal periods of the window."""
    edges = _edges(start_ns, end_ns)
    periods = len(edges) - 1
    seconds = (end_ns - start_ns) / 1e9 / periods
    if not curve:
        return Returns(seconds, periods, None, "the run left no equity curve")
    equity = _at(curve, edges)
    if float(min(value for _, value in curve)) <= 0:
        return Returns(seconds, periods, None, "equity was not above zero all the time")
    with np.errstate(over="ignore"):  # then there is no figure either
        values = np.diff(equity) / equity[:-1]
    values[np.abs(values) <= ROUNDING] = 0.0
    return Returns(seconds, periods, values)


def points_of_returns(curve: Curve, start_ns: int, end_ns: int) -> set[int]:
    """Places of the points that `returns` reads: a curve of these alone has the same returns."""
    return set(_places(curve, _edges(start_ns, end_ns)).tolist())


def total_return(curve: Curve) -> Figure:
    """Last equity over the first, less one; of the window, not of a year.

    The simple return of C. R. Bacon, "Practical Portfolio Performance Measurement and Attribution",
    chapter 2: nothing is paid in or out during a run.
    """
    if not curve:
        return Figure(None, "the run left no equity curve")
    first, last = curve[0][1], curve[-1][1]
    if first <= 0:
        return Figure(None, "the run began without equity")
    return figure(last / first - 1)


def sharpe_ratio(sample: Returns) -> Figure:
    """Mean over standard deviation (n - 1) of the returns, times the root of periods in a year.

    W. F. Sharpe, "The Sharpe Ratio", Journal of Portfolio Management 21 (1994), no. 1; the riskless
    rate is taken as 0. The root takes returns of different periods as independent: see A. W. Lo,
    "The Statistics of Sharpe Ratios", Financial Analysts Journal 58 (2002), no. 4.
    """
    if sample.values is None:
        return Figure(None, sample.reason)
    if len(sample.values) < 2:
        return Figure(None, "the window has fewer than two periods")
    if not sample.values.any():
        return Figure(None, "equity did not change")
    deviation = float(np.std(sample.values, ddof=1))
    if deviation <= ROUNDING:
        return Figure(None, "returns did not vary")
    return figure(float(np.mean(sample.values)) / deviation * math.sqrt(sample.per_year))


def sortino_ratio(sample: Returns) -> Figure:
    """Mean over downside deviation of the returns, times the root of periods in a year.

    The downside deviation is the root of the mean, over all periods, of min(return, 0) squared.
    F. A. Sortino and L. N. Price, "Performance Measurement in a Downside Risk Framework", Journal
    of Investing 3 (1994), no. 3; the minimum acceptable return is 0.
    """
    if sample.values is None:
        return Figure(None, sample.reason)
    if not sample.values.any():
        return Figure(None, "equity did not change")
    downside = math.sqrt(float(np.mean(np.minimum(sample.values, 0.0) ** 2)))
    if downside <= ROUNDING:
        return Figure(None, "no period lost")
    return figure(float(np.mean(sample.values)) / downside * math.sqrt(sample.per_year))


def max_drawdown(curve: Curve) -> Figure:
    """Deepest fall below the highest equity so far, as a fraction of it; 0 for none.

    From all points of the curve, not the periods. M. Magdon-Ismail and A. F. Atiya, "Maximum
    Drawdown", Risk 17 (2004), no. 10, here relative to the peak. Above 1 where equity fell below 0.
    """
    if not curve:
        return Figure(None, "the run left no equity curve")
    if curve[0][1] <= 0:
        return Figure(None, "the run began without equity")
    peak, trough = deepest_fall([equity for _, equity in curve])
    return figure(1 - curve[trough][1] / curve[peak][1])


def deepest_fall(equity: Sequence[float]) -> tuple[int, int]:
    """Places of the peak and the trough of the deepest relative fall; equal where none fell.

    The first value is above zero, or there is no fall to speak of.
    """
    if not len(equity) or equity[0] <= 0:
        return 0, 0
    values = np.asarray(equity, dtype=float)
    peaks = np.maximum.accumulate(values)
    trough = int(np.argmax(1 - values / peaks))
    return int(np.argmax(values[: trough + 1])), trough


def mean_equity(curve: Curve, start_ns: int, end_ns: int) -> float:
    """Equity weighted with the time that it held, over the window. The curve is not empty."""
    inside = sorted({start_ns, end_ns, *(ns for ns, _ in curve if start_ns < ns < end_ns)})
    held = np.diff(np.asarray(inside, dtype=np.int64)).astype(float)
    return float(np.average(_at(curve, inside[:-1]), weights=held))


def _edges(start_ns: int, end_ns: int) -> list[int]:
    """The ends of the periods, with the begin of the first."""
    span = end_ns - start_ns
    length = max((one for one in LENGTHS if span / 1e9 / one >= FEWEST), default=LENGTHS[0])
    periods = max(1, round(span / 1e9 / length))
    return [start_ns + span * n // periods for n in range(periods + 1)]


def _places(curve: Curve, moments: Sequence[int]) -> Places:
    """Place of the point that holds at each moment; of points at one time the last counts."""
    times = np.asarray([ns for ns, _ in curve], dtype=np.int64)
    found: Places = np.searchsorted(times, np.asarray(moments, dtype=np.int64), side="right") - 1
    return np.maximum(found, 0)


def _at(curve: Curve, moments: Sequence[int]) -> Floats:
    """Equity at each moment."""
    values: Floats = np.asarray([value for _, value in curve], dtype=float)
    return values[_places(curve, moments)]
