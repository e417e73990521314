"""The numbers behind one child of a metric, and the store they live in."""

from __future__ import annotations

import json
import threading
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from nautilus_instrumentation.guard import Guard
from nautilus_instrumentation.labels import clean
from nautilus_instrumentation.metrics import MetricSpec

EXEMPLAR_INTERVAL_SECONDS = 1.0
"""One exemplar a second and bucket is kept; the rest are dropped unseen."""

EXEMPLAR_MAX_CHARACTERS = 128
"""OpenMetrics' limit on names and values of an exemplar's labels together."""


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One observation that a bucket points at. `timestamp` in Unix seconds."""

    labels: Mapping[str, str]
    value: float
    timestamp: float


class View(Protocol):
    """What cells live in: an array, a mapped file, or a placeholder that binds when written."""

    def __getitem__(self, index: int, /) -> float: ...
    def __setitem__(self, index: int, value: float, /) -> None: ...


def bound_text(bound: float) -> str:
    """Text of a bucket's bound in the label `le`, in the canonical form of OpenMetrics."""
    if bound == float("inf"):
        return "+Inf"
    text = repr(float(bound))
    dot = text.find(".")
    if dot > 6 and "e" not in text:  # Go switches to exponents at 1e6, Python at 1e16
        mantissa = f"{text[0]}.{text[1:dot]}{text[dot + 1 :]}".rstrip("0").rstrip(".")
        return f"{mantissa}e+{dot - 1:02d}"
    return text


def cell_keys(spec: MetricSpec, labels: Sequence[str]) -> tuple[str, ...]:
    """Keys of a child's cells in prometheus_client's format, in the order of the cells.

    Counter and gauge have one cell; a histogram one for each bound, one for +Inf and the sum.
    """
    names = spec.label_names

    def key(sample: str, **extra: str) -> str:
        pairs = {**dict(zip(names, labels, strict=True)), **extra}
        return json.dumps([spec.family, sample, pairs, spec.help], sort_keys=True)

    if spec.kind != "histogram":
        return (key(spec.name),)
    bounds = (*spec.buckets, float("inf"))
    buckets = [key(f"{spec.family}_bucket", le=bound_text(bound)) for bound in bounds]
    return (*buckets, key(f"{spec.family}_sum"))


class Cells:
    """Base of the children that `recorder.py` hands out.

    `view[at[n]]` is cell n. Gauges have a second entry in `at`, for the time of the last `set`.
    The store fills `view` and `at`, and may change both at any time under `lock`.
    """

    __slots__ = ("_kept_at", "at", "exemplars", "labels", "lock", "spec", "store", "view")

    view: View
    at: Sequence[int]

    def __init__(self, spec: MetricSpec, labels: tuple[str, ...], store: Store) -> None:
        self.spec = spec
        self.labels = labels
        self.store = store
        self.lock = store.lock
        self._kept_at: dict[int, float] = {}
        self.exemplars: dict[int, Exemplar] = {}
        store.bind(self)

    def after_fork_in_child(self) -> None:
        """Forget the parent's exemplars."""
        self._kept_at.clear()
        self.exemplars.clear()

    @property
    def size(self) -> int:
        """Number of values, time stamps of gauges included."""
        if self.spec.kind == "histogram":
            return len(self.spec.buckets) + 2
        return 2 if self.spec.kind == "gauge" else 1

    def values(self) -> list[float]:
        """Current values in the order of the cells."""
        with self.lock:
            view = self.view
            return [view[index] for index in self.at]

    def keep(self, cell: int, labels: Mapping[str, str], value: float, now: float) -> None:
        """Keep an exemplar for a cell, at most one a second. Raises ValueError when too long."""
        if now - self._kept_at.get(cell, 0.0) < EXEMPLAR_INTERVAL_SECONDS:
            return
        if sum(len(key) + len(text) for key, text in labels.items()) > EXEMPLAR_MAX_CHARACTERS:
            raise ValueError(f"exemplar of {self.spec.name} has more than 128 characters")
        if not all(key.isascii() and key.isidentifier() for key in labels):
            raise ValueError(f"exemplar of {self.spec.name} has a bad label name")
        with self.lock:
            self._kept_at[cell] = now
            # prometheus_client's parser stumbles over a quote here, escaped or not.
            kept = {key: clean(text).replace('"', "'") for key, text in labels.items()}
            self.store.keep_exemplar(self, cell, Exemplar(kept, value, now))


class Store(Protocol):
    """Where cells live."""

    lock: threading.RLock
    guard: Guard

    def bind(self, cells: Cells) -> None:
        """Give the cells a place; never raises for want of space."""

    def keep_exemplar(self, cells: Cells, cell: int, exemplar: Exemplar) -> None:
        """Remember the exemplar of one cell."""

    def tick(self) -> None:
        """Once a second: mend what failed earlier."""

    def close(self) -> None:
        """Let go of everything; cells stay usable and are no longer seen."""


def private_view(size: int) -> array[float]:
    """A place for cells that no one else reads."""
    return array("d", [0.0] * size)


class MemoryStore:
    """Cells of a host with one process, in ordinary memory."""

    def __init__(self, guard: Guard | None = None) -> None:
        self.lock = threading.RLock()
        self.guard = guard or Guard()
        self.children: list[Cells] = []

    def bind(self, cells: Cells) -> None:
        cells.view = private_view(cells.size)
        cells.at = range(cells.size)
        with self.lock:
            self.children.append(cells)

    def keep_exemplar(self, cells: Cells, cell: int, exemplar: Exemplar) -> None:
        cells.exemplars[cell] = exemplar

    def tick(self) -> None:
        return None

    def close(self) -> None:
        return None
