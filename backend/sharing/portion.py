"""What one strategy of several in an engine did, as if it had been alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nautilus_trader.accounting.accounts.base import Account
from nautilus_trader.analysis import PortfolioAnalyzer
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.model.enums import OrderType
from nautilus_trader.model.events import (
    OrderFilled,
    OrderInitialized,
    OrderSubmitted,
    PositionClosed,
)
from nautilus_trader.model.identifiers import StrategyId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Currency
from nautilus_trader.model.orders import Order
from nautilus_trader.model.position import Position

from backend.models import Trading
from backend.orders.models import OrderLog, OrderRow
from backend.orders.record import record
from backend.reporting import RunReport, report_of
from backend.sharing.ledger import Ledger
from backend.trade_analysis import RECORDS
from backend.trading import TradeLog

ALONE = "000"
"""Tag of a strategy that is alone."""
PLAIN = (OrderInitialized, OrderSubmitted, OrderFilled)
"""Events of a market order that went well. A denied one may be one too many of all strategies."""


@dataclass(frozen=True)
class Portion:
    """The part of one strategy, taken before its engine forgets it."""

    data_points: int
    events: int
    orders: list[Order]
    account: Account
    positions: list[Position]
    closed: list[PositionClosed]
    points: list[tuple[int, float]]
    trading: Trading
    order_log: OrderLog
    """With the ids that the orders of a run of its own have."""
    trouble: str
    """Why it cannot be taken for a run of its own; empty when it can."""

    def report(
        self, analyzer: PortfolioAnalyzer, currency: Currency, window: tuple[int, int]
    ) -> RunReport:
        """As `reporting.report` of a run of its own. The analyzer is free to be used."""
        analyzer.reset()
        analyzer._positions = []  # which its own reset() forgets (1.221)
        if RECORDS:  # as the portfolio does for each closed position
            for event in self.closed:
                analyzer.record_trade(event.position_id, event.realized_pnl, event.ts_event)
        return report_of(
            analyzer, self.account, self.positions, currency, self.points, window, self.trading, {}
        )


class Portions:
    """Follows an engine that has its strategies and has not run yet; then parts what they did."""

    def __init__(self, engine: BacktestEngine, instrument: Instrument, currency: Currency) -> None:
        self._engine, self._instrument, self._currency = engine, instrument, currency
        self._ids = _in_place(engine)
        self._ledger = Ledger(engine, instrument)
        self._trades = {one: TradeLog(engine, instrument, one) for one in self._ids}

    def take(self) -> list[Portion]:
        """The portions after `engine.end()`, in the order of the strategies."""
        trouble = self._ledger.check()
        return [self._portion(one, trouble) for one in self._ids]

    def _portion(self, strategy_id: StrategyId, trouble: str) -> Portion:
        cache = self._engine.cache
        orders = cache.orders(strategy_id=strategy_id)
        positions = cache.positions(strategy_id=strategy_id)
        earlier = [each for one in positions for each in cache.position_snapshots(one.id)]
        trades = self._trades[strategy_id]
        log = record(orders, self._instrument, trades.pnl_by_order)
        return Portion(
            data_points=self._engine.iteration,
            events=_counted(orders),
            orders=orders,
            account=self._ledger.account(strategy_id),
            positions=positions + earlier,
            closed=self._ledger.closed[strategy_id],
            points=self._points(strategy_id),
            trading=trades.record(),
            order_log=replace(log, rows=[_as_alone(row) for row in log.rows]),
            trouble=trouble or self._trouble(strategy_id, orders),
        )

    def _points(self, strategy_id: StrategyId) -> list[tuple[int, float]]:
        """The equity curve, as `EquityCurve` follows a margin account."""
        points: list[tuple[int, float]] = []
        for ts_event, totals in self._ledger.pages[strategy_id].states:
            equity = self._ledger.worth(totals, self._currency)
            if not points or points[-1][1] != equity:
                points.append((ts_event, equity))
        return points

    def _trouble(self, strategy_id: StrategyId, orders: list[Order]) -> str:
        page = self._ledger.pages[strategy_id]
        if page.trouble or page.owed:
            return page.trouble or "a fill did not become part of a position"
        if self._engine.cache.positions_open(strategy_id=strategy_id):
            return "it ended with an open position"
        for order in orders:
            # The venue looks through all orders that wait whenever one of them does something.
            if order.order_type != OrderType.MARKET:
                return "it placed an order that waits for its price"
            for event in order.events:
                if not isinstance(event, PLAIN):
                    return f"an order has an event {type(event).__name__}"
        return ""


def _as_alone(row: OrderRow) -> OrderRow:
    """With the ids of the first strategy of an engine, which end in `ALONE`."""
    made, _, number = row.order_id.rsplit("-", 2)
    position = row.position_id
    return row._replace(
        order_id=f"{made}-{ALONE}-{number}",
        position_id=f"{position.rpartition('-')[0]}-{ALONE}" if position is not None else None,
    )


def _in_place(engine: BacktestEngine) -> list[StrategyId]:
    return [strategy.id for strategy in engine.trader.strategies()]


def _counted(orders: Sequence[Order]) -> int:
    """Events that the execution engine counts: of market orders, all but those that make them."""
    return sum(order.event_count - 1 for order in orders)
