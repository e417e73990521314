"""The orders of a run, as they are kept and as the API gives them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pydantic import BaseModel, Field

MOST_ORDERS = 10_000
"""Orders kept of a run: 0.2 MB on disk."""


class OrderRow(NamedTuple):
    """An order as a line of a table; quantities in units of the instrument."""

    order_id: str
    side: str
    type: str
    time_in_force: str
    quantity: float
    filled: float
    price: float | None
    """Its limit; null for an order at the market's price."""
    trigger_price: float | None
    average_price: float | None
    """Of its fills; null when it has none."""
    status: str
    created_ns: int
    """Unix time in ns, as all times here."""
    ended_ns: int | None
    """Null: the run ended first."""
    filled_ns: int | None
    """Its last fill."""
    commission: float | None
    commission_currency: str | None
    pnl: float | None
    """Realized by the positions it closed, after commissions; null: it closed none."""
    position_id: str | None


@dataclass(frozen=True)
class OrderLog:
    """The orders of one run, of which at most MOST_ORDERS are kept."""

    total: int = 0
    rows: list[OrderRow] = field(default_factory=list)
    """In the order of their making."""
    about: dict[str, Any] = field(default_factory=dict)
    """currency, price_precision, size_precision"""


class OrderTable(BaseModel):
    """Orders as lines of a table."""

    run_id: str
    total: int = Field(description="orders that the run made")
    kept: int = Field(
        description=f"orders that can be seen; of more than {MOST_ORDERS:,} those with fills come"
        " first, then the earliest"
    )
    note: str | None = Field(default=None, description="why not all orders are here")
    currency: str | None = Field(default=None, description="of `pnl`")
    price_precision: int | None = Field(default=None, description="decimals of prices")
    size_precision: int | None = Field(default=None, description="decimals of quantities")
    columns: list[str] = Field(description="names of the values of each row")
    rows: list[OrderRow]
    next_offset: int | None = Field(description="give it back for more; null: these were the last")
