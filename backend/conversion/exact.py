"""What decoding a number asks and answers, and the slow way that takes any number."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation

import numpy as np

from backend.conversion import fixed
from backend.conversion.fixed import Mask, Words
from backend.conversion.layout import FIXED_PRECISION, PRICE_RAW_MAX, SIZE_RAW_MAX

MISSING = "missing"
NOT_A_NUMBER = "not a finite number"
NOT_WHOLE = "not a whole number, though scaled integers were promised"
NEGATIVE = "negative"
OUT_OF_RANGE = "out of range"
ZERO = "zero, or rounds to zero"

_LONGEST = 200
"""Characters of a number; what is longer is no price."""
_DIGITS = 20
_EXACT = Context(prec=_LONGEST + 50)


@dataclass(frozen=True)
class NumberSpec:
    """How one price or size is to be read."""

    name: str
    precision: int
    scale: int | None
    """The column holds integers to be divided by 10**scale; None: values as they are."""
    is_size: bool
    zero_allowed: bool = True

    @property
    def raw_max(self) -> int:
        return SIZE_RAW_MAX if self.is_size else PRICE_RAW_MAX


@dataclass
class Numbers:
    """Decoded values: words uint64[n, 2], what is wrong with which rows, rows off the grid."""

    words: Words
    faults: list[tuple[str, Mask]] = field(default_factory=list)
    off_grid: int = 0

    def fault(self, reason: str, mask: Mask) -> None:
        if mask.any():
            self.faults.append((reason, mask))


def one_by_one(texts: list[str | None], spec: NumberSpec) -> Numbers:
    """One at a time: exponents, very long fractions, and what is no number at all."""
    raws: list[int] = []
    faults: dict[str, Mask] = {}
    off_grid = 0
    for row, text in enumerate(texts):
        raw, exact, reason = _value(text, spec)
        raws.append(raw)
        off_grid += not exact
        if reason:
            faults.setdefault(reason, np.zeros(len(texts), bool))[row] = True
    return Numbers(fixed.from_python(raws).copy(), list(faults.items()), off_grid)


def _value(text: str | None, spec: NumberSpec) -> tuple[int, bool, str | None]:
    """Raw value, whether it lay on the grid, and the reason when it cannot be held."""
    if text is None:
        return 0, True, MISSING
    if "_" in text or len(text) > _LONGEST:
        return 0, True, NOT_A_NUMBER
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return 0, True, NOT_A_NUMBER
    if not value.is_finite():
        return 0, True, NOT_A_NUMBER
    if value < 0 and spec.is_size:
        return 0, True, NEGATIVE
    if value and value.adjusted() - (spec.scale or 0) > _DIGITS:
        return 0, True, OUT_OF_RANGE
    value = value.scaleb(-(spec.scale or 0), _EXACT)
    unit = Decimal((0, (1,), -spec.precision))
    snapped = value.quantize(unit, rounding=ROUND_HALF_UP, context=_EXACT)  # half away from zero
    raw = int(snapped.scaleb(FIXED_PRECISION, _EXACT))
    if abs(raw) > spec.raw_max:
        return 0, True, OUT_OF_RANGE
    return raw, snapped == value, None
