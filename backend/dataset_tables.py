"""The tables of the datasets file, as they are written."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from backend.conversion import bar_types
from backend.conversion.bar_types import BarSpec
from backend.conversion.layout import LAYOUTS, TS_EVENT
from backend.conversion.text import RawSide, side_key
from backend.conversion.times import TimeSpec
from backend.errors import Invalid
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
    bars: list[str] = Field(default_factory=list, max_length=64)
    max_rejected: float | None = Field(default=None, ge=0, le=1)


def as_table(value: Any, label: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Invalid(f"{label}: must be a table", label)
    return value


def with_preset(table: dict[str, Any], label: str) -> dict[str, Any]:
    """The table laid over its preset; tables within are laid over each other."""
    table = dict(as_table(table, label))
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


def validated(model: type[Any], table: dict[str, Any], label: str) -> Any:
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


def check_fields(fields: DatasetTable, label: str) -> None:
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
    bar_specs(fields, label)
    if fields.aggressor and fields.kind != "trade":
        raise Invalid(f"{label}.aggressor: only trades have one", f"{label}.aggressor")


def bar_specs(fields: DatasetTable, label: str) -> tuple[BarSpec, ...]:
    """The bars that a dataset asks for. Raises Invalid naming the key."""
    found: list[BarSpec] = []
    for text in fields.bars:
        try:
            spec = bar_types.parse(text, fields.kind)
        except ValueError as error:
            raise Invalid(f"{label}.bars: {error}", f"{label}.bars") from None
        if spec in found:
            raise Invalid(f"{label}.bars: {text!r} is listed twice", f"{label}.bars")
        found.append(spec)
    return tuple(found)
