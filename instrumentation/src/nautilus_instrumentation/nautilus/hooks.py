"""All wrappers around NautilusTrader in one set."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from nautilus_instrumentation.nautilus.catalog import CatalogObserver
from nautilus_instrumentation.nautilus.conversion import ConversionTelemetry, wrangler_patches
from nautilus_instrumentation.nautilus.engine import EngineObserver
from nautilus_instrumentation.nautilus.node import NodeObserver
from nautilus_instrumentation.nautilus.runs import BacktestTelemetry
from nautilus_instrumentation.patching import PatchSet

if TYPE_CHECKING:
    from nautilus_instrumentation.session import Session


def nautilus_patches(backtests: BacktestTelemetry, conversion: ConversionTelemetry) -> PatchSet:
    """The wrappers of engine, node, catalog and wranglers; installing them imports nothing."""
    return PatchSet(
        (
            *EngineObserver(backtests).patches(),
            *NodeObserver(backtests).patches(),
            *CatalogObserver(backtests).patches(),
            *wrangler_patches(conversion),
        ),
        backtests.guard,
    )


def install(session: Session) -> Callable[[], None]:
    """Wrap NautilusTrader for the session; returns the function that undoes it."""
    patches = nautilus_patches(session.backtests, session.conversion)
    patches.install()

    def undo() -> None:
        patches.undo()
        session.backtests.close()

    return undo
