"""The generated day looks like a day of a major FX pair."""

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stack import ticks

SMALL = 20_000


@pytest.fixture(scope="module")
def day() -> tuple[pa.Table, pa.Table]:
    return ticks.generate_day(seed=ticks.SEED, total_rows=ticks.TOTAL_ROWS)


@pytest.fixture(scope="module")
def quotes(day: tuple[pa.Table, pa.Table]) -> dict[str, np.ndarray]:
    return {name: day[0][name].to_numpy() for name in day[0].column_names}


@pytest.fixture(scope="module")
def mids(quotes: dict[str, np.ndarray]) -> np.ndarray:
    return (quotes["bid"] + quotes["ask"]) / 2


def lag_one(values: np.ndarray) -> float:
    return float(np.corrcoef(values[1:], values[:-1])[0, 1])


def test_the_day_holds_millions_of_ticks(day: tuple[pa.Table, pa.Table]) -> None:
    """As many rows as asked for, four quotes to a trade."""
    assert (len(day[0]), len(day[1])) == (2_000_000, 500_000)


def test_all_ticks_lie_in_the_day_in_order(day: tuple[pa.Table, pa.Table]) -> None:
    """Times ascend from after the midnight that starts the day to before the one that ends it."""
    start = int(datetime(ticks.DAY.year, ticks.DAY.month, ticks.DAY.day, tzinfo=UTC).timestamp())
    for table in day:
        times = table["time"].to_numpy()
        assert times[0] >= start * 10**6
        assert times[-1] < (start + 86_400) * 10**6
        assert (np.diff(times) >= 0).all()


def test_spread_quantiles_are_those_of_the_measured_day(quotes: dict[str, np.ndarray]) -> None:
    """Each quantile of the spread is the published one, to a point."""
    spread = np.rint((quotes["ask"] - quotes["bid"]) * ticks.POINT)
    for probability, points in ticks.SPREAD_QUANTILES:
        assert np.quantile(spread, probability) == pytest.approx(points, abs=1.0)


def test_quotes_are_never_locked_or_crossed(quotes: dict[str, np.ndarray]) -> None:
    """The ask is above the bid."""
    assert (quotes["ask"] > quotes["bid"]).all()


def test_prices_have_at_most_five_decimals(day: tuple[pa.Table, pa.Table]) -> None:
    """Every price is the float nearest to a decimal of five places."""
    for table, columns in ((day[0], ("bid", "ask")), (day[1], ("price",))):
        for name in columns:
            prices = table[name].to_numpy()
            assert (np.round(prices, 5) == prices).all()


def test_there_are_two_gaps(quotes: dict[str, np.ndarray]) -> None:
    """The outage and the roll-over are the only stretches of minutes without a quote."""
    pauses = np.diff(quotes["time"]) / 1e6
    assert sorted(pauses[pauses > 60].round(-1)) == [300, ticks.OUTAGE_SECONDS]


def test_arrivals_come_in_bursts(quotes: dict[str, np.ndarray]) -> None:
    """Counts per second vary far more than Poisson's (variance = mean) at the same rate."""
    counts = np.bincount((quotes["time"] // 10**6 % 86_400).astype(int), minlength=86_400)
    assert counts.var() > 5 * counts.mean()


@pytest.mark.parametrize("seconds", [1, 60, 300])
def test_volatility_clusters(quotes: dict[str, np.ndarray], mids: np.ndarray, seconds: int) -> None:
    """Absolute returns of the mid price are autocorrelated above 0.1 at lag 1."""
    of_day = quotes["time"] / 1e6 % 86_400
    at = np.searchsorted(of_day, np.arange(0, 86_400, seconds)).clip(max=mids.size - 1)
    assert lag_one(np.abs(np.diff(np.log(mids[at])))) > 0.1


def test_volatility_clusters_from_tick_to_tick(mids: np.ndarray) -> None:
    """The same holds for returns from one quote to the next."""
    assert lag_one(np.abs(np.diff(np.log(mids)))) > 0.1


def test_the_price_moves_as_far_as_a_real_day(mids: np.ndarray) -> None:
    """High and low are between 0.2 % and 3 % apart."""
    assert 0.002 < mids.max() / mids.min() - 1 < 0.03


def test_trades_are_at_the_quoted_prices(day: tuple[pa.Table, pa.Table]) -> None:
    """Buyers pay prices that stood as ask, sellers get such that stood as bid."""
    quotes, trades = day
    buys = np.asarray(trades["side"].to_pylist()) == "B"
    prices = trades["price"].to_numpy()
    assert np.isin(prices[buys], quotes["ask"].to_numpy()).all()
    assert np.isin(prices[~buys], quotes["bid"].to_numpy()).all()
    assert 0.3 < buys.mean() < 0.7


def test_sizes_are_positive(day: tuple[pa.Table, pa.Table]) -> None:
    """No quote or trade has size zero."""
    assert day[0]["bid_size"].to_numpy().min() > 0
    assert day[0]["ask_size"].to_numpy().min() > 0
    assert day[1]["size"].to_numpy().min() > 0


def test_the_files_are_where_the_description_looks(tmp_path: Path) -> None:
    """Each dataset entry matches one file and names columns that it has."""
    raw = ticks.ensure_ticks(tmp_path, total_rows=SMALL)
    for entry in tomllib.loads(raw.datasets_file.read_text())["dataset"]:
        (path,) = raw.folder.glob(f"by_date/day-*/{entry['match']}")
        assert set(entry["columns"].values()) <= set(pq.read_schema(path).names)


def test_a_day_is_generated_once(tmp_path: Path) -> None:
    """The second call finds the files of the first."""
    first = ticks.ensure_ticks(tmp_path, total_rows=SMALL)
    before = {path: path.stat().st_mtime_ns for path in first.folder.rglob("*")}
    assert ticks.ensure_ticks(tmp_path, total_rows=SMALL) == first
    assert {path: path.stat().st_mtime_ns for path in first.folder.rglob("*")} == before


def test_a_failure_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When writing fails half-way, no folder remains that a later call would take as whole."""

    def fail(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(ticks.Path, "write_text", fail)
    with pytest.raises(OSError, match="disk full"):
        ticks.ensure_ticks(tmp_path, total_rows=SMALL)
    assert list(tmp_path.iterdir()) == []
