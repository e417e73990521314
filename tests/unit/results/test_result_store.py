"""Results of backtests on disk and in lists."""

from __future__ import annotations

import errno
import json
import math
import multiprocessing
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.errors import Invalid, NotFound
from backend.models import BacktestResult, ErrorInfo
from backend.result_store import PACE_SECONDS, ResultStore, throughput_ratio

Make = Callable[..., BacktestResult]


def ids(store: ResultStore, **query: object) -> list[str]:
    return [item.run_id for item in store.list(**query).items]  # type: ignore[arg-type]


def walk(store: ResultStore, limit: int, sort: str) -> list[str]:
    """All ids, page by page."""
    seen, cursor = [], None
    while True:
        page = store.list(limit=limit, cursor=cursor, sort=sort)
        seen += [item.run_id for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return seen


def test_a_saved_result_comes_back_whole(store: ResultStore, make_result: Make) -> None:
    """What was saved is what is read, equity curve and statistics included."""
    result = make_result(
        equity_curve=[(1, 1.5), (2, 2.5)], statistics={"general": {"x": 1.0}}, pnl={"USD": -3.25}
    )
    store.save(result)
    assert store.get(result.run_id) == result


def test_a_number_that_json_lacks_becomes_null(store: ResultStore, make_result: Make) -> None:
    """NaN and infinity do not make the file unreadable."""
    store.save(make_result(statistics={"sharpe": math.nan, "factor": [math.inf, 1.0]}))
    statistics = json.loads(store.raw("run-00000"))["statistics"]
    assert statistics == {"sharpe": None, "factor": [None, 1.0]}


def test_saving_leaves_one_file_and_no_other(store: ResultStore, make_result: Make) -> None:
    """The temporary file is gone once the result is in place."""
    store.save(make_result())
    names = {path.name for path in store.results_dir.iterdir() if "index" not in path.name}
    assert names == {"run-00000.json"}


def test_a_failed_write_leaves_the_earlier_result(
    store: ResultStore, make_result: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk neither replaces the file nor leaves a rest."""
    store.save(make_result())

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.save(make_result(duration_seconds=9.0))
    assert store.get("run-00000").duration_seconds == 1.0
    assert not list(store.results_dir.glob(".*"))


def test_the_newest_comes_first(store: ResultStore, make_result: Make) -> None:
    """Without a sort key a list goes back in time."""
    for n in (1, 3, 2):
        store.save(make_result(n))
    assert ids(store) == ["run-00003", "run-00002", "run-00001"]


@pytest.mark.parametrize(
    ("sort", "field", "values"),
    [
        ("duration_seconds", "duration_seconds", [1.5, 0.5, 3.0]),
        ("-data_points_per_second", "data_points_per_second", [1e5, 2e6, 1.0]),
        ("-pnl", "pnl", [{"USD": -1.0}, {"USD": 5.0, "EUR": -9.0}, {}]),
        ("orders", "orders", [3, 1, 2]),
    ],
)
def test_a_list_can_be_sorted(
    store: ResultStore, make_result: Make, sort: str, field: str, values: list[object]
) -> None:
    """Each key sorts both ways; PnL goes by the account's currency, none counts as zero."""
    for n, value in enumerate(values):
        store.save(make_result(n, **{field: value}))

    def key(n: int) -> float:
        value = values[n]
        return next(iter(value.values()), 0.0) if isinstance(value, dict) else value  # type: ignore[return-value]

    order = sorted(range(3), key=key, reverse=sort.startswith("-"))
    assert ids(store, sort=sort) == [f"run-{n:05}" for n in order]


@pytest.mark.parametrize("sort", ["created_at", "-created_at", "orders", "-orders"])
def test_pages_cover_everything_once(store: ResultStore, make_result: Make, sort: str) -> None:
    """Page by page a list holds each result exactly once, equal sort values included."""
    for n in range(11):
        store.save(make_result(n, orders=n % 3))
    seen = walk(store, 4, sort)
    assert len(seen) == 11
    assert seen == ids(store, limit=100, sort=sort)


def test_pages_stay_apart_while_results_arrive(store: ResultStore, make_result: Make) -> None:
    """A result saved between two pages neither repeats nor hides one of the later page."""
    for n in range(6):
        store.save(make_result(n))
    first = store.list(limit=3)
    store.save(make_result(9))
    second = store.list(limit=3, cursor=first.next_cursor)
    assert [item.run_id for item in second.items] == ["run-00002", "run-00001", "run-00000"]
    assert second.next_cursor is None


def test_a_list_can_be_filtered(store: ResultStore, make_result: Make) -> None:
    """Strategy, instrument and status narrow a list together."""
    store.save(make_result(1, strategy="ema_cross"))
    store.save(make_result(2, status="error"))
    store.save(make_result(3, instrument_id="BTCUSDT.BINANCE"))
    store.save(make_result(4))
    assert ids(store, strategy="ema_cross") == ["run-00001"]
    assert ids(store, status="error") == ["run-00002"]
    assert ids(store, strategy="idle", status="ok", instrument_id="EUR/USD.FXCM") == ["run-00004"]


def test_a_summary_leaves_out_what_is_long(store: ResultStore, make_result: Make) -> None:
    """Lists carry the error's message but neither its stack trace nor the equity curve."""
    error = ErrorInfo(type="ValueError", message="no", stacktrace="line\n" * 1000)
    store.save(make_result(status="error", error=error, equity_curve=[(1, 1.0)]))
    (item,) = store.list().items
    assert item.error == ErrorInfo(type="ValueError", message="no")
    assert "equity_curve" not in item.model_dump()


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"sort": "color"}, "sort"),
        ({"sort": "run_id; DROP TABLE results"}, "sort"),
        ({"limit": 0}, "limit"),
        ({"limit": 10_000}, "limit"),
        ({"cursor": "%%%"}, "cursor"),
        ({"cursor": "W10"}, "cursor"),
        ({"cursor": "WyJvcmRlcnMiLDEsIngiXQ"}, "cursor"),
    ],
)
def test_a_query_that_cannot_be_names_its_field(
    store: ResultStore, query: dict[str, object], field: str
) -> None:
    """Unknown sort keys, limits out of range and foreign cursors are refused by name."""
    with pytest.raises(Invalid) as refused:
        store.list(**query)  # type: ignore[arg-type]
    assert refused.value.field == field


@pytest.mark.parametrize("run_id", ["../secret", "a/b", "", ".hidden", "x" * 65, "a\x00b", "run\n"])
def test_an_id_that_could_be_a_path_is_refused(store: ResultStore, run_id: str) -> None:
    """No id reaches the file system that is not a plain name."""
    for use in (store.get, store.raw, store.etag, store.delete):
        with pytest.raises(Invalid) as refused:
            use(run_id)
        assert refused.value.field == "run_id"


def test_an_unknown_result_is_not_found(store: ResultStore) -> None:
    """Reading or deleting what is not there says so."""
    for use in (store.get, store.raw, store.etag, store.delete):
        with pytest.raises(NotFound, match="nothing"):
            use("nothing")


def test_a_deleted_result_is_gone_from_disk_and_lists(
    store: ResultStore, make_result: Make
) -> None:
    """Deleting removes the file and the row."""
    store.save(make_result(1))
    store.save(make_result(2))
    store.delete("run-00001")
    assert ids(store) == ["run-00002"]
    assert not (store.results_dir / "run-00001.json").exists()


def test_tags_change_with_what_they_stand_for(store: ResultStore, make_result: Make) -> None:
    """A result's tag changes with its file, the revision with any change of the list."""
    store.save(make_result(1))
    tag, revision = store.etag("run-00001"), store.revision()
    assert (store.etag("run-00001"), store.revision()) == (tag, revision)
    store.save(make_result(1, orders=7))
    assert store.etag("run-00001") != tag
    assert store.revision() != revision


def damage_missing(folder: Path) -> None:
    for path in folder.glob("index.sqlite3*"):
        path.unlink()


def damage_garbage(folder: Path) -> None:
    damage_missing(folder)
    (folder / "index.sqlite3").write_bytes(b"not a database at all, " * 500)


def damage_torn(folder: Path) -> None:
    """Zeros over the pages after the first, as a torn write leaves them."""
    with sqlite3.connect(folder / "index.sqlite3") as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    path = folder / "index.sqlite3"
    path.write_bytes(path.read_bytes()[:4096] + b"\0" * (path.stat().st_size - 4096))


def damage_version(folder: Path) -> None:
    with sqlite3.connect(folder / "index.sqlite3") as db:
        db.execute("PRAGMA user_version = 999")
        db.execute("DROP TABLE results")
    db.close()


@pytest.mark.parametrize("damage", [damage_missing, damage_garbage, damage_torn, damage_version])
def test_an_unusable_index_is_made_anew(
    tmp_path: Path, make_result: Make, damage: Callable[[Path], None]
) -> None:
    """Missing, damaged and outdated indexes come back from the files, on the next start."""
    first = ResultStore(tmp_path)
    for n in range(5):
        first.save(make_result(n))
    first.close()
    damage(tmp_path)
    second = ResultStore(tmp_path)
    assert ids(second, sort="created_at") == [f"run-{n:05}" for n in range(5)]
    second.close()


@pytest.mark.parametrize("damage", [damage_missing, damage_garbage])
def test_an_index_lost_while_open_is_made_anew(
    store: ResultStore, make_result: Make, damage: Callable[[Path], None]
) -> None:
    """Running processes find together again when somebody deletes or replaces the index."""
    store.save(make_result(1))
    damage(store.results_dir)
    store.save(make_result(2))
    other = ResultStore(store.results_dir)
    other.save(make_result(3))
    other.close()
    assert ids(store) == ["run-00003", "run-00002", "run-00001"]


def test_opening_brings_files_and_index_together(tmp_path: Path, make_result: Make) -> None:
    """A file whose row was never written appears, a row whose file is gone disappears."""
    first = ResultStore(tmp_path)
    for n in range(3):
        first.save(make_result(n))
    first.close()
    (tmp_path / "run-00001.json").unlink()
    orphan = (tmp_path / "run-00002.json").read_bytes().replace(b"run-00002", b"run-00007")
    (tmp_path / "run-00007.json").write_bytes(orphan)
    second = ResultStore(tmp_path)
    assert set(ids(second)) == {"run-00000", "run-00002", "run-00007"}
    second.close()


def test_a_file_that_is_no_result_is_left_out(
    store: ResultStore, make_result: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """An unreadable file costs a log line, not the list."""
    store.save(make_result(1))
    (store.results_dir / "broken.json").write_text("{")
    assert store.rebuild() == 1
    assert ids(store) == ["run-00001"]
    assert "broken" in caplog.text
    with pytest.raises(NotFound, match="broken"):
        store.get("broken")


def save_many(folder: Path, results: list[BacktestResult]) -> None:
    store = ResultStore(folder)
    for result in results:
        store.save(result)
    store.close()


def test_several_processes_save_at_once(tmp_path: Path, make_result: Make) -> None:
    """Results of processes that start and write together are all listed."""
    context = multiprocessing.get_context("fork")
    parts = [[make_result(100 * part + n) for n in range(25)] for part in range(4)]
    processes = [context.Process(target=save_many, args=(tmp_path, part)) for part in parts]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * 4
    store = ResultStore(tmp_path)
    assert len(ids(store, limit=1000)) == 100
    store.close()


def test_runs_are_alike_when_they_did_the_same_work(store: ResultStore, make_result: Make) -> None:
    """Same strategy, parameters and data, good end, newest first, without the run itself."""
    for n, speed in enumerate((10.0, 20.0, 30.0)):
        store.save(make_result(n, data_points_per_second=speed))
    store.save(make_result(3, params={"a": 1}))
    store.save(make_result(4, strategy="ema_cross"))
    store.save(make_result(5, status="error"))
    store.save(make_result(6, instrument_id="BTCUSDT.BINANCE"))
    assert store.similar(make_result(2)) == [20.0, 10.0]
    assert store.similar(make_result(7), n=2) == [30.0, 20.0]


def test_throughput_is_compared_with_the_median(store: ResultStore, make_result: Make) -> None:
    """The ratio is over the median of earlier runs; too few of them, or a failure, give none."""
    result = make_result(9, data_points_per_second=50.0, data_points=1_000)
    for n, speed in enumerate((100.0, 10.0, 200.0)):
        assert throughput_ratio(result, store) is None
        store.save(make_result(n, data_points_per_second=speed))
    assert throughput_ratio(result, store) == 0.5
    assert throughput_ratio(make_result(9, status="error"), store) is None


def test_runs_of_no_time_have_no_pace(store: ResultStore, make_result: Make) -> None:
    """What usually takes milliseconds may take twice as many by chance, however slow it was."""
    for n in range(3):
        store.save(make_result(n, data_points_per_second=100_000.0))
    usual = 100_000 * PACE_SECONDS
    few, enough = (
        make_result(9, data_points_per_second=10.0, data_points=int(usual) + more)
        for more in (-1, 1)
    )
    assert throughput_ratio(few, store) is None
    assert throughput_ratio(enough, store) == 0.0001
