"""Bars that a dataset asks for, named in NautilusTrader's words: `1-MINUTE-BID`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backend.errors import Invalid

if TYPE_CHECKING:
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
_SHORT = r"\d{1,4}-[A-Z]+-(?:BID|ASK|MID|LAST)"
_WHOLE = re.compile(rf"(?:(?P<instrument>.+)-)?(?P<short>{_SHORT})(?:-EXTERNAL)?")
_FOLDER = re.compile(rf"(?P<instrument>.+)-(?P<short>{_SHORT})-EXTERNAL")


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
        """NautilusTrader's name for such bars of an instrument."""
        return bar_type(instrument_id, self.short)

    @property
    def short(self) -> str:
        return f"{self.step}-{self.unit}-{self.price}"


def bar_type(instrument_id: str, short: str) -> str:
    """NautilusTrader's bar type; made outside of the engine, hence EXTERNAL."""
    return f"{instrument_id}-{short}-EXTERNAL"


def shortened(text: str, instrument_id: str) -> str:
    """Step, unit and price of a bar type that is given like that or in full.

    Raises ValueError when it is neither, or is another instrument's.
    """
    match = _WHOLE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r:.80} is no bar type; write it like 1-MINUTE-MID")
    if match["instrument"] not in (None, instrument_id):
        raise ValueError(f"{text!r:.80} is not of {instrument_id}")
    return match["short"]


def price_of(short: str) -> str:
    """BID, ASK, MID or LAST."""
    return short.rpartition("-")[2]


def chosen(instrument_id: str, asked: str | None, there: list[str]) -> str:
    """The bars asked for, or the only ones. Raises Invalid naming `bar_type` and what there is."""
    if asked in there:
        return asked
    if asked is None and len(there) == 1:
        return there[0]
    hint = f"there are {', '.join(there)}"
    if not there:
        raise Invalid(
            f"there are no bars of {instrument_id}", "kind",
            'have them made: bars = ["1-MINUTE-MID"] in its [[dataset]]',
        )  # fmt: skip
    if asked is None:
        raise Invalid(f"{instrument_id} has bars of several types: name one", "bar_type", hint)
    raise Invalid(f"there are no {asked} bars of {instrument_id}", "bar_type", hint)


def of_folder(name: str) -> tuple[str, str] | None:
    """Instrument, as folders name it, and step, unit and price; None for other folders' names."""
    match = _FOLDER.fullmatch(name)
    return (match["instrument"], match["short"]) if match else None


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
