"""Ticks for an engine: from a worker's memory where they are, else from the catalog."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from backend.catalog_files import Slice, TickFile, rows_at_most
from backend.catalog_manager import CatalogManager
from backend.models import SeriesKind
from backend.tick_cache import TickCache, row_bytes
from nautilus_instrumentation import Session

CACHE_SHARE = 4
"""The cache of decoded ticks may take this part (one over it) of a worker's memory limit."""

STREAM_ROWS = 131_072
"""Ticks of a slice at most: two are in memory while the next one is decoded, 52 MB."""


@dataclass(frozen=True)
class Ticks:
    """The ticks of one window, as lists in order of time."""

    rows: int
    """How many; from footers, and so at least as many, where they come in several lists."""
    source: Literal["catalog", "memory"]
    batches: Iterator[list[Any]]
    whole: list[Any] | None = None
    """The only list, the same object as long as it is kept; None where several come."""


class TickSource:
    """Decoded ticks, kept between the runs of a worker under a memory budget.

    A window that does not fit the budget streams in slices and is not kept.
    """

    def __init__(self, catalog: CatalogManager, session: Session, memory_limit: int) -> None:
        self._budget = memory_limit // CACHE_SHARE
        self._catalog = catalog
        self._cache = TickCache(session, self._budget)

    def read(self, identifier: str, kind: SeriesKind, start_ns: int, end_ns: int) -> Ticks:
        """Ticks or bars of the closed window; raises Invalid when there are none."""
        files = self._catalog.files(identifier, kind, start_ns, end_ns)
        fitting = max(1, self._budget // row_bytes(kind))
        parts = self._catalog.slices(files, start_ns, end_ns, fitting)
        if len(parts) > 1:
            most = min(fitting, STREAM_ROWS)
            parts = self._catalog.slices(files, start_ns, end_ns, most)
            batches = self._stream(identifier, kind, parts)
            return Ticks(sum(part.rows for part in parts), "catalog", batches)
        ticks, kept = self._kept(identifier, kind, start_ns, end_ns, files)
        if not ticks:
            raise self._catalog.no_ticks(identifier, kind, start_ns, end_ns)
        return Ticks(len(ticks), "memory" if kept else "catalog", iter([ticks]), ticks)

    def _kept(
        self, identifier: str, kind: SeriesKind, start_ns: int, end_ns: int, files: list[TickFile]
    ) -> tuple[list[Any], bool]:
        if not files:
            return [], False
        return self._cache.read(
            (identifier, kind), start_ns, end_ns, files,
            rows=partial(rows_at_most, files),
            load=partial(self._catalog.query, identifier, kind),
        )  # fmt: skip

    def _stream(self, identifier: str, kind: SeriesKind, parts: list[Slice]) -> Iterator[list[Any]]:
        for part in parts:
            ticks = self._catalog.query(identifier, kind, part.start_ns, part.end_ns)
            if ticks:
                yield ticks
