"""NautilusTrader's catalog, told which files to open. Importing this imports NautilusTrader."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nautilus_trader
from nautilus_trader.core.nautilus_pyo3 import DataBackendSession
from nautilus_trader.model.data import Bar, QuoteTick, TradeTick
from nautilus_trader.persistence.catalog.parquet import ParquetDataCatalog

from backend.catalog_files import TickFile
from backend.models import SeriesKind

CLASSES: dict[SeriesKind, type] = {"quote": QuoteTick, "trade": TradeTick, "bar": Bar}

CHUNK_ROWS = 1_000
"""Ticks that come out of Rust at a time. NautilusTrader's 10,000 are so large that the allocator
fetches and returns their pages each time: 1.231 takes twice as long, 1.221 a tenth longer."""
FILES_AT_ONCE = 8
"""Files that one query registers. Each has its decoded batches in memory at once: 240 in one query
take 1.5 times the memory of the ticks more, 8 at a time nothing that shows."""
WHOLE_FOLDER_SHARE = 4
"""From this part (one over it) of a folder's files on, the folder is registered as one table: that
reads every footer in it, and is up to twice as fast; below an eighth it is slower."""
KNOWS_FOLDERS = tuple(int(part) for part in nautilus_trader.__version__.split(".")[:2]) > (1, 221)
"""1.221 registers files one by one, whatever it is told."""


class SelectiveCatalog(ParquetDataCatalog):  # type: ignore[misc]  # it is untyped
    """`query(…, chosen=files)` opens those; without, the catalog looks for files itself.

    Its own argument `files` is no choice: it leaves the Rust reader for one of half the speed.
    """

    def backend_session(
        self, *args: Any, chosen: list[str] | None = None, whole_folder: bool = False, **given: Any
    ) -> Any:
        if chosen is not None:
            given |= {"files": chosen, "optimize_file_loading": whole_folder}
        given.setdefault("session", DataBackendSession(chunk_size=CHUNK_ROWS))
        return super().backend_session(*args, **given)


class TickReader:
    """Decodes ticks of chosen files."""

    def __init__(self, path: Path) -> None:
        self.catalog = SelectiveCatalog(str(path))

    def read(
        self, kind: SeriesKind, files: list[TickFile], held: int, start_ns: int, end_ns: int
    ) -> list[Any]:
        """Ticks of the closed window (Unix ns), in order of time.

        `files` are of one instrument or bar type, by time; its folder has `held` of them.
        """
        if not files:
            return []
        if KNOWS_FOLDERS and FILES_AT_ONCE < len(files) >= held / WHOLE_FOLDER_SHARE:
            return self._query(kind, files, start_ns, end_ns, whole_folder=True)
        found: list[Any] = []
        for part in together(files):
            ticks = self._query(kind, part, start_ns, end_ns)
            found = found + ticks if found else ticks
        return found

    def _query(
        self, kind: SeriesKind, files: list[TickFile], start_ns: int, end_ns: int, **how: bool
    ) -> list[Any]:
        return self.catalog.query(
            CLASSES[kind], start=start_ns, end=end_ns,
            chosen=[str(file.path) for file in files], **how,
        )  # fmt: skip


def together(files: list[TickFile]) -> Iterator[list[TickFile]]:
    """At most `FILES_AT_ONCE` files at a time; those that share a time stay together."""
    part: list[TickFile] = []
    reached = 0
    for file in files:
        if len(part) >= FILES_AT_ONCE and file.first_ns > reached:
            yield part
            part = []
        part.append(file)
        reached = max(reached, file.last_ns)
    if part:
        yield part
