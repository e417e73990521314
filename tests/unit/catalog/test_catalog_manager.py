"""What the catalog holds, for people and for engines."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from backend.catalog_files import RowGroup, TickFile, slices
from backend.catalog_manager import MAX_TICKS, CatalogManager
from backend.errors import Invalid, NotFound
from backend.settings import Settings

HOUR = 3_600 * 10**9
STEP = 300 * 10**6
"""Nanoseconds between the ticks of the small catalog."""


def test_all_instruments_are_listed_with_their_ticks(
    tick_catalog: Any, manager: CatalogManager
) -> None:
    """Class, currencies, precisions, and the span and number of ticks of each kind."""
    held = {item.instrument_id: item for item in manager.instruments()}
    assert sorted(held) == [tick_catalog.perpetual, tick_catalog.spot, tick_catalog.fx]
    fx = held[tick_catalog.fx]
    assert (fx.instrument_class, fx.base_currency, fx.quote_currency) == (
        "CurrencyPair", "EUR", "USD",
    )  # fmt: skip
    assert (fx.price_precision, fx.size_precision) == (5, 0)
    assert held[tick_catalog.perpetual].settlement_currency == "USDT"
    quotes = fx.ticks["quote"]
    assert (quotes.rows, quotes.files) == (tick_catalog.rows, 1)
    assert quotes.start == tick_catalog.start
    assert quotes.end == tick_catalog.start + timedelta(hours=1, microseconds=-STEP / 1000)
    assert quotes.bytes > 10_000


def test_an_empty_catalog_has_no_instruments(empty: CatalogManager) -> None:
    """Before the first conversion there is nothing, and no error."""
    assert empty.instruments() == []


def test_looking_does_not_import_the_engine(tick_catalog: Any) -> None:
    """The API process lists and shows ticks without NautilusTrader."""
    code = (
        "import sys; from pathlib import Path; from backend.settings import Settings;"
        "from backend.catalog_manager import CatalogManager;"
        f"m = CatalogManager(Settings(catalog_dir=Path({str(tick_catalog.path)!r})));"
        f"m.instruments(); m.ticks({tick_catalog.fx!r}, 'quote', 0, 2**62);"
        "print('nautilus_trader' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_an_instrument_is_nautilus_own(tick_catalog: Any, manager: CatalogManager) -> None:
    """Engines get the object that the catalog stores."""
    instrument = manager.instrument(tick_catalog.spot)
    assert type(instrument).__name__ == "CurrencyPair"
    assert str(instrument.id) == tick_catalog.spot
    assert manager.instrument(tick_catalog.spot) is instrument


def test_an_instrument_written_again_is_read_again(tick_catalog: Any, tmp_path: Path) -> None:
    """A new definition is seen without a restart."""
    path = tmp_path / "catalog"
    shutil.copytree(tick_catalog.path, path)
    manager = CatalogManager(Settings(catalog_dir=path))
    before = manager.instrument(tick_catalog.fx)
    folder = path / "data" / "currency_pair" / "EURUSD.SIM"
    (file,) = folder.iterdir()
    file.rename(folder / "again.tmp")
    (folder / "again.tmp").rename(file)
    assert manager.instrument(tick_catalog.fx) is not before


@pytest.mark.parametrize("kind", ["quote", "trade"])
def test_shown_ticks_are_those_that_engines_get(
    tick_catalog: Any, manager: CatalogManager, kind: Any
) -> None:
    """Times and prices of the table equal those that NautilusTrader decodes."""
    window = (tick_catalog.start_ns, tick_catalog.start_ns + HOUR // 10)
    for name in (tick_catalog.fx, tick_catalog.spot):
        table = manager.ticks(name, kind, *window, limit=MAX_TICKS).to_pylist()
        ticks = manager.query(name, kind, *window)
        assert len(table) == len(ticks) > 1_000
        for row, tick in zip(table, ticks, strict=True):
            wanted = type(tick).to_dict(tick)
            for key, value in row.items():
                assert value == (float(wanted[key]) if isinstance(value, float) else wanted[key])


def test_a_table_has_plain_types(tick_catalog: Any, manager: CatalogManager) -> None:
    """Integers for times, floats for prices, text for the rest."""
    window = (tick_catalog.start_ns, tick_catalog.start_ns + HOUR)
    trades = manager.ticks(tick_catalog.fx, "trade", *window, limit=1)
    assert trades.schema == pa.schema(
        [
            ("ts_event", pa.int64()), ("ts_init", pa.int64()), ("price", pa.float64()),
            ("size", pa.float64()), ("aggressor_side", pa.string()), ("trade_id", pa.string()),
        ]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("first", "last", "rows"),
    [(0, 0, 1), (0, STEP - 1, 1), (1, STEP, 1), (0, STEP, 2), (-HOUR, HOUR, 12_000)],
)
def test_windows_are_closed_and_exact_to_the_nanosecond(
    tick_catalog: Any, manager: CatalogManager, first: int, last: int, rows: int
) -> None:
    """Both ends belong to a window, in tables and in queries."""
    window = (tick_catalog.start_ns + first, tick_catalog.start_ns + last)
    assert manager.ticks(tick_catalog.fx, "quote", *window, limit=MAX_TICKS).num_rows == rows
    assert len(manager.query(tick_catalog.fx, "quote", *window)) == rows


def test_a_limit_keeps_the_first_ticks(tick_catalog: Any, manager: CatalogManager) -> None:
    """A table is cut at its end."""
    window = (tick_catalog.start_ns, tick_catalog.start_ns + HOUR)
    table = manager.ticks(tick_catalog.fx, "quote", *window, limit=7)
    assert table["ts_init"].to_pylist() == [tick_catalog.start_ns + n * STEP for n in range(7)]


@pytest.mark.parametrize("limit", [0, -1, MAX_TICKS + 1])
def test_a_limit_out_of_range_is_refused(
    tick_catalog: Any, manager: CatalogManager, limit: int
) -> None:
    """Nobody can ask for everything at once."""
    with pytest.raises(Invalid) as refused:
        manager.ticks(tick_catalog.fx, "quote", 0, 2**62, limit=limit)
    assert refused.value.field == "limit"


def test_an_unknown_instrument_names_some_that_are_there(manager: CatalogManager) -> None:
    """The error helps to find the right name."""
    for ask in (manager.instrument, lambda name: manager.ticks(name, "quote", 0, 2**62)):
        with pytest.raises(NotFound, match=r"XAU/USD\.SIM.*EUR/USD\.SIM") as missing:
            ask("XAU/USD.SIM")
        assert missing.value.field == "instrument_id"


def test_an_instrument_is_not_found_by_its_folder(manager: CatalogManager) -> None:
    """`EURUSD.SIM` is where `EUR/USD.SIM` lives, and not an instrument."""
    with pytest.raises(NotFound):
        manager.instrument("EURUSD.SIM")


def test_a_window_without_ticks_says_where_there_are_some(
    tick_catalog: Any, manager: CatalogManager
) -> None:
    """The error names the span that is held."""
    with pytest.raises(Invalid, match=r"2026-01-05 12:00:00.*12:59:59") as empty:
        manager.ticks(tick_catalog.fx, "quote", 0, 10**18)
    assert empty.value.field == "start"


def test_what_is_no_tick_file_is_passed_over(tick_catalog: Any, tmp_path: Path) -> None:
    """Files under other names do not count."""
    folder = tmp_path / "data" / "quote_tick" / "EURUSD.SIM"
    source = tick_catalog.path / "data" / "quote_tick" / "EURUSD.SIM"
    shutil.copytree(source, folder)
    (folder / ".half-written.tmp").write_bytes(b"PAR1")
    (folder / "notes.parquet").write_bytes(b"PAR1")
    manager = CatalogManager(Settings(catalog_dir=tmp_path))
    assert len(manager.files(tick_catalog.fx, "quote", 0, 2**62)) == 1


@pytest.mark.parametrize("most", [1, 999, 5_000, 11_999, 12_000, 10**9])
def test_slices_cover_the_window_once(
    tick_catalog: Any, manager: CatalogManager, most: int
) -> None:
    """Slices are disjoint, leave no gap, and their queries give all ticks in order."""
    start, end = tick_catalog.start_ns, tick_catalog.start_ns + HOUR
    parts = manager.slices(manager.files(tick_catalog.fx, "quote", start, end), start, end, most)
    assert (parts[0].start_ns, parts[-1].end_ns) == (start, end)
    for before, after in itertools.pairwise(parts):
        assert after.start_ns == before.end_ns + 1
    times = [
        tick.ts_init
        for part in parts
        for tick in manager.query(tick_catalog.fx, "quote", part.start_ns, part.end_ns)
    ]
    assert times == list(range(start, start + tick_catalog.rows * STEP, STEP))
    assert (len(parts) == 1) == (most >= tick_catalog.rows)


def test_overlapping_row_groups_stay_in_one_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that overlap, as no conversion writes them, are still read once."""
    spans = ((0, 10), (8, 20), (21, 30), (31, 40))
    groups = tuple(RowGroup(index, *span, 5) for index, span in enumerate(spans))
    monkeypatch.setattr("backend.catalog_files.row_groups", lambda file: groups)
    file = TickFile(Path("x"), 0, 40, 0, 0)
    parts = slices([file], 0, 100, 5)
    assert [(part.start_ns, part.end_ns, part.rows) for part in parts] == [
        (0, 20, 10), (21, 30, 5), (31, 100, 5),
    ]  # fmt: skip


def test_slices_of_nothing_are_none(manager: CatalogManager, tick_catalog: Any) -> None:
    """A window before all ticks has no slice."""
    assert manager.slices([], 0, 10, 5) == []
    assert manager.files(tick_catalog.fx, "quote", 0, 10) == []
