"""What shares its entries: the catalog's contents, raw files, lists of results."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from backend.cache import Cache, shared_store
from backend.catalog_files import FileIndex, row_groups
from backend.catalog_manager import CatalogManager
from backend.conversion.layout import tick_folder
from backend.data_converter import Converter
from backend.models import BacktestRequest, BacktestResult
from backend.result_pages import page_cache
from backend.result_store import ResultStore
from backend.settings import Settings

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def settings(server: Any, tmp_path: Path) -> Callable[..., Settings]:
    """Settings with the Redis of the test."""

    def make(**changes: Any) -> Settings:
        return Settings(redis_url=server.url, **changes)

    return make


def test_a_process_learns_of_the_catalog_from_others(
    tick_catalog: Any, settings: Any, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new one opens no file of it, and lists the same."""
    chosen = settings(catalog_dir=tick_catalog.path)
    known = CatalogManager(chosen, session).instruments()
    assert known
    assert any(instrument.ticks for instrument in known)
    row_groups.cache_clear()
    monkeypatch.setattr(pq, "ParquetFile", None)
    monkeypatch.setattr(pq, "read_metadata", None)
    assert CatalogManager(chosen, session).instruments() == known


def test_files_of_a_folder_that_changes_are_missed_each_time(tmp_path: Path, session: Any) -> None:
    """A cache that such a folder passes by helps nobody, and its hit rate says so."""
    folder = tick_folder(tmp_path, "quote", "EUR/USD.SIM")
    folder.mkdir(parents=True)
    index = FileIndex(tmp_path, Cache("catalog", session, 10))
    for _ in range(2):
        os.utime(folder)
        index.names("quote", "EUR/USD.SIM")
    assert session.telemetry.results() == {"miss": 2}


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """A raw day with one file."""
    day = tmp_path / "raw" / "by_date" / "day-2026-01-05"
    day.mkdir(parents=True)
    pq.write_table(pa.table({"a": [1, 2, 3]}), day / "ticks.parquet")
    (tmp_path / "raw" / "datasets.toml").touch()
    return tmp_path / "raw"


def rows(converter: Converter) -> list[int | None]:
    return [file.rows for day in converter.days() for file in day.files]


def test_a_raw_file_is_opened_once_by_all(
    raw: Path, settings: Any, session: Any, tmp_path: Path
) -> None:
    """Its rows are known until it changes; a change is seen at once."""
    chosen = settings(raw_tick_dir=raw, catalog_dir=tmp_path / "catalog")
    assert rows(Converter(chosen, session)) == [3]
    other = Converter(chosen, session)
    for _ in range(2):
        assert rows(other) == [3]
    assert session.redis.results()["hit"] == 1
    path = raw / "by_date" / "day-2026-01-05" / "ticks.parquet"
    pq.write_table(pa.table({"a": [1, 2]}), path)
    assert rows(other) == [2]


def test_a_raw_file_that_cannot_be_read_is_not_shared(
    raw: Path, settings: Any, session: Any, tmp_path: Path, server: Any
) -> None:
    """For this process it is known for a while; others find out for themselves."""
    path = raw / "by_date" / "day-2026-01-05" / "ticks.parquet"
    good = path.read_bytes()

    def write(content: bytes) -> None:
        path.write_bytes(content)
        os.utime(path, ns=(1, 1))

    chosen = settings(raw_tick_dir=raw, catalog_dir=tmp_path / "catalog")
    converter = Converter(chosen, session)
    write(b"x" * len(good))
    assert rows(converter) == [None]
    assert server.client.keys("nautobs:datasets:*") == []
    write(good)
    assert rows(converter) == [None]
    assert rows(Converter(chosen, session)) == [3]


def test_the_description_of_raw_files_is_read_when_it_changes(
    raw: Path, session: Any, tmp_path: Path
) -> None:
    """And not before."""
    converter = Converter(Settings(raw_tick_dir=raw, catalog_dir=tmp_path / "catalog"), session)
    file = raw / "datasets.toml"
    known = converter._datasets()
    assert converter._datasets() is known
    os.utime(file, ns=(1, 1))
    assert converter._datasets() is not known


@pytest.fixture
def results(tmp_path: Path, session: Any, server: Any) -> Iterator[Callable[[], ResultStore]]:
    """Stores of the same folder, each as another process has it."""
    stores: list[ResultStore] = []

    def make() -> ResultStore:
        pages = page_cache(session, shared_store(server.url))
        stores.append(ResultStore(tmp_path / "results", pages))
        return stores[-1]

    yield make
    for store in stores:
        store.close()


def result(number: int) -> BacktestResult:
    request = BacktestRequest(
        instrument_id="EUR/USD.SIM", kind="quote", start=NOON, end=NOON + timedelta(hours=1),
        strategy="idle", params={},
    )  # fmt: skip
    created = NOON + timedelta(seconds=number)
    return BacktestResult(
        run_id=f"run-{number}", job_id=f"job-{number}", trace_id=f"{number:032x}", status="ok",
        request=request, created_at=created, finished_at=created, duration_seconds=1.0,
        window="1h", versions={}, data_points_per_second=1000.0,
    )  # fmt: skip


def test_a_list_holds_until_a_result_comes_or_goes(
    results: Callable[[], ResultStore], session: Any
) -> None:
    """Whoever saved or deleted it, and whoever made the list."""
    first, second = results(), results()
    first.save(result(1))

    def listed(store: ResultStore) -> list[str]:
        return [summary.run_id for summary in store.list().items]

    for store in (first, first, second):
        assert listed(store) == ["run-1"]
    assert (session.telemetry.results(), session.redis.results()) == (
        {"miss": 2, "hit": 1}, {"miss": 1, "hit": 1},
    )  # fmt: skip
    second.save(result(2))
    for store in (first, second):
        assert listed(store) == ["run-2", "run-1"]
    first.delete("run-1")
    for store in (first, second):
        assert listed(store) == ["run-2"]


def test_walks_over_all_results_are_not_kept(
    results: Callable[[], ResultStore], session: Any
) -> None:
    """They would push out the short lists that are asked for again and again."""
    store = results()
    store.list(limit=1000)
    assert session.telemetry.calls == []


def test_lists_differ_by_what_was_asked(results: Callable[[], ResultStore]) -> None:
    """By number, order, place and each filter."""
    store = results()
    for number in range(4):
        store.save(result(number))

    def ids(**asked: Any) -> list[str]:
        return [summary.run_id[-1] for summary in store.list(**asked).items]

    for _ in range(2):
        assert ids() == ["3", "2", "1", "0"]
        assert ids(limit=2) == ["3", "2"]
        assert ids(limit=2, cursor=store.list(limit=2).next_cursor) == ["1", "0"]
        assert ids(sort="created_at") == ["0", "1", "2", "3"]
        assert ids(strategy="other") == []
        assert ids(instrument_id="other") == []
        assert ids(status="error") == []
