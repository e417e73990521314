"""Collects a shared folder: live processes, and those that have ended folded into one archive."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path

from nautilus_instrumentation import metrics
from nautilus_instrumentation.exposition import archive
from nautilus_instrumentation.exposition import directory as folder
from nautilus_instrumentation.exposition.directory import Registration
from nautilus_instrumentation.exposition.processes import ProcessFigures
from nautilus_instrumentation.exposition.render import Answer, answer
from nautilus_instrumentation.exposition.shared import SharedStore
from nautilus_instrumentation.exposition.sources import Source
from nautilus_instrumentation.exposition.table import Table
from nautilus_instrumentation.guard import Guard
from nautilus_instrumentation.recorder import Recorder

EXPORTER_ROLE = "exporter"
"""Role of the exporter's own registration, whose process figures are not shown."""
STARTING_SECONDS = 60.0
"""Age at which a registration that never appeared is taken for a dead process's."""

_LOCK = "exporter.lock"


class DirectoryInUseError(RuntimeError):
    """Another exporter has the folder: two of them would fold the same files."""


class DirectoryCollector:
    """Serves the metrics of all processes that share a folder. One for each folder.

    The exporter counts its own telemetry errors in the folder like any other process, so that they
    too survive its restart. Raises DirectoryInUseError, or OSError when there can be no folder.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        guard: Guard | None = None,
        caps: Mapping[str, int] | None = None,
        lock_seconds: float = 5.0,
    ) -> None:
        self.directory = Path(directory)
        self.guard = guard or Guard()
        self._caps = caps
        self._lock = threading.Lock()
        self.directory.mkdir(parents=True, exist_ok=True)
        self._lock_file = self._own_the_directory(lock_seconds)
        store = SharedStore(self.directory, EXPORTER_ROLE, 0, self.guard)
        self.recorder = Recorder(store, self.guard, caps)
        self._store = store
        if self.guard.on_error is None:
            self.guard.on_error = self.recorder.count_error
        self._sources: dict[str, Source] = {}
        self._figures = ProcessFigures(self.directory)
        self.guard.call("exposition.cpu", self._figures.load)
        self._table, self._archived = self._loaded()

    def sample(self) -> None:
        """Once a second: look at the processes, fold those that have ended."""
        with self._lock:
            live, dead = self._look()
            if dead:
                self._table.begin()
                self._fold(dead)
            self._measure(live)
        self._store.tick()

    def scrape(self, accept: str = "", accept_encoding: str = "") -> Answer:
        """Answer a scrape."""
        with self._lock:
            self._collect()
            return answer(self._table.families.values(), accept, accept_encoding)

    def close(self) -> None:
        """Let another exporter have the folder."""
        with self._lock:
            for source in self._sources.values():
                source.close()
            self._sources.clear()
            self._store.close()
            os.close(self._lock_file)

    # Scrape --------------------------------------------------------------------------------------

    def _collect(self) -> None:
        live, dead = self._look()
        self._table.begin()
        if dead:
            self._fold(dead)
        for source in live:
            source.add_to(self._table, live=True)
        for cells in self._store.homeless:
            series = self._table.of(cells.spec).at(cells.labels)
            for cell, value in zip(range(len(series.values)), cells.values(), strict=False):
                series.add(cell, value)
        if self._unmeasured(live):
            self._measure(live)
        self._figures.show(self._table)
        self._table.of(metrics.BUILD_INFO).show_only(_versions(live))

    def _look(self) -> tuple[list[Source], list[Source]]:
        """Sources of live processes, and those of dead ones that are not in the archive."""
        found = self.guard.call("exposition.folder", self._registered) or set()
        for ident in self._sources.keys() - found:
            self._sources.pop(ident).close()
        for ident in found - self._sources.keys():
            with self.guard("exposition.folder"):
                self._sources[ident] = Source(self.directory, ident, self.guard)
        dead = [source for source in self._sources.values() if source.dead()]
        ended = {source.ident for source in dead}
        live = [source for source in self._sources.values() if source.ident not in ended]
        return live, dead

    def _registered(self) -> set[str]:
        for ident in folder.idents(self.directory, "starting"):
            self._remove_if_abandoned(folder.starting_path(self.directory, ident))
        found = folder.idents(self.directory, "process")
        for ident in self._archived & found:  # a crash, or a full disk, left them behind
            with self.guard("exposition.remove"):
                folder.remove_files(self.directory, ident)
        return found - self._archived

    def _remove_if_abandoned(self, path: Path) -> None:
        with self.guard("exposition.remove"):
            if time.time() - path.stat().st_mtime > STARTING_SECONDS:
                path.unlink(missing_ok=True)

    # Folding -------------------------------------------------------------------------------------

    def _fold(self, dead: list[Source]) -> None:
        """Add dead processes to the table and the archive, then remove their files.

        Until the archive is safely written their files stay and are read again at each scrape.
        """
        for source in dead:
            source.add_to(self._table, live=False)
        ended = {source.ident for source in dead}
        still_there = self._archived & folder.idents(self.directory, "process")
        with self.guard("exposition.archive"):
            archive.save(self.directory, self._table, still_there | ended)
            self._table.commit()
            self._archived = still_there | ended
            for source in dead:
                self._sources.pop(source.ident).close()
                with self.guard("exposition.remove"):
                    folder.remove_files(self.directory, source.ident)

    def _loaded(self) -> tuple[Table, set[str]]:
        table = Table(metrics.HOST, self._caps)
        try:
            archived = archive.load(self.directory, table)
        except (OSError, ValueError) as error:
            with self.guard("exposition.archive"):
                os.replace(self.directory / archive.NAME, self.directory / f"{archive.NAME}.broken")
            self.guard.failed("exposition.archive", error)
            return Table(metrics.HOST, self._caps), set()
        table.commit()
        return table, archived

    # Processes -----------------------------------------------------------------------------------

    def _unmeasured(self, live: Iterable[Source]) -> bool:
        return any(not self._figures.knows(ident) for ident in _shown(live))

    def _measure(self, live: Iterable[Source]) -> None:
        self.guard.call("exposition.cpu", self._figures.sample, _shown(live))

    def _own_the_directory(self, seconds: float) -> int:
        """Lock the folder, waiting for an exporter that is about to end."""
        file = os.open(self.directory / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        with ExitStack() as on_failure:
            on_failure.callback(os.close, file)
            deadline = time.monotonic() + seconds
            while not folder.try_lock(file):
                if time.monotonic() >= deadline:
                    raise DirectoryInUseError(f"another exporter serves {self.directory}")
                time.sleep(0.05)
            on_failure.pop_all()
        return file


def _shown(live: Iterable[Source]) -> dict[str, Registration]:
    """Processes whose figures are shown, by ident."""
    return {
        source.ident: source.registration
        for source in live
        if source.registration is not None and source.registration.role != EXPORTER_ROLE
    }


def _versions(live: Iterable[Source]) -> dict[tuple[str, ...], float]:
    return {
        (one.version, one.nautilus_version, one.python_version): 1.0
        for source in live
        if (one := source.registration) is not None
    }
