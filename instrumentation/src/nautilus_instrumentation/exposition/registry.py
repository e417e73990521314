"""Metrics of a host with one process: rendered here, or through prometheus_client's registry."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar as ClientExemplar

from nautilus_instrumentation import metrics
from nautilus_instrumentation.exposition.cells import Exemplar, MemoryStore, Store, bound_text
from nautilus_instrumentation.exposition.directory import Registration
from nautilus_instrumentation.exposition.processes import ProcessFigures
from nautilus_instrumentation.exposition.render import Answer, answer
from nautilus_instrumentation.exposition.table import Family, Series, Table

_UNCAPPED = {
    label.name: sys.maxsize for spec in metrics.HOST for label in spec.labels if not label.closed
}
"""The recorder has capped these labels already, perhaps at other numbers."""


class MemoryCollector(Collector):
    """Collects a MemoryStore and the figures of this process.

    Raises TypeError for a store of several processes: those are served by the exporter.
    """

    def __init__(
        self,
        store: Store,
        role: str = "api",
        slot: int = 0,
        memory_limit_bytes: int | None = None,
        process_figures: bool = True,
    ) -> None:
        if not isinstance(store, MemoryStore):
            raise TypeError("a host with several processes serves its metrics from the exporter")
        self._store = store
        self._registration = Registration.of_this_process(role, slot, memory_limit_bytes)
        self._figures = ProcessFigures() if process_figures else None
        self._table = Table(metrics.HOST, _UNCAPPED)
        self._lock = threading.Lock()

    def scrape(self, accept: str = "", accept_encoding: str = "") -> Answer:
        """Answer a scrape."""
        with self._lock:
            return answer(self._families(), accept, accept_encoding)

    def collect(self) -> Iterable[Metric]:
        """Families in prometheus_client's form."""
        with self._lock:
            return [_client_metric(family) for family in self._families()]

    def _families(self) -> Iterable[Family]:
        for cells in list(self._store.children):
            series = self._table.add(cells.spec).at(cells.labels)
            values = cells.values()
            series.values[:] = values[: len(series.values)]
            if cells.spec.kind == "gauge":
                series.time = values[1]
            series.exemplars = dict(cells.exemplars)
        one = self._registration
        if self._figures is not None:
            self._figures.sample({"": one})
            self._figures.show(self._table)
        versions = (one.version, one.nautilus_version, one.python_version)
        self._table.of(metrics.BUILD_INFO).show_only({versions: 1.0})
        return self._table.families.values()


def build_registry(store: Store, role: str = "api", slot: int = 0) -> CollectorRegistry:
    """A registry of prometheus_client, apart from its default one, that shows a MemoryStore."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(MemoryCollector(store, role, slot))
    return registry


def _client_metric(family: Family) -> Metric:
    spec = family.spec
    metric = Metric(spec.family, spec.help, spec.kind, spec.unit)
    for series in family.shown():
        labels = dict(zip(spec.label_names, series.labels, strict=True))
        for name, more, value, exemplar in _samples(family, series):
            metric.add_sample(name, {**labels, **more}, value, None, exemplar)
    return metric


def _samples(
    family: Family, series: Series
) -> Iterator[tuple[str, dict[str, str], float, ClientExemplar | None]]:
    spec = family.spec
    if spec.kind != "histogram":
        yield spec.name, {}, series.values[0], _client_exemplar(series.exemplars.get(0))
        return
    seen = 0.0
    for cell, bound in enumerate(family.bounds):
        seen += series.values[cell]
        exemplar = _client_exemplar(series.exemplars.get(cell))
        yield f"{spec.family}_bucket", {"le": bound_text(bound)}, seen, exemplar
    yield f"{spec.family}_count", {}, seen, None
    yield f"{spec.family}_sum", {}, series.values[-1], None


def _client_exemplar(exemplar: Exemplar | None) -> ClientExemplar | None:
    if exemplar is None:
        return None
    return ClientExemplar(dict(exemplar.labels), exemplar.value, exemplar.timestamp)
