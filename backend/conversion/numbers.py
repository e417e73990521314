"""Raw prices and sizes into the catalog's 16-byte integers, exactly.

Floats are rounded as NautilusTrader rounds them: value * 10**precision in float64, half away from
zero. Strings, decimals and scaled integers never pass through a float.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from backend.conversion import fixed
from backend.conversion.exact import (
    MISSING,
    NEGATIVE,
    NOT_A_NUMBER,
    NOT_WHOLE,
    OUT_OF_RANGE,
    ZERO,
    Numbers,
    NumberSpec,
    one_by_one,
)
from backend.conversion.fixed import Mask, Words
from backend.conversion.layout import FIXED_PRECISION
from backend.errors import Invalid

_OFF_GRID = 1e-2
"""How far, in units of the last digit, a float may lie off its grid before it is counted."""
_PLAIN = r"^[+-]?(\d{1,19}(\.\d{0,18})?|\.\d{1,18})$"
"""Strings that Arrow's cast to decimal128(38, 18) takes; it wraps silently on longer ones."""


def decode(column: pa.Array, spec: NumberSpec) -> Numbers:
    """Decode a column of a batch.

    Raises Invalid when the column's type cannot hold numbers.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.dictionary_decode(), kind.value_type
    if pa.types.is_string_view(kind):
        column, kind = column.cast(pa.string()), pa.string()
    if pa.types.is_integer(kind):
        result = _integers(column, spec)
    elif pa.types.is_floating(kind):
        whole = spec.scale is not None
        result = _whole_floats(column, spec) if whole else _floats(column, spec)
    elif pa.types.is_decimal(kind):
        result = _decimals(column, spec)
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        result = _strings(column, spec)
    elif pa.types.is_null(kind):
        result = Numbers(np.zeros((len(column), 2), np.uint64))
        result.fault(MISSING, np.ones(len(column), bool))
    else:
        raise Invalid(
            f"{spec.name} cannot be read from a column of type {kind}",
            hint="prices and sizes are numbers, decimal strings or scaled integers",
        )
    if not spec.zero_allowed:
        zero = result.words[:, 0] == 0
        if zero.any():
            result.fault(ZERO, zero & (result.words[:, 1] == 0))
    return result


def constant(value: str, spec: NumberSpec) -> Words:
    """Words uint64[1, 2] of a default; raises Invalid when the catalog could not hold it."""
    unscaled = NumberSpec(spec.name, spec.precision, None, spec.is_size, spec.zero_allowed)
    result = decode(pa.array([value], pa.string()), unscaled)
    if result.faults:
        raise Invalid(f"default {value!r} for {spec.name} is {result.faults[0][0]}")
    return result.words


def _null_mask(column: pa.Array) -> Mask | None:
    if not column.null_count:
        return None
    return column.is_null().to_numpy(zero_copy_only=False)


def _floor_float(value: int) -> float:
    """The largest float not above an integer."""
    result = float(value)
    return float(np.nextafter(result, 0.0)) if int(result) > value else result


def _round_half_away(
    scaled: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], int]:
    """Rust's f64::round, and how many values lie off the grid."""
    rounded = np.rint(scaled)
    with np.errstate(invalid="ignore"):  # inf - inf: rejected by the caller
        rest = scaled - rounded
    # fmax and fmin skip NaN; they also avoid the copy that abs would make
    worst = max(float(np.fmax.reduce(rest, initial=0.0)), -float(np.fmin.reduce(rest, initial=0.0)))
    if worst == 0.5:  # rint rounds ties to even, Rust away from zero
        tie = np.abs(rest) == 0.5
        rounded = np.where(tie, np.trunc(scaled) + np.sign(scaled), rounded)
    off_grid = int((np.abs(rest) > _OFF_GRID).sum()) if worst > _OFF_GRID else 0
    return rounded, off_grid


def _in_bounds(
    scaled: npt.NDArray[np.float64], lowest: float, top: float
) -> tuple[npt.NDArray[np.int64], int] | None:
    """Units of the last digit and values off the grid, for columns without ties or faults.

    Those are nearly all, and this takes half of the general way's passes. NaN fails comparisons.
    """
    rounded = np.rint(scaled)
    least, most = float(rounded.min(initial=0.0)), float(rounded.max(initial=0.0))
    if not (lowest <= least and most <= top and least > -(2.0**63) and most < 2.0**63):
        return None
    rest = scaled - rounded
    below, above = float(rest.min(initial=0.0)), float(rest.max(initial=0.0))
    if not (below > -0.5 and above < 0.5):
        return None
    far = max(-below, above) > _OFF_GRID
    off_grid = int((np.abs(rest) > _OFF_GRID).sum()) if far else 0
    return rounded.astype(np.int64), off_grid


def _floats(column: pa.Array, spec: NumberSpec) -> Numbers:
    values = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    with np.errstate(over="ignore"):
        scaled = values * float(10**spec.precision)
    factor = 10 ** (FIXED_PRECISION - spec.precision)
    top = _floor_float(spec.raw_max // factor)
    lowest = 0.0 if spec.is_size else -top
    # -1e-9 rounds to zero, and is negative all the same
    if not spec.is_size or values.min(initial=0.0) >= 0.0:
        plain = _in_bounds(scaled, lowest, top)
        if plain is not None:
            return Numbers(fixed.from_integers(plain[0], factor), off_grid=plain[1])
    rounded, off_grid = _round_half_away(scaled)
    good = (rounded <= top) & (rounded >= lowest)  # False for NaN
    if spec.is_size:
        good &= values >= 0.0  # -1e-9 rounds to zero, and is negative all the same
    if good.all():
        return Numbers(fixed.from_floats(rounded, factor), off_grid=off_grid)
    result = Numbers(fixed.from_floats(np.where(good, rounded, 0.0), factor), off_grid=off_grid)
    missing = _null_mask(column)
    if missing is not None:
        result.fault(MISSING, missing)
    result.fault(NOT_A_NUMBER, ~np.isfinite(values))
    if spec.is_size:
        result.fault(NEGATIVE, values < 0)
    result.fault(OUT_OF_RANGE, ~good)
    return result


def _whole_floats(column: pa.Array, spec: NumberSpec) -> Numbers:
    """Integers that a null turned into floats on their way through pandas."""
    values = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    finite = np.isfinite(values)
    broken = finite & (np.rint(values) != values)
    beyond = finite & (np.abs(values) >= 2.0**63)
    whole = np.where(finite & ~broken & ~beyond, values, 0.0).astype(np.int64)
    result = _scaled(np.abs(whole).view(np.uint64), whole < 0, spec, scale=spec.scale or 0)
    missing = _null_mask(column)
    first: list[tuple[str, Mask]] = [] if missing is None else [(MISSING, missing)]
    first += [(NOT_A_NUMBER, ~finite), (NOT_WHOLE, broken), (OUT_OF_RANGE, beyond)]
    result.faults[:0] = [(reason, mask) for reason, mask in first if mask.any()]
    return result


def _integers(column: pa.Array, spec: NumberSpec) -> Numbers:
    missing = _null_mask(column)
    filled = column if missing is None else column.fill_null(0)
    if pa.types.is_unsigned_integer(column.type):
        size = filled.cast(pa.uint64()).to_numpy()
        negative = None
    else:
        values = filled.cast(pa.int64()).to_numpy()
        negative = values < 0 if int(values.min(initial=0)) < 0 else None
        size = values.view(np.uint64) if negative is None else np.abs(values).view(np.uint64)
    result = _scaled(size, negative, spec, scale=spec.scale or 0)
    if missing is not None:
        result.faults.insert(0, (MISSING, missing))
    return result


def _scaled(size: Words, negative: Mask | None, spec: NumberSpec, scale: int) -> Numbers:
    """Integers of the given magnitudes and signs, divided by 10**scale."""
    off_grid = 0
    if scale > spec.precision:
        unit = np.uint64(10 ** (scale - spec.precision))
        whole, rest = np.divmod(size, unit)
        size = whole + (rest >= unit // np.uint64(2))  # half away from zero
        off_grid = int((rest != 0).sum())
        scale = spec.precision
    factor = 10 ** (FIXED_PRECISION - scale)
    limit = spec.raw_max // factor
    beyond = size > np.uint64(limit) if limit < 2**64 else None
    if beyond is not None and beyond.any():
        size = np.where(beyond, np.uint64(0), size)
    result = Numbers(fixed.multiply(size, None, negative, factor), off_grid=off_grid)
    if spec.is_size and negative is not None:
        result.fault(NEGATIVE, negative)
    if beyond is not None:
        result.fault(OUT_OF_RANGE, beyond)
    return result


def _decimals(column: pa.Array, spec: NumberSpec) -> Numbers:
    own = column.type.scale
    scale = own + (spec.scale or 0)
    if own < 0 or scale > 38 or not pa.types.is_decimal128(column.type):
        return one_by_one([None if v is None else str(v) for v in column.to_pylist()], spec)
    shifted = pa.decimal128(38, scale)
    column = pa.Array.from_buffers(
        shifted, len(column), column.buffers(), offset=column.offset, null_count=column.null_count
    )
    off_grid = 0
    minus = (fixed.words_of(column)[:, 1] >> np.uint64(63)).astype(bool)  # -1e-9 rounds to zero
    if scale > spec.precision:
        try:
            rounded = pc.round(column, spec.precision, round_mode="half_towards_infinity")
        except pa.ArrowInvalid:  # no room for a carry: far out of range, but say for which rows
            return one_by_one([None if v is None else str(v) for v in column.to_pylist()], spec)
        off_grid = pc.sum(pc.not_equal(column, rounded)).as_py() or 0
        column = rounded.cast(pa.decimal128(38, spec.precision))
        scale = spec.precision
    low, high, negative = fixed.magnitudes(fixed.words_of(column))
    factor = 10 ** (FIXED_PRECISION - scale)
    beyond = fixed.above(low, high, spec.raw_max // factor)
    missing = _null_mask(column)
    unusable = beyond if missing is None else beyond | missing
    if unusable.any():
        low, high = np.where(unusable, np.uint64(0), low), np.where(unusable, np.uint64(0), high)
    result = Numbers(fixed.multiply(low, high, negative, factor), off_grid=off_grid)
    if missing is not None:
        result.fault(MISSING, missing)
    if spec.is_size:
        result.fault(NEGATIVE, minus)
    result.fault(OUT_OF_RANGE, beyond)
    return result


def _strings(column: pa.Array, spec: NumberSpec) -> Numbers:
    plain = pc.match_substring_regex(column, _PLAIN)
    odd = ~plain.fill_null(True).to_numpy(zero_copy_only=False)
    if not odd.any():
        return _decimals(column.cast(pa.decimal128(38, 18)), spec)
    usable = pc.if_else(plain, column, None)
    result = _decimals(usable.cast(pa.decimal128(38, 18)), spec)
    rows = np.flatnonzero(odd)
    rest = one_by_one(column.take(pa.array(rows)).to_pylist(), spec)
    result.words[rows] = rest.words
    result.faults = [(reason, mask & ~odd) for reason, mask in result.faults]
    for reason, mask in rest.faults:
        spread = np.zeros(len(column), bool)
        spread[rows[mask]] = True
        result.faults.append((reason, spread))
    result.faults = [(reason, mask) for reason, mask in result.faults if mask.any()]
    result.off_grid += rest.off_grid
    return result
