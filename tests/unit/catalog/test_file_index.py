"""Which files there are, and which of them a query opens."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from backend import catalog_files
from backend.cache import Cache
from backend.catalog_files import FileIndex, TickFile, rows_at_most
from backend.catalog_manager import CatalogManager
from backend.conversion.layout import LAYOUTS, ROW_GROUP_ROWS, file_name
from backend.settings import Settings
from nautilus_instrumentation import current_session
from nautilus_instrumentation.nautilus.footers import Footers

FX = "EUR/USD.SIM"
STEP = 300 * 10**6
"""Nanoseconds between the ticks of the small catalog."""
LONG_AGO = 10**18


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "data" / "quote_tick" / "EURUSD.SIM"
    made.mkdir(parents=True)
    return made


@pytest.fixture
def index(tmp_path: Path) -> FileIndex:
    return FileIndex(tmp_path, Cache("catalog", current_session(), 1000))


@pytest.fixture
def listings(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Folders that were listed, in order."""
    seen: list[Path] = []
    listed = catalog_files._listed
    monkeypatch.setattr(
        catalog_files, "_listed", lambda folder: (seen.append(folder), listed(folder))[1]
    )
    return seen


def spans(index: FileIndex, start: int = 0, end: int = 2**63 - 1) -> list[tuple[int, int]]:
    return [(file.first_ns, file.last_ns) for file in index.files("quote", FX, start, end)]


def settled(folder: Path, at: int = LONG_AGO) -> None:
    """As if nothing had changed in it for years."""
    os.utime(folder, ns=(at, at))


def test_files_come_by_time_and_only_those_that_reach_into_the_window(
    index: FileIndex, folder: Path
) -> None:
    """Both ends of a file and of a window belong to it."""
    for span in ((40, 49), (0, 9), (20, 29)):
        (folder / file_name(*span)).touch()
    assert spans(index) == [(0, 9), (20, 29), (40, 49)]
    assert spans(index, 9, 20) == [(0, 9), (20, 29)]
    assert spans(index, 10, 19) == []


def test_a_folder_is_listed_once_while_it_stays_as_it_is(
    index: FileIndex, folder: Path, listings: list[Path]
) -> None:
    """And again when files have come or gone."""
    (folder / file_name(0, 9)).touch()
    settled(folder)
    assert spans(index) == spans(index, 5, 6) == [(0, 9)]
    assert listings == [folder]
    (folder / file_name(20, 29)).touch()
    settled(folder, LONG_AGO + 1)
    assert spans(index) == [(0, 9), (20, 29)]
    assert listings == [folder, folder]


def test_a_folder_that_has_just_changed_is_not_remembered(
    index: FileIndex, folder: Path, listings: list[Path]
) -> None:
    """A second change in the same step of the clock would not show."""
    now = time.time_ns()
    for span in ((0, 9), (20, 29)):
        (folder / file_name(*span)).touch()
        settled(folder, now)
        assert spans(index)[-1] == span
    assert len(listings) == 2


def test_a_file_that_was_replaced_has_another_identity(index: FileIndex, folder: Path) -> None:
    """Even if its folder seems to be what it was."""
    path = folder / file_name(0, 9)
    path.touch()
    settled(folder)
    (before,) = index.files("quote", FX, 0, 9)
    path.write_bytes(b"PAR1")
    settled(folder)
    (after,) = index.files("quote", FX, 0, 9)
    assert before.identity != after.identity


def test_a_file_that_goes_while_it_is_looked_at_is_looked_for_again(
    index: FileIndex, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A conversion moves it on in time between the listing and the look."""
    old, new = folder / file_name(0, 9), folder / file_name(1, 10)
    old.touch()
    described = catalog_files._described

    def look(name: Any) -> TickFile:
        if old.exists():
            old.rename(new)
        return described(name)

    monkeypatch.setattr(catalog_files, "_described", look)
    assert spans(index) == [(1, 10)]


def test_an_instrument_without_a_folder_has_no_files(index: FileIndex) -> None:
    """Before its first conversion."""
    assert spans(index) == []


@pytest.fixture(scope="module")
def parted(tick_catalog: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog with the small catalog's 12,000 quotes in 24 files of 4 row groups each."""
    path = tmp_path_factory.mktemp("parted")
    folder = path / "data" / "quote_tick" / "EURUSD.SIM"
    folder.mkdir(parents=True)
    (source,) = (tick_catalog.path / "data" / "quote_tick" / "EURUSD.SIM").iterdir()
    table = pq.read_table(source)
    for first in range(0, table.num_rows, 500):
        part = table.slice(first, 500)
        times = part["ts_init"]
        pq.write_table(
            part, folder / file_name(times[0].as_py(), times[-1].as_py()),
            row_group_size=125, **LAYOUTS["quote"].writer_options,
        )  # fmt: skip
    return path


@pytest.fixture
def manager(parted: Path) -> CatalogManager:
    return CatalogManager(Settings(catalog_dir=parted))


WINDOWS = [(0, 12_000), (100, 101), (499, 500), (250, 5_000), (600, 11_000), (2_000, 3_999)]


@pytest.mark.parametrize(("first", "last"), WINDOWS)
def test_parted_files_give_what_one_file_gives(
    tick_catalog: Any, manager: CatalogManager, first: int, last: int
) -> None:
    """In order, each tick once, however many files are opened, one by one or as a folder."""
    start, end = (tick_catalog.start_ns + place * STEP for place in (first, last))
    whole = CatalogManager(Settings(catalog_dir=tick_catalog.path))
    found, wanted = (each.query(FX, "quote", start, end) for each in (manager, whole))
    to_dict = type(wanted[0]).to_dict
    assert [to_dict(tick) for tick in found] == [to_dict(tick) for tick in wanted]


@pytest.fixture
def opened(manager: CatalogManager, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Files that each query registers; one ending in / stands for all of a folder."""
    from backend.catalog_reader import SelectiveCatalog

    queries: list[list[str]] = []
    register = SelectiveCatalog.backend_session

    def backend_session(self: Any, *args: Any, **given: Any) -> Any:
        chosen = given["chosen"]
        whole = given.get("whole_folder")
        queries.append([f"{os.path.dirname(chosen[0])}/"] if whole else chosen)
        return register(self, *args, **given)

    monkeypatch.setattr(SelectiveCatalog, "backend_session", backend_session)
    return queries


def test_a_query_opens_the_files_of_its_window_alone(
    tick_catalog: Any, manager: CatalogManager, opened: list[list[str]]
) -> None:
    """Two of 24."""
    start = tick_catalog.start_ns + 499 * STEP
    manager.query(FX, "quote", start, start + STEP)
    files = sorted(str(file.path) for file in manager.files(FX, "quote", 0, 2**62))
    assert opened == [files[:2]]


def test_a_long_window_opens_few_files_at_a_time(
    tick_catalog: Any, manager: CatalogManager, opened: list[list[str]]
) -> None:
    """Or, where NautilusTrader can, their folder as a whole."""
    from backend.catalog_reader import FILES_AT_ONCE, KNOWS_FOLDERS

    manager.query(FX, "quote", 0, 2**62)
    files = sorted(str(file.path) for file in manager.files(FX, "quote", 0, 2**62))
    folder = [f"{os.path.dirname(files[0])}/"]
    parts = [files[n : n + FILES_AT_ONCE] for n in range(0, len(files), FILES_AT_ONCE)]
    assert opened == ([folder] if KNOWS_FOLDERS else parts)


def test_few_files_of_a_large_folder_are_opened_one_by_one(
    manager: CatalogManager, opened: list[list[str]]
) -> None:
    """The footers of the others would cost more."""
    from backend.catalog_reader import FILES_AT_ONCE, WHOLE_FOLDER_SHARE, TickReader

    files = manager.files(FX, "quote", 0, 2**62)[: FILES_AT_ONCE + 1]
    held = WHOLE_FOLDER_SHARE * len(files) + 1
    TickReader(manager.path).read("quote", files, held, 0, 2**62)
    assert [len(part) for part in opened] == [FILES_AT_ONCE, 1]


def test_files_that_overlap_are_read_together() -> None:
    """Parted, their ticks would come out of order."""
    from backend.catalog_reader import FILES_AT_ONCE, together

    ends = [10 * n + (15 if n == FILES_AT_ONCE - 1 else 9) for n in range(2 * FILES_AT_ONCE)]
    files = [TickFile(Path(str(n)), 10 * n, end, 0, 0) for n, end in enumerate(ends)]
    assert [len(part) for part in together(files)] == [FILES_AT_ONCE + 1, FILES_AT_ONCE - 1]


def test_a_query_whose_file_is_moved_under_it_reads_the_new_one(
    tick_catalog: Any, parted: Path, manager: CatalogManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files are chosen again; an error that has another cause is raised."""
    from backend.catalog_reader import TickReader

    read = TickReader.read
    calls = itertools.count()

    def gone(self: Any, kind: Any, files: list[TickFile], *given: Any) -> Any:
        if next(calls) == 0:
            os.utime(files[0].path)
            raise RuntimeError("no such file")
        return read(self, kind, files, *given)

    start = tick_catalog.start_ns
    monkeypatch.setattr(TickReader, "read", gone)
    assert len(manager.query(FX, "quote", start, start + STEP)) == 2
    monkeypatch.setattr(TickReader, "read", lambda *given: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        manager.query(FX, "quote", start, start + STEP)


def test_rows_at_most_are_those_of_the_row_groups(
    tick_catalog: Any, manager: CatalogManager
) -> None:
    """Two ticks at the border of two groups can be 250."""
    start = tick_catalog.start_ns + 124 * STEP
    files = manager.files(FX, "quote", start, start + STEP)
    assert rows_at_most(files, start, start + STEP) == 250


READ = """
import json, sys
from pathlib import Path
from backend.catalog_manager import CatalogManager
from backend.settings import Settings

manager = CatalogManager(Settings(catalog_dir=Path(sys.argv[1])))
def read(start, end):
    before = int(open("/proc/self/io").readline().split()[1])
    rows = len(manager.query("EUR/USD.SIM", "quote", start, end))
    return rows, int(open("/proc/self/io").readline().split()[1]) - before
windows = json.loads(sys.argv[2])
read(*windows[0])  # whatever is only read once
print(json.dumps([read(*window) for window in windows]))
"""


def wide(path: Path, table: pa.Table, **options: Any) -> Path:
    """One file with a million bytes and more, so that footers weigh little."""
    folder = path / "data" / "quote_tick" / "EURUSD.SIM"
    folder.mkdir(parents=True)
    times = table["ts_init"]
    target = folder / file_name(times[0].as_py(), times[-1].as_py())
    times_only = [
        "ts_event",
        "ts_init",
    ]  # 1.231 does not read columns that statistics call constant
    pq.write_table(
        table, target, compression="none", use_dictionary=False, write_statistics=times_only,
        **options,
    )  # fmt: skip
    return target


def test_a_query_reads_the_bytes_that_footers_predict(tick_catalog: Any, tmp_path: Path) -> None:
    """Of 10 row groups one, three or all, as the process's own count of bytes read says.

    Allowed beside them is the footer, which 1.231 reads in one piece of 512 KiB.
    """
    rows, group = 200_000, 20_000
    start = tick_catalog.start_ns
    file = wide(tmp_path, many_ticks(tick_catalog, rows), row_group_size=group)
    footer = file.stat().st_size - sum(group_bytes(file, place) for place in range(rows // group))
    places = [(0, 10), (25_000, 25_100), (59_999, 80_000), (0, rows)]
    windows = [(start + first * STEP, start + last * STEP) for first, last in places]
    found = bytes_read(tmp_path, windows)
    for (first, last), window, (count, read) in zip(places, windows, found, strict=True):
        groups = range(first // group, min(last, rows - 1) // group + 1)
        predicted = sum(group_bytes(file, place) for place in groups)
        pruning = Footers().pruning([str(file)], *window)
        assert count == min(last, rows - 1) - first + 1
        assert (pruning.groups_read, pruning.bytes_read) == (len(groups), predicted)
        assert predicted <= read <= predicted + max(footer, 2**19) + 4096


def test_of_a_row_group_the_pages_outside_of_the_window_are_not_read(
    tick_catalog: Any, tmp_path: Path
) -> None:
    """A few ticks out of one group of 5 MB, written with the options of conversions."""
    start = tick_catalog.start_ns
    file = wide(
        tmp_path, many_ticks(tick_catalog, ROW_GROUP_ROWS), row_group_size=ROW_GROUP_ROWS,
        **{name: LAYOUTS["quote"].writer_options[name] for name in ("write_page_index",
                                                                    "data_page_size")},
    )  # fmt: skip
    window = start + 30_000 * STEP, start + 30_010 * STEP
    ((count, read),) = bytes_read(tmp_path, [window])
    assert count == 11
    assert read < group_bytes(file, 0) / 4


def many_ticks(tick_catalog: Any, rows: int) -> pa.Table:
    """The catalog's ticks over and over, one each STEP."""
    (source,) = (tick_catalog.path / "data" / "quote_tick" / "EURUSD.SIM").iterdir()
    table = pq.read_table(source)
    start = tick_catalog.start_ns
    times = pa.array(range(start, start + rows * STEP, STEP), pa.uint64())
    table = pa.concat_tables([table] * (rows // table.num_rows + 1)).slice(0, rows)
    for name in ("ts_event", "ts_init"):
        table = table.set_column(table.schema.names.index(name), table.schema.field(name), times)
    return table


def bytes_read(catalog: Path, windows: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Of each window ticks, and bytes that a process of its own read for them."""
    done = subprocess.run(
        [sys.executable, "-c", READ, str(catalog), json.dumps(windows)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [tuple(each) for each in json.loads(done.stdout.splitlines()[-1])]


def group_bytes(file: Path, place: int) -> int:
    group = pq.read_metadata(file).row_group(place)
    return sum(group.column(n).total_compressed_size for n in range(group.num_columns))
