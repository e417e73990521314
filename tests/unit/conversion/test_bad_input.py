"""Bad files and rows: named, counted, and never half in the catalog."""

import datetime as dt
import json

import pyarrow as pa
import pytest

from backend.errors import NotFound

INF, NAN = float("inf"), float("nan")


def rejected(world, **columns):
    """Convert trades whose row 1 is bad; what the report says of it."""
    rows = len(next(iter(columns.values())))
    world.max_rejected = 1.0
    world.trades(rows, **columns)
    report = world.one()
    assert report.outcome == "first", report.error
    assert (rows - 1, 1) == (report.rows_written, report.rows_rejected)
    (row,) = report.rejected
    assert row.row == 1
    return row.field, row.reason, row.value


@pytest.mark.parametrize(
    ("column", "bad", "field", "reason", "value"),
    [
        ("price", NAN, "price", "not a finite number", "nan"),
        ("price", INF, "price", "not a finite number", "inf"),
        ("price", 1.8e13, "price", "out of range", "18000000000000.0"),
        ("price", None, "price", "missing", None),
        ("size", 0.0, "size", "zero, or rounds to zero", "0.0"),
        ("size", 1e-9, "size", "zero, or rounds to zero", "1e-09"),
        ("size", -1.0, "size", "negative", "-1.0"),
        ("size", 4e13, "size", "out of range", "40000000000000.0"),
        ("side", "hold", "aggressor_side", "side that the description does not know", "hold"),
        ("side", "Buy", "aggressor_side", "side that the description does not know", "Buy"),
        ("side", None, "aggressor_side", "missing", None),
        ("id", None, "trade_id", "missing", None),
    ],
)  # fmt: skip
def test_a_row_is_rejected_with_its_reason(world, column, bad, field, reason, value):
    """A row that the catalog cannot hold is told by number, field, reason and value."""
    good = {"price": 1.0, "size": 1.0, "side": "buy", "id": "T"}[column]
    assert (field, reason, value) == rejected(world, **{column: [good, bad, good]})


@pytest.mark.parametrize("bad", ["", " ", "x" * 37, "é", "a\x00b", "\n", "\x1f"])
def test_a_trade_id_that_the_catalog_refuses_is_rejected(world, bad):
    """What would abort a query, or come back as another id, does not get in."""
    field, reason, _ = rejected(world, id=["a", bad, "b"])
    assert (field, reason) == ("trade_id", "not 1 to 36 ASCII characters, one of them visible")


@pytest.mark.parametrize("bad", [None, -5, 0, 9_000_000_000_000_000_000, 1_704_153_600])
def test_a_time_out_of_this_world_is_rejected(world, bad):
    """Missing times, the epoch itself, and times in another unit."""
    good = 1_704_153_600_000_000_000
    field, _, _ = rejected(world, ts=pa.array([good, bad, good + 1], pa.int64()))
    assert field == "ts_event"


def test_a_row_with_several_faults_counts_once(world):
    """Counts by reason add up to the number of rejected rows."""
    world.max_rejected = 1.0
    world.trades(3, price=[NAN, 1.0, NAN], size=[0.0, 0.0, 1.0])
    report = world.one()
    assert report.rows_rejected == 3
    assert report.reasons == {"price: not a finite number": 2, "size: zero, or rounds to zero": 1}


def test_rejects_are_reported_beside_the_manifest(world):
    """The first thousand rows are listed, all are counted."""
    world.max_rejected = 1.0
    world.trades(1_502, price=[NAN] * 1_501 + [1.0])
    report = world.one()
    kept = json.loads(
        (world.catalog / "conversion/manifests/day-2024-01-02/trades.parquet.rejects.json")
        .read_text()
    )  # fmt: skip
    assert (kept["rows_rejected"], len(kept["listed"])) == (1_501, 1_000)
    assert {"row": 999, "field": "price", "column": "price"}.items() <= kept["listed"][-1].items()
    assert report.reasons == {"price: not a finite number": 1_501}
    assert len(report.rejected) == 20
    assert report.rejected == world.one().rejected


def test_row_numbers_count_through_batches_and_row_groups(world):
    """The number is the row's place in the whole file."""
    world.max_rejected = 1.0
    rows = 70_000
    world.trades(rows, price=[1.0] * (rows - 1) + [NAN])
    (row,) = world.one().rejected
    assert rows - 1 == row.row


def test_rejected_rows_of_an_unordered_file_are_counted_once(world):
    """A file that has to be read a second time is reported from that reading alone."""
    world.max_rejected = 1.0
    second = 10**9
    stamps = [1_704_153_600 * second + n * second for n in (2, 1, 0)]
    world.trades(3, ts=pa.array(stamps), price=[NAN, 1.0, 1.0])
    report = world.one()
    assert (report.rows_rejected, report.rows_written) == (1, 2)


def test_too_many_rejected_rows_fail_the_whole_file(world):
    """Nothing of the file is left in the catalog, and the report says why."""
    world.trades(100, price=[NAN] * 2 + [1.0] * 98)
    report = world.one()
    assert report.outcome == "failed"
    assert "2 of 100 rows" in report.error
    assert report.field == "price"
    assert report.reasons == {"price: not a finite number": 2}
    assert world.files() == []
    assert world.leftovers() == []


def test_the_allowed_share_may_be_used_up(world):
    """One in a hundred is not more than 1 %."""
    world.trades(100, price=[NAN] + [1.0] * 99)
    assert world.one().outcome == "first"


def test_a_dataset_may_allow_more(world):
    """A known bad source gets a limit of its own."""
    text = world.datasets.read_text()
    world.describe(text.replace("aggressor = ", "max_rejected = 0.5\naggressor = "))
    world.trades(2, price=[NAN, 1.0])
    assert world.one().outcome == "first"


def test_a_stricter_limit_looks_at_old_conversions(world):
    """What was let in under another limit is converted, and refused, again."""
    world.max_rejected = 0.5
    world.trades(4, price=[NAN, 1.0, 1.0, 1.0])
    assert world.one().outcome == "first"
    world.max_rejected = 0.1
    report = world.one()
    assert report.outcome == "failed"
    assert report.warnings == ["the catalog still holds what an earlier conversion wrote"]


def test_symbols_that_nobody_described_are_named(world):
    """Rows of unlisted symbols are rejected by the symbol's name."""
    world.max_rejected = 1.0
    world.describe("""
[[dataset]]
match = "*"
kind = "quote"
symbol_column = "s"
columns = { ts_event = "ts", bid_price = "p", ask_price = "p" }
defaults = { bid_size = 1, ask_size = 1 }
instrument = "currency_pair"
quote_currency = "USD"
size_precision = 0
price_precision = 2
[dataset.symbols.A]
instrument_id = "AAAUSD.SIM"
""")
    ts = [1_704_153_600_000_000_000] * 4
    world.write("x.parquet", {"ts": ts, "s": ["A", "XYZ", None, "XYZ"], "p": [1.0] * 4})
    assert world.one().reasons == {
        "symbol: 'XYZ' is not among the symbols of the description": 2,
        "symbol: missing": 1,
    }


def test_a_missing_column_is_named_with_those_present(world):
    """The error says what was looked for, and what the file has."""
    world.write("quotes.parquet", {"ts": [1], "bid": [1.0], "offer": [1.0]})
    report = world.one()
    assert (report.outcome, report.field) == ("failed", "ask")
    assert "no column 'ask' for ask_price; it has: ts, bid, offer" in report.error
    assert "dataset[0]" in report.error


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        ("price", pa.array([True, False]), "price cannot be read from a column of type bool"),
        ("id", pa.array([1.5, 2.5]), "trade_id cannot be read from a column of type double"),
        ("ts", pa.array([[1], [2]]), "a time cannot be read from a column of type list"),
    ],
)
def test_a_column_of_the_wrong_type_is_named(world, column, values, words):
    """The error names the column and its type."""
    world.trades(2, **{column: values})
    report = world.one()
    assert ("failed", column) == (report.outcome, report.field)
    assert words in report.error


@pytest.mark.parametrize("content", [b"", b"PAR1 this is no Parquet file PAR1"])
def test_a_corrupt_file_is_named_and_the_others_go_on(world, content):
    """One bad file does not stop the day."""
    world.trades(2)
    path = world.quotes([0, 1], "a_quotes.parquet")
    path.write_bytes(content)
    bad, good = world.convert().files
    assert (bad.outcome, good.outcome) == ("failed", "first")
    assert "a_quotes.parquet is not a readable Parquet file" in bad.error
    assert world.converter().days()[0].files[0].error is not None


def test_a_file_cut_in_its_middle_is_named(world):
    """Damage behind a whole footer shows while reading, and leaves nothing."""
    path = world.trades(60_000)
    data = bytearray(path.read_bytes())
    data[1000:40_000] = bytes(39_000)
    path.write_bytes(data)
    report = world.one()
    assert report.outcome == "failed"
    assert world.files() + world.leftovers() == []


def test_a_file_without_a_dataset_is_named(world):
    """The report says which file no table matches, and what to do."""
    world.write("stray.parquet", {"x": [1]})
    report = world.one()
    assert (report.outcome, report.kind) == ("failed", None)
    assert "no dataset matches stray.parquet" in report.error
    assert "[[dataset]]" in report.error


def test_a_failed_replacement_keeps_the_old_ticks(world):
    """A source that went bad does not take away what it once gave."""
    world.quotes([0, 1])
    world.convert()
    path = world.quotes([0, 1])
    path.write_bytes(b"torn")
    report = world.one()
    assert report.outcome == "failed"
    assert report.warnings == ["the catalog still holds what an earlier conversion wrote"]
    assert world.inits() == [0, 1]
    assert world.converter().days()[0].files[0].state == "stale"


def test_a_full_disk_leaves_nothing(world, monkeypatch):
    """An error while writing fails the file, and its scratch files go."""
    from backend.conversion import writer

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    world.quotes([0, 1])
    monkeypatch.setattr(writer.pq.ParquetWriter, "write_table", full)
    report = world.one()
    assert report.outcome == "failed"
    assert "No space left on device" in report.error
    assert world.files() + world.leftovers() == []


def test_digits_beyond_the_precision_are_mentioned(world):
    """Rounded values are counted, since they hint at a wrong precision."""
    world.trades(3, price=[1.0, 1.005, 1.119])
    assert world.one().warnings == [
        "2 values of price have more digits than its precision and were rounded"
    ]


def test_a_failed_file_says_why_until_it_succeeds(world):
    """The list of raw files carries the error and its field."""
    world.trades(100, price=[NAN] * 2 + [1.0] * 98)
    report = world.one()
    (file,) = world.converter().days()[0].files
    assert (file.failure.error, file.failure.field) == (report.error, "price")
    world.max_rejected = 1.0
    world.one()
    (file,) = world.converter().days()[0].files
    assert (file.state, file.failure) == ("converted", None)


def test_rejected_rows_can_be_asked_for(world):
    """Of a failed file too; a file without any, and one that is not there, are not found."""
    world.trades(100, price=[NAN] * 2 + [1.0] * 98)
    world.quotes([1, 2])
    world.convert()
    flags = {file.path: file.reject_report for file in world.converter().days()[0].files}
    assert flags == {"trades.parquet": True, "quotes.parquet": False}
    found = world.converter().rejects(dt.date(2024, 1, 2), "trades.parquet")
    assert (found.failed, found.reasons) == (True, {"price: not a finite number": 2})
    for file in ("quotes.parquet", "../../secret", "none.parquet"):
        with pytest.raises(NotFound) as refused:
            world.converter().rejects(dt.date(2024, 1, 2), file)
        assert refused.value.field == "file"
