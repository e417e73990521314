"""Children of metrics, bound once and handed out; the no-op twin when telemetry is off."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from time import time
from typing import TypeVar

from nautilus_instrumentation import metrics
from nautilus_instrumentation.exposition.cells import Cells, MemoryStore, Store
from nautilus_instrumentation.guard import Guard
from nautilus_instrumentation.labels import Caps, clean
from nautilus_instrumentation.metrics import MetricSpec

_INFINITY = float("inf")
_SITE = "recorder"


class Counter(Cells):
    """A number that only grows."""

    __slots__ = ()

    def inc(self, amount: float = 1.0, exemplar: Mapping[str, str] | None = None) -> None:
        """Add a finite amount of 0 or more."""
        try:
            if not 0.0 <= amount < _INFINITY:
                raise ValueError(f"{self.spec.name} cannot grow by {amount}")
            with self.lock:
                self.view[self.at[0]] += amount
            if exemplar:
                self.keep(0, exemplar, amount, time())
        except Exception as error:
            self.store.guard.failed(_SITE, error)


class Gauge(Cells):
    """A number that goes up and down."""

    __slots__ = ()

    def set(self, value: float) -> None:
        """Set to any number that is not NaN."""
        try:
            if value != value:
                raise ValueError(f"{self.spec.name} cannot be NaN")
            with self.lock:
                view, at = self.view, self.at
                view[at[0]] = value
                view[at[1]] = time()
        except Exception as error:
            self.store.guard.failed(_SITE, error)

    def inc(self, amount: float = 1.0) -> None:
        """Add a finite amount."""
        try:
            if not -_INFINITY < amount < _INFINITY:
                raise ValueError(f"{self.spec.name} cannot move by {amount}")
            with self.lock:
                view, at = self.view, self.at
                view[at[0]] += amount
                view[at[1]] = time()
        except Exception as error:
            self.store.guard.failed(_SITE, error)

    def dec(self, amount: float = 1.0) -> None:
        """Subtract a finite amount."""
        self.inc(-amount)


class Histogram(Cells):
    """Observations, counted by bucket."""

    __slots__ = ("_bounds",)

    def __init__(self, spec: MetricSpec, labels: tuple[str, ...], store: Store) -> None:
        self._bounds = spec.buckets
        super().__init__(spec, labels, store)

    def observe(self, value: float, exemplar: Mapping[str, str] | None = None) -> None:
        """Count a finite value of 0 or more."""
        try:
            if not 0.0 <= value < _INFINITY:
                raise ValueError(f"{self.spec.name} cannot observe {value}")
            bucket = bisect_left(self._bounds, value)
            with self.lock:
                view, at = self.view, self.at
                view[at[bucket]] += 1.0
                view[at[-1]] += value
            if exemplar:
                self.keep(bucket, exemplar, value, time())
        except Exception as error:
            self.store.guard.failed(_SITE, error)

    def merge(self, counts: Sequence[float], total: float) -> None:
        """Add observations counted elsewhere: one count for each bound and +Inf, and their sum."""
        try:
            if len(counts) != len(self._bounds) + 1:
                raise ValueError(f"{self.spec.name} has {len(self._bounds) + 1} buckets")
            with self.lock:
                view, at = self.view, self.at
                for bucket, count in enumerate(counts):
                    if count:
                        view[at[bucket]] += count
                view[at[-1]] += total
        except Exception as error:
            self.store.guard.failed(_SITE, error)


class _NullCounter(Counter):
    __slots__ = ()

    def inc(self, amount: float = 1.0, exemplar: Mapping[str, str] | None = None) -> None:
        return None


class _NullGauge(Gauge):
    __slots__ = ()

    def set(self, value: float) -> None:
        return None

    def inc(self, amount: float = 1.0) -> None:
        return None

    def dec(self, amount: float = 1.0) -> None:
        return None


class _NullHistogram(Histogram):
    __slots__ = ()

    def observe(self, value: float, exemplar: Mapping[str, str] | None = None) -> None:
        return None

    def merge(self, counts: Sequence[float], total: float) -> None:
        return None


_nowhere = MemoryStore()
NULL_COUNTER = _NullCounter(MetricSpec("counter", "", "", "null", "", ""), (), _nowhere)
NULL_GAUGE = _NullGauge(MetricSpec("gauge", "", "", "null", "", ""), (), _nowhere)
NULL_HISTOGRAM = _NullHistogram(MetricSpec("histogram", "", "", "null", "", ""), (), _nowhere)

_Child = TypeVar("_Child", bound=Cells)


class Recorder:
    """Hands out the children of metrics.

    Values are given in the order of `spec.labels`. Children are cached: ask once, keep the child,
    and record with it. `caps` overrides the caps of `metrics.py` by label name. A wrong number of
    values, or a value that a closed label does not list, goes to the guard and yields the no-op
    child.
    """

    enabled = True

    def __init__(
        self, store: Store, guard: Guard | None = None, caps: Mapping[str, int] | None = None
    ) -> None:
        self.store = store
        self._guard = guard or store.guard
        self._caps = Caps(caps)
        # By identity: hashing a spec costs more than recording with it.
        self._families: dict[int, tuple[MetricSpec, dict[tuple[str, ...], Cells]]] = {}

    def counter(self, spec: MetricSpec, *values: str) -> Counter:
        return self._child(Counter, NULL_COUNTER, spec, values)

    def gauge(self, spec: MetricSpec, *values: str) -> Gauge:
        return self._child(Gauge, NULL_GAUGE, spec, values)

    def histogram(self, spec: MetricSpec, *values: str) -> Histogram:
        return self._child(Histogram, NULL_HISTOGRAM, spec, values)

    def count_error(self, site: str) -> None:
        """Count a telemetry error; made to be a guard's `on_error`."""
        self.counter(metrics.TELEMETRY_ERRORS, site).inc()

    def tick(self) -> None:
        """Once a second: let the store mend what failed earlier."""
        self.store.tick()

    def _child(
        self, kind: type[_Child], null: _Child, spec: MetricSpec, values: tuple[str, ...]
    ) -> _Child:
        family = self._families.get(id(spec))
        child = None if family is None else family[1].get(values)
        if child is None:
            with self._guard(_SITE):
                return self._create(kind, spec, values)
            return null
        return child  # type: ignore[return-value]  # _create keeps kinds apart

    def _create(self, kind: type[_Child], spec: MetricSpec, values: tuple[str, ...]) -> _Child:
        if spec.kind != kind.__name__.lower():
            raise TypeError(f"{spec.name} is a {spec.kind}")
        with self.store.lock:
            labels, limited = self._admit(spec, values)
            family = self._families.setdefault(id(spec), (spec, {}))
            child = family[1].get(labels)
            if child is None:
                child = family[1][labels] = kind(spec, labels, self.store)
        for _ in range(limited):
            self.counter(metrics.TELEMETRY_SERIES_LIMITED, spec.name).inc()
        return child  # type: ignore[return-value]  # same as above

    def _admit(self, spec: MetricSpec, values: Iterable[str]) -> tuple[tuple[str, ...], int]:
        """Values as they are recorded, and how many of them became `other`."""
        given = tuple(values)
        if len(given) != len(spec.labels):
            raise ValueError(f"{spec.name} takes {len(spec.labels)} label values: {given!r}")
        admitted: list[str] = []
        limited = 0
        for label, value in zip(spec.labels, given, strict=True):
            text = clean(value)
            kept = self._caps.admit(label, text)
            limited += kept != text
            admitted.append(kept)
        return tuple(admitted), limited


class _NullRecorder(Recorder):
    enabled = False

    def counter(self, spec: MetricSpec, *values: str) -> Counter:
        return NULL_COUNTER

    def gauge(self, spec: MetricSpec, *values: str) -> Gauge:
        return NULL_GAUGE

    def histogram(self, spec: MetricSpec, *values: str) -> Histogram:
        return NULL_HISTOGRAM

    def count_error(self, site: str) -> None:
        return None


NULL_RECORDER: Recorder = _NullRecorder(_nowhere)
