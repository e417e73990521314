"""Families, series and their values at one moment, wherever they were recorded."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import product

from nautilus_instrumentation import metrics
from nautilus_instrumentation.exposition.cells import Exemplar, bound_text
from nautilus_instrumentation.labels import Caps
from nautilus_instrumentation.metrics import MetricSpec

OBSERVED = frozenset(
    spec.name
    for spec in (
        metrics.BUILD_INFO, metrics.PROCESS_MEMORY, metrics.PROCESS_FDS, metrics.PROCESS_THREADS,
        metrics.PROCESS_MEMORY_LIMIT, metrics.PROCESS_CPU,
    )
)  # fmt: skip
"""Families that the exporter observes itself; combinations that do not exist are not shown."""


class Series:
    """One combination of label values.

    `values` has one entry for a counter or gauge; for a histogram one count for each bound, one
    for +Inf (not cumulative), and the sum. `lines` belongs to the renderer.
    """

    __slots__ = ("_base", "_base_exemplars", "_base_time", "exemplars", "labels", "lines", "time",
                 "values")  # fmt: skip

    def __init__(self, labels: tuple[str, ...], size: int) -> None:
        self.labels = labels
        self.lines: list[str] = []
        self.values = [0.0] * size
        self.time = 0.0
        self.exemplars: dict[int, Exemplar] = {}
        self.commit()

    def begin(self) -> None:
        """Go back to what was committed last."""
        self.values[:] = self._base
        self.time = self._base_time
        self.exemplars = dict(self._base_exemplars)

    def commit(self) -> None:
        """Make the present values those to go back to."""
        self._base = tuple(self.values)
        self._base_time = self.time
        self._base_exemplars = dict(self.exemplars)

    def add(self, cell: int, value: float) -> None:
        self.values[cell] += value

    def newest(self, value: float, time: float) -> None:
        """Take the value of a `latest` gauge if it is newer."""
        if time > self.time:
            self.values[0] = value
            self.time = time

    def point_at(self, cell: int, exemplar: Exemplar) -> None:
        """Take the exemplar of a cell if it is newer."""
        known = self.exemplars.get(cell)
        if known is None or exemplar.timestamp > known.timestamp:
            self.exemplars[cell] = exemplar


class Family:
    """All series of one metric."""

    def __init__(self, spec: MetricSpec, caps: Caps) -> None:
        self.spec = spec
        self.latest = spec.kind == "gauge" and spec.mode == "latest"
        self.bounds = (*spec.buckets, float("inf")) if spec.kind == "histogram" else ()
        self.size = len(self.bounds) + 1
        self.series: dict[tuple[str, ...], Series] = {}
        self._caps = caps
        self._cells = {bound_text(bound): cell for cell, bound in enumerate(self.bounds)}
        self._filled = _filled_labels(spec)
        complete = self._filled == set(spec.label_names) and spec.name not in OBSERVED
        self._only_set = self.latest and not complete
        if complete:
            self._fill({})

    def shown(self) -> Collection[Series]:
        """Series to show: a last value that nobody has set yet is none, where zero means much."""
        if self._only_set:
            return [series for series in self.series.values() if series.time]
        return self.series.values()

    def at(self, labels: Sequence[str]) -> Series:
        """The series of these label values, made when it is new, with its zero neighbours.

        Raises ValueError for a value outside a closed set or a wrong number of values.
        """
        wanted = tuple(labels)
        series = self.series.get(wanted)
        if series is not None:
            return series
        admitted = tuple(
            self._caps.admit(label, value)
            for label, value in zip(self.spec.labels, wanted, strict=True)
        )
        if admitted not in self.series:
            self.series[admitted] = Series(admitted, self.size)
            pairs = zip(self.spec.label_names, admitted, strict=True)
            self._fill({name: value for name, value in pairs if name not in self._filled})
        return self.series[admitted]

    def show_only(self, values: Mapping[tuple[str, ...], float]) -> None:
        """Replace all series; for families whose combinations come and go."""
        self.series.clear()
        for labels, value in values.items():
            self.at(labels).values[0] = value

    def cell_of_bound(self, text: str) -> int:
        """Cell of a bucket; counts of a bound that this version lacks go to the next larger one."""
        cell = self._cells.get(text)
        return bisect_left(self.bounds, float(text)) if cell is None else cell

    def _fill(self, fixed: Mapping[str, str]) -> None:
        choices = [
            (fixed[label.name],) if label.name in fixed else label.values
            for label in self.spec.labels
        ]
        for labels in product(*choices):  # type: ignore[arg-type]  # capped labels are fixed
            if labels not in self.series:
                self.series[labels] = Series(labels, self.size)


def _filled_labels(spec: MetricSpec) -> set[str]:
    """Labels whose listed values are all shown, as zeros, beside a combination that was seen."""
    closed = {label.name for label in spec.labels if label.closed}
    if spec.name in OBSERVED or spec.unit == "ratio":
        return set()  # a ratio that nobody measured is not zero
    if closed != set(spec.label_names):
        # A route has its own methods; ten times its series would tell nothing.
        closed.discard(metrics.HTTP_METHOD.name)
    return closed


class Table:
    """All families of an exporter, in the order of `specs`."""

    def __init__(self, specs: Iterable[MetricSpec], caps: Mapping[str, int] | None = None) -> None:
        self._caps = Caps(caps)
        self.families = {spec.family: Family(spec, self._caps) for spec in specs}

    def begin(self) -> None:
        """Take back everything since the last commit."""
        for family in self.families.values():
            for series in family.series.values():
                series.begin()

    def commit(self) -> None:
        """Keep the present values."""
        for family in self.families.values():
            for series in family.series.values():
                series.commit()

    def of(self, spec: MetricSpec) -> Family:
        """The family of a spec. Raises KeyError when this exporter does not show it."""
        return self.families[spec.family]

    def add(self, spec: MetricSpec) -> Family:
        """The family of a spec, which may be the host's own."""
        if spec.family not in self.families:
            self.families[spec.family] = Family(spec, self._caps)
        return self.families[spec.family]

    def locate(self, key: str) -> tuple[Family, Series, int]:
        """Where the value of a key in prometheus_client's format belongs.

        Raises ValueError for a key that is none, and KeyError for a family or labels that this
        version does not know.
        """
        try:
            family_name, _, labels, _ = json.loads(key)
            family = self.families[family_name]
        except (ValueError, TypeError) as error:
            raise ValueError(f"not a key: {key[:80]!r}") from error
        values = [labels[name] for name in family.spec.label_names]
        try:
            series = family.at(values)
        except ValueError as error:
            raise KeyError(f"{family_name}: {error}") from error
        if family.spec.kind != "histogram":
            return family, series, 0
        if "le" in labels:
            return family, series, family.cell_of_bound(labels["le"])
        return family, series, len(family.bounds)
