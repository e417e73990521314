"""Test kit for users of the library: record in memory, then look at what was recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from nautilus_instrumentation.exposition.cells import Exemplar, MemoryStore
from nautilus_instrumentation.guard import Guard
from nautilus_instrumentation.metrics import MetricSpec
from nautilus_instrumentation.recorder import Recorder


class Recording:
    """A recorder in memory and what it holds. `strict` (the default) raises telemetry errors."""

    def __init__(self, strict: bool = True, caps: Mapping[str, int] | None = None) -> None:
        self.guard = Guard(strict)
        self.store = MemoryStore(self.guard)
        self.recorder = Recorder(self.store, self.guard, caps)
        self.guard.on_error = self.recorder.count_error

    def value(self, spec: MetricSpec, *labels: str) -> float:
        """Value of a counter or gauge, number of observations of a histogram; 0 if never used."""
        return self.samples().get((spec.name, labels), 0.0)

    def total(self, spec: MetricSpec, *labels: str) -> float:
        """Sum of a histogram's observations; 0 if it was never used."""
        for cells in self.store.children:
            if cells.spec is spec and cells.labels == labels:
                return cells.values()[-1]
        return 0.0

    def samples(self) -> dict[tuple[str, tuple[str, ...]], float]:
        """All values by name and label values; a histogram counts its observations."""
        return {
            (cells.spec.name, cells.labels): (
                sum(cells.values()[:-1]) if cells.spec.kind == "histogram" else cells.values()[0]
            )
            for cells in self.store.children
        }

    def exemplars(self, spec: MetricSpec, *labels: str) -> list[Exemplar]:
        """Exemplars that are kept for one combination, by bucket."""
        return [
            exemplar
            for cells in self.store.children
            if cells.spec is spec and cells.labels == labels
            for _, exemplar in sorted(cells.exemplars.items())
        ]


@contextmanager
def recording(strict: bool = True, caps: Mapping[str, int] | None = None) -> Iterator[Recording]:
    """A `Recording` that lasts for a block, for use in a fixture."""
    made = Recording(strict, caps)
    try:
        yield made
    finally:
        made.store.close()
