"""The test kit that users get."""

from __future__ import annotations

import pytest

from nautilus_instrumentation import metrics
from nautilus_instrumentation.testing import recording


def test_what_was_recorded_can_be_asked_for() -> None:
    """Values, numbers of observations, sums, and zero for what was not used."""
    with recording() as kit:
        kit.recorder.counter(metrics.ENGINE_ORDERS, "x").inc(2)
        child = kit.recorder.histogram(metrics.BACKTEST_DURATION, "x", "1h")
        child.observe(3, {"trace_id": "a"})
        child.observe(4)
        assert kit.value(metrics.ENGINE_ORDERS, "x") == 2
        assert kit.value(metrics.ENGINE_ORDERS, "y") == 0
        assert kit.value(metrics.BACKTEST_DURATION, "x", "1h") == 2
        assert kit.total(metrics.BACKTEST_DURATION, "x", "1h") == 7
        assert kit.total(metrics.BACKTEST_DURATION, "y", "1h") == 0
        assert len(kit.samples()) == 2
        (exemplar,) = kit.exemplars(metrics.BACKTEST_DURATION, "x", "1h")
        assert (exemplar.labels, exemplar.value) == ({"trace_id": "a"}, 3)


def test_it_is_strict_unless_told_otherwise() -> None:
    """A test sees its telemetry errors."""
    with recording() as kit, pytest.raises(ValueError, match="grow"):
        kit.recorder.counter(metrics.ENGINE_ORDERS, "x").inc(-1)
    with recording(strict=False) as kit:
        kit.recorder.counter(metrics.ENGINE_ORDERS, "x").inc(-1)
        assert kit.guard.errors == {"recorder": 1}
