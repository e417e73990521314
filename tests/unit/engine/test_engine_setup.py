"""What engines are built with."""

from __future__ import annotations

from nautilus_trader.model.data import Bar, QuoteTick, TradeTick
from nautilus_trader.model.events import OrderFilled

from backend import engine_setup


def test_the_message_bus_looks_no_tick_up() -> None:
    """A type that is left in is compared with what is published, at every tick."""
    assert {QuoteTick, TradeTick, Bar, OrderFilled, str} <= engine_setup._PUBLISHABLE
