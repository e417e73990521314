"""Bars that a dataset asks for, named in NautilusTrader's words: `1-MINUTE-BID`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from backend.models import TickKind

_UNITS: dict[str, tuple[int, tuple[int, ...]]] = {
    "MILLISECOND": (10**6, tuple(step for step in range(1, 1000) if 1000 % step == 0)),
    "SECOND": (10**9, tuple(step for step in range(1, 60) if 60 % step == 0)),
    "MINUTE": (60 * 10**9, tuple(step for step in range(1, 60) if 60 % step == 0)),
    "HOUR": (3600 * 10**9, tuple(step for step in range(1, 24) if 24 % step == 0)),
    "DAY": (86_400 * 10**9, (1,)),
}
"""Nanoseconds, and the steps that NautilusTrader accepts: those that divide the next unit."""
_PRICES: dict[TickKind, tuple[str, ...]] = {"quote": ("BID", "ASK", "MID"), "trade": ("LAST",)}
_TEXT = re.compile(r"(\d{1,3})-([A-Z]+)(?:-([A-Z]+))?")


@dataclass(frozen=True)
class BarSpec:
    """Bars of one length and price."""

    step: int
    unit: str
    price: str

    @property
    def step_ns(self) -> int:
        return self.step * _UNITS[self.unit][0]

    def bar_type(self, instrument_id: str) -> str:
        """NautilusTrader's bar type; made outside of the engine, hence EXTERNAL."""
        return f"{instrument_id}-{self.step}-{self.unit}-{self.price}-EXTERNAL"


def parse(text: str, kind: TickKind) -> BarSpec:
    """`<step>-<unit>-<price>`; trades have one price, which may be left out.

    Raises ValueError, saying what could stand there.
    """
    match = _TEXT.fullmatch(text)
    prices = _PRICES[kind]
    if match is None:
        raise ValueError(f"{text!r} is no bar specification; write it like 1-MINUTE-{prices[0]}")
    step, unit, price = int(match[1]), match[2], match[3]
    if unit not in _UNITS:
        raise ValueError(f"{text!r}: use one of {', '.join(_UNITS)}")
    if step not in _UNITS[unit][1]:
        steps = ", ".join(map(str, _UNITS[unit][1]))
        raise ValueError(f"{text!r}: a step of {unit} is one of {steps}")
    if price is None and len(prices) == 1:
        price = prices[0]
    if price not in prices:
        choices = " or ".join(f"{step}-{unit}-{choice}" for choice in prices)
        raise ValueError(f"{text!r}: bars of {kind}s are {choices}")
    return BarSpec(step, unit, price)
