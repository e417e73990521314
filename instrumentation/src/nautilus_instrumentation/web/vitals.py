"""Web vitals that browsers report, and the size of the bundle they load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nautilus_instrumentation import metrics

if TYPE_CHECKING:
    from nautilus_instrumentation.recorder import Recorder

LONGEST_SECONDS = 3600.0
"""A vital above this is a broken clock, not a slow page; it would spoil the sum for good."""

LONGEST_PAGE = 100
"""Characters of `page` that are kept."""

_SCORES = metrics.WEB_VITAL_SCORE.labels[0].values
_PARTS = metrics.WEB_BUNDLE.labels[0].values


class VitalError(ValueError):
    """A report that cannot be recorded; `field` names the part of it that is wrong."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field


class VitalTelemetry:
    """Records what browsers measured. Input comes from outside, so it is checked here."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def record(self, vital: str, page: str, value: float) -> None:
        """Record one vital of one page: CLS is a score, the others are seconds.

        `page` is a route of the console, not a URL: the first 50 are kept apart, the rest become
        `other`. Raises VitalError naming `vital`, `page` or `value`.
        """
        if vital in metrics.VITALS:
            spec = metrics.WEB_VITAL_SECONDS
        elif vital in _SCORES:  # type: ignore[operator]  # a closed label holds a tuple
            spec = metrics.WEB_VITAL_SCORE
        else:
            known = ", ".join((*metrics.VITALS, *_SCORES))  # type: ignore[misc]  # same
            raise VitalError("vital", f"unknown vital {vital[:40]!r}; known are {known}")
        if not page:
            raise VitalError("page", "is empty")
        if not 0 <= value <= LONGEST_SECONDS:  # refuses NaN too
            raise VitalError("value", f"must be between 0 and {LONGEST_SECONDS:g}, not {value}")
        self._recorder.histogram(spec, vital, page[:LONGEST_PAGE]).observe(value)

    def bundle(self, part: str, size: int) -> None:
        """Record the compressed `size` in bytes of the `initial` or the `total` bundle."""
        if part not in _PARTS:  # type: ignore[operator]  # a closed label holds a tuple
            raise VitalError("part", f"unknown part {part!r}")
        self._recorder.gauge(metrics.WEB_BUNDLE, part).set(size)
