"""Parameters of the built-in strategies."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from backend.strategies.spec import SizedParams, StrategyParams

Interval = Literal["tick", "10s", "30s", "1m", "5m", "15m", "1h"]


class EmaCrossParams(SizedParams):
    """Two moving averages; the position follows the faster one."""

    fast_ema_period: int = Field(
        default=10, ge=1, le=10_000, json_schema_extra={"unit": "intervals"},
        description="Period of the fast average",
    )  # fmt: skip
    slow_ema_period: int = Field(
        default=20, ge=2, le=20_000, validate_default=True, json_schema_extra={"unit": "intervals"},
        description="Period of the slow average; more than the fast one's",
    )  # fmt: skip
    interval: Interval = Field(
        default="1m",
        description="Bars to average over, or every tick; of bars as long or longer, every one",
    )  # fmt: skip

    @field_validator("slow_ema_period")
    @classmethod
    def _slower(cls, value: int, info: ValidationInfo) -> int:
        fast = info.data.get("fast_ema_period")
        if fast is not None and value <= fast:
            raise ValueError(f"must be more than fast_ema_period ({fast})")
        return value


class MarketMakerParams(SizedParams):
    """Two limit orders around the mid price, replaced again and again."""

    half_spread_bps: float = Field(
        default=0.5, ge=0, le=1_000, json_schema_extra={"unit": "basis points"},
        description="Distance of each order from the mid price (trades: from the last price)",
    )  # fmt: skip
    requote_ticks: int = Field(
        default=1, ge=1, le=1_000_000, json_schema_extra={"unit": "ticks"},
        description="Ticks after which the orders are replaced",
    )  # fmt: skip
    min_quote_life: float = Field(
        default=0.5, ge=0, le=86_400, json_schema_extra={"unit": "seconds"},
        description="Simulated time that orders stay at least; keeps busy markets affordable",
    )  # fmt: skip
    max_inventory: int = Field(
        default=5, ge=1, le=10_000, json_schema_extra={"unit": "orders"},
        description="Net position, in sizes of one order, beyond which only one side is quoted",
    )  # fmt: skip


class IdleParams(StrategyParams):
    """None: the strategy does nothing."""


class FaultyParams(StrategyParams):
    """When to fail."""

    fail_after_ticks: int = Field(
        default=100, ge=1, json_schema_extra={"unit": "ticks"},
        description="Ticks to take before the error",
    )  # fmt: skip
    message: str = Field(
        default="this strategy fails on purpose", max_length=200, description="Text of the error"
    )
    fill_memory_mib: int = Field(
        default=0, ge=0, le=4_096, json_schema_extra={"unit": "MiB"},
        description="Memory to fill before the error, and to hold until somebody acts",
    )  # fmt: skip
