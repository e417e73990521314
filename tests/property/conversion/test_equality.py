"""Every field but `ts_init` equals what NautilusTrader's wranglers and `write_data` give.

Arrow tables are compared, never ticks: `==` between unequal quotes ends the process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.conversion import pipeline
from backend.conversion.rejects import Rejects
from backend.conversion.sorting import Sorter

BASE = pd.Timestamp("2024-01-02", tz="UTC").value
PROFILE = settings(max_examples=40, deadline=None)
PRECISIONS = st.integers(0, 16)


def quotes(price_precision: int, size_precision: int, **more: Any) -> dict[str, Any]:
    return {
        "kind": "quote", "instrument_id": "EUR/USD.SIM", "instrument": "currency_pair",
        "quote_currency": "USD", "price_precision": price_precision,
        "size_precision": size_precision, "columns": {
            "ts_event": "ts", "bid_price": "bid_price", "ask_price": "ask_price",
            "bid_size": "bid_size", "ask_size": "ask_size",
        },
        "time": {"unit": "ns"}, **more,
    }  # fmt: skip


def trades(price_precision: int, size_precision: int, **more: Any) -> dict[str, Any]:
    return quotes(price_precision, size_precision) | {
        "kind": "trade",
        "columns": {
            "ts_event": "ts", "price": "price", "size": "quantity", "trade_id": "trade_id",
        },
        "aggressor": {"column": "buyer_maker", "BUYER": [False], "SELLER": [True]},
        **more,
    }  # fmt: skip


def bumped(times: list[int]) -> list[int]:
    """What `ts_init` becomes: the times, moved on so that all differ."""
    out: list[int] = []
    for time in times:
        out.append(max(time, out[-1] + 1 if out else time))
    return out


def assert_same(ours: pa.Table, theirs: pa.Table) -> None:
    """Equal schema, metadata and columns, but for the bumps of `ts_init`."""
    assert theirs.schema.equals(ours.schema, check_metadata=True)
    assert theirs.drop_columns(["ts_init"]).equals(ours.drop_columns(["ts_init"]))
    assert bumped(theirs["ts_init"].to_pylist()) == ours["ts_init"].to_pylist()


def limits(precision: int, top: float) -> st.SearchStrategy[float]:
    """Any sign of values, on the grid, between its points, and at the edges."""
    step = 10.0**-precision
    bound = top if precision < 16 else 1e6
    grid = st.integers(-(10**9), 10**9).map(lambda n: n * step)
    ties = st.integers(-(10**6), 10**6).map(lambda n: (n + 0.5) * step)
    anything = st.floats(-bound, bound, allow_nan=False)
    return grid | ties | anything | st.sampled_from([0.0, -0.0, 1.005, -2.675, bound - 1])


@st.composite
def frames(draw: st.DrawFn, kind: str) -> tuple[int, int, pd.DataFrame]:
    price_precision, size_precision = draw(PRECISIONS), draw(PRECISIONS)
    rows = draw(st.integers(1, 30))
    prices = limits(price_precision, 1.7e13)
    step = 10.0**-size_precision
    smallest = 0.0 if kind == "quote" else step
    sizes = limits(size_precision, 3.4e13).map(lambda v: max(abs(v), smallest))
    column = st.lists(prices, min_size=rows, max_size=rows)
    amounts = st.lists(sizes, min_size=rows, max_size=rows)
    times = draw(st.lists(st.integers(0, 20), min_size=rows, max_size=rows))
    index = pd.DatetimeIndex(BASE + np.array(times), tz="UTC")
    if kind == "quote":
        data = {
            "bid_price": draw(column), "ask_price": draw(column),
            "bid_size": draw(amounts), "ask_size": draw(amounts),
        }  # fmt: skip
    else:
        data = {
            "price": draw(column), "quantity": draw(amounts),
            "buyer_maker": draw(st.lists(st.booleans(), min_size=rows, max_size=rows)),
            "trade_id": [f"T{n}" for n in range(rows)],
        }  # fmt: skip
    return price_precision, size_precision, pd.DataFrame(data, index=index)


def raw(frame: pd.DataFrame) -> pa.Table:
    table = pa.Table.from_pandas(frame.reset_index(drop=True), preserve_index=False)
    return table.append_column("ts", pa.array(frame.index.asi8))


@given(frames("quote"))
@PROFILE
def test_quotes_equal_the_wranglers(
    convert_table: Callable[..., pa.Table], wrangled: Callable[..., pa.Table], case: Any
) -> None:
    """Quotes of any precision, sign, order and tie become the wrangler's."""
    price_precision, size_precision, frame = case
    ours = convert_table(raw(frame), quotes(price_precision, size_precision))
    ordered = frame.sort_index(kind="stable")
    assert_same(ours, wrangled(ordered, "quote", price_precision, size_precision))


@given(frames("trade"))
@PROFILE
def test_trades_equal_the_wranglers(
    convert_table: Callable[..., pa.Table], wrangled: Callable[..., pa.Table], case: Any
) -> None:
    """Trades of any precision, side, order and tie become the wrangler's."""
    price_precision, size_precision, frame = case
    ours = convert_table(raw(frame), trades(price_precision, size_precision))
    ordered = frame.sort_index(kind="stable")
    assert_same(ours, wrangled(ordered, "trade", price_precision, size_precision))


@pytest.mark.parametrize("kind", ["quote", "trade"])
@given(st.data())
@PROFILE
def test_rows_with_nulls_are_left_out(
    convert_table: Callable[..., pa.Table], wrangled: Callable[..., pa.Table], kind: str, data: Any
) -> None:
    """Rows that lack something are rejected by number; the others come out as if alone."""
    price_precision, size_precision, frame = data.draw(frames(kind))
    fields = ["bid_price", "ask_size"] if kind == "quote" else ["price", "quantity", "trade_id"]
    lacking = st.sets(st.integers(0, len(frame) - 1))
    missing = {name: data.draw(lacking, name) for name in fields}
    table = raw(frame)
    for name, rows in missing.items():
        place = table.schema.get_field_index(name)
        nulls = pa.array([row in rows for row in range(len(frame))])
        column = pc.if_else(nulls, None, table.column(name))
        table = table.set_column(place, name, column)
    describe = quotes if kind == "quote" else trades
    rejects = Rejects()
    ours = convert_table(table, describe(price_precision, size_precision), rejects=rejects)
    bad = set().union(*missing.values())
    assert {row.row for row in rejects.rows} == bad
    rest = frame.iloc[[row for row in range(len(frame)) if row not in bad]]
    if rest.empty:
        assert ours is None
    else:
        ordered = rest.sort_index(kind="stable")
        assert_same(ours, wrangled(ordered, kind, price_precision, size_precision))


def test_a_sort_of_many_runs_keeps_memory_bounded(
    convert_table: Callable[..., pa.Table], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The more runs, the fewer rows of each that a merge holds; the order is right all the same."""
    blocks = []
    monkeypatch.setattr(
        pipeline, "Sorter", lambda path, rows: blocks.append(rows) or Sorter(path, rows)
    )
    random = np.random.default_rng(5)
    times = BASE + random.permutation(4_000)
    columns = {name: np.ones(4_000) for name in ("bid_price", "ask_price", "bid_size", "ask_size")}
    table = pa.table({"ts": pa.array(times), **columns})
    ours = convert_table(table, quotes(0, 0), batch_rows=50, max_buffered_rows=100)
    assert blocks == [100 // 40]
    assert ours["ts_event"].to_pylist() == sorted(times.tolist())


@pytest.mark.parametrize("words", [pa.string(), pa.large_string()])
def test_sides_in_words_equal_the_wranglers(
    convert_table: Callable[..., pa.Table], wrangled: Callable[..., pa.Table], words: pa.DataType
) -> None:
    """Row groups with dictionaries of their own, that batches cross, and words that lack."""
    rows = 2_000
    random = np.random.default_rng(3)
    buys = random.random(rows) < np.linspace(0, 1, rows)  # the first groups know one word only
    missing = random.random(rows) < 0.1
    frame = pd.DataFrame(
        {"price": np.arange(rows) / 4, "quantity": 1.0, "buyer_maker": ~buys,
         "trade_id": np.arange(rows).astype(str)},
        index=pd.DatetimeIndex(BASE + np.arange(rows), tz="UTC"),
    )  # fmt: skip
    side = np.where(missing, None, np.where(buys, "buy", "sell"))
    table = raw(frame).append_column("side", pa.array(side, words))
    aggressor = {"column": "side", "BUYER": ["buy"], "SELLER": ["sell"]}
    rejects = Rejects()
    ours = convert_table(
        table, trades(2, 0, aggressor=aggressor), rejects=rejects, raw_group_rows=700,
        batch_rows=300,
    )  # fmt: skip
    assert [row.row for row in rejects.rows] == np.flatnonzero(missing).tolist()
    assert_same(ours, wrangled(frame[~missing], "trade", 2, 0))


@pytest.mark.parametrize("form", ["string", "decimal", "scaled"])
@given(
    precision=st.integers(0, 9),
    whole=st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=20),
)
@PROFILE
def test_exact_numbers_equal_the_wranglers(
    convert_table: Callable[..., pa.Table], wrangled: Callable[..., pa.Table],
    form: str, precision: int, whole: list[int],
) -> None:  # fmt: skip
    """Strings, decimals and scaled integers become what their floats become."""
    from decimal import Decimal

    exact = [Decimal(n).scaleb(-precision) for n in whole]
    columns = {
        "string": pa.array([format(d, "f") for d in exact]),
        "decimal": pa.array(exact, pa.decimal128(30, precision)),
        "scaled": pa.array(whole, pa.int64()),
    }
    times = BASE + np.arange(len(whole))
    scale = {"price_scale": precision} if form == "scaled" else {}
    prices = columns[form]
    sizes = pa.array([1.0] * len(whole))
    table = pa.table(
        {"ts": pa.array(times), "bid_price": prices, "ask_price": prices, "bid_size": sizes,
         "ask_size": sizes}
    )  # fmt: skip
    frame = pd.DataFrame(
        {"bid_price": [float(d) for d in exact], "ask_price": [float(d) for d in exact],
         "bid_size": 1.0, "ask_size": 1.0},
        index=pd.DatetimeIndex(times, tz="UTC"),
    )  # fmt: skip
    ours = convert_table(table, quotes(precision, 0, **scale))
    assert_same(ours, wrangled(frame, "quote", precision, 0))


@pytest.mark.parametrize("kind", ["quote", "trade"])
def test_many_batches_equal_the_wranglers(
    convert_table: Callable[..., pa.Table], wrangled: Callable[..., pa.Table], kind: str
) -> None:
    """Rows that cross batches, row groups and spilled runs come out as from the wrangler."""
    rows = 20_000
    random = np.random.default_rng(7)
    index = pd.DatetimeIndex(BASE + random.integers(0, 3_000, rows) * 1_000, tz="UTC")
    price = 60_000 + np.cumsum(random.normal(0, 0.5, rows))
    if kind == "quote":
        frame = pd.DataFrame(
            {"bid_price": price, "ask_price": price + 1, "bid_size": random.random(rows),
             "ask_size": random.random(rows)}, index=index,
        )  # fmt: skip
    else:
        frame = pd.DataFrame(
            {"price": price, "quantity": random.random(rows) + 0.01,
             "buyer_maker": random.random(rows) < 0.5, "trade_id": np.arange(rows).astype(str)},
            index=index,
        )  # fmt: skip
    describe = quotes if kind == "quote" else trades
    ours = convert_table(raw(frame), describe(2, 5), batch_rows=997, max_buffered_rows=3_000)
    assert_same(ours, wrangled(frame.sort_index(kind="stable"), kind, 2, 5))
