"""Keeps two limit orders around the price: a load of many orders on ticks."""

from __future__ import annotations

from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order

from backend.models import TickKind
from backend.strategies.common import Sizing, TickStrategy
from backend.strategies.params import MarketMakerParams

BASIS_POINT = 1e-4


class MarketMaker(TickStrategy):
    """Replaces both orders every `requote_ticks` ticks; with too much inventory, one only."""

    def __init__(self, instrument: Instrument, kind: TickKind, params: MarketMakerParams) -> None:
        super().__init__(instrument, kind)
        self._sizing = Sizing(instrument, params)
        self._distance = params.half_spread_bps * BASIS_POINT
        self._every = params.requote_ticks
        self._life_ns = int(params.min_quote_life * 1e9)
        self._max_inventory = params.max_inventory
        self._step = instrument.price_increment.as_double()
        self._shorts = True
        self.on_reset()

    def on_reset(self) -> None:
        self._quotes: list[Order] = []
        self._ticks = 0
        self._quoted_ns = 0

    def on_start(self) -> None:
        self._shorts = self.may_short()
        self.subscribe_ticks()

    def on_price(self, price: float, ts_init: int) -> None:
        self._ticks += 1
        if self._ticks >= self._every and ts_init - self._quoted_ns >= self._life_ns:
            self._ticks = 0
            self._quoted_ns = ts_init
            self._requote(price)

    def _requote(self, mid: float) -> None:
        for order in self._quotes:
            if order.is_open:
                self.cancel_order(order)
        size = self._sizing.quantity(mid)
        one = size.as_double()
        limit = self._max_inventory * one
        held = float(self.portfolio.net_position(self.instrument.id))
        # At least one price step apart, so that the two never meet in the middle.
        away = max(self._distance * mid, self._step)
        self._quotes = []
        if held < limit:
            self._quote(OrderSide.BUY, mid - away, size)
        if held > -limit if self._shorts else held >= one:
            self._quote(OrderSide.SELL, mid + away, size)

    def _quote(self, side: OrderSide, price: float, size: Quantity) -> None:
        order = self.order_factory.limit(
            self.instrument.id, side, size, self.instrument.make_price(price), post_only=True
        )
        self._quotes.append(order)
        self.submit_order(order)
