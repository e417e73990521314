"""Strategies by name, and their parameters."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from typing import Any

import pytest
from nautilus_trader.test_kit.providers import TestInstrumentProvider as Instruments

from backend.errors import Invalid
from backend.strategies import registry
from backend.strategies.common import Sizing
from backend.strategies.params import EmaCrossParams, IdleParams, MarketMakerParams
from backend.strategies.spec import StrategySpec

BUILT_IN = ["ema_cross", "market_maker", "idle", "faulty"]


def test_the_built_in_strategies_are_offered() -> None:
    """The contract's names, and the one that fails on purpose."""
    assert registry.names()[:4] == BUILT_IN
    assert [entry["name"] for entry in registry.describe()][:4] == BUILT_IN


def test_listing_strategies_does_not_import_the_engine() -> None:
    """The API process stays free of NautilusTrader's 300 MB."""
    code = (
        "import sys; from backend.strategies import registry; registry.describe();"
        "registry.validate('ema_cross', {}); print('nautilus_trader' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_parameter_has_default_and_description(name: str) -> None:
    """A form can be made from the schema alone."""
    schema = registry.schema(name)
    assert schema["additionalProperties"] is False
    for parameter in schema["properties"].values():
        assert "default" in parameter
        assert parameter["description"]


def test_numbers_have_units_and_bounds() -> None:
    """The schema says what a number means and how far it may go."""
    fast = registry.schema("ema_cross")["properties"]["fast_ema_period"]
    assert (fast["minimum"], fast["maximum"], fast["default"]) == (1, 10_000, 10)
    assert fast["unit"] == "intervals"
    spread = registry.schema("market_maker")["properties"]["half_spread_bps"]
    assert (spread["minimum"], spread["unit"]) == (0, "basis points")


@pytest.mark.parametrize(
    ("name", "params", "field", "reason"),
    [
        ("ema_cross", {"fast_ema_period": "10"}, "params.fast_ema_period", "valid integer"),
        ("ema_cross", {"fast_ema_period": True}, "params.fast_ema_period", "valid integer"),
        ("ema_cross", {"fast_ema_period": 0}, "params.fast_ema_period", "greater than"),
        ("ema_cross", {"fast_ema_period": 20}, "params.slow_ema_period", "more than"),
        ("ema_cross", {"interval": "2m"}, "params.interval", "'1m'"),
        ("ema_cross", {"trade_size": -1.0}, "params.trade_size", "greater than 0"),
        ("market_maker", {"half_spread_bps": float("nan")}, "params.half_spread_bps", "finite"),
        ("market_maker", {"requote_ticks": 1.5}, "params.requote_ticks", "valid integer"),
        ("idle", {"speed": 3}, "params.speed", "no parameter 'speed'"),
        ("faulty", {"message": "x" * 300}, "params.message", "200"),
    ],
)
def test_a_bad_parameter_is_named_with_its_reason(
    name: str, params: dict[str, Any], field: str, reason: str
) -> None:
    """Wrong types, values out of bounds and unknown names are refused by field."""
    with pytest.raises(Invalid, match=reason) as refused:
        registry.validate(name, params)
    assert refused.value.field == field


def test_an_unknown_strategy_names_those_there_are() -> None:
    """The error lists what may be asked for."""
    with pytest.raises(Invalid, match=r"no_such.*ema_cross, market_maker") as refused:
        registry.schema("no_such")
    assert refused.value.field == "strategy"


def test_a_path_is_no_strategy() -> None:
    """No import path comes from a request."""
    with pytest.raises(Invalid):
        registry.validate("os:system", {})


CONFIGURED = StrategySpec("mine", "An operator's own.", IdleParams, lambda: lambda *_: None)
IMPOSTOR = StrategySpec("idle", "Not the real one.", IdleParams, lambda: lambda *_: None)
NOT_A_SPEC = "something else"


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Pretend that packages offer these attributes of this module as strategies."""

    def install(*attributes: str) -> None:
        module = sys.modules[__name__]
        monkeypatch.setitem(sys.modules, "operators_package", module)
        points = [
            EntryPoint(name, f"operators_package:{name}", registry.ENTRY_POINTS)
            for name in attributes
        ]
        monkeypatch.setattr(registry, "entry_points", lambda group: points)
        registry.specs.cache_clear()

    yield install
    registry.specs.cache_clear()


def test_an_installed_strategy_is_offered(installed: Callable[..., None]) -> None:
    """An entry point adds to the list."""
    installed("CONFIGURED")
    assert registry.names() == [*BUILT_IN, "mine"]


@pytest.mark.parametrize("attribute", ["MISSING", "NOT_A_SPEC", "IMPOSTOR"])
def test_a_broken_entry_point_is_left_out(
    installed: Callable[..., None], attribute: str, caplog: pytest.LogCaptureFixture
) -> None:
    """One that cannot be loaded, is none or takes a built-in name costs a log line only."""
    installed(attribute, "CONFIGURED")
    assert registry.names() == [*BUILT_IN, "mine"]
    assert registry.specs()["idle"].description != IMPOSTOR.description
    assert attribute in caplog.text


@pytest.mark.parametrize(
    ("instrument", "price", "size"),
    [
        (Instruments.default_fx_ccy("EUR/USD"), 1.25, "8000"),
        (Instruments.btcusdt_binance(), 50_000.0, "0.200000"),
        (Instruments.xbtusd_bitmex(), 50_000.0, "10000"),
        (Instruments.default_fx_ccy("EUR/USD"), 1e9, "1000"),
        (Instruments.btcusdt_binance(), 1e-9, "9000.000000"),
    ],
)
def test_a_notional_becomes_a_size_that_the_instrument_takes(
    instrument: Any, price: float, size: str
) -> None:
    """Ten thousand of the quote currency, in the instrument's precision and within its limits."""
    assert str(Sizing(instrument, EmaCrossParams()).quantity(price)) == size


def test_a_given_size_is_used(installed: Callable[..., None]) -> None:
    """`trade_size` stands above the notional, rounded to the instrument's precision."""
    sizing = Sizing(Instruments.btcusdt_binance(), MarketMakerParams(trade_size=1.23456789))
    assert str(sizing.quantity(1.0)) == "1.234568"


@pytest.mark.parametrize("size", [1e-9, 1e9])
def test_a_size_beyond_the_instrument_is_refused(size: float) -> None:
    """Too small and too large are said before the run, with the limits."""
    with pytest.raises(Invalid, match="9000") as refused:
        Sizing(Instruments.btcusdt_binance(), MarketMakerParams(trade_size=size))
    assert refused.value.field == "params.trade_size"
