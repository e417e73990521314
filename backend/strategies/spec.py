"""What the platform must know of a strategy; for built-in and configured strategies alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from backend.models import SeriesKind

if TYPE_CHECKING:
    from nautilus_trader.model.instruments import Instrument
    from nautilus_trader.trading.strategy import Strategy


class StrategyParams(BaseModel):
    """Base of parameters: strict types, no unknown names.

    Each field has a default, a description and, where it has one, a unit in the JSON schema.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class SizedParams(StrategyParams):
    """Parameters of strategies that place orders."""

    trade_size: float | None = Field(
        default=None, gt=0, le=1e12, json_schema_extra={"unit": "base units or contracts"},
        description="Quantity of one order; none: what trade_notional buys",
    )  # fmt: skip
    trade_notional: float = Field(
        default=10_000.0, gt=0, le=1e12, json_schema_extra={"unit": "quote currency"},
        description="Value of one order at the current price, where trade_size is not given",
    )  # fmt: skip


class Factory(Protocol):
    """Makes a strategy for one instrument, the kind of data it gets and its checked parameters.

    The bar type, NautilusTrader's, comes with bars only.
    """

    def __call__(
        self, instrument: Instrument, kind: SeriesKind, params: Any, **bars: str
    ) -> Strategy: ...


BarPrice = Literal["BID", "ASK", "MID", "LAST"]


def alone(_params: Any) -> str | None:
    """What holds for a strategy of which nothing else is known."""
    return None


@dataclass(frozen=True)
class StrategySpec:
    """A strategy as an operator offers it.

    A package adds its own by an entry point of the group `nautilus_monitoring.strategies` that
    holds a StrategySpec. `load` imports what is needed to trade, so that listing strategies costs
    nothing.
    """

    name: str
    description: str
    params: type[StrategyParams]
    load: Callable[[], Factory]
    bars: tuple[BarPrice, ...] = ()
    """Prices of bars that it can run on; its factory takes their `bar_type` then.

    The simulated venue fills orders from MID and LAST bars; of BID and ASK it would need both.
    """
    shares: Callable[[Any], str | None] = alone
    """Sets of a sweep for whose parameters this gives the same text may run side by side in one
    engine; None: the set runs alone. So may strategies that look at data, and at their own orders
    and positions, but at nothing else (no account, no position of the whole portfolio), that place
    market orders, and of which all with that text have the same timers and bars. What they log is
    not told apart. It pays where there are few orders for the ticks."""
