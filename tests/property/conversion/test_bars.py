"""Bars against pandas with BarDataWrangler and `write_data`, and against Python's integers."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, localcontext
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.conversion.layout import PRICE_RAW_MAX, SIZE_RAW_MAX

BASE = pd.Timestamp("2024-01-02", tz="UTC").value
PROFILE = settings(max_examples=25, deadline=None)
NAME = "EUR/USD.SIM"
RULES = {
    "1-SECOND": "1s", "15-SECOND": "15s", "1-MINUTE": "1min", "5-MINUTE": "5min",
    "30-MINUTE": "30min", "1-HOUR": "1h", "4-HOUR": "4h", "1-DAY": "1D",
}  # fmt: skip
STEPS = {
    "1-MILLISECOND": 10**6, "250-MILLISECOND": 250 * 10**6, "1-SECOND": 10**9,
    "6-SECOND": 6 * 10**9, "10-SECOND": 10 * 10**9, "1-MINUTE": 60 * 10**9,
    "12-HOUR": 12 * 3600 * 10**9, "1-DAY": 86_400 * 10**9,
}  # fmt: skip
HOURS = 3600 * 10**9


def describe(kind: str, price: int, size: int, bars: list[str]) -> dict[str, Any]:
    columns = (
        ["bid_price", "ask_price", "bid_size", "ask_size"] if kind == "quote" else ["price", "size"]
    )
    return {
        "kind": kind, "instrument_id": NAME, "instrument": "currency_pair",
        "quote_currency": "USD", "price_precision": price, "size_precision": size,
        "columns": {"ts_event": "ts", **{name: name for name in columns}},
        "time": {"unit": "ns"}, "bars": bars,
    }  # fmt: skip


def half_up(twice: int) -> int:
    """Half of an integer, rounded away from zero."""
    return (abs(twice) + 1) // 2 * (1 if twice >= 0 else -1)


# Clusters around the border of a day and around an hour, single ticks between long gaps, and
# times at which a bar ends exactly.
TIMES = st.lists(
    st.integers(-30 * 10**9, 30 * 10**9)
    | st.integers(10 * HOURS, 10 * HOURS + 10**9)
    | st.integers(-1, 24 * 12).map(lambda n: n * HOURS // 12),
    min_size=1, max_size=40,
).map(sorted)  # fmt: skip


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, list[str], list[int], dict[str, list[int]]]:
    """Price, bars, times and the values of the ticks' columns as integers."""
    price = draw(st.sampled_from(["BID", "ASK", "MID", "LAST"]))
    rules = draw(st.lists(st.sampled_from(list(RULES)), min_size=1, max_size=2, unique=True))
    times = draw(TIMES)
    column = st.lists(st.integers(-(10**8), 10**8), min_size=len(times), max_size=len(times))
    amounts = st.lists(st.integers(1, 10**6), min_size=len(times), max_size=len(times))
    if price == "LAST":
        columns = {"price": draw(column), "size": draw(amounts)}
    else:
        columns = {
            "bid_price": draw(column), "ask_price": draw(column),
            "bid_size": draw(amounts), "ask_size": draw(amounts),
        }  # fmt: skip
    return price, [f"{rule}-{price}" for rule in rules], times, columns


def of_price(price: str, columns: dict[str, list[int]]) -> tuple[list[int], list[int]]:
    """Prices, and twice the sizes (so that halves of MID are whole), of a price's ticks."""
    if price == "LAST":
        return columns["price"], [2 * size for size in columns["size"]]
    if price != "MID":
        side = price.lower()
        return columns[f"{side}_price"], [2 * size for size in columns[f"{side}_size"]]
    pairs = zip(columns["bid_price"], columns["ask_price"], strict=True)
    sizes = zip(columns["bid_size"], columns["ask_size"], strict=True)
    return [half_up(bid + ask) for bid, ask in pairs], [bid + ask for bid, ask in sizes]


@given(cases(), st.integers(0, 9), st.integers(0, 9))
@PROFILE
def test_bars_equal_pandas_and_the_wrangler(
    convert_all: Callable[..., dict[str, pa.Table]], wrangled_bars: Callable[..., pa.Table],
    case: Any, price_precision: int, size_precision: int,
) -> None:  # fmt: skip
    """Gaps, single ticks, borders of days, any precision: the same tables, ticks aside."""
    price, bars, times, columns = case
    kind = "trade" if price == "LAST" else "quote"
    table = pa.table(
        {"ts": pa.array(BASE + np.array(times))}
        | {
            name: np.array(values)
            * 10.0 ** -(size_precision if "size" in name else price_precision)
            for name, values in columns.items()
        }
    )
    ours = convert_all(table, describe(kind, price_precision, size_precision, bars), batch_rows=7)
    prices, doubled = of_price(price, columns)
    index = pd.DatetimeIndex(BASE + np.array(times), tz="UTC")
    values = pd.Series(np.array(prices) * 10.0**-price_precision, index=index)
    sizes = pd.Series(doubled, index=index)
    assert set(ours) == {NAME, *(f"{NAME}-{bar}-EXTERNAL" for bar in bars)}
    for bar in bars:
        how = {"rule": RULES[bar.rsplit("-", 1)[0]], "label": "right", "closed": "left"}
        frame = values.resample(**how).ohlc().dropna()
        volume = sizes.resample(**how).sum()[frame.index]
        frame["volume"] = [half_up(total) * 10.0**-size_precision for total in volume]
        bar_type = f"{NAME}-{bar}-EXTERNAL"
        theirs = wrangled_bars(frame, bar_type, price_precision, size_precision)
        assert theirs.schema.equals(ours[bar_type].schema, check_metadata=True)
        assert theirs.equals(ours[bar_type])


@given(
    data=st.data(), price_precision=st.integers(0, 16), size_precision=st.integers(0, 16),
    steps=st.lists(st.sampled_from(list(STEPS)), min_size=1, max_size=3, unique=True),
    batch=st.integers(1, 9), shuffled=st.booleans(),
)  # fmt: skip
@PROFILE
def test_bars_of_any_values_are_exact(
    convert_all: Callable[..., dict[str, pa.Table]], data: Any, price_precision: int,
    size_precision: int, steps: list[str], batch: int, shuffled: bool,
) -> None:  # fmt: skip
    """Up to the catalog's limits, whatever the order of the rows and where batches end."""
    times = data.draw(TIMES)
    rows = len(times)

    def values(limit: int, precision: int, sign: bool) -> list[int]:
        most = limit // 10 ** (16 - precision)
        near = st.integers(-3 if sign else 0, 3).map(lambda n: n + (most // 2))
        small = st.integers(-20 if sign else 0, 20)
        wide = st.integers(-most if sign else 0, most)
        return data.draw(st.lists(small | near | wide, min_size=rows, max_size=rows))

    columns = {
        "bid_price": values(PRICE_RAW_MAX, price_precision, True),
        "ask_price": values(PRICE_RAW_MAX, price_precision, True),
        "bid_size": values(SIZE_RAW_MAX, size_precision, False),
        "ask_size": values(SIZE_RAW_MAX, size_precision, False),
    }
    table = pa.table({"ts": pa.array(BASE + np.array(times))})
    for name, whole in columns.items():
        precision = size_precision if "size" in name else price_precision
        with localcontext(prec=60):
            exact = [Decimal(value).scaleb(-precision) for value in whole]
        table = table.append_column(name, pa.array(exact, pa.decimal128(38, precision)))
    if shuffled:  # equal times keep their order, so groups of them move as one
        table = table.take(pa.array(np.argsort(-np.array(times), kind="stable")))
    bars = [f"{step}-{price}" for step in steps for price in ("BID", "ASK", "MID")]
    warnings: list[str] = []
    description = describe("quote", price_precision, size_precision, bars)
    ours = convert_all(table, description, batch_rows=batch, warnings=warnings)
    left_out = 0
    for bar in bars:
        expected, lost = bars_by_hand(bar, times, columns, price_precision, size_precision)
        left_out += bool(lost)
        found = ours.get(f"{NAME}-{bar}-EXTERNAL")
        rows_found = [] if found is None else found.to_pylist()
        assert [
            (*(int.from_bytes(row[name], "little", signed=True)
               for name in ("open", "high", "low", "close", "volume")), row["ts_event"])
            for row in rows_found
        ] == expected  # fmt: skip
        assert [row["ts_event"] for row in rows_found] == [row["ts_init"] for row in rows_found]
    assert left_out == len(warnings)


def bars_by_hand(
    bar: str, times: list[int], columns: dict[str, list[int]], price_precision: int, size: int
) -> tuple[list[tuple[int, ...]], int]:
    """Raw values and close of each bar that the catalog can hold, and how many it cannot."""
    text, price = bar.rsplit("-", 1)
    step = STEPS[text]
    prices, doubled = of_price(price, columns)
    found, lost = [], 0
    ticks = zip(times, prices, doubled, strict=True)
    for place, group in groupby(ticks, key=lambda tick: (BASE + tick[0]) // step):
        part = list(group)
        values = [value * 10 ** (16 - price_precision) for _, value, _ in part]
        volume = half_up(sum(amount for _, _, amount in part)) * 10 ** (16 - size)
        if volume > SIZE_RAW_MAX:
            lost += 1
        else:
            found.append(
                (values[0], max(values), min(values), values[-1], volume, (place + 1) * step)
            )
    return found, lost


@pytest.mark.parametrize("batch", [1_000, 65_536])
def test_many_ticks_cross_batches(
    convert_all: Callable[..., dict[str, pa.Table]], wrangled_bars: Callable[..., pa.Table],
    batch: int,
) -> None:  # fmt: skip
    """Prices that pass from one upper word of their 16 bytes to the next, and gaps between bars."""
    random = np.random.default_rng(3)
    times = np.sort(random.integers(0, 24 * HOURS, 150_000))
    times = BASE + times[times // (HOURS // 60) % 7 != 3]  # minutes without ticks
    rows = len(times)
    ticks = 184_467 + np.cumsum(random.integers(-4, 5, rows))  # 2**64 is 1844.67 in raw units
    sizes = random.integers(1, 1000, rows)
    table = pa.table({"ts": times, "price": ticks / 100, "size": sizes / 1000})
    bar_type = f"{NAME}-1-MINUTE-LAST-EXTERNAL"
    ours = convert_all(table, describe("trade", 2, 3, ["1-MINUTE"]), batch_rows=batch)[bar_type]
    assert ticks.min() < 184_467 < ticks.max()
    index = pd.DatetimeIndex(times, tz="UTC")
    how = {"rule": "1min", "label": "right", "closed": "left"}
    frame = pd.Series(ticks / 100, index=index).resample(**how).ohlc().dropna()
    frame["volume"] = pd.Series(sizes / 1000, index=index).resample(**how).sum()[frame.index]
    assert wrangled_bars(frame, bar_type, 2, 3).equals(ours)
