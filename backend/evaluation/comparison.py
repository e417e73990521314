"""Run A against run B: what was asked for, and what came of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from backend.evaluation.curve import TOO_LARGE
from backend.evaluation.models import METRICS, Change, Comparison, Difference, Performance
from backend.evaluation.performance import evaluate
from backend.models import BacktestResult

_PLAIN = {
    "duration_seconds": "seconds", "data_points": "", "data_points_per_second": "per second",
    "events": "", "orders": "", "positions": "",
}  # fmt: skip
_MEMORY = {"peak_memory_bytes": "bytes", "gc_seconds": "seconds"}
_UNITS = {
    "total_return": "fraction", "sharpe_ratio": "per root year", "sortino_ratio": "per root year",
    "max_drawdown": "fraction", "win_rate": "fraction", "profit_factor": "ratio",
    "turnover": "ratio", "exposure": "fraction",
}  # fmt: skip


def compare(a: BacktestResult, b: BacktestResult) -> Comparison:
    """Everything that one of the two has; differences are B less A."""
    left, right = evaluate(a), evaluate(b)
    return Comparison(
        a=left,
        b=right,
        parameters=_changes(_flat(_asked(a)), _flat(_asked(b))),
        versions=_changes(a.versions, b.versions),
        results=_performances(left.performance, right.performance) + _results(a, b),
        stages=_differences(a.stages, b.stages, "seconds"),
        memory=[difference(name, unit, _of(a, name), _of(b, name))
                for name, unit in _MEMORY.items()],
        statistics=_differences(_flat(a.statistics), _flat(b.statistics), ""),
    )  # fmt: skip


def difference(name: str, unit: str, a: float | None, b: float | None, why: str = "") -> Difference:
    """One row; `why` tells why a or b is None."""
    row = Difference(name=name, unit=unit, a=a, b=b, difference=None, relative=None)
    if a is None or b is None:
        missing = " and ".join(run for run, value in (("A", a), ("B", b)) if value is None)
        row.undefined = why or f"{missing} lacks it"
        return row
    row.difference = _finite(b - a)
    row.relative = _finite((b - a) / abs(a)) if a else None
    if a == 0:
        row.undefined = "A is 0: nothing is relative to it"
    elif row.difference is None or row.relative is None:
        row.undefined = TOO_LARGE
    return row


def _performances(a: Performance, b: Performance) -> list[Difference]:
    rows = []
    for metric in METRICS:
        reasons = {"A": a.undefined.get(metric), "B": b.undefined.get(metric)}
        why = "; ".join(f"{run}: {reason}" for run, reason in reasons.items() if reason)
        values = getattr(a, metric), getattr(b, metric)
        rows.append(difference(metric, _UNITS[metric], *values, why))
    return rows


def _results(a: BacktestResult, b: BacktestResult) -> list[Difference]:
    rows = [difference(name, unit, _of(a, name), _of(b, name)) for name, unit in _PLAIN.items()]
    for currency in dict.fromkeys([*a.pnl, *b.pnl]):
        amounts = a.pnl.get(currency), b.pnl.get(currency)
        rows.append(difference(f"pnl.{currency}", currency, *amounts))
    return rows


def _asked(result: BacktestResult) -> dict[str, Any]:
    return result.request.model_dump(mode="json")


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested names joined by dots; an empty table has none."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _changes(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Change]:
    return [
        Change(name=name, a=a.get(name), b=b.get(name), same=_same(a.get(name), b.get(name)))
        for name in dict.fromkeys([*a, *b])
    ]


def _same(a: Any, b: Any) -> bool:
    """True and 1 are two things in JSON, 1 and 1.0 are one."""
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def _differences(a: Mapping[str, Any], b: Mapping[str, Any], unit: str) -> list[Difference]:
    return [
        difference(name, unit, _number(a.get(name)), _number(b.get(name)))
        for name in dict.fromkeys([*a, *b])
    ]


def _of(result: BacktestResult, name: str) -> float | None:
    return _number(getattr(result, name))


def _number(value: Any) -> float | None:
    """NautilusTrader gives some statistics as text."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _finite(value)
    return None


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
