"""Splits what happens in an engine among its strategies, so that each has an account of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from nautilus_trader.accounting.accounts.base import Account
from nautilus_trader.accounting.factory import AccountFactory
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.events import (
    AccountState,
    OrderEvent,
    OrderFilled,
    PositionClosed,
    PositionEvent,
)
from nautilus_trader.model.identifiers import StrategyId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import AccountBalance, Currency, Money
from nautilus_trader.model.orders import Order

Totals = dict[Currency, int]
"""Balances by currency, in the integers that NautilusTrader counts them in."""

_FIRST = 100
"""Before the portfolio (10), which publishes the account's state while it takes an event."""


@dataclass
class Page:
    """The account as it would be if one strategy were alone."""

    totals: Totals = field(default_factory=dict)
    states: list[tuple[int, Totals]] = field(default_factory=list)
    """(Unix ns, balances) wherever they changed, with the last moment that any were told."""
    owed: Totals = field(default_factory=dict)
    """Changes that the account was not told of yet."""
    net: int = 0
    """Quantity held, below zero when short, in NautilusTrader's integers."""
    trouble: str = ""
    """What a run of its own might have done otherwise."""

    def fill(self, fill: OrderFilled, order: Order) -> None:
        """An order of its own was filled."""
        quantity = fill.last_qty.raw if fill.is_buy else -fill.last_qty.raw
        if order.is_reduce_only and not (
            -self.net <= quantity < 0 or 0 < quantity <= -self.net
        ):  # fmt: skip
            self.trouble = "an order that may only reduce did more"
        self.net += quantity

    def turn(self, ts_event: int) -> None:
        """The account was told to have changed, perhaps by nothing."""
        changes, self.owed = self.owed, {}
        if any(changes.values()):
            self.totals = {c: total + changes.get(c, 0) for c, total in self.totals.items()}
            self.states.append((ts_event, self.totals))
            if min(self.totals.values()) < 0:
                self.trouble = "its account was overdrawn"
        elif len(self.states) > 1 and self.states[-2][1] == self.states[-1][1]:
            self.states[-1] = (ts_event, self.totals)
        else:
            self.states.append((ts_event, self.totals))


class Ledger:
    """Follows the margin account of an engine that has its strategies and has not run yet.

    The account changes with nothing but fills: what has changed when a fill is told comes from it.
    The account's state is published while an event is told, to the strategy of that event.
    """

    def __init__(self, engine: BacktestEngine, instrument: Instrument) -> None:
        self._engine, self._venue = engine, instrument.id.venue
        self._totals: Totals = {}
        self._owner: StrategyId | None = None
        self.pages = {strategy_id: Page() for strategy_id in engine.trader.strategy_ids()}
        self.closed: dict[StrategyId, list[PositionClosed]] = {one: [] for one in self.pages}
        self.trouble = ""
        """Why the account cannot be split; empty: it can."""
        bus = engine.kernel.msgbus
        # By name: an engine that has run before would not match a pattern (1.221).
        bus.subscribe(f"events.account.{self._venue}-001", self._changed)
        for strategy_id in self.pages:
            for topic in ("order", "position"):
                bus.subscribe(
                    f"events.{topic}.{strategy_id}", partial(self._told, strategy_id), _FIRST
                )

    def _told(self, owner: StrategyId, event: OrderEvent | PositionEvent) -> None:
        self._owner = owner
        page = self.pages[owner]
        if isinstance(event, OrderFilled):
            page.fill(event, self._engine.cache.order(event.client_order_id))
        elif isinstance(event, PositionClosed):
            self.closed[owner].append(event)
        changes = self._changes()
        if changes and not isinstance(event, OrderFilled | PositionEvent):
            self.trouble = "the account changed without a fill"
        for currency, change in changes.items():
            page.owed[currency] = page.owed.get(currency, 0) + change

    def _changes(self) -> Totals:
        """Of the account, since this was asked last."""
        account = self._engine.cache.account_for_venue(self._venue)
        totals = {currency: total.raw for currency, total in account.balances_total().items()}
        if totals.keys() != self._totals.keys():
            self.trouble = "the account did not begin with all of its currencies"
        changes = {c: total - self._totals.get(c, 0) for c, total in totals.items()}
        self._totals = totals
        return {currency: change for currency, change in changes.items() if change}

    def _changed(self, state: AccountState) -> None:
        if self._owner is not None:
            self.pages[self._owner].turn(state.ts_event)
            return
        self._totals = {balance.currency: balance.total.raw for balance in state.balances}
        for page in self.pages.values():
            page.totals = dict(self._totals)
            page.states = [(state.ts_event, page.totals)]

    def check(self) -> str:
        """After the run: why the account cannot be split; empty when it can."""
        account = self._engine.cache.account_for_venue(self._venue)
        begun = {c: money.raw for c, money in account.starting_balances().items()}
        for currency, total in account.balances_total().items():
            start = begun.get(currency, 0)
            parts = sum(
                page.totals.get(currency, start) - start + page.owed.get(currency, 0)
                for page in self.pages.values()
            )
            if start + parts != total.raw:
                return self.trouble or f"{currency} of the account does not add up"
        return self.trouble

    def worth(self, totals: Totals, currency: Currency) -> float:
        """The balance in one currency."""
        return Money.from_raw(totals.get(currency, 0), currency).as_double()

    def account(self, strategy_id: StrategyId) -> Account:
        """The strategy's own account, with the states that matter: changes and the last moment."""
        real = self._engine.cache.account_for_venue(self._venue)
        found = None
        for ts_event, totals in self.pages[strategy_id].states:
            state = AccountState(
                account_id=real.id,
                account_type=real.type,
                base_currency=real.base_currency,
                reported=False,
                balances=[_balance(currency, raw) for currency, raw in totals.items()],
                margins=[],
                info={},
                event_id=UUID4(),
                ts_event=ts_event,
                ts_init=ts_event,
            )
            if found is None:
                found = AccountFactory.create(state)
            else:
                found.apply(state)
        return found if found is not None else real


def _balance(currency: Currency, raw: int) -> AccountBalance:
    total = Money.from_raw(raw, currency)
    return AccountBalance(total, Money(0, currency), total)
