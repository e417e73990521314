"""Converts raw tick days into the catalog, and knows what is converted already."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from backend import datasets
from backend.cache import Cache, shared_store
from backend.context import ProgressSink, ignore_progress
from backend.conversion.job import FileConversion
from backend.conversion.manifest import Freshness, Manifest, RejectReport
from backend.conversion.parallel import Crew, Meter, Turns, threads_for
from backend.conversion.raw import RawFolder, Source, expected_range
from backend.conversion.report import ConversionReport, FileReport, FileState, RawDay, RawFile
from backend.conversion.workspace import Workspace
from backend.datasets import Dataset, Datasets
from backend.errors import Invalid, NotFound
from backend.models import SeriesKind
from backend.settings import Settings
from nautilus_instrumentation import Session


class Converter:
    """Raw files described by the datasets file, converted into the catalog of `settings`.

    Files are converted several at once: `threads`, or as many as cores and memory allow.
    """

    def __init__(self, settings: Settings, session: Session, threads: int | None = None) -> None:
        self._settings = settings
        self._threads = threads
        self._sorting = threading.Lock()
        self._session = session
        self._raw = RawFolder(settings.raw_tick_dir, session, shared_store(settings.redis_address))
        self._workspace = Workspace(settings.catalog_dir)
        self._descriptions: Cache[Datasets] = Cache("config", session, 4, negative=(Invalid,))

    def days(self) -> list[RawDay]:
        """All raw days, with the state of each file. Raises Invalid for a bad datasets file."""
        known = self._datasets()
        return [
            RawDay(day=day, files=[self._describe(s, known) for s in self._raw.sources(day)])
            for day in self._raw.days()
        ]

    def rejects(self, day: dt.date, file: str) -> RejectReport:
        """Rows that the last conversion of a raw file rejected. Raises NotFound without any."""
        name = self._named(day, [file], "file")[0].name
        report = self._workspace.rejects(name)
        if report is None:
            raise NotFound(f"no row of {file} is known to be rejected", "file")
        return report

    def convert_day(
        self,
        day: dt.date,
        files: list[str] | None = None,
        force: bool = False,
        progress: ProgressSink = ignore_progress,
    ) -> ConversionReport:
        """Convert the files of one day; a file that fails does not stop the others.

        Raises NotFound for a day or file that is not there, Invalid for a bad datasets file.
        """
        with self._session.conversion.conversion(date=day.isoformat()) as span:
            return self._convert(self._named(day, files), day, force, progress, span)

    def missing(
        self, identifier: str, kind: SeriesKind, start_ns: int, end_ns: int
    ) -> list[RawFile]:
        """Raw files that may hold part of the window and are not, or no longer, converted.

        `identifier` is an instrument's id, or a bar type: its bars are made of such files' ticks.
        """
        sources = self._missing(identifier, kind, start_ns, end_ns)
        return [self._describe(source, self._datasets()) for source in sources]

    def ensure(
        self,
        identifier: str,
        kind: SeriesKind,
        start_ns: int,
        end_ns: int,
        progress: ProgressSink = ignore_progress,
    ) -> ConversionReport | None:
        """Convert what `missing` names; None when nothing was missing."""
        self._workspace.sweep()
        sources = self._missing(identifier, kind, start_ns, end_ns)
        if not sources:
            return None
        days = sorted({source.name.day.isoformat() for source in sources})
        with self._session.conversion.conversion(date=",".join(days)) as span:
            return self._convert(sources, None, False, progress, span)

    def bar_types(self, instrument_id: str) -> list[str]:
        """Step, unit and price of the bars that are made of an instrument's raw files."""
        return sorted(
            {
                bar.short
                for day in self._raw.days()
                for source in self._raw.sources(day)
                if (dataset := self._datasets().find(source.location.name)) is not None
                and instrument_id in dataset.instrument_ids
                for bar in dataset.bars
            }
        )

    # Looking ------------------------------------------------------------------------------------

    def _named(self, day: dt.date, files: list[str] | None, field: str = "files") -> list[Source]:
        """Raw files of a day by their names, or all. Raises NotFound."""
        sources = list(self._raw.sources(day))
        if not sources:
            raise NotFound(f"there are no raw files for {day}", "date")
        if files is None:
            return sources
        unknown = sorted(set(files) - {source.name.path for source in sources})
        if unknown:
            raise NotFound(
                f"day {day} has no raw file {unknown[0]!r}", field,
                f"it has: {', '.join(source.name.path for source in sources)}",
            )  # fmt: skip
        return [source for source in sources if source.name.path in files]

    def _datasets(self) -> Datasets:
        """The datasets file, read again when it has changed."""
        path = self._settings.datasets_path
        try:
            found = path.stat()
            state = path, found.st_size, found.st_mtime_ns
        except OSError:
            return datasets.load(path)  # says what is wrong
        return self._descriptions.get_or_load(state, lambda: datasets.load(path))

    def _max_rejected(self, dataset: Dataset) -> float:
        own = dataset.max_rejected
        return self._settings.max_rejected if own is None else own

    def _fresh(self, manifest: Manifest | None, source: Source, dataset: Dataset) -> bool:
        state = self._workspace.freshness(
            manifest, source.location, dataset.digest, self._max_rejected(dataset)
        )
        return state is Freshness.FRESH

    def _describe(self, source: Source, known: Datasets) -> RawFile:
        dataset = known.find(source.location.name)
        footer = self._raw.footer(source, dataset)
        manifest = self._workspace.manifest(source.name)
        state: FileState = "unmatched"
        if dataset is not None:
            fresh = self._fresh(manifest, source, dataset)
            state = "converted" if fresh else "stale" if manifest else "new"
        return RawFile(
            day=source.name.day,
            path=source.name.path,
            kind=dataset.kind if dataset else None,
            instrument_ids=dataset.instrument_ids if dataset else [],
            bars=[bar.short for bar in dataset.bars] if dataset else [],
            size=source.location.stat().st_size,
            rows=footer.rows,
            state=state,
            rows_rejected=manifest.rows_rejected if manifest else None,
            error=footer.error,
            failure=self._workspace.failure(source.name),
            reject_report=self._workspace.rejects_path(source.name).exists(),
        )

    def _missing(
        self, identifier: str, kind: SeriesKind, start_ns: int, end_ns: int
    ) -> list[Source]:
        near = [day for day in self._raw.days() if _may_reach(day, start_ns, end_ns)]
        sources = {source.name: source for day in near for source in self._raw.sources(day)}
        for name in self._workspace.far_reaching():
            source = self._raw.source(name)
            if source is not None:
                sources[name] = source
        if not sources:  # a catalog from elsewhere needs neither raw files nor their description
            return []
        known = self._datasets()
        found = []
        for source in sources.values():
            dataset = known.find(source.location.name)
            lead = None if dataset is None else dataset.lead_ns(kind, identifier)
            if dataset is None or lead is None:
                continue
            manifest = self._workspace.manifest(source.name)
            if self._fresh(manifest, source, dataset):
                continue
            reached = manifest is not None and manifest.covers(start_ns - lead, end_ns)
            if reached or self._may_cover(source, dataset, start_ns - lead, end_ns):
                found.append(source)
        return sorted(found, key=lambda source: (source.name.day, source.name.path))

    def _may_cover(self, source: Source, dataset: Dataset, start_ns: int, end_ns: int) -> bool:
        """Whether an unconverted file's statistics leave it possible that it has such ticks."""
        footer = self._raw.footer(source, dataset)
        if footer.first_ns is None or footer.last_ns is None:
            return True  # also when it cannot be read: the conversion will say so
        return footer.first_ns <= end_ns and footer.last_ns >= start_ns

    # Converting ---------------------------------------------------------------------------------

    def _convert(
        self,
        sources: list[Source],
        day: dt.date | None,
        force: bool,
        progress: ProgressSink,
        span: Any,
    ) -> ConversionReport:
        started = time.perf_counter()
        known = self._datasets()
        self._workspace.sweep()
        plans = [self._plan(source, known, force) for source in sources]
        meter = Meter(progress, (plan.rows for plan in plans))
        work = sum(plan.dataset is not None and not plan.fresh for plan in plans)
        threads = self._threads or threads_for(work, int(self._settings.worker_memory_limit))
        crew = Crew(min(threads, work or 1), meter.tell)
        turns = Turns(plan.series for plan in plans)

        def convert(place: int) -> FileReport:
            plan = plans[place]

            def on_rows(rows: int) -> None:
                meter.reach(place, rows)
                crew.news()

            try:
                if plan.dataset is None:
                    return self._unmatched(plan.source, span)
                return FileConversion(
                    plan.source, plan.dataset, self._workspace, self._session,
                    self._max_rejected(plan.dataset), on_rows,
                    before_commit=partial(turns.wait, place), sorting=self._sorting,
                ).run(force)  # fmt: skip
            finally:
                turns.over(place)
                meter.finish(place)

        reports = crew.run([partial(convert, place) for place in range(len(plans))])
        meter.tell()
        return ConversionReport(day=day, files=reports, seconds=time.perf_counter() - started)

    def _plan(self, source: Source, known: Datasets, force: bool) -> _Plan:
        dataset = known.find(source.location.name)
        if dataset is None:
            return _Plan(source, None, self._raw.footer(source, None).rows or 0)
        manifest = self._workspace.manifest(source.name)
        series: set[Hashable] = {(dataset.kind, name) for name in dataset.instrument_ids}
        if manifest is not None:
            series |= {(manifest.kind, output.instrument_id) for output in manifest.outputs}
            if not force and self._fresh(manifest, source, dataset):
                return _Plan(source, dataset, manifest.rows_read, series, fresh=True)
        return _Plan(source, dataset, self._raw.footer(source, dataset).rows or 0, series)

    def _unmatched(self, source: Source, span: Any) -> FileReport:
        error = Invalid(
            f"no dataset matches {source.name.path}", "match",
            f"add a [[dataset]] table to {self._settings.datasets_path.name}, or move the file",
        )  # fmt: skip
        self._session.tracing.fail(span, type(error).__name__, str(error))
        return FileReport(path=source.name.path, outcome="failed", error=str(error), field="match")


def _may_reach(day: dt.date, start_ns: int, end_ns: int) -> bool:
    first, last = expected_range(day)
    return first <= end_ns and last >= start_ns


@dataclass(frozen=True)
class _Plan:
    """A raw file that is to be converted, or answered for."""

    source: Source
    dataset: Dataset | None
    rows: int
    series: set[Hashable] = field(default_factory=set)
    """What it fills or filled: kinds and instruments."""
    fresh: bool = False
    """Whether its manifest will answer."""
