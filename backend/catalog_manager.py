"""The catalog that conversions write: what it holds, and ticks for engines and for people."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, Field

from backend.cache import Cache, Codec, key_text, shared_store
from backend.catalog_files import FileIndex, Slice, TickFile, row_groups, slices
from backend.conversion import bar_types
from backend.conversion.layout import BAR_LAYOUT, LAYOUTS, safe_id
from backend.errors import DomainError, Invalid, NotFound
from backend.models import SeriesKind, TickKind
from backend.settings import Settings
from backend.tick_table import count_ticks, known_columns, read_ticks, tick_parts
from nautilus_instrumentation import Session, current_session

if TYPE_CHECKING:
    from nautilus_trader.model.instruments import Instrument

    from backend.catalog_reader import TickReader

MAX_TICKS = 100_000
"""Ticks that one table holds at most; engines ask for slices instead."""
MAX_STREAMED = 5_000_000
"""Ticks of one stream: a busy day, of 240 MB."""
MAX_KNOWN = 50_000
"""Instruments, and holdings of them, that are kept: some 1.5 kB each. Every change of the catalog
makes a new list of all instruments, and the old ones stay until they are pushed out."""
NAMED = 5
"""Instruments that an error names as examples."""
ALL_TIME = (0, 2**63 - 1)


class Holding(BaseModel):
    """Ticks of one kind, or bars of one type, that the catalog holds of an instrument."""

    start: datetime = Field(description="first tick (file names; to the microsecond)")
    end: datetime = Field(description="last tick")
    rows: int
    bytes: int
    files: int


class CatalogInstrument(BaseModel):
    """An instrument of the catalog."""

    instrument_id: str
    instrument_class: str = Field(description="NautilusTrader's class, such as CurrencyPair")
    base_currency: str | None = None
    quote_currency: str | None = None
    settlement_currency: str | None = None
    price_precision: int
    size_precision: int
    ticks: dict[TickKind, Holding] = Field(default_factory=dict)
    bars: dict[str, Holding] = Field(
        default_factory=dict, description="by step, unit and price, such as `1-MINUTE-MID`"
    )


_DEFINITIONS: Codec[dict[str, CatalogInstrument]] = Codec(dict[str, CatalogInstrument])
_HOLDING: Codec[Holding] = Codec(Holding)


class CatalogManager:
    """One catalog. Listing and reading ticks as tables work without NautilusTrader.

    Times are closed windows of `ts_init` in Unix ns. An identifier is an instrument's id, or a bar
    type where the kind is `bar`. Errors: `NotFound` for an unknown instrument, `Invalid` for a
    window without ticks, a bar type that is not held, or a limit out of range.
    """

    def __init__(self, settings: Settings, session: Session | None = None) -> None:
        self.path = settings.catalog_dir
        session = session or current_session()
        self._cache: Cache[Any] = Cache(
            "catalog", session, MAX_KNOWN, negative=(NotFound,),
            size_of=lambda known: max(1, len(known)) if isinstance(known, dict | tuple) else 1,
            store=shared_store(settings.redis_address),
        )  # fmt: skip
        self._index = FileIndex(self.path, self._cache)
        self._reader: TickReader | None = None

    def instruments(self) -> list[CatalogInstrument]:
        """All instruments, with the ticks and bars that the catalog holds of them."""
        return [
            item.model_copy(update={"ticks": self._ticks_held(name), "bars": self._bars_held(name)})
            for name, item in self._definitions().items()
        ]

    def bar_types(self, instrument_id: str) -> list[str]:
        """Step, unit and price of the bars that are held of an instrument."""
        return self._index.bar_types(instrument_id)

    def instrument(self, instrument_id: str) -> Instrument:
        """NautilusTrader's instrument, through the instrumented catalog."""
        folder = self._folder_of(instrument_id)
        return self._cache.get_or_load(
            (instrument_id, folder.stat().st_mtime_ns), lambda: self._load(instrument_id)
        )

    def identifier(self, instrument_id: str, kind: SeriesKind, bar_type: str | None = None) -> str:
        """What the catalog calls such data; the only bar type that is held need not be named."""
        self._folder_of(instrument_id)
        if kind != "bar":
            return instrument_id
        held = self.bar_types(instrument_id)
        return bar_types.bar_type(instrument_id, bar_types.chosen(instrument_id, bar_type, held))

    def ticks(
        self, identifier: str, kind: SeriesKind, start_ns: int, end_ns: int, limit: int = 1_000
    ) -> pa.Table:
        """The first `limit` ticks of the window, with decoded prices; see `read_ticks`."""
        if not 1 <= limit <= MAX_TICKS:
            raise Invalid(f"limit must be from 1 to {MAX_TICKS}, not {limit}", field="limit")
        files = self.files(identifier, kind, start_ns, end_ns)
        table = read_ticks(files, kind, start_ns, end_ns, limit)
        if table.num_rows == 0:
            raise self.no_ticks(identifier, kind, start_ns, end_ns)
        return table

    def stream(
        self,
        identifier: str,
        kind: SeriesKind,
        start_ns: int,
        end_ns: int,
        limit: int,
        columns: Collection[str] | None = None,
    ) -> Iterator[pa.Table]:
        """The same in parts, up to MAX_STREAMED; the first is read here, so that errors are.

        `columns`: only those, in order of their names.
        """
        if not 1 <= limit <= MAX_STREAMED:
            raise Invalid(f"limit must be from 1 to {MAX_STREAMED}, not {limit}", field="limit")
        unknown = sorted(set(columns or ()).difference(known_columns(kind)))
        if unknown:
            raise Invalid(
                f"{kind}s have no column {unknown[0]!r:.80}", "columns",
                f"use {', '.join(known_columns(kind))}",
            )  # fmt: skip
        files = self.files(identifier, kind, start_ns, end_ns)
        parts = tick_parts(files, kind, start_ns, end_ns, limit, columns)
        for first in parts:
            return chain([first], parts)
        raise self.no_ticks(identifier, kind, start_ns, end_ns)

    def count(self, identifier: str, kind: SeriesKind, start_ns: int, end_ns: int) -> int:
        """How many ticks the window holds."""
        return count_ticks(self.files(identifier, kind, start_ns, end_ns), start_ns, end_ns)

    def query(self, identifier: str, kind: SeriesKind, start_ns: int, end_ns: int) -> list[Any]:
        """QuoteTicks, TradeTicks or Bars of the window, in order; opens no file outside of it."""
        while True:
            files = self.files(identifier, kind, start_ns, end_ns)
            held = len(self._index.names(kind, identifier))
            try:
                return self._nautilus().read(kind, files, held, start_ns, end_ns)
            except Exception:
                if files == self.files(identifier, kind, start_ns, end_ns):
                    raise

    def files(
        self, identifier: str, kind: SeriesKind, start_ns: int, end_ns: int
    ) -> list[TickFile]:
        """Files that may hold ticks of the window."""
        return self._index.files(kind, identifier, start_ns, end_ns)

    def slices(self, files: list[TickFile], start_ns: int, end_ns: int, most: int) -> list[Slice]:
        """Parts of the window with at most `most` rows each, estimated from footers."""
        return slices(files, start_ns, end_ns, most)

    def no_ticks(
        self, identifier: str, kind: SeriesKind, start_ns: int, end_ns: int
    ) -> DomainError:
        """The error for a window without ticks, naming what there is."""
        if kind != "bar" and identifier not in self._definitions():
            return self._unknown(identifier)
        what = "bars" if kind == "bar" else f"{kind} ticks"
        holding = self._holding(kind, identifier)
        there = f"{what} are held from {holding.start} to {holding.end}" if holding else (
            f"no {what} are held"
        )  # fmt: skip
        return Invalid(
            f"no {what} of {identifier} from {_time(start_ns)} to {_time(end_ns)}",
            field="start",
            hint=there,
        )

    # ----------------------------------------------------------------------------------------------

    def _nautilus(self) -> TickReader:
        from backend.catalog_reader import TickReader

        if self._reader is None:
            self._reader = TickReader(self.path)
        return self._reader

    def _load(self, instrument_id: str) -> Instrument:
        versions = self._nautilus().catalog.instruments(instrument_ids=[instrument_id])
        if not versions:
            raise self._unknown(instrument_id)
        return max(versions, key=lambda instrument: instrument.ts_init)

    def _folder_of(self, instrument_id: str) -> Path:
        for folder in self._folders():
            if folder.name == safe_id(instrument_id) and instrument_id in self._definitions():
                return folder
        raise self._unknown(instrument_id)

    def _unknown(self, instrument_id: str) -> NotFound:
        known = list(self._definitions())
        more = f" and {len(known) - NAMED} more" if len(known) > NAMED else ""
        named = f"there are {', '.join(known[:NAMED])}{more}" if known else "it is empty"
        return NotFound(
            f"the catalog has no instrument {instrument_id}", field="instrument_id", hint=named
        )

    def _folders(self) -> list[Path]:
        """Folders of single instruments: `data/<class>/<id>`, ticks and bars left out."""
        ticks = {layout.folder for layout in (*LAYOUTS.values(), BAR_LAYOUT)}
        try:
            classes = [entry for entry in (self.path / "data").iterdir() if entry.is_dir()]
        except FileNotFoundError:
            return []
        return sorted(
            folder
            for entry in classes
            if entry.name not in ticks
            for folder in entry.iterdir()
            if folder.is_dir()
        )

    def _definitions(self) -> dict[str, CatalogInstrument]:
        folders = self._folders()
        stamp = key_text(tuple((str(folder), folder.stat().st_mtime_ns) for folder in folders))
        known: dict[str, CatalogInstrument] = self._cache.get_or_load(
            ("definitions", stamp), lambda: _read(folders), _DEFINITIONS
        )
        return known

    def _ticks_held(self, instrument_id: str) -> dict[TickKind, Holding]:
        held = ((kind, self._holding(kind, instrument_id)) for kind in LAYOUTS)
        return {kind: holding for kind, holding in held if holding is not None}

    def _bars_held(self, instrument_id: str) -> dict[str, Holding]:
        names = ((s, bar_types.bar_type(instrument_id, s)) for s in self.bar_types(instrument_id))
        held = ((short, self._holding("bar", name)) for short, name in names)
        return {short: holding for short, holding in held if holding is not None}

    def _holding(self, kind: SeriesKind, identifier: str) -> Holding | None:
        files = self.files(identifier, kind, *ALL_TIME)
        if not files:
            return None
        key = "holding", key_text(tuple(file.identity for file in files))
        return self._cache.get_or_load(key, partial(_holding, files), _HOLDING)


def _holding(files: list[TickFile]) -> Holding:
    return Holding(
        start=_time(files[0].first_ns),
        end=_time(max(file.last_ns for file in files)),
        rows=sum(group.rows for file in files for group in row_groups(file)),
        bytes=sum(file.size for file in files),
        files=len(files),
    )


def _read(folders: list[Path]) -> dict[str, CatalogInstrument]:
    """Instruments by id; of several definitions in a folder the newest."""
    found = {}
    for folder in folders:
        for path in sorted(folder.glob("*.parquet")):
            table = pq.ParquetFile(path).read()
            kind = (table.schema.metadata or {}).get(b"class")
            if kind is None or "id" not in table.schema.names:
                break
            row = table.slice(table.num_rows - 1).to_pylist()[0]
            fields = {name: row[name] for name in CatalogInstrument.model_fields if name in row}
            found[row["id"]] = CatalogInstrument(
                instrument_id=row["id"], instrument_class=kind.decode(), **fields
            )
    return dict(sorted(found.items()))


def _time(ns: int) -> datetime:
    return datetime.fromtimestamp(ns / 1e9, UTC)
