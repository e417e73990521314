"""Builds the engine of one run: venue, account, instrument, strategy."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress

from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.common import messages as common_messages
from nautilus_trader.config import (
    DataEngineConfig,
    InvalidConfiguration,
    LoggingConfig,
    MessageBusConfig,
)
from nautilus_trader.execution import messages as execution_messages
from nautilus_trader.execution import reports
from nautilus_trader.model import data, events, instruments
from nautilus_trader.model.enums import AccountType, OmsType
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Currency, Money
from nautilus_trader.trading.strategy import Strategy

from backend.errors import Invalid
from backend.models import AMOUNT_PATTERN, BacktestRequest
from backend.strategies import registry
from backend.trade_analysis import gather_trades, give_back

STABLE_BALANCE = 1_000_000
"""Default balance in money and in coins that follow the dollar."""
COIN_BALANCE = 100
"""Default balance in any other coin."""

BUILD_DELAY = 15
"""Microseconds that the engine waits with a bar that it makes of bars: the last of those comes at
the time at which it ends."""

_AMOUNT = re.compile(AMOUNT_PATTERN)

_PUBLISHABLE = frozenset(
    {str, int, float, bytes}.union(
        *(
            {value for value in vars(module).values() if isinstance(value, type)}
            for module in (
                common_messages, data, events, execution_messages, instruments, reports,
            )
        )
    )
)  # fmt: skip
"""Types that a message bus may publish outside, which ours never does. Told so, it does not look
each tick up among seventy classes: a sixth of an engine's time."""


def build_engine(
    request: BacktestRequest, instrument: Instrument, logging: LoggingConfig
) -> BacktestEngine:
    """An engine that lacks only its data. The caller releases it.

    Raises Invalid that names the field of the request.
    """
    strategy = registry.build(
        request.strategy, request.params, instrument, request.kind, request.bar_type
    )
    engine = build_market(request, instrument, logging)
    try:
        engine.add_strategy(strategy)
    except BaseException:
        release(engine)
        raise
    return engine


def build_market(
    request: BacktestRequest, instrument: Instrument, logging: LoggingConfig, shared: bool = False
) -> BacktestEngine:
    """An engine with venue, account and instrument; it lacks a strategy and data.

    The venue of a `shared` one does not hold orders that only reduce to that: it looks for their
    position among those of all strategies, and takes the first. Who shares it must hold them to it.
    The caller releases it. Raises Invalid that names the field of the request.
    """
    balances = starting_balances(request, instrument)
    engine = BacktestEngine(
        BacktestEngineConfig(
            logging=logging,
            data_engine=DataEngineConfig(
                time_bars_build_delay=BUILD_DELAY if request.kind == "bar" else 0
            ),
            message_bus=MessageBusConfig(types_filter=list(_PUBLISHABLE)),
            run_analysis=False,  # done once, in the stage that is measured for it
        )
    )
    gather_trades(engine.portfolio.analyzer)
    try:
        engine.add_venue(
            venue=instrument.id.venue,
            oms_type=OmsType[request.venue.oms_type],
            account_type=AccountType[request.venue.account_type],
            starting_balances=balances,
            base_currency=_base_currency(request),
            # Without quotes, trades are all the market there is to fill orders from; bars always
            # are one.
            trade_execution=request.kind == "trade",
            use_reduce_only=not shared,
        )
        engine.add_instrument(instrument)
    except InvalidConfiguration as error:  # such as a perpetual on a cash account
        release(engine)
        raise Invalid(str(error), field="venue") from error
    except BaseException:
        release(engine)
        raise
    return engine


def release(engine: BacktestEngine) -> None:
    """Dispose the engine, also one whose run failed, and let go of what it holds.

    1.221 never frees an engine; emptied it keeps 0.1 MB instead of its strategy and 5 kB for each
    order, which would also make every later garbage collection slower.
    """
    strategies, bus = engine.trader.strategies(), engine.kernel.msgbus
    for part in (*strategies, engine.trader):
        if part.is_running:  # a failure left it so; what runs cannot be disposed
            with suppress(Exception):  # of the strategy's own on_fault
                part.fault()
    engine.clear_data()
    engine.cache.reset()
    engine.dispose()
    for subscription in bus.subscriptions():
        bus.unsubscribe(subscription.topic, subscription.handler)
    engine.trader.clear_strategies()
    let_go_of(strategies)
    give_back(engine.portfolio.analyzer)


def let_go_of(strategies: Iterable[Strategy]) -> None:
    """Have the clocks of disposed strategies forget them.

    A clock is Rust's: no garbage collection sees that it holds its strategy, which holds it.
    """
    for strategy in strategies:
        strategy.clock.register_default_handler(_no_handler)


def _no_handler(_: object) -> None:
    """Takes the place of a strategy's."""


def starting_balances(request: BacktestRequest, instrument: Instrument) -> list[Money]:
    """The balances asked for, or plenty of the account's currency."""
    currency = account_currency(request, instrument)
    if request.starting_balances is None:
        return [Money(_plenty(currency), currency)]
    balances = [_money(text, instrument) for text in request.starting_balances]
    held = [money.currency for money in balances]
    if len(set(held)) < len(held):
        raise _refused("names a currency twice")
    if currency not in held:
        raise _refused(f"holds no {currency.code}, in which {instrument.id} is paid")
    if request.venue.base_currency is not None and len(held) > 1:
        raise _refused(f"must be one amount of {currency.code}, the account's base currency")
    return balances


def account_currency(request: BacktestRequest, instrument: Instrument) -> Currency:
    """The currency that PnL comes in."""
    return _base_currency(request) or instrument.get_cost_currency()


def _base_currency(request: BacktestRequest) -> Currency | None:
    code = request.venue.base_currency
    if code is None:
        return None
    currency = Currency.from_internal_map(code)
    if currency is None:
        raise Invalid(f"no currency {code}", field="venue.base_currency")
    return currency


def _money(text: str, instrument: Instrument) -> Money:
    match = _AMOUNT.fullmatch(text)
    assert match is not None  # the request was checked
    amount, code = match.groups()
    # Money.from_str would invent a coin for any unknown code.
    own = {c.code: c for c in (instrument.base_currency, instrument.quote_currency) if c}
    currency = own.get(code) or Currency.from_internal_map(code)
    if currency is None:
        raise _refused(f"names the unknown currency {code}")
    try:
        return Money(float(amount.replace("_", "")), currency)
    except ValueError as error:
        raise _refused(f"holds an amount that is too large: {text!r:.50}") from error


def _plenty(currency: Currency) -> int:
    dollar = "USD" in currency.code  # USDT, USDC, BUSD ...
    return STABLE_BALANCE if dollar or Currency.is_fiat(currency.code) else COIN_BALANCE


def _refused(problem: str, hint: str | None = None) -> Invalid:
    return Invalid(f"starting_balances {problem}", field="starting_balances", hint=hint)
