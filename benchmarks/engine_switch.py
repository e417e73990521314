"""The whole instrumentation of an engine, turned on and off between two chunks of a run."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from nautilus_instrumentation import Session, instrument
from nautilus_instrumentation.nautilus.hooks import nautilus_patches
from nautilus_instrumentation.patching import PatchSet
from nautilus_instrumentation.runtime.ticker import Ticker


class Switch:
    """Turns the whole instrumentation on and off between two chunks of a run."""

    def __init__(self, session: Session, patches: PatchSet) -> None:
        self._session = session
        self._patches = patches
        self.on = False
        patches.enabled = False
        session.backtests.ticker = _GatedTicker(self)

    def turn(self, on: bool) -> None:
        """Off leaves the wrappers in place, as plain pass-throughs."""
        if on == self.on:
            return
        self.on = self._patches.enabled = on
        if on:
            self._session.gc.install()
        else:
            self._session.gc.uninstall()


class _GatedTicker(Ticker):
    """Ticks only while the switch is on."""

    def __init__(self, switch: Switch) -> None:
        super().__init__(1.0)
        self._switch = switch
        super().add(lambda: None)  # a session's ticker never stops: its thread costs no run

    def add(self, fn: Callable[[], object]) -> Callable[[], None]:
        return super().add(lambda: fn() if self._switch.on else None)


@contextmanager
def instrumented() -> Iterator[tuple[Session, Switch]]:
    """A session with all its hooks, as in a worker, and its switch, which is off."""
    with tempfile.TemporaryDirectory() as directory:
        session = instrument(
            role="worker",
            metrics_dir=Path(directory),
            span_exporter=InMemorySpanExporter(),
            nautilus=False,
            gc=False,
        )
        patches = nautilus_patches(session.backtests, session.conversion)
        patches.install()
        try:
            yield session, Switch(session, patches)
        finally:
            patches.undo()
            if isinstance(session.backtests.ticker, Ticker):
                session.backtests.ticker.stop()
            session.close()
