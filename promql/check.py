"""Whether what an expression refers to exists; shared by the checks of boards and of rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from nautilus_instrumentation import metrics
from nautilus_instrumentation.metrics import MetricSpec
from promql.foreign import foreign_metrics
from promql.read import Selector
from promql.select import SCRAPE_LABELS

SAMPLES: Mapping[str, MetricSpec] = {
    name: spec for spec in metrics.ALL for name in spec.sample_names
} | {name: spec for name, spec in foreign_metrics().items()}
"""Name of a sample that is scraped → its family."""


def unknown(selector: Selector, recorded: Mapping[str, MetricSpec]) -> Iterator[str]:
    """Metric, labels and values of `selector` that do not exist, each as a sentence.

    `recorded` holds what recording rules give, by name, with all of its labels.
    """
    spec = recorded.get(selector.name) or SAMPLES.get(selector.name)
    if spec is None:
        yield f"no metric is called {selector.name}"
        return
    known = {*spec.label_names}
    if selector.name not in recorded:
        known.update(SCRAPE_LABELS)
    if selector.name.endswith("_bucket"):
        known.add("le")
        if "le" not in {*selector.matchers, *selector.grouped_by}:
            yield f"{selector.name} loses its buckets"
    for label in sorted({*selector.matchers, *selector.grouped_by} - known):
        yield f"{selector.name} has no label {label}"
    for label in spec.labels:
        for value in _named(*selector.matchers.get(label.name, ("", ""))):
            if isinstance(label.values, tuple) and value not in label.values:
                yield f"{selector.name}: {label.name} is never {value}"


def _named(operator: str, value: str) -> list[str]:
    """The values that a matcher names: one, or the alternatives of an expression of plain ones."""
    if operator in ("=", "!="):
        return [value] if value else []
    return value.split("|") if re.fullmatch(r"\w+(\|\w+)*", value) else []
