"""Real ticks through the converter, and back out of the real catalog.

Queries run in a process of their own: what is wrong in a file ends the process that reads it.
"""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from backend.conversion.report import FileReport
from backend.data_converter import Converter
from backend.settings import Settings
from nautilus_instrumentation import current_session

ROOT = Path(__file__).resolve().parents[2]
RAW = ROOT.parent / "shared" / "data" / "raw_tick_data"
pytestmark = pytest.mark.skipif(not RAW.is_dir(), reason="the shared ticks are not here")

QUERY = textwrap.dedent("""
    import json, sys
    from nautilus_trader.model.data import QuoteTick, TradeTick
    from nautilus_trader.persistence.catalog import ParquetDataCatalog

    catalog = ParquetDataCatalog(sys.argv[1])
    found = {}
    for instrument in catalog.instruments():
        for kind, data in (("quote", QuoteTick), ("trade", TradeTick)):
            ticks = catalog.query(data, identifiers=[str(instrument.id)])
            if not ticks:
                continue
            inits = [tick.ts_init for tick in ticks]
            price = ticks[0].bid_price if kind == "quote" else ticks[0].price
            some = catalog.query(
                data, identifiers=[str(instrument.id)], start=inits[10], end=inits[-10]
            )
            found[f"{kind} {instrument.id}"] = {
                "rows": len(ticks),
                "increasing": all(a < b for a, b in zip(inits, inits[1:])),
                "first_event": ticks[0].ts_event,
                "precision": price.precision == instrument.price_precision,
                "first_price": str(price),
                "window": len(some),
                "sides": sorted({int(t.aggressor_side) for t in ticks}) if kind == "trade" else [],
            }
    print(json.dumps(found))
""")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        raw_tick_dir=RAW,
        datasets_file=ROOT / "tests" / "data" / "shared_datasets.toml",
        catalog_dir=tmp_path_factory.mktemp("catalog"),
    )


@pytest.fixture(scope="module")
def reports(settings: Settings) -> list[FileReport]:
    """Reports of all days, newest first: the order must not matter."""
    converter = Converter(settings, current_session())
    days = reversed([day.day for day in converter.days()])
    return [report for day in days for report in converter.convert_day(day).files]


@pytest.fixture(scope="module")
def queried(settings: Settings, reports: list[FileReport]) -> dict[str, Any]:
    command = [sys.executable, "-c", QUERY, str(settings.catalog_dir)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_every_real_file_is_described_and_converts(reports: list[FileReport]) -> None:
    """No row of the eleven files is rejected, and none is rounded."""
    assert [report.outcome for report in reports] == ["first"] * 11
    assert sum(report.rows_rejected for report in reports) == 0
    assert [report.path for report in reports if report.warnings] == []


def test_every_real_row_can_be_queried(reports: list[FileReport], queried: dict[str, Any]) -> None:
    """The catalog returns as many ticks as the raw files have rows."""
    raw = sum(pq.ParquetFile(path).metadata.num_rows for path in RAW.rglob("*.parquet"))
    assert raw == sum(found["rows"] for found in queried.values())
    assert raw == sum(report.rows_written for report in reports)


def test_queried_ticks_come_in_one_order(queried: dict[str, Any]) -> None:
    """`ts_init` increases strictly, also from file to file, and windows are whole."""
    assert [name for name, found in queried.items() if not found["increasing"]] == []
    assert [n for n, found in queried.items() if found["window"] != found["rows"] - 19] == []


def test_precisions_are_the_instruments(queried: dict[str, Any]) -> None:
    """Files and instruments agree."""
    assert [name for name, found in queried.items() if not found["precision"]] == []


@pytest.mark.parametrize(
    ("name", "first", "price"),
    [
        ("quote EUR/USD.FXCM", "2014-05-08T05:00:17.007", "1.39147"),
        ("quote EUR/USD.OANDA", "2014-05-08T00:00:08.715", "1.39101"),
        ("quote BTCUSDT.BINANCE", "2024-08-08T23:54:14.087891268", "61837.63"),
        ("trade BTCUSDT.BINANCE", "2024-08-08T23:54:15.342", "61837.63"),
        ("quote BTCUSDT-PERP.BINANCE", "2024-08-08T23:54:16.313", "61800.2"),
        ("trade BTCUSDT-PERP.BINANCE", "2024-08-08T23:54:16.322", "61800.3"),
    ],
)
def test_times_and_prices_are_those_of_the_source(
    queried: dict[str, Any], name: str, first: str, price: str
) -> None:
    """Zones, units and scales are read as SOURCES.md describes them."""
    expected = int(np.datetime64(first, "ns").astype(np.int64))
    assert (expected, price) == (queried[name]["first_event"], queried[name]["first_price"])


def test_the_ten_symbols_are_ten_instruments(queried: dict[str, Any]) -> None:
    """Each symbol's trades have both sides."""
    found = [name for name in queried if name.endswith(".PHEMEX")]
    assert len(found) == 10
    assert {(1, 2)} == {tuple(queried[name]["sides"]) for name in found}


def test_a_window_of_another_day_finds_the_file_that_reaches_into_it(settings: Settings) -> None:
    """FXCM's day ends at 05:00 UTC of the next: a query there needs the folder before."""
    fresh = settings.model_copy(update={"catalog_dir": settings.catalog_dir / "none"})
    start = int(dt.datetime(2014, 5, 9, 3, tzinfo=dt.UTC).timestamp()) * 10**9
    missing = Converter(fresh, current_session()).missing(
        "EUR/USD.FXCM", "quote", start, start + 3_600 * 10**9
    )
    assert [dt.date(2014, 5, 8)] == [file.day for file in missing]


def test_a_year_in_one_file_of_seconds(tmp_path: Path) -> None:
    """Bitstamp's 8.5 months lack ids and sides, and hold one trade smaller than 1e-8."""
    source = RAW.parent / "awkward" / "bitstamp_BTCUSD_2011-09-13_2012-05-31_trades.parquet"
    day = tmp_path / "raw" / "by_date" / "day-2011-09-13"
    day.mkdir(parents=True)
    (day / "bitstamp.parquet").symlink_to(source)
    datasets = tmp_path / "datasets.toml"
    datasets.write_text("""
[[dataset]]
match = "bitstamp*"
kind = "trade"
instrument_id = "BTC/USD.BITSTAMP"
instrument = "currency_pair"
quote_currency = "USD"
price_precision = 2
size_precision = 8
columns = { ts_event = "unixtime", price = "price", size = "amount" }
time = { unit = "s" }
""")
    settings = Settings(
        raw_tick_dir=tmp_path / "raw", datasets_file=datasets, catalog_dir=tmp_path / "catalog"
    )
    (report,) = Converter(settings, current_session()).convert_day(dt.date(2011, 9, 13)).files
    assert (report.outcome, report.rows_written) == ("first", 9_998)
    assert report.reasons == {"size: zero, or rounds to zero": 1}
