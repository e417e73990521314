"""OpenTelemetry spans and Prometheus metrics for NautilusTrader.

    from nautilus_instrumentation import instrument

    session = instrument()

Importing this package costs nothing: each name is loaded when it is first used, so that those who
only need `nautilus_instrumentation.metrics` load the standard library alone.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nautilus_instrumentation.session import (
        Session,
        conversion_batch,
        current_session,
        instrument,
        uninstrument,
    )
    from nautilus_instrumentation.settings import Settings

__all__ = [
    "Session",
    "Settings",
    "conversion_batch",
    "current_session",
    "instrument",
    "uninstrument",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = "settings" if name == "Settings" else "session"
    value = globals()[name] = getattr(import_module(f"{__name__}.{module}"), name)
    return value
