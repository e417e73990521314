"""Holds a position in the direction of the faster of two moving averages."""

from __future__ import annotations

from nautilus_trader.indicators import ExponentialMovingAverage
from nautilus_trader.model.data import BarSpecification, BarType
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.instruments import Instrument

from backend.errors import Invalid
from backend.models import SeriesKind
from backend.strategies.common import Sizing, TickStrategy
from backend.strategies.params import EmaCrossParams

BARS = {
    "10s": "10-SECOND", "30s": "30-SECOND", "1m": "1-MINUTE", "5m": "5-MINUTE",
    "15m": "15-MINUTE", "1h": "1-HOUR",
}  # fmt: skip
PRICES = {"quote": "MID", "trade": "LAST"}


class EmaCross(TickStrategy):
    """Turns the position round at each crossing; on a cash account it sells out instead."""

    def __init__(
        self, instrument: Instrument, kind: SeriesKind, params: EmaCrossParams, **bars: str
    ) -> None:
        super().__init__(instrument, kind, **bars)
        self._bars = None if params.interval == "tick" else self._aggregated(BARS[params.interval])
        self._sizing = Sizing(instrument, params)
        self._fast = ExponentialMovingAverage(params.fast_ema_period)
        self._slow = ExponentialMovingAverage(params.slow_ema_period)
        self._side = OrderSide.NO_ORDER_SIDE
        self._shorts = True

    def on_start(self) -> None:
        self._shorts = self.may_short()
        if self._bars is None:
            self.subscribe_ticks()
        else:
            self.subscribe_bars(self._bars)

    def _aggregated(self, length: str) -> BarType | None:
        """Bars that the engine makes of its data; None where that has bars as long or longer."""
        if self.bar_type is None:
            return BarType.from_str(f"{self.instrument.id}-{length}-{PRICES[self.kind]}-INTERNAL")
        own, price = str(self.bar_type.spec).rsplit("-", 1)
        try:
            there = self.bar_type.spec.timedelta
        except ValueError:  # bars of so many ticks, or months: of no certain length
            return None
        wanted = BarSpecification.from_str(f"{length}-{price}").timedelta
        if wanted <= there:
            return None
        if wanted % there:
            raise Invalid(f"no bars of {length} can be made of {own}", field="params.interval")
        return BarType.from_str(f"{self.instrument.id}-{length}-{price}-INTERNAL@{own}-EXTERNAL")

    def on_price(self, price: float, ts_init: int) -> None:
        self._fast.update_raw(price)
        self._slow.update_raw(price)
        if not self._slow.initialized:
            return
        side = OrderSide.BUY if self._fast.value >= self._slow.value else OrderSide.SELL
        if side != self._side:
            self._side = side
            self._turn(side, price)

    def _turn(self, side: OrderSide, price: float) -> None:
        self.close_all_positions(self.instrument.id)
        if side == OrderSide.BUY or self._shorts:
            self.submit_order(
                self.order_factory.market(self.instrument.id, side, self._sizing.quantity(price))
            )

    def on_reset(self) -> None:
        self._fast.reset()
        self._slow.reset()
        self._side = OrderSide.NO_ORDER_SIDE
