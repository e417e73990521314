"""Fails on purpose, for drills and demonstrations."""

from __future__ import annotations

from nautilus_trader.model.instruments import Instrument

from backend.models import TickKind
from backend.strategies.common import TickStrategy
from backend.strategies.params import FaultyParams


class Faulty(TickStrategy):
    """Raises ValueError in the callback of a tick."""

    def __init__(self, instrument: Instrument, kind: TickKind, params: FaultyParams) -> None:
        super().__init__(instrument, kind)
        self._left = self._after = params.fail_after_ticks
        self._message = params.message

    def on_start(self) -> None:
        self.subscribe_ticks()

    def on_price(self, price: float, ts_init: int) -> None:
        self._left -= 1
        if self._left == 0:
            raise ValueError(self._message)

    def on_reset(self) -> None:
        self._left = self._after
