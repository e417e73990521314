"""The allow-list of strategies: the built-in ones and what the operator installed.

No import path comes from a request: a name is looked up here or refused.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from backend.conversion import bar_types
from backend.errors import Invalid
from backend.models import ID_PATTERN, SeriesKind
from backend.strategies.params import EmaCrossParams, FaultyParams, IdleParams, MarketMakerParams
from backend.strategies.spec import BarPrice, Factory, StrategyParams, StrategySpec

if TYPE_CHECKING:
    from nautilus_trader.model.instruments import Instrument
    from nautilus_trader.trading.strategy import Strategy

ALL_BARS: tuple[BarPrice, ...] = ("BID", "ASK", "MID", "LAST")
ENTRY_POINTS = "nautilus_monitoring.strategies"

logger = logging.getLogger(__name__)


def _ema_cross() -> Factory:
    from backend.strategies.ema_cross import EmaCross

    return EmaCross


def _market_maker() -> Factory:
    from backend.strategies.market_maker import MarketMaker

    return MarketMaker


def _idle() -> Factory:
    from backend.strategies.idle import Idle

    return Idle


def _faulty() -> Factory:
    from backend.strategies.faulty import Faulty

    return Faulty


BUILT_IN = (
    StrategySpec(
        "ema_cross",
        "Holds a position in the direction of the faster of two moving averages.",
        EmaCrossParams,
        _ema_cross,
        bars=("MID", "LAST"),
        # On ticks it places so many orders that an engine of its own is as fast.
        shares=lambda params: params.interval if params.interval != "tick" else None,
    ),
    StrategySpec(
        "market_maker",
        "Keeps two limit orders around the price and replaces them: many orders.",
        MarketMakerParams,
        _market_maker,
    ),
    StrategySpec(
        "idle",
        "Does nothing: what the engine alone costs.",
        IdleParams,
        _idle,
        bars=ALL_BARS,
        shares=lambda _: "",
    ),
    StrategySpec(
        "faulty",
        "Raises an error after a number of ticks: for drills and demonstrations.",
        FaultyParams,
        _faulty,
        bars=ALL_BARS,
    ),
)


@lru_cache(maxsize=1)
def specs() -> Mapping[str, StrategySpec]:
    """All strategies by name. A configured one that cannot be loaded is logged and left out."""
    found = {spec.name: spec for spec in BUILT_IN}
    for point in entry_points(group=ENTRY_POINTS):
        try:
            spec = point.load()
            if not isinstance(spec, StrategySpec):
                raise TypeError(f"not a StrategySpec but {type(spec).__name__}")
            if not ID_PATTERN.fullmatch(spec.name) or spec.name in found:
                raise ValueError(f"the name {spec.name!r} is taken or no plain name")
        except Exception as error:  # a foreign package: whatever is wrong with it stays its own
            logger.error("strategy %s = %s is left out: %s", point.name, point.value, error)
            continue
        found[spec.name] = spec
    return found


def names() -> list[str]:
    return list(specs())


def schema(name: str) -> dict[str, Any]:
    """JSON schema of the parameters, with defaults, bounds and units."""
    return _spec(name).params.model_json_schema()


def describe() -> list[dict[str, Any]]:
    """Every strategy as the API shows it: name, description, schema of its parameters, bars."""
    return [
        {
            "name": spec.name,
            "description": spec.description,
            "params_schema": schema(spec.name),
            "bars": spec.bars,
        }
        for spec in specs().values()
    ]


def validate(name: str, params: Mapping[str, Any]) -> StrategyParams:
    """Check the parameters without importing NautilusTrader.

    Raises Invalid with field `strategy` or `params.<name>`.
    """
    model = _spec(name).params
    try:
        return model.model_validate(dict(params))
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        parameter = ".".join(str(part) for part in problem["loc"])
        known = ", ".join(model.model_fields) or "none"
        if problem["type"] == "extra_forbidden":
            message = f"{name} has no parameter {parameter!r}"
        else:
            reason = problem["msg"].removeprefix("Value error, ")
            message = f"{parameter}: {reason}, not {problem['input']!r:.100}"
        raise Invalid(
            message, field=f"params.{parameter}", hint=f"parameters of {name}: {known}"
        ) from error


def check_bars(name: str, bar_type: str) -> None:
    """Raise Invalid for a strategy that cannot run on bars of this type (step, unit and price)."""
    spec = _spec(name)
    if bar_types.price_of(bar_type) in spec.bars:
        return
    if not spec.bars:
        able = ", ".join(other.name for other in specs().values() if other.bars)
        raise Invalid(f"{name} cannot run on bars", "kind", f"strategies that can: {able}")
    raise Invalid(
        f"{name} cannot run on {bar_type} bars: orders are filled from MID and LAST bars only",
        "bar_type",
        f"take bars of {' or '.join(spec.bars)}",
    )  # fmt: skip


def shares(name: str, params: Mapping[str, Any]) -> str | None:
    """Sets with the same text may run side by side in one engine; None: alone. Raises as
    `validate`."""
    return _spec(name).shares(validate(name, params))


def build(
    name: str,
    params: Mapping[str, Any],
    instrument: Instrument,
    kind: SeriesKind,
    bar_type: str | None = None,
) -> Strategy:
    """A strategy ready for the engine; `bar_type` (step, unit and price) where it runs on bars.

    Raises Invalid with field `strategy`, `params.<name>`, `kind` or `bar_type`.
    """
    checked = validate(name, params)
    if bar_type is None:
        return _spec(name).load()(instrument, kind, checked)
    check_bars(name, bar_type)
    bars = bar_types.bar_type(str(instrument.id), bar_type)
    return _spec(name).load()(instrument, kind, checked, bar_type=bars)


def _spec(name: str) -> StrategySpec:
    try:
        return specs()[name]
    except KeyError:
        raise Invalid(
            f"no strategy {name!r:.100}",
            field="strategy",
            hint=f"strategies are {', '.join(specs())}",
        ) from None
