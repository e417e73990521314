"""Raw times into nanoseconds since the epoch, exactly."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from backend.conversion.fixed import Mask, words_of
from backend.conversion.layout import EARLIEST_NS, LATEST_NS
from backend.errors import Invalid

MISSING = "missing"
NOT_A_TIME = "not a time"
OUT_OF_RANGE = "outside the years 1980 to 2199; is the unit right?"
AMBIGUOUS = "local time that a clock change makes ambiguous or leaves out"

UNITS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
_DAY_NS = 86_400 * 10**9
_QUARTER_NS = 900 * 10**9
"""Clocks have changed on quarters of an hour for as long as ticks were recorded."""
_SAFE = 8 * 10**18
"""Later than any believable time, and short of an overflow."""
_EXACT = Context(prec=250)
_PLAIN = r"^[+-]?(\d{1,19}(\.\d{0,18})?|\.\d{1,18})$"

Nanoseconds = npt.NDArray[np.int64]


@dataclass(frozen=True)
class TimeSpec:
    """How a file's times are to be read."""

    unit: str
    """s, ms, us, ns, auto (by magnitude, per value), or datetime."""
    from_midnight: bool = False
    """Counted from midnight of the folder's date, not from the epoch."""
    offset_ns: int | None = None
    """Local time less UTC."""
    zone: str | None = None
    """IANA name, for local times whose offset changes."""


@dataclass
class Times:
    """int64[n] nanoseconds since the epoch, and what is wrong with which rows."""

    ns: Nanoseconds
    faults: list[tuple[str, Mask]]


def decode(column: pa.Array, spec: TimeSpec, day: dt.date) -> Times:
    """Decode a column of a batch from the folder of `day`.

    Raises Invalid when the column's type and the description do not go together.
    """
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_string_view(column.type):
        column = column.cast(pa.string())
    missing = column.is_null().to_numpy(zero_copy_only=False) if column.null_count else None
    raw, bad, is_instant = _raw(column, spec)
    faults: list[tuple[str, Mask]] = []
    ns = raw
    if not is_instant:
        base = _midnight(day) if spec.from_midnight else 0
        local = raw + base if base else raw
        ns, ambiguous = _to_utc(local, spec)
        if ambiguous is not None:
            faults.append((AMBIGUOUS, ambiguous))
    first = [(MISSING, missing), (NOT_A_TIME, bad)]
    faults = [(r, m) for r, m in first if m is not None] + faults
    if not _all_within(ns, EARLIEST_NS, LATEST_NS - 1):
        faults.append((OUT_OF_RANGE, (ns < EARLIEST_NS) | (ns >= LATEST_NS)))
    if spec.from_midnight and not _all_within(raw, -_DAY_NS, 2 * _DAY_NS):
        faults.append((OUT_OF_RANGE, (raw < -_DAY_NS) | (raw > 2 * _DAY_NS)))
    return Times(ns, [(reason, mask) for reason, mask in faults if mask.any()])


def _midnight(day: dt.date) -> int:
    """Midnight of a date as if it were UTC."""
    return (day - dt.date(1970, 1, 1)).days * _DAY_NS


def _raw(column: pa.Array, spec: TimeSpec) -> tuple[Nanoseconds, Mask | None, bool]:
    """(nanoseconds, unusable rows, whether they already are instants in UTC)."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        _refuse(spec.from_midnight, "is a timestamp, but time.origin is `day`")
        zoned = kind.tz is not None
        told = spec.zone is not None or spec.offset_ns is not None
        _refuse(zoned and told, "has its own time zone, and the description has another")
        return _whole(_int64(column), UNITS[kind.unit]), None, zoned
    if pa.types.is_time(kind):
        _refuse(not spec.from_midnight, "is a time of day; set time.origin to `day`")
        width = pa.int32() if pa.types.is_time32(kind) else pa.int64()
        return _whole(_int64(column.cast(width)), UNITS[kind.unit]), None, False
    if pa.types.is_date(kind):
        raise Invalid("the time column holds dates without a time of day")
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    if spec.unit == "datetime":
        _refuse(not text, f"is {kind}, but time.unit is `datetime`; give its unit: s, ms, us or ns")
        _refuse(spec.from_midnight, "holds dates, but time.origin is `day`")
        return _written_out(column, spec)
    if pa.types.is_integer(kind):
        return _integers(column, spec), None, False
    if pa.types.is_floating(kind):
        return *_floats(column, spec), False
    if text or pa.types.is_decimal(kind):
        return *_decimals(column, spec), False
    raise Invalid(f"a time cannot be read from a column of type {kind}")


def _refuse(wrong: bool, message: str) -> None:
    if wrong:
        raise Invalid(f"the time column {message}")


def _int64(column: pa.Array) -> Nanoseconds:
    """Integers, nulls as 0."""
    column = column.cast(pa.int64())
    return (column.fill_null(0) if column.null_count else column).to_numpy()


def _whole(values: Nanoseconds, unit: int | Nanoseconds) -> Nanoseconds:
    """Whole units; what would overflow is held back, and falls out of range later."""
    if isinstance(unit, int) and _all_within(values, -(_SAFE // unit), _SAFE // unit):
        return values if unit == 1 else values * unit
    limit = _SAFE // unit
    return np.clip(values, -limit, limit) * unit


def _all_within(values: Nanoseconds, lowest: int, highest: int) -> bool:
    return not len(values) or bool(lowest <= values.min() and values.max() <= highest)


def _integers(column: pa.Array, spec: TimeSpec) -> Nanoseconds:
    if pa.types.is_uint64(column.type):
        column = pc.min_element_wise(column, pa.scalar(_SAFE, pa.uint64()), skip_nulls=False)
    values = _int64(column)
    if spec.unit == "auto":
        return _whole(values, _units_by_magnitude(values))
    return _whole(values, UNITS[spec.unit])


def _units_by_magnitude(values: npt.NDArray[np.int64] | npt.NDArray[np.float64]) -> Nanoseconds:
    """Nanoseconds in the unit of each value; between 1980 and 2199 no two units meet."""
    size = np.abs(values)
    unit = np.ones(len(values), np.int64)
    for limit, factor in ((10**17, 10**3), (10**14, 10**6), (10**11, 10**9)):
        unit[size < limit] = factor
    return unit


def _floats(column: pa.Array, spec: TimeSpec) -> tuple[Nanoseconds, Mask | None]:
    values = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    finite = np.isfinite(values)
    usable = values if finite.all() else np.where(finite, values, 0.0)
    if spec.unit == "auto":
        ns = np.zeros(len(values), np.int64)
        units = _units_by_magnitude(usable)
        for factor in np.unique(units):
            rows = units == factor
            ns[rows] = _float_ns(usable[rows], int(factor))
    else:
        ns = _float_ns(usable, UNITS[spec.unit])
    return ns, None if finite.all() else ~finite


def _float_ns(values: npt.NDArray[np.float64], unit: int) -> Nanoseconds:
    """The nearest nanosecond to value * unit, ties to even, as if computed without rounding.

    The fraction's product is split in two exact halves (a unit has at most 21 significant bits),
    so that the rounding error of the product decides where the product alone would be a tie.
    """
    limit = float(_SAFE // unit)
    fraction, whole = np.modf(np.clip(values, -limit, limit))
    product = fraction * unit
    nearest = np.rint(product)
    rest = product - nearest
    tie = np.abs(rest) == 0.5
    if tie.any():
        split = fraction * 134217729.0  # 2**27 + 1, after Veltkamp
        high = split - (split - fraction)
        error = (fraction - high) * unit - (product - high * unit)
        wrong = tie & (error != 0) & (np.sign(error) == np.sign(rest))
        nearest = np.where(wrong, product + rest, nearest)
    return whole.astype(np.int64) * unit + nearest.astype(np.int64)


def _decimals(column: pa.Array, spec: TimeSpec) -> tuple[Nanoseconds, Mask | None]:
    """Decimal strings and decimals, exactly; ties to even."""
    if pa.types.is_decimal(column.type):
        if spec.unit != "auto" and pa.types.is_decimal128(column.type) and column.type.scale >= 0:
            return _rescaled(column, UNITS[spec.unit]), None
        column = column.cast(pa.string())
    plain = pc.match_substring_regex(column, _PLAIN).fill_null(True)
    if spec.unit != "auto" and pc.all(plain).as_py():
        return _rescaled(column.cast(pa.decimal128(38, 18)), UNITS[spec.unit]), None
    ns = np.zeros(len(column), np.int64)
    bad = np.zeros(len(column), bool)
    for row, text in enumerate(column.to_pylist()):
        if text is None:
            continue
        try:
            ns[row] = _decimal_ns(text, spec.unit)
        except (InvalidOperation, ValueError):
            bad[row] = True
    return ns, bad if bad.any() else None


def _rescaled(column: pa.Array, unit: int) -> Nanoseconds:
    """Decimals times a power of ten: their digits, with the point moved."""
    digits = len(str(unit)) - 1
    if column.type.scale > digits:
        column = pc.round(column, digits, round_mode="half_to_even")
        column = column.cast(pa.decimal128(38, digits))
    words = words_of(column)
    low = words[:, 0].view(np.int64)
    if column.null_count:
        low = np.where(column.is_null().to_numpy(zero_copy_only=False), 0, low)
    wide = (low >> 63).view(np.uint64) != words[:, 1]
    return np.where(wide, _SAFE, _whole(low, 10 ** (digits - column.type.scale)))


def _decimal_ns(text: str, unit: str) -> int:
    if len(text) > 200 or "_" in text:
        raise ValueError(text)
    value = Decimal(text.strip())
    if not value.is_finite():
        raise ValueError(text)
    if value.adjusted() > 20:
        return _SAFE
    factor = (
        UNITS[unit] if unit != "auto" else int(_units_by_magnitude(np.array([float(value)]))[0])
    )
    exact = _EXACT.multiply(value, Decimal(factor))
    nearest = int(exact.to_integral_value(ROUND_HALF_EVEN))
    return max(-_SAFE, min(_SAFE, nearest))


_ISO = (
    r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?)?$",
    r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)$",
)


def _written_out(column: pa.Array, spec: TimeSpec) -> tuple[Nanoseconds, Mask | None, bool]:
    """ISO 8601 strings; either all without a zone, or all with one."""
    local, zoned = (pc.match_substring_regex(column, shape).fill_null(False) for shape in _ISO)
    instants = bool(pc.any(zoned).as_py())
    told = spec.zone is not None or spec.offset_ns is not None
    _refuse(instants and told, "has its own time zone, and the description has another")
    kind = pa.timestamp("ns", "UTC") if instants else pa.timestamp("ns")
    usable = pc.if_else(zoned if instants else local, column, None)
    try:
        parsed = usable.cast(kind)
    except pa.ArrowInvalid:  # a 13th month somewhere: look at each
        parsed = pa.array([_iso_or_none(v, kind) for v in usable.to_pylist()], kind)
    bad = pc.and_(parsed.is_null(), column.is_valid()).to_numpy(zero_copy_only=False)
    ns = parsed.cast(pa.int64()).fill_null(0).to_numpy()
    return ns, bad if bad.any() else None, instants


def _iso_or_none(text: str | None, kind: pa.DataType) -> int | None:
    try:
        return pa.scalar(text, pa.string()).cast(kind).value
    except pa.ArrowInvalid:
        return None


def _to_utc(local: Nanoseconds, spec: TimeSpec) -> tuple[Nanoseconds, Mask | None]:
    if spec.zone is None:
        return local - spec.offset_ns if spec.offset_ns else local, None
    zone = ZoneInfo(spec.zone)
    quarters, where = np.unique(local // _QUARTER_NS, return_inverse=True)
    offsets = np.zeros(len(quarters), np.int64)
    unclear = np.zeros(len(quarters), bool)
    for place, quarter in enumerate(quarters.tolist()):
        seconds = quarter * 900
        if not EARLIEST_NS - _DAY_NS <= seconds * 10**9 < LATEST_NS + _DAY_NS:
            continue  # out of range, and reported so
        moment = dt.datetime(1970, 1, 1, tzinfo=zone) + dt.timedelta(seconds=seconds)  # wall clock
        early, late = moment.utcoffset(), moment.replace(fold=1).utcoffset()
        unclear[place] = early != late
        offsets[place] = int((early or dt.timedelta()).total_seconds()) * 10**9
    ambiguous = unclear[where]
    return local - offsets[where], ambiguous if ambiguous.any() else None
