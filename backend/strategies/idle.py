"""Does nothing: no subscription, no Python callback, only what the engine itself costs."""

from __future__ import annotations

from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.trading.strategy import Strategy

from backend.models import SeriesKind
from backend.strategies.params import IdleParams


class Idle(Strategy):
    """A strategy without a method of its own."""

    def __init__(
        self, instrument: Instrument, kind: SeriesKind, params: IdleParams, **bars: str
    ) -> None:
        super().__init__(StrategyConfig(order_id_tag="000"))
