"""Takes the orders of a run from the engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.orders import Order

from backend.orders.models import MOST_ORDERS, OrderLog, OrderRow


def record(
    orders: Iterable[Order],
    instrument: Instrument,
    pnl_by_order: Mapping[str, float],
    most: int = MOST_ORDERS,
) -> OrderLog:
    """The orders of one run, which may be those of one strategy of several in the engine.

    `pnl_by_order` is what the positions closed by an order realized (TradeLog). Of more than `most`
    orders those with fills are kept first, then the earliest.
    """
    found = sorted(orders, key=_made)
    return OrderLog(
        total=len(found),
        rows=[_row(order, pnl_by_order) for order in _kept(found, most)],
        about={
            "currency": instrument.get_cost_currency().code,
            "price_precision": instrument.price_precision,
            "size_precision": instrument.size_precision,
        },
    )


def _made(order: Order) -> tuple[int, int, str]:
    """Orders of one moment differ in the number at the end of their ids."""
    order_id = order.client_order_id.value
    return order.ts_init, len(order_id), order_id


def _kept(orders: list[Order], most: int) -> list[Order]:
    """At most `most` of the orders, in the same order."""
    if len(orders) <= most:
        return orders
    filled = [order.filled_qty.as_double() > 0 for order in orders]
    with_fills = min(sum(filled), most)
    left = {True: with_fills, False: most - with_fills}
    kept = []
    for order, has_fills in zip(orders, filled, strict=True):
        if left[has_fills]:
            left[has_fills] -= 1
            kept.append(order)
    return kept


def _row(order: Order, pnl_by_order: Mapping[str, float]) -> OrderRow:
    order_id = order.client_order_id.value
    filled = order.filled_qty.as_double()
    charged = order.commissions() if filled else []
    one = charged[0] if len(charged) == 1 else None  # sums over currencies would mean nothing
    position = order.position_id
    return OrderRow(
        order_id=order_id,
        side=order.side_string(),
        type=order.type_string(),
        time_in_force=order.tif_string(),
        quantity=order.quantity.as_double(),
        filled=filled,
        price=order.price.as_double() if order.has_price else None,
        trigger_price=order.trigger_price.as_double() if order.has_trigger_price else None,
        average_price=float(order.avg_px) if filled else None,
        status=order.status_string(),
        created_ns=order.ts_init,
        ended_ns=order.ts_last if order.is_closed else None,
        filled_ns=_last_fill(order.events) if filled else None,
        commission=one.as_double() if one is not None else None,
        commission_currency=one.currency.code if one is not None else None,
        pnl=pnl_by_order.get(order_id),
        position_id=position.value if position is not None else None,
    )


def _last_fill(events: list[Any]) -> int | None:
    return next((event.ts_event for event in reversed(events) if isinstance(event, OrderFilled)),
                None)  # fmt: skip
