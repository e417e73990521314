"""The datasets file: what raw files hold, and how to read them."""

from __future__ import annotations

import datetime as dt
import fnmatch
import hashlib
import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from backend.conversion.layout import FIXED_PRECISION, LAYOUTS, TS_EVENT, safe_id
from backend.conversion.numbers import NumberSpec, constant
from backend.conversion.text import RawSide, side_key
from backend.conversion.times import TimeSpec
from backend.errors import DomainError, Invalid
from backend.instruments import InstrumentSpec, instrument_keys
from backend.models import TickKind
from backend.presets import PRESETS

OPTIONAL_FIELDS = {"trade_id"}
"""Fields that a file may lack without a default; trade ids become row numbers then."""
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _offset(text: str) -> str:
    match = _OFFSET.fullmatch(text)
    if not match or int(match[2]) > 14 or int(match[3]) > 59:
        raise ValueError("must look like +05:30 or -05:00")
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(
            f"unknown time zone {name!r}; use a name such as America/Chicago"
        ) from None
    return name


class TimeTable(_Table):
    """[dataset.time]"""

    unit: Literal["s", "ms", "us", "ns", "datetime", "auto"] = "ns"
    origin: Literal["epoch", "day"] = "epoch"
    utc_offset: Annotated[str, AfterValidator(_offset)] | None = None
    timezone: Annotated[str, AfterValidator(_zone)] | None = None

    @model_validator(mode="after")
    def _one_clock(self) -> TimeTable:
        if self.utc_offset and self.timezone:
            raise ValueError("give utc_offset or timezone, not both")
        if self.unit == "auto" and self.origin == "day":
            raise ValueError("unit `auto` needs origin `epoch`")
        return self

    def spec(self) -> TimeSpec:
        offset = None
        if self.utc_offset:
            sign, hours, minutes = _OFFSET.fullmatch(self.utc_offset).groups()  # type: ignore[union-attr] # validated above
            offset = int(f"{sign}1") * (int(hours) * 3600 + int(minutes) * 60) * 10**9
        return TimeSpec(self.unit, self.origin == "day", offset, self.timezone)


_Names = Annotated[str, Field(min_length=1)] | Annotated[list[str], Field(min_length=1)]


class AggressorTable(_Table):
    """[dataset.aggressor]"""

    column: _Names
    BUYER: list[RawSide] = Field(default_factory=list)
    SELLER: list[RawSide] = Field(default_factory=list)
    NO_AGGRESSOR: list[RawSide] = Field(default_factory=list)

    @model_validator(mode="after")
    def _disjoint(self) -> AggressorTable:
        values = [side_key(v) for v in (*self.BUYER, *self.SELLER, *self.NO_AGGRESSOR)]
        if not values:
            raise ValueError("list the raw values of BUYER and SELLER")
        double = {key for key in values if values.count(key) > 1}
        if double:
            raise ValueError(f"{sorted(double)[0][1]!r} is listed twice")
        return self


class DatasetTable(_Table):
    """[[dataset]]; the instrument's keys are validated apart, since symbols override them."""

    match: str = Field(min_length=1)
    preset: str | None = None
    kind: TickKind
    columns: dict[str, _Names]
    defaults: dict[str, str | int | float] = Field(default_factory=dict)
    time: TimeTable = Field(default_factory=TimeTable)
    aggressor: AggressorTable | None = None
    symbol_column: str | None = None
    max_rejected: float | None = Field(default=None, ge=0, le=1)


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
    digest: str
    """Changes when the same file would convert to something else."""

    @property
    def instrument_ids(self) -> list[str]:
        return [series.instrument.instrument_id for series in self.series]


class Datasets:
    """All datasets of a file; the first that matches a raw file's name describes it."""

    def __init__(self, datasets: list[Dataset]) -> None:
        self._datasets = datasets
        _refuse_contradictions(datasets)

    def find(self, name: str) -> Dataset | None:
        return next((d for d in self._datasets if fnmatch.fnmatchcase(name, d.match)), None)

    def __iter__(self) -> Any:
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
    table = _with_preset(table, label)
    symbols = table.pop("symbols", None)
    instrument = {key: table.pop(key) for key in instrument_keys() if key in table}
    fields = _validated(DatasetTable, table, label)
    if (symbols is None) != (fields.symbol_column is None):
        raise Invalid(
            f'{label}: symbol_column and [dataset.symbols."…"] tables go together',
            f"{label}.symbol_column" if symbols is None else f"{label}.symbols",
        )
    _check_fields(fields, label)
    if symbols is None:
        series = [_series(fields, instrument, None, label)]
    else:
        if not isinstance(symbols, dict) or not symbols:
            raise Invalid(f"{label}.symbols: needs a table per symbol", f"{label}.symbols")
        series = [
            _series(fields, {**instrument, **_mapping(own, f"{label}.symbols.{name}")}, name, label)
            for name, own in symbols.items()
        ]
    return _dataset(fields, series, label)


def _mapping(value: Any, label: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Invalid(f"{label}: must be a table", label)
    return value


def _with_preset(table: dict[str, Any], label: str) -> dict[str, Any]:
    """The table laid over its preset; tables within are laid over each other."""
    table = dict(_mapping(table, label))
    name = table.get("preset")
    if name is None:
        return table
    if name not in PRESETS:
        raise Invalid(
            f"{label}.preset: unknown preset {name!r}", f"{label}.preset",
            f"use one of {', '.join(sorted(PRESETS))}",
        )  # fmt: skip
    for key, value in PRESETS[name].items():
        own = table.get(key, {} if isinstance(value, dict) else value)
        both = isinstance(value, dict) and isinstance(own, dict)
        table[key] = {**value, **own} if both else own
    return table


def _validated(model: type[Any], table: dict[str, Any], label: str) -> Any:
    try:
        return model.model_validate(table)
    except ValidationError as error:
        raise _explained(error, label) from None


def _explained(error: ValidationError, label: str) -> Invalid:
    problem = error.errors(include_url=False)[0]
    # Names of union members are pydantic's business, not the reader's.
    path = [
        str(part) for part in problem["loc"] if not str(part).startswith(("constrained", "list["))
    ]
    key = ".".join([label, *path])
    message = {"missing": "is missing", "extra_forbidden": "is not a known key"}.get(
        problem["type"], problem["msg"].removeprefix("Value error, ")
    )
    return Invalid(f"{key}: {message}", key)


def _check_fields(fields: DatasetTable, label: str) -> None:
    """Every field of the kind comes from a column or a default, and nothing else is named."""
    layout = LAYOUTS[fields.kind]
    known = {*layout.numbers, TS_EVENT} | (OPTIONAL_FIELDS if fields.kind == "trade" else set())
    for table in ("columns", "defaults"):
        for name in getattr(fields, table):
            if name not in known:
                raise Invalid(
                    f"{label}.{table}.{name}: a {fields.kind} has no such field",
                    f"{label}.{table}.{name}", f"use {', '.join(sorted(known))}",
                )  # fmt: skip
    for name in sorted({TS_EVENT, "trade_id"} & set(fields.defaults)):
        raise Invalid(f"{label}.defaults.{name}: cannot be constant", f"{label}.defaults.{name}")
    missing = sorted(known - OPTIONAL_FIELDS - set(fields.columns) - set(fields.defaults))
    if missing:
        raise Invalid(
            f"{label}.columns.{missing[0]}: is missing", f"{label}.columns.{missing[0]}",
            "name the file's column, or give a constant in [dataset.defaults]",
        )  # fmt: skip
    if fields.aggressor and fields.kind != "trade":
        raise Invalid(f"{label}.aggressor: only trades have one", f"{label}.aggressor")


def _series(fields: DatasetTable, table: dict[str, Any], symbol: str | None, label: str) -> Series:
    where = label if symbol is None else f"{label}.symbols.{symbol}"
    instrument: InstrumentSpec = _validated(InstrumentSpec, table, where)
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
    meaning = {
        "fields": fields.model_dump(mode="json", exclude={"match", "max_rejected", "preset"}),
        "series": [(s.symbol, s.instrument.model_dump(mode="json")) for s in series],
        "fixed": FIXED_PRECISION,
    }
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


def midnight_bounds(day: dt.date) -> tuple[int, int]:
    """First and last nanosecond that a file of a day's folder is expected to reach.

    A day to each side: local days of any zone, and captures that run over.
    """
    start = int(dt.datetime.combine(day, dt.time(), dt.UTC).timestamp()) * 10**9
    return start - 86_400 * 10**9, start + 2 * 86_400 * 10**9
