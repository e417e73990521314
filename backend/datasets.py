"""The datasets file: what raw files hold, and how to read them."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.conversion.bar_types import BarSpec
from backend.conversion.exact import NumberSpec
from backend.conversion.layout import FIXED_PRECISION, LAYOUTS, safe_id
from backend.conversion.numbers import constant
from backend.conversion.text import side_key
from backend.conversion.times import TimeSpec
from backend.dataset_tables import (
    DatasetTable,
    as_table,
    bar_specs,
    check_fields,
    validated,
    with_preset,
)
from backend.errors import DomainError, Invalid
from backend.instruments import InstrumentSpec, instrument_keys
from backend.models import SeriesKind, TickKind


@dataclass(frozen=True)
class Series:
    """One instrument of a file."""

    symbol: str | None
    """Value in the symbol column; None when the file holds one instrument."""
    instrument: InstrumentSpec
    numbers: tuple[NumberSpec, ...]


@dataclass(frozen=True)
class Dataset:
    """How the files that match a glob are to be read."""

    label: str
    """Names the table in messages, such as `dataset[2]`."""
    match: str
    kind: TickKind
    columns: dict[str, tuple[str, ...]]
    """Our field: names that the file's column may have, best first."""
    defaults: dict[str, str]
    time: TimeSpec
    aggressor_columns: tuple[str, ...]
    sides: dict[tuple[str, object], int]
    symbol_column: str | None
    series: tuple[Series, ...]
    max_rejected: float | None
    bars: tuple[BarSpec, ...]
    """Bars to be made of the ticks."""
    digest: str
    """Changes when the same file would convert to something else."""

    @property
    def instrument_ids(self) -> list[str]:
        return [series.instrument.instrument_id for series in self.series]

    def lead_ns(self, kind: SeriesKind, identifier: str) -> int | None:
        """How long before its own time a tick or bar begins that is made of such files.

        Zero for ticks; None where no such series is made.
        """
        if kind != "bar":
            return 0 if kind == self.kind and identifier in self.instrument_ids else None
        bars = {bar.bar_type(name): bar for name in self.instrument_ids for bar in self.bars}
        return bars[identifier].step_ns if identifier in bars else None


class Datasets:
    """All datasets of a file; the first that matches a raw file's name describes it."""

    def __init__(self, datasets: list[Dataset]) -> None:
        self._datasets = datasets
        _refuse_contradictions(datasets)

    def find(self, name: str) -> Dataset | None:
        return next((d for d in self._datasets if fnmatch.fnmatchcase(name, d.match)), None)

    def __iter__(self) -> Iterator[Dataset]:
        return iter(self._datasets)


def load(path: Path) -> Datasets:
    """Read a datasets file. Raises Invalid naming the table and the key."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Invalid(
            f"there is no datasets file at {path}", "DATASETS_FILE",
            "write one with a [[dataset]] table for each kind of raw file",
        ) from None  # fmt: skip
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Invalid(f"{path.name} cannot be read: {error}", "DATASETS_FILE") from None
    unknown = sorted(set(document) - {"dataset"})
    if unknown:
        raise Invalid(f"{path.name}: unknown key `{unknown[0]}`", unknown[0], "use [[dataset]]")
    tables = document.get("dataset", [])
    if not isinstance(tables, list):
        raise Invalid(f"{path.name}: `dataset` must be [[dataset]] tables", "dataset")
    return Datasets([parse(table, f"dataset[{place}]") for place, table in enumerate(tables)])


def parse(table: dict[str, Any], label: str) -> Dataset:
    """One [[dataset]] table. Raises Invalid naming the key below `label`."""
    table = with_preset(table, label)
    symbols = table.pop("symbols", None)
    instrument = {key: table.pop(key) for key in instrument_keys() if key in table}
    fields = validated(DatasetTable, table, label)
    if (symbols is None) != (fields.symbol_column is None):
        raise Invalid(
            f'{label}: symbol_column and [dataset.symbols."…"] tables go together',
            f"{label}.symbol_column" if symbols is None else f"{label}.symbols",
        )
    check_fields(fields, label)
    if symbols is None:
        series = [_series(fields, instrument, None, label)]
    else:
        if not isinstance(symbols, dict) or not symbols:
            raise Invalid(f"{label}.symbols: needs a table per symbol", f"{label}.symbols")
        series = [
            _series(fields, {**instrument, **as_table(own, f"{label}.symbols.{name}")}, name, label)
            for name, own in symbols.items()
        ]
    return _dataset(fields, series, label)


def _series(fields: DatasetTable, table: dict[str, Any], symbol: str | None, label: str) -> Series:
    where = label if symbol is None else f"{label}.symbols.{symbol}"
    instrument: InstrumentSpec = validated(InstrumentSpec, table, where)
    layout = LAYOUTS[fields.kind]
    prices = (instrument.price_precision, instrument.price_scale, False)
    sizes = (instrument.size_precision, instrument.size_scale, True)
    numbers = tuple(
        NumberSpec(name, *(prices if name in layout.prices else sizes), zero_allowed=allowed)
        for name, allowed in (
            *((name, True) for name in layout.prices),
            *((name, layout.zero_size) for name in layout.sizes),
        )
    )
    for spec in numbers:
        if spec.name in fields.defaults:
            key = f"{label}.defaults.{spec.name}"
            try:
                constant(str(fields.defaults[spec.name]), spec)
            except DomainError as error:
                raise Invalid(f"{key}: {error.message}", key) from None
    return Series(symbol, instrument, numbers)


def _names(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _dataset(fields: DatasetTable, series: list[Series], label: str) -> Dataset:
    aggressor = fields.aggressor
    sides = {
        side_key(value): side
        for side, values in enumerate(
            (aggressor.NO_AGGRESSOR, aggressor.BUYER, aggressor.SELLER) if aggressor else ()
        )
        for value in values
    }
    meaning: dict[str, Any] = {
        "fields": fields.model_dump(
            mode="json", exclude={"match", "max_rejected", "preset", "bars"}
        ),
        "series": [(s.symbol, s.instrument.model_dump(mode="json")) for s in series],
        "fixed": FIXED_PRECISION,
    }
    bars = bar_specs(fields, label)
    if bars:  # those who want none keep the digest that they had before there were any
        meaning["bars"] = sorted(bar.bar_type("") for bar in bars)
        meaning["borders"] = 1  # catalogs hold parts of bars from before they were put together
    text = json.dumps(meaning, sort_keys=True)
    return Dataset(
        label=label,
        match=fields.match,
        kind=fields.kind,
        columns={name: _names(value) for name, value in fields.columns.items()},
        defaults={name: str(value) for name, value in fields.defaults.items()},
        time=fields.time.spec(),
        aggressor_columns=_names(aggressor.column) if aggressor else (),
        sides=sides,
        symbol_column=fields.symbol_column,
        series=tuple(series),
        max_rejected=fields.max_rejected,
        bars=bars,
        digest=hashlib.sha256(text.encode()).hexdigest(),
    )


def _refuse_contradictions(datasets: list[Dataset]) -> None:
    """An instrument is described once, and no two instruments share a folder."""
    seen: dict[str, tuple[str, dict[str, Any]]] = {}
    for dataset in datasets:
        within: set[str] = set()
        for series in dataset.series:
            spec = series.instrument
            if spec.instrument_id in within:
                raise Invalid(
                    f"{dataset.label}: two symbols are called {spec.instrument_id}", dataset.label
                )
            within.add(spec.instrument_id)
            meaning = {"instrument_id": spec.instrument_id, **spec.identity()}
            other = seen.setdefault(safe_id(spec.instrument_id), (dataset.label, meaning))
            if other[1] != meaning:
                key = next(k for k in meaning if other[1].get(k) != meaning[k])
                raise Invalid(
                    f"{dataset.label}.{key}: {spec.instrument_id} is described differently in "
                    f"{other[0]} ({other[1].get(key)!r} there, {meaning[key]!r} here)",
                    f"{dataset.label}.{key}",
                )
