"""The raw day that the conversion benchmarks convert, and its description."""

from __future__ import annotations

from pathlib import Path
from typing import Any

DAY = "2024-01-02"
KINDS = ("quote", "trade")
DESCRIPTIONS = """
[[dataset]]
match = "quotes.parquet"
kind = "quote"
instrument_id = "EUR/USD.SIM"
instrument = "currency_pair"
quote_currency = "USD"
price_precision = 5
size_precision = 0
time = { unit = "ns" }
[dataset.columns]
ts_event = "ts"
bid_price = "bid_price"
ask_price = "ask_price"
bid_size = "bid_size"
ask_size = "ask_size"

[[dataset]]
match = "trades.parquet"
kind = "trade"
instrument_id = "EUR/USD.SIM"
instrument = "currency_pair"
quote_currency = "USD"
price_precision = 5
size_precision = 0
columns = { ts_event = "ts", price = "price", size = "size", trade_id = "trade_id" }
time = { unit = "ns" }
aggressor = { column = "side", BUYER = ["buy"], SELLER = ["sell"] }
"""


def raw_file(root: Path, kind: str) -> Path:
    """Where `generate` puts a kind's ticks."""
    return root / "raw" / "by_date" / f"day-{DAY}" / f"{kind}s.parquet"


def generate(root: Path, rows: int, shuffled: bool = False) -> dict[str, Any]:
    """A raw day: a price walk at irregular times, about one in ten shared; in order, or in none."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(1)
    raw_file(root, "quote").parent.mkdir(parents=True)
    start = int(np.datetime64(DAY, "ns").astype(np.int64))
    gaps = random.exponential(86_000e9 / rows, rows).astype(np.int64) // 10**6 * 10**6
    times = start + np.cumsum(gaps * (random.random(rows) > 0.1))
    price = np.round(1.1 + np.cumsum(random.normal(0, 1e-5, rows)), 5)
    spread = random.integers(1, 30, rows) * 1e-5
    sizes = random.integers(1, 50, (2, rows)) * 100_000.0
    quotes = {
        "ts": times, "bid_price": price, "ask_price": np.round(price + spread, 5),
        "bid_size": sizes[0], "ask_size": sizes[1],
    }  # fmt: skip
    trades = {
        "ts": times, "price": price, "size": sizes[0],
        "side": np.where(random.random(rows) < 0.5, "buy", "sell"),
        "trade_id": np.arange(10**9, 10**9 + rows),
    }  # fmt: skip
    for kind, columns in (("quote", quotes), ("trade", trades)):
        table = pa.table(columns)
        if shuffled:
            table = table.take(pa.array(random.permutation(rows)))
        pq.write_table(table, raw_file(root, kind), compression="zstd")
    (root / "datasets.toml").write_text(DESCRIPTIONS)
    return {"rows": rows}


def several(root: Path, files: int) -> list[str]:
    """A day of that many files, an instrument each, at `root / "day"`, made of the others."""
    day = root / "day"
    names, descriptions = [], []
    tables = dict(zip(KINDS, DESCRIPTIONS.split("[[dataset]]")[1:], strict=True))
    for place in range(files):
        kind = KINDS[place % len(KINDS)]
        name = f"{place}-{kind}s.parquet"
        target = raw_file(day, kind).with_name(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        target.hardlink_to(raw_file(root, kind))
        text = tables[kind].replace(f"{kind}s.parquet", name).replace("EUR/USD", f"A{place}/USD")
        descriptions.append("[[dataset]]" + text)
        names.append(name)
    (day / "datasets.toml").write_text("".join(descriptions))
    return names
