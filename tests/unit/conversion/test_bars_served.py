"""Bars of the catalog: what is held of them, as tables and streams, and through the API."""

from __future__ import annotations

import io

import pyarrow as pa
import pytest

from backend.catalog_manager import CatalogManager
from tests import api

MINUTE = 60 * 10**9
MIDNIGHT = 1_704_153_600 * 10**9
FX, BID = "EUR/USD.SIM", "EUR/USD.SIM-1-MINUTE-BID-EXTERNAL"
WINDOW = {"start": "2024-01-02T00:00:00Z", "end": "2024-01-02T01:00:00Z"}


def describe(world, *bars):
    """Ask for bars of the quotes."""
    text = world.datasets.read_text()
    world.describe(text.replace('kind = "quote"\n', f'kind = "quote"\nbars = {list(bars)}\n'))


@pytest.fixture
def barred(world):
    """Four quotes within 46 minutes, and bars of two types."""
    describe(world, "1-MINUTE-BID", "5-MINUTE-MID")
    world.quotes([0, 15 * MINUTE, 45 * MINUTE, 45 * MINUTE + 1])
    world.convert()
    return world


@pytest.fixture
def manager(barred):
    return CatalogManager(barred.settings, barred.session)


@pytest.fixture
def client(manager):
    with api.client_of(api.services(catalog=manager)) as client:
        yield client


def ask(client, **params):
    return client.get(
        "/catalog/ticks", params={"instrument_id": FX, "kind": "bar", **WINDOW, **params}
    )


def test_instruments_show_the_bars_that_are_held(client):
    """By step, unit and price: first and last close, rows, files, bytes."""
    (listed,) = client.get("/catalog/instruments").json()
    assert sorted(listed["bars"]) == ["1-MINUTE-BID", "5-MINUTE-MID"]
    held = listed["bars"]["1-MINUTE-BID"]
    assert (held["start"], held["end"]) == ("2024-01-02T00:01:00Z", "2024-01-02T00:46:00Z")
    assert (held["rows"], held["files"]) == (3, 1)
    assert held["bytes"] > 0
    assert listed["ticks"]["quote"]["rows"] == 4


def test_instruments_of_similar_names_keep_their_own_bars(barred, manager):
    """A folder belongs to the instrument whose name it has, whole."""
    folder = barred.catalog / "data" / "bar"
    (folder / "EURUSD.SIM-1-MINUTE-BID-EXTERNAL").rename(
        folder / "XEURUSD.SIM-1-MINUTE-BID-EXTERNAL"
    )
    (folder / "EURUSD.SIM-1-HOUR-BID-EXTERNAL").mkdir()
    (folder / "EURUSD.SIM-9-MINUTE-BID-INTERNAL").mkdir()
    assert manager.bar_types(FX) == ["5-MINUTE-MID"]


@pytest.mark.parametrize("name", ["1-MINUTE-BID", BID])
def test_bars_come_with_decoded_prices(client, name):
    """Named short or as NautilusTrader does; times are those of the close."""
    answer = ask(client, bar_type=name).json()
    assert (answer["kind"], answer["bar_type"], answer["more"]) == ("bar", BID, False)
    assert answer["ticks"][-1] == {
        "ts_event": MIDNIGHT + 46 * MINUTE, "ts_init": MIDNIGHT + 46 * MINUTE,
        "open": 1.002, "high": 1.003, "low": 1.002, "close": 1.003, "volume": 2_000_000.0,
    }  # fmt: skip
    assert len(answer["ticks"]) == 3


def test_bars_stream_as_arrow(client):
    """The same rows."""
    answer = ask(client, bar_type="1-MINUTE-BID", format="arrow")
    table = pa.ipc.open_stream(io.BytesIO(answer.content)).read_all()
    assert table.to_pylist() == ask(client, bar_type="1-MINUTE-BID").json()["ticks"]


def test_a_window_of_bars_is_of_their_closes(client):
    """Bounds included."""
    window = {"start": "2024-01-02T00:16:00Z", "end": "2024-01-02T00:46:00Z"}
    bars = ask(client, bar_type="1-MINUTE-BID", **window).json()["ticks"]
    assert [bar["ts_event"] - MIDNIGHT for bar in bars] == [16 * MINUTE, 46 * MINUTE]


@pytest.mark.parametrize(
    ("params", "field", "words"),
    [
        ({}, "bar_type", ("several", "1-MINUTE-BID, 5-MINUTE-MID")),
        ({"bar_type": "1-HOUR-BID"}, "bar_type", ("no 1-HOUR-BID", "1-MINUTE-BID, 5-MINUTE-MID")),
        ({"bar_type": "hourly"}, "bar_type", ("1-MINUTE-MID",)),
        ({"bar_type": "A.B-1-MINUTE-BID-EXTERNAL"}, "bar_type", (FX,)),
        ({"bar_type": "1-MINUTE-BID", "kind": "quote"}, "bar_type", ("quotes have none",)),
        (
            {"bar_type": "1-MINUTE-BID", "end": "2024-01-02T00:00:00Z"},
            "start",
            ("no bars of EUR/USD.SIM-1-MINUTE-BID-EXTERNAL", "bars are held from"),
        ),
    ],
)
def test_what_cannot_be_answered_names_the_field(client, params, field, words):
    """And what there is."""
    response = ask(client, **params)
    assert response.status_code == 422
    problem = response.json()
    assert problem["field"] == field
    for word in words:
        assert word in f"{problem['detail']} {problem.get('hint')}"


def test_the_only_bars_need_not_be_named(world, client):
    """As soon as there are no others."""
    describe_again = world.datasets.read_text().replace("'5-MINUTE-MID'", "")
    world.describe(describe_again)
    world.convert()
    assert ask(client).json()["bar_type"] == BID


def test_an_instrument_without_bars_says_how_to_have_them(world, client):
    """The error is about the kind, and quotes the line that is missing."""
    text = world.datasets.read_text()
    world.describe(text.replace("bars = ['1-MINUTE-BID', '5-MINUTE-MID']\n", ""))
    world.convert()
    problem = ask(client).json()
    assert problem["field"] == "kind"
    assert 'bars = ["1-MINUTE-MID"]' in problem["hint"]


def test_a_query_opens_only_files_and_row_groups_of_its_window(barred, manager):
    """Engines get NautilusTrader's bars; other days' files are not looked into."""
    barred.quotes([24 * 60 * MINUTE], "later_quotes.parquet")
    barred.convert()
    window = MIDNIGHT, MIDNIGHT + 60 * MINUTE
    (file,) = manager.files(BID, "bar", *window)
    for path in file.path.parent.iterdir():
        if path != file.path:
            path.write_bytes(b"no Parquet at all")
    bars = manager.query(BID, "bar", *window)
    assert [(str(bar.bar_type), bar.close.as_double()) for bar in bars] == [
        (BID, 1.0), (BID, 1.001), (BID, 1.003),
    ]  # fmt: skip


def test_raw_files_say_which_bars_they_make(barred):
    """Before and after their conversion."""
    (day,) = barred.converter().days()
    assert [file.bars for file in day.files] == [["1-MINUTE-BID", "5-MINUTE-MID"]]


def test_unconverted_bars_are_missing_until_their_ticks_are_converted(barred):
    """The ticks of a bar come before its close, which is its time."""
    converter = barred.converter()
    barred.quotes([24 * 60 * MINUTE - 1], "late_quotes.parquet")
    day = MIDNIGHT + 24 * 60 * MINUTE

    def missing(name, start, end):
        return [file.path for file in converter.missing(name, "bar", start, end)]

    assert missing(BID, day, day + MINUTE) == ["late_quotes.parquet"]
    assert missing(BID, MIDNIGHT, day - 2 * MINUTE) == []
    assert missing("EUR/USD.SIM-1-MINUTE-ASK-EXTERNAL", day, day + MINUTE) == []
    converter.ensure(BID, "bar", day, day)
    assert missing(BID, day, day + MINUTE) == []
