"""Bars that a dataset asks for: in the catalog, in manifests and in reports."""

import contextlib
import re

import pyarrow.parquet as pq
import pytest

from backend import datasets
from backend.catalog_manager import CatalogManager
from backend.conversion import bar_types
from backend.errors import Invalid
from nautilus_instrumentation import metrics

UNITS = ("SECOND", "MINUTE", "HOUR", "DAY")
MINUTE = 60 * 10**9
QUOTE_BARS = 'bars = ["1-MINUTE-BID", "5-MINUTE-MID"]'
BID, MID = "EUR/USD.SIM-1-MINUTE-BID-EXTERNAL", "EUR/USD.SIM-5-MINUTE-MID-EXTERNAL"


@pytest.fixture
def barred(world):
    """Quotes with bars, one an hour's quarter, two in the last."""
    ask_for(world, QUOTE_BARS)
    world.quotes([0, 15 * MINUTE, 30 * MINUTE, 45 * MINUTE, 45 * MINUTE + 1])
    return world


def ask_for(world, line):
    """Put a line into the description of the quotes."""
    head, kind, rest = world.datasets.read_text().partition('kind = "quote"\n')
    world.describe(head + kind + line + "\n" + rest)


def bar_files(world):
    paths = world.catalog.glob("data/bar/*/*")
    return sorted(path.relative_to(world.catalog / "data" / "bar").as_posix() for path in paths)


def contents(world):
    folder = world.catalog / "data" / "bar"
    return {path: (folder / path).read_bytes() for path in bar_files(world)}


def test_bars_lie_where_the_catalog_looks(barred):
    """A folder per bar type, without the slash; names by first and last close."""
    report = barred.one()
    assert bar_files(barred) == [
        "EURUSD.SIM-1-MINUTE-BID-EXTERNAL/"
        "2024-01-02T00-01-00-000000000Z_2024-01-02T00-46-00-000000000Z.parquet",
        "EURUSD.SIM-5-MINUTE-MID-EXTERNAL/"
        "2024-01-02T00-05-00-000000000Z_2024-01-02T00-50-00-000000000Z.parquet",
    ]
    assert report.bars == {BID: 4, MID: 4}
    assert (report.rows_written, report.instrument_ids) == (5, ["EUR/USD.SIM"])


def test_nautilus_reads_them(barred):
    """A query for bars gives them, and one for ticks or instruments is as without them."""
    from nautilus_trader.persistence.catalog import ParquetDataCatalog

    barred.convert()
    catalog = ParquetDataCatalog(str(barred.catalog))
    bars = catalog.bars(bar_types=[BID])
    assert [str(bar) for bar in bars[:1] + bars[3:]] == [
        f"{BID},1.00000,1.00000,1.00000,1.00000,1000000,1704153660000000000",
        f"{BID},1.00300,1.00400,1.00300,1.00400,2000000,1704156360000000000",
    ]
    assert len(catalog.quote_ticks(instrument_ids=["EUR/USD.SIM"])) == 5
    assert [str(item.id) for item in catalog.instruments()] == ["EUR/USD.SIM"]


def test_listings_of_ticks_are_as_before(barred):
    """Instruments and what is held of their ticks do not change with bars beside them."""
    barred.convert()
    manager = CatalogManager(barred.settings)
    (listed,) = manager.instruments()
    assert listed.ticks["quote"].rows == 5
    assert manager.ticks("EUR/USD.SIM", "quote", 0, 2**62).num_rows == 5
    (day,) = barred.converter().days()
    assert [(file.state, file.instrument_ids) for file in day.files] == [
        ("converted", ["EUR/USD.SIM"])
    ]
    assert barred.converter().missing("EUR/USD.SIM", "quote", 0, 2**62) == []


def test_a_repeat_tells_of_the_bars_too(barred):
    """The manifest remembers them."""
    barred.convert()
    again = barred.one()
    assert (again.outcome, again.bars) == ("cached", {BID: 4, MID: 4})


def test_other_bars_replace_the_old_ones(barred):
    """When the description asks for others, the file converts again; nothing old stays."""
    barred.convert()
    text = barred.datasets.read_text()
    barred.describe(text.replace(QUOTE_BARS, 'bars = ["1-HOUR-ASK"]'))
    (day,) = barred.converter().days()
    assert [file.state for file in day.files] == ["stale"]
    assert barred.one().bars == {"EUR/USD.SIM-1-HOUR-ASK-EXTERNAL": 1}
    assert {path.split("/")[0] for path in bar_files(barred)} == {"EURUSD.SIM-1-HOUR-ASK-EXTERNAL"}
    barred.describe(text.replace(QUOTE_BARS, ""))
    assert barred.one().bars == {}
    assert not (barred.catalog / "data" / "bar" / "EURUSD.SIM-1-HOUR-ASK-EXTERNAL").exists()


def test_a_deleted_file_of_bars_is_noticed(barred):
    """Bars are outputs like the ticks."""
    barred.convert()
    before = bar_files(barred)
    (barred.catalog / "data" / "bar" / before[0]).unlink()
    assert barred.one().outcome == "first"
    assert bar_files(barred) == before


def test_who_asks_for_no_bars_has_nothing_to_convert_again(world):
    """An empty list means what its absence means; the order of the words means nothing."""

    def digest(line):
        kept = world.datasets.read_text()
        ask_for(world, line)
        found = datasets.load(world.datasets).find("quotes.parquet").digest
        world.describe(kept)
        return found

    assert digest("") == digest("bars = []")
    assert digest('bars = ["1-HOUR-BID", "1-DAY-ASK"]') == digest(
        'bars = ["1-DAY-ASK", "1-HOUR-BID"]'
    )
    assert digest("") != digest('bars = ["1-HOUR-BID"]')


def test_rows_out_of_order_make_the_same_bars(barred):
    """Bars are made of sorted ticks."""
    barred.convert()
    first = {
        path: (barred.catalog / "data" / "bar" / path).read_bytes() for path in bar_files(barred)
    }
    path = barred.raw / "by_date" / "day-2024-01-02" / "quotes.parquet"

    pq.write_table(pq.read_table(path).take([4, 2, 0, 3, 1]), path)
    barred.one()
    assert first == contents(barred)


def test_steps_that_do_not_divide_each_other(world):
    """Bars of four and of six seconds are made of the same ticks, not of each other."""
    ask_for(world, 'bars = ["4-SECOND-BID", "6-SECOND-BID"]')
    world.quotes([5 * 10**9, 7 * 10**9])
    assert world.one().bars == {
        "EUR/USD.SIM-4-SECOND-BID-EXTERNAL": 1, "EUR/USD.SIM-6-SECOND-BID-EXTERNAL": 2,
    }  # fmt: skip


def test_bars_are_counted_as_bars(barred, observed):
    """Rows of kind `bar`, apart from those of the ticks."""
    barred.session = observed.session
    barred.convert()
    barred.convert()
    assert observed.count(metrics.CONVERSION_ROWS, "bar", "written") == 8
    assert observed.count(metrics.CONVERSION_ROWS, "quote", "written") == 5


def test_instruments_of_one_file_have_bars_each(world):
    """All symbols of a dataset get the bars that it asks for."""
    world.describe("""
        [[dataset]]
        match = "*"
        kind = "trade"
        symbol_column = "symbol"
        columns = { ts_event = "ts", price = "price", size = "size" }
        bars = ["1-DAY"]
        instrument = "currency_pair"
        quote_currency = "USDT"
        price_precision = 1
        size_precision = 1
        [dataset.symbols.B]
        instrument_id = "BTCUSDT.SIM"
        [dataset.symbols.E]
        instrument_id = "ETHUSDT.SIM"
    """)
    world.trades(3, symbol=["B", "E", "B"])
    assert world.one().bars == {
        "BTCUSDT.SIM-1-DAY-LAST-EXTERNAL": 1, "ETHUSDT.SIM-1-DAY-LAST-EXTERNAL": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "text", "says"),
    [
        ("quote", "1-MINUTE", "1-MINUTE-BID or 1-MINUTE-ASK or 1-MINUTE-MID"),
        ("quote", "1-MINUTE-LAST", "1-MINUTE-BID or"),
        ("trade", "1-MINUTE-BID", "bars of trades are 1-MINUTE-LAST"),
        ("trade", "7-MINUTE", "a step of MINUTE is one of 1, 2, 3, 4, 5, 6, 10"),
        ("trade", "60-MINUTE", "a step of MINUTE is one of"),
        ("trade", "100-TICK", "use one of MILLISECOND, SECOND"),
        ("trade", "minute", "write it like 1-MINUTE-LAST"),
        ("trade", "0-MINUTE", "a step of MINUTE"),
    ],
)
def test_a_wrong_specification_is_told(kind, text, says):
    """The message names what could stand there."""
    with pytest.raises(ValueError, match=re.escape(repr(text))) as caught:
        bar_types.parse(text, kind)
    assert says in str(caught.value)


@pytest.mark.parametrize("line", ['bars = ["1-MINUTE"]', 'bars = ["1-DAY-BID", "1-DAY-BID"]'])
def test_a_wrong_description_names_the_key(world, line):
    """The datasets file is refused as a whole."""
    ask_for(world, line)
    world.quotes([0])
    with pytest.raises(Invalid) as caught:
        world.convert()
    assert caught.value.field == "dataset[0].bars"


def test_the_steps_are_those_of_nautilus():
    """All that it takes for bars of a fixed time, up to a day, and nothing else."""
    from nautilus_trader.model.data import BarSpecification

    def takes(parse):
        found = []
        for unit, most in (("MILLISECOND", 1000), *((u, 90) for u in UNITS)):
            for step in range(1, most + 1):  # 0 aborts NautilusTrader
                with contextlib.suppress(ValueError):
                    parse(f"{step}-{unit}-BID")
                    found.append(f"{step}-{unit}")
        return found

    ours = takes(lambda text: bar_types.parse(text, "quote"))
    assert ours == takes(BarSpecification.from_str)
    assert len(ours) == 45
