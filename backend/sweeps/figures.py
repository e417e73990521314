"""The few figures of a result that a sweep shows of each run."""

from __future__ import annotations

from typing import Any

from backend.evaluation.models import METRICS
from backend.evaluation.performance import evaluate
from backend.models import BacktestResult
from backend.sweeps.models import Figures


def figures(result: BacktestResult) -> Figures:
    """Cheap: about a millisecond for a full curve."""
    worth = evaluate(result)
    return Figures(
        duration_seconds=result.duration_seconds,
        data_points=result.data_points,
        orders=result.orders,
        positions=result.positions,
        currency=worth.currency,
        pnl=worth.pnl,
        **{name: getattr(worth.performance, name) for name in METRICS},
    )


def value_of(result: BacktestResult) -> dict[str, Any]:
    """What the parent is told of a run with this result."""
    return {
        "status": result.status,
        "error": result.error.model_dump() if result.error else None,
        "figures": figures(result).model_dump() if result.sweep_id else None,
    }
