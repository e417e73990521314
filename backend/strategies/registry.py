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

from backend.errors import Invalid
from backend.models import ID_PATTERN, TickKind
from backend.strategies.params import EmaCrossParams, FaultyParams, IdleParams, MarketMakerParams
from backend.strategies.spec import Factory, StrategyParams, StrategySpec

if TYPE_CHECKING:
    from nautilus_trader.model.instruments import Instrument
    from nautilus_trader.trading.strategy import Strategy

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
    ),
    StrategySpec(
        "faulty",
        "Raises an error after a number of ticks: for drills and demonstrations.",
        FaultyParams,
        _faulty,
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
    """Every strategy as the API shows it: name, description, schema of its parameters."""
    return [
        {"name": spec.name, "description": spec.description, "params_schema": schema(spec.name)}
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


def build(name: str, params: Mapping[str, Any], instrument: Instrument, kind: TickKind) -> Strategy:
    """A strategy ready for the engine.

    Raises Invalid with field `strategy` or `params.<name>`.
    """
    checked = validate(name, params)
    return _spec(name).load()(instrument, kind, checked)


def _spec(name: str) -> StrategySpec:
    try:
        return specs()[name]
    except KeyError:
        raise Invalid(
            f"no strategy {name!r:.100}",
            field="strategy",
            hint=f"strategies are {', '.join(specs())}",
        ) from None
