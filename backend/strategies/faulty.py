"""Fails on purpose, for drills and demonstrations."""

from __future__ import annotations

import time

from nautilus_trader.model.instruments import Instrument

from backend.models import SeriesKind
from backend.strategies.common import TickStrategy
from backend.strategies.params import FaultyParams

STEP_BYTES = 32 * 2**20
STEP_SECONDS = 0.05
"""Pause after each step: a worker is looked at once a second, and must not outrun that."""
HOLD_SECONDS = 30.0
"""How long filled memory is held for somebody to notice."""


class Faulty(TickStrategy):
    """Raises ValueError in the callback of a tick, after having filled memory if so asked."""

    def __init__(
        self, instrument: Instrument, kind: SeriesKind, params: FaultyParams, **bars: str
    ) -> None:
        super().__init__(instrument, kind, **bars)
        self._left = self._after = params.fail_after_ticks
        self._message = params.message
        self._fill_bytes = params.fill_memory_mib * 2**20

    def on_start(self) -> None:
        self.subscribe_ticks()

    def on_price(self, price: float, ts_init: int) -> None:
        self._left -= 1
        if self._left == 0:
            self._fill_memory()
            raise ValueError(self._message)

    def _fill_memory(self) -> None:
        if not self._fill_bytes:
            return
        held = []
        for _ in range(0, self._fill_bytes, STEP_BYTES):
            # Written to: pages that are only reserved are not resident, and nobody would mind.
            held.append(b"\xff" * STEP_BYTES)
            time.sleep(STEP_SECONDS)
        time.sleep(HOLD_SECONDS)
        held.clear()

    def on_reset(self) -> None:
        self._left = self._after
