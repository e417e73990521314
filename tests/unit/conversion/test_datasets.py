"""The datasets file: what it may say, and how it is corrected."""

import pytest

from backend import datasets, presets
from backend.conversion.text import side_key
from backend.errors import Invalid

INSTRUMENT = {
    "instrument_id": "EUR/USD.SIM", "instrument": "currency_pair", "quote_currency": "USD",
    "price_precision": 5, "size_precision": 0,
}  # fmt: skip
QUOTES = {
    "match": "*", "kind": "quote", **INSTRUMENT,
    "columns": {"ts_event": "t", "bid_price": "b", "ask_price": "a"},
    "defaults": {"bid_size": "1", "ask_size": 2},
}  # fmt: skip
TRADES = {
    "match": "*", "kind": "trade", **INSTRUMENT,
    "columns": {"ts_event": "t", "price": "p", "size": "q"},
}  # fmt: skip


def parse(*changes, base=QUOTES):
    table = dict(base)
    for change in changes:
        table.update(change)
    return datasets.parse(table, "dataset[3]")


def refused(*changes, base=QUOTES):
    with pytest.raises(Invalid) as caught:
        parse(*changes, base=base)
    return caught.value


def test_a_dataset_is_read():
    """Columns, defaults and precisions arrive where conversions look for them."""
    found = parse({"time": {"unit": "ms", "origin": "day", "utc_offset": "-05:00"}})
    assert (found.kind, found.instrument_ids) == ("quote", ["EUR/USD.SIM"])
    assert found.columns == {"ts_event": ("t",), "bid_price": ("b",), "ask_price": ("a",)}
    assert found.defaults == {"bid_size": "1", "ask_size": "2"}
    assert (
        found.time.unit, found.time.from_midnight, found.time.offset_ns,
    ) == ("ms", True, -5 * 3_600 * 10**9)  # fmt: skip
    assert [spec.precision for spec in found.series[0].numbers] == [5, 5, 0, 0]


@pytest.mark.parametrize(
    ("change", "key", "words"),
    [
        ({"kind": "bar"}, "dataset[3].kind", "'quote' or 'trade'"),
        ({"match": ""}, "dataset[3].match", "at least 1"),
        ({"prize": 1}, "dataset[3].prize", "not a known key"),
        ({"price_precision": 17}, "dataset[3].price_precision", "less than or equal to 16"),
        ({"price_precision": "5"}, "dataset[3].price_precision", "integer"),
        ({"price_scale": -1}, "dataset[3].price_scale", "greater than or equal to 0"),
        ({"instrument": "option"}, "dataset[3].instrument", "currency_pair"),
        ({"instrument_id": "../x.SIM"}, "dataset[3].instrument_id", "pattern"),
        ({"quote_currency": "usd"}, "dataset[3].quote_currency", "pattern"),
        ({"time": {"unit": "minutes"}}, "dataset[3].time.unit", "'ms'"),
        ({"time": {"origin": "noon"}}, "dataset[3].time.origin", "'epoch' or 'day'"),
        ({"time": {"utc_offset": "5h"}}, "dataset[3].time.utc_offset", "-05:00"),
        ({"time": {"utc_offset": "+15:00"}}, "dataset[3].time.utc_offset", "-05:00"),
        ({"time": {"timezone": "Mars/Base"}}, "dataset[3].time.timezone", "Mars/Base"),
        (
            {"time": {"utc_offset": "+01:00", "timezone": "Europe/Berlin"}},
            "dataset[3].time", "not both",
        ),
        ({"time": {"unit": "auto", "origin": "day"}}, "dataset[3].time", "epoch"),
        ({"columns": {"ts_event": 5}}, "dataset[3].columns.ts_event", "string"),
        ({"columns": {"ts_event": "t", "bid": "b"}}, "dataset[3].columns.bid", "no such field"),
        ({"columns": {"bid_price": "b"}}, "dataset[3].columns.ask_price", "missing"),
        ({"defaults": {"bid_size": "x", "ask_size": 1}}, "dataset[3].defaults.bid_size", "finite"),
        ({"defaults": {"bid_size": -1, "ask_size": 1}}, "dataset[3].defaults.bid_size", "negative"),
        ({"defaults": {"ts_event": 1}}, "dataset[3].defaults.ts_event", "constant"),
        ({"aggressor": {"column": "s", "BUYER": ["b"]}}, "dataset[3].aggressor", "only trades"),
        ({"preset": "kraken.trades"}, "dataset[3].preset", "kraken.trades"),
        ({"symbol_column": "s"}, "dataset[3].symbol_column", "go together"),
        ({"symbols": {"A": {}}}, "dataset[3].symbols", "go together"),
        ({"symbol_column": "s", "symbols": {}}, "dataset[3].symbols", "table per symbol"),
        (
            {"symbol_column": "s", "symbols": {"A": {"price_precision": 99}}},
            "dataset[3].symbols.A.price_precision", "16",
        ),
        ({"max_rejected": 2}, "dataset[3].max_rejected", "less than or equal to 1"),
        ({"multiplier": 0}, "dataset[3].multiplier", "positive"),
        (
            {"instrument_id": "BTC-PERP.SIM"}, "dataset[3]", "base_currency is missing",
        ),
        ({"instrument": "equity", "size_precision": 2}, "dataset[3]", "size_precision"),
        ({"instrument": "futures_contract"}, "dataset[3]", "expiration"),
    ],
)  # fmt: skip
def test_a_mistake_names_table_and_key(change, key, words):
    """Whoever wrote the file finds the line."""
    error = refused(change)
    assert key == error.field
    assert words in str(error)


def test_a_missing_key_is_named():
    """The instrument's keys are required too."""
    table = {key: value for key, value in QUOTES.items() if key != "quote_currency"}
    with pytest.raises(Invalid, match=r"dataset\[0\].quote_currency: is missing"):
        datasets.parse(table, "dataset[0]")


@pytest.mark.parametrize(
    ("aggressor", "words"),
    [
        ({"column": "s"}, "list the raw values"),
        ({"BUYER": ["b"]}, "column: is missing"),
        ({"column": "s", "BUYER": ["b"], "SELLER": ["b"]}, "'b' is listed twice"),
    ],
)
def test_sides_must_be_clear(aggressor, words):
    """Each raw value means one side."""
    assert words in str(refused({"aggressor": aggressor}, base=TRADES))


def test_booleans_and_integers_are_different_sides():
    """True is not 1 in a datasets file."""
    found = parse(
        {"aggressor": {"column": "m", "BUYER": [False, 1], "SELLER": [True, 0]}}, base=TRADES
    )
    assert [found.sides[side_key(value)] for value in (False, True, 1, 0)] == [1, 2, 1, 2]


def test_zero_cannot_be_the_size_of_every_trade():
    """A default obeys the rules for rows."""
    columns = {"ts_event": "t", "price": "p"}
    error = refused({"columns": columns, "defaults": {"size": 0}}, base=TRADES)
    assert "zero" in str(error)


@pytest.mark.parametrize("name", sorted(presets.PRESETS))
def test_a_preset_needs_only_an_instrument(name):
    """The built-in formats are whole."""
    found = datasets.parse({"match": "*", "preset": name, **INSTRUMENT}, "dataset[0]")
    assert found.kind == name.split(".")[1].removesuffix("s")


def test_a_dataset_overrides_its_preset_key_by_key():
    """What is not overridden stays as the preset has it."""
    found = datasets.parse(
        {"match": "*", "preset": "binance.quotes", **INSTRUMENT,
         "columns": {"ts_event": "local_ts"}, "time": {"unit": "ns"}},
        "dataset[0]",
    )  # fmt: skip
    assert found.columns["ts_event"] == ("local_ts",)
    assert found.columns["bid_price"] == ("b", "best_bid_price")
    assert found.time.unit == "ns"


def test_symbols_override_what_stands_above_them():
    """A symbol's table is laid over the dataset's instrument keys."""
    found = parse(
        {"symbol_column": "s", "price_scale": 4,
         "symbols": {"A": {"instrument_id": "AAAUSD.X"},
                     "B": {"instrument_id": "BBBUSD.X", "price_scale": 8, "price_precision": 7}}},
    )  # fmt: skip
    prices = [series.numbers[0] for series in found.series]
    assert [(spec.precision, spec.scale) for spec in prices] == [(5, 4), (7, 8)]
    assert [series.symbol for series in found.series] == ["A", "B"]


def test_the_first_match_wins(tmp_path):
    """Globs are tried in the order of the file."""
    path = tmp_path / "datasets.toml"
    table = (
        '[[dataset]]\nmatch = "{}"\nkind = "quote"\ninstrument_id = "{}USD.SIM"\n'
        'instrument = "currency_pair"\nquote_currency = "USD"\nprice_precision = 5\n'
        'size_precision = 0\ncolumns = {{ ts_event = "t", bid_price = "b", ask_price = "a" }}\n'
        "defaults = {{ bid_size = 1, ask_size = 1 }}\n"
    )
    path.write_text(table.format("a*.parquet", "AAA") + table.format("*.parquet", "BBB"))
    known = datasets.load(path)
    assert known.find("ab.parquet").instrument_ids == ["AAAUSD.SIM"]
    assert known.find("b.parquet").instrument_ids == ["BBBUSD.SIM"]
    assert known.find("c.csv") is None


@pytest.mark.parametrize(
    ("second", "words"),
    [
        ({"price_precision": 4}, "price_precision"),
        ({"instrument_id": "EURUSD.SIM"}, "described differently"),
    ],
)
def test_an_instrument_is_described_once(second, words):
    """Two tables cannot disagree, nor two instruments share a folder."""
    one = datasets.parse(QUOTES, "dataset[0]")
    two = datasets.parse({**QUOTES, **second}, "dataset[1]")
    with pytest.raises(Invalid, match=words):
        datasets.Datasets([one, two])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[dataset]\n", "line 1"),
        ("[dataset]\nmatch = '*'\n", "must be [[dataset]] tables"),
        ("[[datasets]]\n", "unknown key `datasets`"),
        ("dataset = [1]\n", "dataset[0]: must be a table"),
        ("\x00", "cannot be read"),
    ],
)
def test_a_file_that_is_no_datasets_file_says_why(tmp_path, text, words):
    """Errors of TOML and of shape name the place."""
    path = tmp_path / "datasets.toml"
    path.write_text(text)
    with pytest.raises(Invalid) as caught:
        datasets.load(path)
    assert words in str(caught.value)
