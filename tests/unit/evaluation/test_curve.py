"""Figures of an equity curve, against empyrical, pandas and NautilusTrader."""

from __future__ import annotations

import itertools
import math

import empyrical
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from nautilus_trader.analysis import SharpeRatio, SortinoRatio

from backend.evaluation import curve
from backend.reporting import CURVE_POINTS, kept

DAY_NS = 86_400 * 10**9
START = 1_767_614_400 * 10**9

Points = list[tuple[int, float]]
equity = st.floats(900.0, 1100.0).map(lambda value: round(value, 2))


@st.composite
def curves(draw: st.DrawFn, span_ns: int = 3_600 * 10**9) -> Points:
    """Changes of equity at any moments of a window, several at one moment at times."""
    moments = draw(st.lists(st.integers(1, span_ns), min_size=1, max_size=60))
    values = draw(st.lists(equity, min_size=len(moments) + 1, max_size=len(moments) + 1))
    return list(zip([START, *(START + at for at in sorted(moments))], values, strict=True))


def by_pandas(points: Points, span_ns: int, periods: int) -> pd.Series:
    """Returns over equal periods, read from the curve by pandas."""
    series = pd.Series([value for _, value in points], index=[at for at, _ in points])
    series = series[~series.index.duplicated(keep="last")]
    edges = [START + span_ns * n // periods for n in range(periods + 1)]
    return series.asof(edges).pct_change().dropna()


@pytest.mark.parametrize("span", [300, 3_600, 86_400, 40 * 86_400])
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_ratios_of_risk_are_those_of_empyrical(span: int, data: st.DataObject) -> None:
    """Sharpe's and Sortino's of random curves over windows of any length; a year has 365 days."""
    points = data.draw(curves(span * 10**9))
    sample = curve.returns(points, START, START + span * 10**9)
    reference = by_pandas(points, span * 10**9, sample.periods)
    assume(reference.abs().max() > 1e-9)
    per_year = 365 * 86_400 / (span / sample.periods)
    sharpe = empyrical.sharpe_ratio(reference, annualization=per_year)
    assert curve.sharpe_ratio(sample).value == pytest.approx(sharpe, rel=1e-9, abs=1e-9)
    sortino = empyrical.sortino_ratio(reference, annualization=per_year)
    found = curve.sortino_ratio(sample)
    if math.isfinite(sortino):
        assert found.value == pytest.approx(sortino, rel=1e-9, abs=1e-9)
    else:
        assert (found.value, found.reason) == (None, "no period lost")


@settings(max_examples=100, deadline=None)
@given(points=curves())
def test_return_and_drawdown_are_those_of_empyrical(points: Points) -> None:
    """Both are of every point of the curve; empyrical's drawdown has the other sign."""
    series = pd.Series([value for _, value in points]).pct_change().dropna()
    assert curve.total_return(points).value == pytest.approx(
        empyrical.cum_returns_final(series), abs=1e-12
    )
    assert curve.max_drawdown(points).value == pytest.approx(
        -empyrical.max_drawdown(series), abs=1e-12
    )


@pytest.mark.parametrize("span", [300, 86_400, 40 * 86_400])
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), points=st.integers(CURVE_POINTS + 1, 5 * CURVE_POINTS))
def test_a_thinned_curve_has_the_figures_of_the_whole(span: int, seed: int, points: int) -> None:
    """Drawdown and returns stay to the last digit, in at most as many points as before."""
    random = np.random.default_rng(seed)
    values = 1000 + np.cumsum(random.normal(0, 0.1, points))
    times = START + np.sort(random.integers(0, span * 10**9, points))
    whole = list(zip(times.tolist(), values.tolist(), strict=True))
    window = START, START + span * 10**9
    thin = kept(whole, window)
    assert len(thin) <= CURVE_POINTS
    assert thin == sorted(thin, key=lambda point: point[0])
    assert (thin[0], thin[-1]) == (whole[0], whole[-1])
    assert curve.max_drawdown(thin) == curve.max_drawdown(whole)
    for ratio in (curve.sharpe_ratio, curve.sortino_ratio):
        assert ratio(curve.returns(thin, *window)) == ratio(curve.returns(whole, *window))


def test_a_window_of_years_leaves_points_to_draw() -> None:
    """Ten years have more days than a curve has points: then the returns are nearly the whole's."""
    whole = [(START + n * DAY_NS // 4, 1000.0 + n % 7) for n in range(4 * 3_650)]
    thin = kept(whole, (START, START + 3_650 * DAY_NS))
    assert CURVE_POINTS - 2 <= len(thin) <= CURVE_POINTS
    gaps = [after[0] - before[0] for before, after in itertools.pairwise(thin)]
    assert max(gaps) < 5 * DAY_NS


@settings(max_examples=50, deadline=None)
@given(values=st.lists(equity, min_size=61, max_size=61))
def test_ratios_of_days_are_nautilus_trader_s(values: list[float]) -> None:
    """Over sixty days the periods are days, as in its statistics; there too a year may have 365."""
    points = [(START + n * DAY_NS, value) for n, value in enumerate(values)]
    sample = curve.returns(points, START, START + 60 * DAY_NS)
    assert sample.periods == 60
    assert sample.values is not None
    assume(np.ptp(sample.values) > 1e-9)
    daily = {START + n * DAY_NS: float(one) for n, one in enumerate(sample.values)}
    for own, theirs in (
        (curve.sharpe_ratio, SharpeRatio(365)),
        (curve.sortino_ratio, SortinoRatio(365)),
    ):
        expected = theirs.calculate_from_returns(daily)
        if math.isfinite(expected):
            assert own(sample).value == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("seconds", "periods", "length"),
    [(10, 10, 1), (299, 60, 5), (300, 60, 5), (3_599, 60, 60), (3_600, 60, 60), (86_399, 96, 900),
     (86_400, 96, 900), (60 * 86_400, 60, 86_400), (0.4, 1, 0.4)],
)  # fmt: skip
def test_periods_divide_the_window(seconds: float, periods: int, length: float) -> None:
    """A window that ends a second early is cut like the whole one."""
    sample = curve.returns([(START, 1.0)], START, START + round(seconds * 1e9))
    assert sample.periods == periods
    assert sample.seconds == pytest.approx(length, rel=0.01)


def test_the_last_change_counts_even_at_the_very_end() -> None:
    """Positions are closed when the run ends: that belongs to the last period."""
    end = START + 3_600 * 10**9
    sample = curve.returns([(START, 1000.0), (end, 900.0)], START, end)
    assert sample.values is not None
    assert sample.values[-1] == pytest.approx(-0.1)
    assert not sample.values[:-1].any()


def test_mean_equity_is_weighted_with_time() -> None:
    """Three quarters of the window at 1000 and one at 2000; points outside of it count by value."""
    points = [(START - 5, 500.0), (START, 1000.0), (START + 75, 2000.0), (START + 100, 9.0)]
    assert curve.mean_equity(points, START, START + 100) == 1250.0


def minutes(*values: float) -> Points:
    return [(START + n * 60 * 10**9, value) for n, value in enumerate(values)]


GROWING = minutes(*(1000 * 1.001**n for n in range(61)))


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        ([], "the run left no equity curve"),
        (minutes(1000.0), "equity did not change"),
        (minutes(*[1000.0] * 61), "equity did not change"),
        (GROWING, "returns did not vary"),
        (minutes(1000.0, 0.0, 5.0), "equity was not above zero all the time"),
        (minutes(1e-300, 1e300, 1e-300, 1e300), "the number is too large to be held"),
    ],
    ids=["none", "point", "flat", "growing", "broke", "huge"],
)  # fmt: skip
def test_where_sharpe_s_ratio_has_no_meaning_it_says_so(points: Points, reason: str) -> None:
    """No number, and the reason."""
    sample = curve.returns(points, START, START + 3_600 * 10**9)
    assert curve.sharpe_ratio(sample) == curve.Figure(None, reason)


@pytest.mark.parametrize(
    ("points", "reason"),
    [(minutes(1000.0), "equity did not change"), (GROWING, "no period lost"),
     ([], "the run left no equity curve")],
    ids=["point", "growing", "none"],
)  # fmt: skip
def test_where_sortino_s_ratio_has_no_meaning_it_says_so(points: Points, reason: str) -> None:
    """A run that never lost has no downside to divide by."""
    sample = curve.returns(points, START, START + 3_600 * 10**9)
    assert curve.sortino_ratio(sample) == curve.Figure(None, reason)


def test_one_period_has_no_deviation() -> None:
    """A window of less than two seconds."""
    sample = curve.returns(minutes(1.0), START, START + 10**9)
    assert curve.sharpe_ratio(sample).reason == "the window has fewer than two periods"


def test_one_point_is_a_run_that_neither_won_nor_fell() -> None:
    """Return and drawdown are zero, which is a figure."""
    assert curve.total_return(minutes(1000.0)) == curve.Figure(0.0)
    assert curve.max_drawdown(minutes(1000.0)) == curve.Figure(0.0)


@pytest.mark.parametrize("own", [curve.total_return, curve.max_drawdown])
@pytest.mark.parametrize(
    ("points", "reason"),
    [([], "the run left no equity curve"), (minutes(0.0, 5.0), "the run began without equity")],
)
def test_without_equity_there_is_nothing_to_be_a_share_of(own, points: Points, reason: str) -> None:
    """No return and no drawdown without a first equity."""
    assert own(points) == curve.Figure(None, reason)


def test_a_debt_is_a_drawdown_beyond_the_whole() -> None:
    """A margin account may fall below zero."""
    assert curve.max_drawdown(minutes(100.0, 200.0, -50.0, 300.0)).value == 1.25


def test_what_rounding_leaves_is_no_return() -> None:
    """Equity that is a sum of floats wavers in the last digit; that is no risk."""
    sample = curve.returns(
        minutes(*[999998.34, 999998.3400000001] * 30), START, START + 3600 * 10**9
    )
    assert curve.sharpe_ratio(sample).reason == "equity did not change"
