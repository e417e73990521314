"""Metrics of others, read from dashboards/foreign_metrics.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from nautilus_instrumentation.metrics import Capped, Label, MetricSpec

FILE = Path(__file__).resolve().parents[1] / "dashboards" / "foreign_metrics.toml"


@cache
def foreign_metrics() -> Mapping[str, MetricSpec]:
    """Name → metric, for all that the file lists."""
    tables = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {name: _spec(name, table) for name, table in tables.items()}


def foreign(name: str) -> MetricSpec:
    """The metric `name` of others. Raises KeyError where the file does not list it."""
    try:
        return foreign_metrics()[name]
    except KeyError:
        raise KeyError(f"{FILE.name} lists no metric {name!r}") from None


def _spec(name: str, table: Mapping[str, object]) -> MetricSpec:
    kind, labels = table["kind"], table["labels"]
    assert kind in ("counter", "gauge")
    assert isinstance(labels, list)
    what = name.removesuffix("_total") if kind == "counter" else name
    values = tuple(Label(label, Capped(100)) for label in labels)
    return MetricSpec(kind, "", "", what, "", f"From {table['source']}.", values)
