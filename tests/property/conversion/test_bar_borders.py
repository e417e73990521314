"""Bars of ticks that are cut into files, against those of the same ticks in one file."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.data_converter import Converter
from backend.settings import Settings
from nautilus_instrumentation import current_session

DAY = dt.date(2024, 1, 2)
MIDNIGHT = 1_704_153_600 * 10**9
MINUTE = 60 * 10**9
BARS = ["1-MINUTE-MID", "1-HOUR-MID", "1-HOUR-BID", "1-DAY-ASK"]
DATASETS = f"""
[[dataset]]
match = "*.parquet"
kind = "quote"
instrument_id = "EUR/USD.SIM"
instrument = "currency_pair"
quote_currency = "USD"
price_precision = 2
size_precision = 1
bars = {BARS}
time = {{ unit = "ns" }}
[dataset.columns]
ts_event = "ts"
bid_price = "bid"
ask_price = "ask"
bid_size = "b"
ask_size = "a"
"""


@st.composite
def cut_ticks(draw: st.DrawFn) -> tuple[dict[str, list[float]], list[int]]:
    """Columns of ticks in order, some at one time, and the places where files begin."""
    times = sorted(draw(st.lists(st.integers(0, 40).map(lambda n: 7 * n), min_size=2, max_size=25)))
    rows = len(times)
    prices = st.lists(st.integers(-500, 500), min_size=rows, max_size=rows)
    sizes = st.lists(st.integers(0, 99), min_size=rows, max_size=rows)
    columns: dict[str, list[Any]] = {"ts": [MIDNIGHT + minutes * MINUTE for minutes in times]}
    columns |= {name: [n / 100 for n in draw(prices)] for name in ("bid", "ask")}
    columns |= {name: [n / 10 for n in draw(sizes)] for name in ("b", "a")}
    cuts = draw(st.sets(st.integers(1, rows - 1), max_size=4))
    return columns, [0, *sorted(cuts), rows]


class World:
    """A raw day, a catalog, and the bars in it."""

    def __init__(self, folder: Path) -> None:
        self.catalog, self._raw = folder / "catalog", folder / "raw"
        self._day = self._raw / "by_date" / f"day-{DAY}"
        self._day.mkdir(parents=True)
        (self._raw / "datasets.toml").write_text(DATASETS)

    def write(self, name: str, columns: dict[str, list[float]], begin: int, end: int) -> None:
        table = pa.table({key: np.array(values[begin:end]) for key, values in columns.items()})
        pq.write_table(table, self._day / f"{name}.parquet")

    def convert(self, *names: str) -> None:
        settings = Settings(raw_tick_dir=self._raw, catalog_dir=self.catalog)
        files = [f"{name}.parquet" for name in names]
        report = Converter(settings, current_session()).convert_day(DAY, files)
        assert report.failed == []
        assert all(not file.warnings for file in report.files)

    def bars(self) -> dict[str, pa.Table]:
        folders = sorted((self.catalog / "data" / "bar").iterdir())
        return {
            folder.name: pa.concat_tables(map(pq.read_table, sorted(folder.iterdir())))
            for folder in folders
        }


@given(cut_ticks(), st.data())
@settings(max_examples=25, deadline=None)
def test_cuts_do_not_show(ticks: Any, data: st.DataObject) -> None:
    """Whatever the order in which files are converted, and whichever is converted once more."""
    columns, cuts = ticks
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as many:
        whole, parts = World(Path(one)), World(Path(many))
        whole.write("all", columns, 0, cuts[-1])
        whole.convert("all")
        names = [f"part{n}" for n in range(len(cuts) - 1)]
        for name, begin, end in zip(names, cuts, cuts[1:], strict=False):
            parts.write(name, columns, begin, end)
        # Which of files that meet at one time comes first is for the order of conversions to say.
        meets = any(columns["ts"][cut - 1] == columns["ts"][cut] for cut in cuts[1:-1])
        order = names if meets else data.draw(st.permutations(names))
        for name in order:
            parts.convert(name)
        assert parts.bars() == whole.bars()
        again = data.draw(st.integers(0, len(names) - 1))
        if not meets and len(names) > 1:
            # A file that loses its last ticks, and gets them back.
            begin, end = cuts[again], cuts[again + 1]
            parts.write(names[again], columns, begin, begin + 1)
            parts.convert(names[again])
            parts.write(names[again], columns, begin, end)
            parts.convert(names[again])
            assert parts.bars() == whole.bars()
