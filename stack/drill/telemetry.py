"""Faults of what is measured: a spoilt file of metrics, labels without end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nautilus_instrumentation.metrics import WEB_VITAL_SECONDS
from stack.drill.fault import Expectation, Fault
from stack.drill.world import World

SPOILT = "process_99999-0badcafe.json"
"""Named as the exporter's own files are; its process is none of ours."""
PAGES = 60
"""More than the 50 values that the label `page` may have."""
PAGES_PER_REPORT = 20


@contextmanager
def spoilt_metrics(world: World) -> Iterator[None]:
    """A process that died while it registered itself left half a file."""
    (world.metrics / SPOILT).write_text("{")
    yield  # the exporter puts away what it could not read


@contextmanager
def endless_labels(world: World) -> Iterator[None]:
    """Somebody puts addresses where names of pages belong."""
    pages = [f"/results/{number}" for number in range(PAGES)]
    for first in range(0, PAGES, PAGES_PER_REPORT):
        vitals = [
            {"vital": "TTFB", "page": page, "value": 0.1}
            for page in pages[first : first + PAGES_PER_REPORT]
        ]
        world.api.post("/vitals", {"vitals": vitals})
    yield


FAULTS = (
    Fault(
        "spoil-metrics",
        "Half a file is left in the folder of metrics",
        spoilt_metrics,
        (Expectation("TelemetryErrors", {"site": "exposition.file"}),),
        {},
    ),
    Fault(
        "flood-labels",
        "Browsers report more pages than the label may tell apart",
        endless_labels,
        (Expectation("LabelValuesLimited", {"metric": WEB_VITAL_SECONDS.name}),),
        {},
    ),
)
