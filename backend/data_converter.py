"""Converts raw tick days into the catalog, and knows what is converted already."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from backend import datasets
from backend.context import ProgressSink, ignore_progress
from backend.conversion import manifest as manifests
from backend.conversion.commit import Commit
from backend.conversion.files import replace_text
from backend.conversion.manifest import Freshness, Manifest, RejectReport
from backend.conversion.pipeline import Conversion, OnRows, Pipeline, TooManyRejected
from backend.conversion.raw import RawFolder, Source, expected_range
from backend.conversion.rejects import Rejects
from backend.conversion.report import ConversionReport, FileReport, FileState, RawDay, RawFile
from backend.conversion.workspace import Workspace
from backend.datasets import Dataset, Datasets
from backend.errors import DomainError, Invalid, NotFound
from backend.models import TickKind
from backend.settings import Settings
from nautilus_instrumentation import Session

_SHOWN_REJECTS = 20
"""Rejected rows that a file's report shows; the reject report lists more."""


class Converter:
    """Raw files described by the datasets file, converted into the catalog of `settings`."""

    def __init__(self, settings: Settings, session: Session) -> None:
        self._settings = settings
        self._session = session
        self._raw = RawFolder(settings.raw_tick_dir)
        self._workspace = Workspace(settings.catalog_dir)
        self._loaded: tuple[tuple[Path, int, int], Datasets] | None = None

    def days(self) -> list[RawDay]:
        """All raw days, with the state of each file. Raises Invalid for a bad datasets file."""
        known = self._datasets()
        return [
            RawDay(day=day, files=[self._describe(s, known) for s in self._raw.sources(day)])
            for day in self._raw.days()
        ]

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
            sources = list(self._raw.sources(day))
            if not sources:
                raise NotFound(f"there are no raw files for {day}", "date")
            if files is not None:
                unknown = sorted(set(files) - {source.name.path for source in sources})
                if unknown:
                    raise NotFound(
                        f"day {day} has no raw file {unknown[0]!r}", "files",
                        f"it has: {', '.join(source.name.path for source in sources)}",
                    )  # fmt: skip
                sources = [source for source in sources if source.name.path in files]
            return self._convert(sources, day, force, progress, span)

    def missing(
        self, instrument_id: str, kind: TickKind, start_ns: int, end_ns: int
    ) -> list[RawFile]:
        """Raw files that may hold part of the window and are not, or no longer, converted."""
        known = self._datasets()
        sources = self._missing(known, instrument_id, kind, start_ns, end_ns)
        return [self._describe(source, known) for source in sources]

    def ensure(
        self,
        instrument_id: str,
        kind: TickKind,
        start_ns: int,
        end_ns: int,
        progress: ProgressSink = ignore_progress,
    ) -> ConversionReport | None:
        """Convert what `missing` names; None when nothing was missing."""
        self._workspace.sweep()
        sources = self._missing(self._datasets(), instrument_id, kind, start_ns, end_ns)
        if not sources:
            return None
        days = sorted({source.name.day.isoformat() for source in sources})
        with self._session.conversion.conversion(date=",".join(days)) as span:
            return self._convert(sources, None, False, progress, span)

    # Looking ------------------------------------------------------------------------------------

    def _datasets(self) -> Datasets:
        """The datasets file, read again when it has changed."""
        path = self._settings.datasets_path
        try:
            found = path.stat()
            state = (path, found.st_size, found.st_mtime_ns)
        except OSError:
            return datasets.load(path)  # says what is wrong
        if self._loaded is None or self._loaded[0] != state:
            self._loaded = (state, datasets.load(path))
        return self._loaded[1]

    def _max_rejected(self, dataset: Dataset) -> float:
        own = dataset.max_rejected
        return self._settings.max_rejected if own is None else own

    def _freshness(self, manifest: Manifest | None, source: Source, dataset: Dataset) -> Freshness:
        if manifest is None:
            return Freshness.STALE
        return manifests.freshness(
            manifest, source.location, dataset.digest, self._max_rejected(dataset),
            self._workspace.catalog,
        )  # fmt: skip

    def _describe(self, source: Source, known: Datasets) -> RawFile:
        dataset = known.find(source.location.name)
        footer = self._raw.footer(source, dataset)
        manifest = self._workspace.manifest(source.name)
        state: FileState = "unmatched"
        if dataset is not None:
            fresh = self._freshness(manifest, source, dataset) is Freshness.FRESH
            state = "converted" if fresh else "stale" if manifest else "new"
        return RawFile(
            day=source.name.day,
            path=source.name.path,
            kind=dataset.kind if dataset else None,
            instrument_ids=dataset.instrument_ids if dataset else [],
            size=source.location.stat().st_size,
            rows=footer.rows,
            state=state,
            rows_rejected=manifest.rows_rejected if manifest else None,
            error=footer.error,
        )

    def _missing(
        self, known: Datasets, instrument_id: str, kind: TickKind, start_ns: int, end_ns: int
    ) -> list[Source]:
        found = []
        for day in self._raw.days():
            first, last = expected_range(day)
            near = first <= end_ns and last >= start_ns
            for source in self._raw.sources(day):
                dataset = known.find(source.location.name)
                if dataset is None or dataset.kind != kind:
                    continue
                if instrument_id not in dataset.instrument_ids:
                    continue
                manifest = self._workspace.manifest(source.name)
                if self._freshness(manifest, source, dataset) is Freshness.FRESH:
                    continue
                reached = manifest is not None and manifest.covers(start_ns, end_ns)
                if reached or (near and self._may_cover(source, dataset, start_ns, end_ns)):
                    found.append(source)
        return found

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
        meter = _Meter(
            progress, (self._raw.footer(s, known.find(s.location.name)).rows or 0 for s in sources)
        )
        reports = []
        for source in sources:
            reports.append(self._convert_or_report(source, known, force, meter.rows, span))
            meter.next_file()
        return ConversionReport(day=day, files=reports, seconds=time.perf_counter() - started)

    def _convert_or_report(
        self, source: Source, known: Datasets, force: bool, on_rows: OnRows, span: Any
    ) -> FileReport:
        dataset = known.find(source.location.name)
        if dataset is None:
            error = Invalid(
                f"no dataset matches {source.name.path}", "match",
                f"add a [[dataset]] table to {self._settings.datasets_path.name}, or move the file",
            )  # fmt: skip
            self._session.tracing.fail(span, type(error).__name__, str(error))
            return FileReport(
                path=source.name.path, outcome="failed", error=str(error), field="match"
            )
        rejects = Rejects()
        started = time.perf_counter()
        try:
            report = self._convert_file(source, dataset, force, on_rows, rejects)
        except Exception as error:  # whatever one file does, the others go on
            report = self._failure(source, dataset, error, rejects)
        report.seconds = time.perf_counter() - started
        return report

    def _convert_file(
        self, source: Source, dataset: Dataset, force: bool, on_rows: OnRows, rejects: Rejects
    ) -> FileReport:
        started = time.perf_counter()
        telemetry = self._session.conversion
        with telemetry.file(dataset.kind, f"{source.name.folder}/{source.name.path}") as scope:
            manifest = None if force else self._fresh_manifest(source, dataset)
            if manifest is None:
                with self._workspace.source_lock(source.name):
                    # Somebody else may have converted it while we waited for the lock.
                    manifest = None if force else self._fresh_manifest(source, dataset)
                    if manifest is None:
                        manifest = self._convert_locked(source, dataset, on_rows, rejects, started)
                        scope.rows(manifest.rows_written, manifest.rows_rejected)
                        written = sum(output.size for output in manifest.outputs)
                        scope.bytes(manifest.source.size, written)
                        return self._report(source, dataset, manifest, rejects, "first")
            scope.outcome = "cached"
            seconds = time.perf_counter() - started
            telemetry.repeat(dataset.kind, manifest.first_seconds, seconds)
            return self._report(source, dataset, manifest, rejects, "cached")

    def _fresh_manifest(self, source: Source, dataset: Dataset) -> Manifest | None:
        """The manifest if it holds; a source that was only touched is read, and its time noted."""
        manifest = self._workspace.manifest(source.name)
        try:
            state = self._freshness(manifest, source, dataset)
        except OSError:
            return None  # the source is gone: converting says so
        if manifest is None or state is Freshness.STALE:
            return None
        if state is Freshness.TOUCHED:
            found = manifests.stamp(source.location)
            if found.sha256 != manifest.source.sha256:
                return None
            manifest.source = found
            replace_text(
                self._workspace.manifest_path(source.name), manifest.model_dump_json(indent=1)
            )
        return manifest

    def _convert_locked(
        self, source: Source, dataset: Dataset, on_rows: OnRows, rejects: Rejects, started: float
    ) -> Manifest:
        name, workspace = source.name, self._workspace
        workspace.clear(name.key)
        try:
            found = manifests.stamp(source.location)
            pipeline = Pipeline(
                source.location, dataset, name.day, workspace.scratch(name), self._session,
                self._max_rejected(dataset), on_rows,
            )  # fmt: skip
            conversion = pipeline.run(rejects)
            now = source.location.stat()
            if (now.st_size, now.st_mtime_ns) != (found.size, found.mtime_ns):
                raise Invalid(f"{name.path} changed while it was read", "file", "convert it again")
            self._write_rejects(source, rejects, conversion.rows, failed=False)
            present = {staged.instrument_id for staged in conversion.staged}
            instruments = [
                s.instrument for s in dataset.series if s.instrument.instrument_id in present
            ]
            draft = _draft(source, dataset, found, conversion, time.perf_counter() - started)
            return Commit(workspace, name, instruments).run(draft, conversion.staged)
        finally:
            workspace.clear(name.key)

    def _write_rejects(self, source: Source, rejects: Rejects, rows: int, failed: bool) -> None:
        path = self._workspace.rejects_path(source.name)
        if not rejects.count:
            path.unlink(missing_ok=True)
            return
        report = RejectReport(
            path=source.name.path, rows_read=rows, rows_rejected=rejects.count,
            reasons=dict(rejects.reasons.most_common()), listed=rejects.rows, failed=failed,
        )  # fmt: skip
        replace_text(path, report.model_dump_json(indent=1))

    # Telling ------------------------------------------------------------------------------------

    def _report(
        self, source: Source, dataset: Dataset, manifest: Manifest, rejects: Rejects, outcome: str
    ) -> FileReport:
        path = self._workspace.rejects_path(source.name)
        listed = rejects.rows
        if outcome == "cached" and manifest.rows_rejected and path.exists():
            listed = RejectReport.model_validate_json(path.read_bytes()).listed
        return FileReport(
            path=source.name.path,
            kind=dataset.kind,
            instrument_ids=[output.instrument_id for output in manifest.outputs],
            outcome=outcome,
            rows_read=manifest.rows_read,
            rows_written=manifest.rows_written,
            rows_rejected=manifest.rows_rejected,
            reasons=manifest.reasons,
            rejected=listed[:_SHOWN_REJECTS],
            reject_report=str(path) if manifest.rows_rejected else None,
            warnings=manifest.warnings,
        )

    def _failure(
        self, source: Source, dataset: Dataset, error: Exception, rejects: Rejects
    ) -> FileReport:
        report = FileReport(
            path=source.name.path,
            kind=dataset.kind,
            instrument_ids=dataset.instrument_ids,
            outcome="failed",
            error=str(error)
            if isinstance(error, DomainError)
            else f"{type(error).__name__}: {error}",
            field=error.field if isinstance(error, DomainError) else None,
        )
        if isinstance(error, TooManyRejected):
            rows = self._raw.footer(source, dataset).rows or 0
            self._write_rejects(source, rejects, rows, failed=True)
            report.rows_read, report.rows_rejected = rows, rejects.count
            report.reasons = dict(rejects.reasons.most_common())
            report.rejected = rejects.rows[:_SHOWN_REJECTS]
            report.reject_report = str(self._workspace.rejects_path(source.name))
        return report


def _draft(source, dataset, found, conversion: Conversion, seconds: float) -> Manifest:
    """The manifest of a conversion whose outputs are not placed yet."""
    return Manifest(
        day=source.name.day,
        path=source.name.path,
        kind=dataset.kind,
        source=found,
        mapping=dataset.digest,
        instruments=[],
        outputs=[],
        rows_read=conversion.rows,
        rows_written=sum(staged.written.rows for staged in conversion.staged),
        rows_rejected=conversion.rejects.count,
        reasons=dict(conversion.rejects.reasons.most_common()),
        warnings=conversion.warnings,
        first_seconds=seconds,
        converted_at=dt.datetime.now(dt.UTC),
    )


class _Meter:
    """Progress over the rows of several files; never goes back."""

    def __init__(self, progress: ProgressSink, rows: Iterable[int]) -> None:
        self._progress = progress
        self._rows = list(rows)
        self._total = sum(self._rows) or 1
        self._place = 0
        self._reached = 0

    def rows(self, rows: int) -> None:
        """So many rows of the present file are done; a sort begins it again."""
        done = sum(self._rows[: self._place]) + rows
        if done > self._reached:
            self._reached = done
            self._progress("convert", min(1.0, done / self._total))

    def next_file(self) -> None:
        self._place += 1
        self.rows(0)
