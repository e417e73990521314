"""What the built-in strategies share."""

from __future__ import annotations

from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.data import Bar, BarType, QuoteTick, TradeTick
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Quantity
from nautilus_trader.trading.strategy import Strategy

from backend.errors import Invalid
from backend.models import SeriesKind
from backend.strategies.spec import SizedParams


class TickStrategy(Strategy):
    """Takes quotes, trades or bars of one instrument as prices."""

    def __init__(
        self, instrument: Instrument, kind: SeriesKind, bar_type: str | None = None
    ) -> None:
        super().__init__(StrategyConfig(order_id_tag="000"))
        self.instrument = instrument
        self.kind = kind
        self.bar_type = None if bar_type is None else BarType.from_str(bar_type)

    def subscribe_ticks(self) -> None:
        """Have `on_price` called for each tick, or each bar that the run is over."""
        if self.bar_type is not None:
            self.subscribe_bars(self.bar_type)
        elif self.kind == "quote":
            self.subscribe_quote_ticks(self.instrument.id)
        else:
            self.subscribe_trade_ticks(self.instrument.id)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        self.on_price((tick.bid_price.as_double() + tick.ask_price.as_double()) / 2, tick.ts_init)

    def on_trade_tick(self, tick: TradeTick) -> None:
        self.on_price(tick.price.as_double(), tick.ts_init)

    def on_bar(self, bar: Bar) -> None:
        self.on_price(bar.close.as_double(), bar.ts_init)

    def on_price(self, price: float, ts_init: int) -> None:
        """Mid price of a quote, price of a trade or close of a bar, at `ts_init` in ns."""

    def on_stop(self) -> None:
        self.cancel_all_orders(self.instrument.id)
        self.close_all_positions(self.instrument.id)

    def may_short(self) -> bool:
        """False on a cash account, which can only sell what it has."""
        return not self.portfolio.account(self.instrument.id.venue).is_cash_account


class Sizing:
    """Quantities that the instrument takes.

    Raises Invalid where the asked size is none of them.
    """

    def __init__(self, instrument: Instrument, params: SizedParams) -> None:
        self._instrument = instrument
        self._notional = params.trade_notional
        self._lowest = (instrument.min_quantity or instrument.size_increment).as_double()
        highest = instrument.max_quantity
        self._highest = highest.as_double() if highest is not None else float("inf")
        self._fixed = None if params.trade_size is None else self._check(params.trade_size)

    def quantity(self, price: float) -> Quantity:
        """Quantity of one order at `price`: rounded, and within the instrument's limits."""
        if self._fixed is not None:
            return self._fixed
        unit = self._instrument.multiplier.as_double()
        if not self._instrument.is_inverse:  # an inverse contract is worth quote currency itself
            unit *= price
        size = self._notional / unit if unit > 0 else 0.0
        return self._instrument.make_qty(min(max(size, self._lowest), self._highest))

    def _check(self, size: float) -> Quantity:
        if not self._lowest <= size <= self._highest:
            raise Invalid(
                f"trade_size {size:g} is not within what {self._instrument.id} takes:"
                f" {self._lowest:g} to {self._highest:g}",
                field="params.trade_size",
            )
        return self._instrument.make_qty(size)
