"""What a conversion does with files, repeats, changes and neighbours."""

import datetime as dt
import json
import os
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from backend.conversion import manifest, pipeline
from backend.conversion.exact import Numbers
from backend.conversion.layout import BATCH_ROWS, LAYOUTS
from backend.errors import Invalid, NotFound

DAY = dt.date(2024, 1, 2)
NEXT = dt.date(2024, 1, 3)


def test_a_day_is_converted_file_by_file(world):
    """Each file is reported with its kind, instruments, outcome and rows."""
    world.quotes([0, 5, 9])
    world.trades(4)
    report = world.convert()
    assert [
        (f.path, f.kind, f.instrument_ids, f.outcome, f.rows_written) for f in report.files
    ] == [
        ("quotes.parquet", "quote", ["EUR/USD.SIM"], "first", 3),
        ("trades.parquet", "trade", ["BTCUSDT.SIM"], "first", 4),
    ]
    assert world.leftovers() == []


def test_files_are_named_by_their_first_and_last_time(world):
    """Queries choose files by name, so the name holds the interval of `ts_init`."""
    world.quotes([0, 1_500_000_001])
    world.convert()
    assert world.files() == [
        "data/quote_tick/EURUSD.SIM/2024-01-02T00-00-00-000000000Z_2024-01-02T00-00-01-500000001Z"
        ".parquet"
    ]


def test_constants_stand_in_for_fields_that_the_file_lacks(world, decimal_values):
    """Defaults become the size of every quote."""
    world.quotes([0, 1])
    world.convert()
    assert decimal_values(world.ticks("quote")["ask_size"]) == [1e6, 1e6]


def test_sides_and_trade_ids_are_kept(world):
    """Trades carry the aggressor as described, and their ids."""
    world.trades(2, side=["sell", "buy"], id=["a b", "x"])
    world.convert()
    assert world.ticks("trade")["aggressor_side"].to_pylist() == [2, 1]
    assert world.ticks("trade")["trade_id"].to_pylist() == ["a b", "x"]


def test_trades_without_ids_are_numbered(world):
    """A file without ids gets the index of each row."""
    world.describe(world.datasets.read_text().replace(', trade_id = "id"', ""))
    world.trades(3)
    world.convert()
    assert world.ticks("trade")["trade_id"].to_pylist() == ["0", "1", "2"]


def test_a_repeat_is_answered_from_the_manifest(world):
    """The second time nothing is read or written."""
    world.quotes([0, 1])
    first = world.one()
    before = [(world.catalog / path).stat().st_mtime_ns for path in world.files()]
    again = world.one()
    assert ("cached", first.rows_written) == (again.outcome, again.rows_written)
    assert before == [(world.catalog / path).stat().st_mtime_ns for path in world.files()]


def test_force_converts_again(world):
    """A caller can ask for the work to be done once more."""
    world.quotes([0, 1])
    world.one()
    assert world.one(force=True).outcome == "first"
    assert len(world.files()) == 1


def test_a_touched_source_is_told_by_its_content(world):
    """A new modification time alone does not convert again, and is noted."""
    path = world.quotes([0, 1])
    world.one()
    world.rewrite_later(path)
    assert world.one().outcome == "cached"
    assert world.converter().days()[0].files[0].state == "converted"


def test_a_source_of_the_same_size_is_told_by_its_content(world):
    """Time and content decide when the size does not differ."""
    before = world.quotes([0, 1]).stat().st_size
    world.one()
    path = world.quotes([0, 2])
    world.rewrite_later(path)
    assert path.stat().st_size == before
    assert world.one().outcome == "first"
    assert world.inits() == [0, 2]


def test_a_source_that_changes_while_it_is_read_fails(world):
    """What was read may be part of the old and part of the new file."""
    path = world.quotes([0, 1])
    report = world.one(progress=lambda *_, **__: world.rewrite_later(path))
    assert report.outcome == "failed"
    assert "changed while it was read" in report.error
    assert world.files() == []


def test_a_file_that_fails_its_check_is_not_moved_in(world, monkeypatch):
    """Whatever the check finds keeps the file out of the catalog."""
    monkeypatch.setattr("backend.conversion.check.problems", lambda *_: ["it is cursed"])
    world.quotes([0, 1])
    report = world.one()
    assert report.outcome == "failed"
    assert "it is cursed" in report.error
    assert world.files() + world.leftovers() == []


def test_ticks_that_fail_their_check_are_not_written(world, monkeypatch):
    """What the decoder ought to have rejected does not reach a file."""

    def negative(column, spec):
        words = np.full((len(column), 2), 2**64 - 1, np.uint64)
        return Numbers(words)

    world.trades(3)
    monkeypatch.setattr("backend.conversion.numbers.decode", negative)
    report = world.one()
    assert report.outcome == "failed"
    assert "size: negative" in report.error
    assert world.files() + world.leftovers() == []


def test_a_file_that_is_not_what_was_written_is_not_moved_in(world, monkeypatch):
    """Values that the catalog could well hold, but which are not the raw file's."""
    verify = pipeline.verify

    def swap_prices(staged, **options):
        table = pq.read_table(staged.path)
        prices = table.column("bid_price").take([2, 1, 0])
        table = table.set_column(0, table.schema.field("bid_price"), prices)
        pq.write_table(table, staged.path, **LAYOUTS["quote"].writer_options)
        verify(staged, **options)

    world.quotes([0, 1, 2])
    monkeypatch.setattr(pipeline, "verify", swap_prices)
    report = world.one()
    assert report.outcome == "failed"
    assert "bid_price is not what was written" in report.error
    assert world.files() + world.leftovers() == []


def test_a_file_that_cannot_be_written_fails(world, monkeypatch):
    """What goes wrong in the encoding thread reaches the report, and nothing is left behind."""

    def no_space(*_, **__):
        raise OSError("no space left on device")

    world.quotes([0, 1])
    monkeypatch.setattr(pq.ParquetWriter, "write_table", no_space)
    report = world.one()
    assert report.outcome == "failed"
    assert "no space left" in report.error
    assert world.files() + world.leftovers() == []


def test_a_changed_source_replaces_its_old_outputs(world):
    """Of two versions of a file the catalog holds the second only."""
    world.quotes([0, 1, 2])
    world.convert()
    path = world.quotes([5, 6])
    world.rewrite_later(path)
    assert world.one().outcome == "first"
    assert world.inits() == [5, 6]


def test_a_changed_description_converts_again(world):
    """Another precision means other bytes, and another instrument."""
    world.quotes([0, 1])
    world.convert()
    world.describe(world.datasets.read_text().replace("price_precision = 5", "price_precision = 3"))
    assert [f.state for f in world.converter().days()[0].files] == ["stale"]
    assert world.one().outcome == "first"
    assert world.ticks("quote").schema.metadata[b"price_precision"] == b"3"


def test_a_changed_glob_does_not_convert_again(world):
    """Only what changes the bytes counts."""
    world.quotes([0, 1])
    world.convert()
    world.describe(world.datasets.read_text().replace("*quotes*", "quotes*"))
    assert world.one().outcome == "cached"


def test_another_converter_version_converts_again(world, monkeypatch):
    """A release that writes other bytes replaces what earlier ones wrote."""
    world.quotes([0, 1])
    world.convert()
    monkeypatch.setattr(manifest, "CONVERTER_VERSION", "other")
    assert [f.state for f in world.converter().days()[0].files] == ["stale"]


def test_a_source_of_the_same_time_is_told_by_its_size(world):
    """A file that was replaced and given its old time back converts again."""
    path = world.quotes([0, 1])
    before = path.stat()
    world.convert()
    world.quotes([0, 1, 2])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert world.one().outcome == "first"
    assert world.inits() == [0, 1, 2]


@pytest.mark.parametrize("kind", ["quote_tick", "currency_pair"])
def test_a_deleted_output_is_noticed(world, kind):
    """When a tick or instrument file is gone, the conversion is done again."""
    world.quotes([0, 1])
    world.convert()
    (path,) = world.catalog.glob(f"data/{kind}/*/*.parquet")
    path.unlink()
    assert world.one().outcome == "first"
    assert path.exists()


def test_a_changed_output_is_noticed(world):
    """When somebody wrote over a tick file, the conversion is done again."""
    world.quotes([0, 1])
    world.convert()
    (path,) = world.catalog.glob("data/quote_tick/*/*.parquet")
    path.write_bytes(b"something else")
    assert [file.state for file in world.converter().days()[0].files] == ["stale"]
    assert world.one().outcome == "first"
    assert world.inits() == [0, 1]


def test_a_repeat_opens_no_file_of_ticks(world, monkeypatch):
    """What a repeat costs does not depend on what the files hold."""
    world.quotes([0, 1])
    world.trades(2)
    world.convert()

    def opened(*_):
        raise AssertionError("opened")

    monkeypatch.setattr("backend.conversion.raw.open_parquet", opened)
    monkeypatch.setattr("backend.conversion.pipeline.open_parquet", opened)
    seen = []
    report = world.convert(progress=lambda _, fraction, **__: seen.append(fraction))
    assert [file.outcome for file in report.files] == ["cached", "cached"]
    assert seen[-1] == 1.0


def test_a_lost_manifest_does_not_lock_the_outputs(world):
    """The same source may replace files that nobody remembers writing."""
    world.quotes([0, 1])
    world.convert()
    world.catalog.joinpath("conversion/manifests/day-2024-01-02/quotes.parquet.json").unlink()
    assert world.one().outcome == "first"
    assert len(world.files()) == 1


def test_an_instrument_that_left_the_description_leaves_the_catalog(world):
    """When a file's description names another instrument, its ticks move there."""
    world.quotes([0, 1])
    world.convert()
    world.describe(world.datasets.read_text().replace("EUR/USD.SIM", "EUR/USD.OTHER"))
    world.convert()
    assert [path.split("/")[2] for path in world.files("quote")] == ["EURUSD.OTHER"]


def test_equal_times_keep_their_order_and_get_distinct_ts_init(world):
    """Bumps of 1 ns make `ts_init` increase; `ts_event` stays."""
    world.quotes([5, 5, 5, 6])
    world.convert()
    assert world.inits() == [5, 6, 7, 8]
    events = [t % 10**9 for t in world.ticks("quote")["ts_event"].to_pylist()]
    assert events == [5, 5, 5, 6]


@pytest.mark.parametrize("order", [(DAY, NEXT), (NEXT, DAY)])
def test_bumps_are_carried_across_files(world, order):
    """Where a day ends as the next begins, `ts_init` goes on increasing, in either order."""
    world.quotes([1, 5, 5], day=DAY)
    world.quotes([5, 5, 9], day=NEXT)
    for day in order:
        assert world.convert(day).failed == []
    assert world.inits() == [1, 5, 6, 7, 8, 9]
    states = [f.state for day in world.converter().days() for f in day.files]
    assert states == ["converted", "converted"]


def test_bumps_move_on_through_all_that_follow(world):
    """A file that arrives late moves every later one that it touches."""
    world.quotes([6, 6], day=NEXT)
    world.quotes([7, 7], day=dt.date(2024, 1, 4))
    world.convert(dt.date(2024, 1, 4))
    world.convert(NEXT)
    assert world.inits() == [6, 7, 8, 9]
    world.quotes([6, 6], day=DAY)
    world.convert(DAY)
    assert world.inits() == [6, 7, 8, 9, 10, 11]


def test_a_bump_is_taken_back_when_its_cause_goes(world):
    """The catalog is the same as if the changed file had been there from the start."""
    path = world.quotes([5, 5], day=DAY)
    world.quotes([5, 6], day=NEXT)
    world.convert(DAY)
    world.convert(NEXT)
    world.quotes([1, 2], day=DAY)
    world.rewrite_later(path)
    world.convert(DAY)
    assert world.inits() == [1, 2, 5, 6]


def test_files_that_overlap_are_refused_by_name(world):
    """Two sources with ticks of the same time cannot both be right."""
    world.quotes([0, 5, 9], "a_quotes.parquet")
    world.quotes([8, 12], "b_quotes.parquet")
    first, second = world.convert().files
    assert (first.outcome, second.outcome) == ("first", "failed")
    assert "a_quotes.parquet" in second.error
    assert "b_quotes.parquet" in second.error
    assert world.inits() == [0, 5, 9]


def test_a_foreign_file_in_the_way_is_named(world):
    """A catalog file of unknown origin is neither replaced nor mixed with ours."""
    world.quotes([0, 5])
    world.convert()
    name = world.files()[0]
    (world.catalog / "conversion/manifests/day-2024-01-02/quotes.parquet.json").unlink()
    path = world.quotes([0, 3, 9])
    world.rewrite_later(path)
    report = world.one()
    assert report.outcome == "failed"
    assert name in report.error


def test_other_precisions_in_the_catalog_are_refused(world):
    """An instrument that somebody else wrote must agree with the description."""
    world.quotes([0, 5])
    world.convert()
    (world.catalog / "conversion/instruments/EURUSD.SIM.json").unlink()
    world.describe(world.datasets.read_text().replace("price_precision = 5", "price_precision = 4"))
    report = world.one()
    assert report.outcome == "failed"
    assert "price_precision 5" in report.error


def test_foreign_ticks_of_another_precision_are_refused(world):
    """Ticks of two precisions in one folder would be read wrong."""
    world.quotes([0, 5])
    world.convert()
    (world.catalog / "conversion/manifests/day-2024-01-02/quotes.parquet.json").unlink()
    shutil.rmtree(world.catalog / "data" / "currency_pair")
    world.describe(world.datasets.read_text().replace("price_precision = 5", "price_precision = 4"))
    world.quotes([50, 60], day=NEXT)
    (report,) = world.convert(NEXT).files
    assert report.outcome == "failed"
    assert "price_precision 5, the description says 4" in report.error


def test_rows_out_of_order_are_sorted(world):
    """Newest first becomes oldest first; equal times keep the file's order."""
    world.quotes([9, 3, 3, 1])
    world.convert()
    assert world.inits() == [1, 3, 4, 9]
    table = world.ticks("quote")
    bids = [int.from_bytes(v, "little") // 10**13 for v in table["bid_price"].to_pylist()]
    assert bids == [1003, 1001, 1002, 1000]


def test_batches_out_of_order_are_sorted(world):
    """Also when each batch is in order by itself."""
    world.quotes([*range(10, 10 + BATCH_ROWS), *range(5)])
    assert world.one().outcome == "first"
    assert world.inits() == [*range(5), *range(10, 10 + BATCH_ROWS)]


def test_an_empty_file_is_converted_to_nothing(world):
    """No rows, no output, and a warning."""
    world.quotes([])
    report = world.one()
    assert (report.outcome, report.rows_written) == ("first", 0)
    assert report.warnings == ["the file holds no rows"]
    assert world.files() == []


def test_progress_goes_by_rows_and_never_back(world):
    """The fraction rises to 1 over the rows of all files, also when one is read again to sort."""
    world.quotes([*range(140_000), 5])
    world.trades(2)
    seen = []
    world.convert(progress=lambda stage, fraction, **_: seen.append((stage, fraction)))
    fractions = [fraction for _, fraction in seen]
    assert {"convert"} == {stage for stage, _ in seen}
    assert sorted(fractions) == fractions
    assert fractions[-1] == 1.0


def test_an_unknown_day_is_not_found(world):
    """A day without a folder names the field."""
    with pytest.raises(NotFound) as caught:
        world.convert(dt.date(1999, 1, 1))
    assert caught.value.field == "date"


@pytest.mark.parametrize("name", ["nope.parquet", "../quotes.parquet"])
def test_an_unknown_file_is_not_found(world, name):
    """Files are chosen among those of the day, never by a path."""
    world.quotes([0])
    with pytest.raises(NotFound, match=name) as caught:
        world.convert(files=[name])
    assert caught.value.field == "files"


def test_a_subfolder_belongs_to_the_day(world):
    """Files are found at any depth, and named by their path."""
    world.quotes([0], "venue/quotes.parquet")
    assert world.one().path == "venue/quotes.parquet"


def test_a_folder_with_another_name_is_no_day(world):
    """Only day-YYYY-MM-DD counts."""
    world.quotes([0])
    (world.raw / "by_date" / "day-2024-13-01").mkdir()
    (world.raw / "by_date" / "other").mkdir()
    assert [day.day for day in world.converter().days()] == [DAY]


def test_days_tell_size_rows_and_state(world):
    """What the datasets page shows, before and after."""
    path = world.quotes([0, 1])
    world.write("stray.parquet", {"x": [1]})
    before = world.converter().days()[0].files
    assert [(f.state, f.rows) for f in before] == [("new", 2), ("unmatched", 1)]
    assert path.stat().st_size == before[0].size
    world.convert()
    assert [f.state for f in world.converter().days()[0].files] == ["converted", "unmatched"]


def test_the_datasets_file_is_read_again_when_it_changes(world):
    """A running service takes up a new description."""
    world.quotes([0])
    converter = world.converter()
    assert [f.state for f in converter.days()[0].files] == ["new"]
    world.describe("")
    assert [f.state for f in converter.days()[0].files] == ["unmatched"]


def test_a_bad_datasets_file_fails_the_call(world):
    """Nothing can be converted by a description that cannot be read."""
    world.quotes([0])
    world.describe("[[dataset]]\nmatch = 1\n")
    with pytest.raises(Invalid, match=r"dataset\[0\]"):
        world.convert()


def test_a_new_conversion_waits_for_nobody_dead(world):
    """Locks of a process that ended are free, and its scratch files go."""
    world.quotes([0, 1])
    folder = world.catalog / "conversion" / "tmp"
    folder.mkdir(parents=True)
    (folder / "0123abcd.0.tmp").write_bytes(b"half")
    (folder / "0123abcd.0.spill").write_bytes(b"half")
    world.convert()
    assert world.leftovers() == []


def test_manifests_lie_outside_of_what_queries_read(world):
    """The catalog's data folder holds ticks and instruments only."""
    world.quotes([0])
    world.convert()
    assert {"currency_pair", "quote_tick"} == set(os.listdir(world.catalog / "data"))
    path = world.catalog / "conversion/manifests/day-2024-01-02/quotes.parquet.json"
    kept = json.loads(path.read_text())
    assert {"size", "mtime_ns", "sha256"} == set(kept["source"])
    assert kept["rows_written"] == 1


def test_scaled_symbols_of_one_file_become_instruments(world, decimal_values):
    """Each symbol's rows go to its own instrument, at its own scale."""
    world.describe("""
[[dataset]]
match = "*.parquet"
kind = "trade"
symbol_column = "s"
columns = { ts_event = "ts", price = "p", size = "q" }
instrument = "currency_pair"
quote_currency = "USD"
size_precision = 0
size_scale = 0
[dataset.symbols.A]
instrument_id = "AAAUSD.SIM"
price_precision = 2
price_scale = 4
[dataset.symbols.B]
instrument_id = "BBBUSD.SIM"
price_precision = 8
price_scale = 8
""")
    times = pa.array([1_704_153_600_000_000_000 + n for n in (3, 2, 1, 0)])
    world.write(
        "x.parquet", {"ts": times, "s": list("ABAB"), "p": [12345, 1, 20000, 2], "q": [1] * 4}
    )
    assert world.one().rows_written == 4
    folders = [path.split("/")[2] for path in world.files()]
    assert folders == ["AAAUSD.SIM", "BBBUSD.SIM"]
    assert decimal_values(world.ticks("trade")["price"]) == [2.0, 1.23, 2e-8, 1e-8]
