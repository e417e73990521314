"""All faults, in the order in which a drill injects them."""

from __future__ import annotations

from stack.drill import bad_work, catalog, services_down, telemetry
from stack.drill.fault import Fault

# Faults whose traces last longest in the metrics come last, so that nobody waits for them.
FAULTS: tuple[Fault, ...] = (
    *services_down.FAULTS, *bad_work.FAULTS, *telemetry.FAULTS, *catalog.FAULTS,
)  # fmt: skip


def choose(names: list[str]) -> tuple[Fault, ...]:
    """Those named, in the drill's order; all when none is. Raises ValueError."""
    known = {fault.name for fault in FAULTS}
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"no fault is called {unknown[0]}; there are: {', '.join(sorted(known))}")
    return tuple(fault for fault in FAULTS if not names or fault.name in names)
