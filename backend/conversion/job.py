"""The conversion of one raw file: from its manifest, or from its rows."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import Literal

from backend.conversion import manifest as manifests
from backend.conversion.commit import Commit
from backend.conversion.files import replace_text
from backend.conversion.manifest import Freshness, Manifest, RejectReport, SourceStamp
from backend.conversion.pipeline import Conversion, OnRows, Pipeline, TooManyRejected
from backend.conversion.raw import Source, expected_range
from backend.conversion.rejects import Rejects
from backend.conversion.report import Failure, FileReport
from backend.conversion.workspace import Workspace
from backend.datasets import Dataset
from backend.errors import DomainError, Invalid
from nautilus_instrumentation import Session

_SHOWN_REJECTS = 20
"""Rejected rows that a file's report shows; the reject report lists more."""


@dataclass
class FileConversion:
    """Converts one raw file unless its manifest says that this was done."""

    source: Source
    dataset: Dataset
    workspace: Workspace
    session: Session
    max_rejected: float
    on_rows: OnRows
    before_commit: Callable[[], None] = lambda: None
    """Returns when the outputs may be placed."""
    sorting: AbstractContextManager[object] = field(default_factory=nullcontext)
    """Held while rows are sorted: the part that takes most memory."""
    rejects: Rejects = field(default_factory=Rejects)

    def run(self, force: bool) -> FileReport:
        """Convert and tell; whatever goes wrong is told as well."""
        started = time.perf_counter()
        try:
            report = self._run(force, started)
            self.workspace.failure_path(self.source.name).unlink(missing_ok=True)
        except Exception as error:  # whatever happens to one file, the others go on
            report = self._failure(error)
        report.seconds = time.perf_counter() - started
        return report

    def _run(self, force: bool, started: float) -> FileReport:
        name = self.source.name
        telemetry = self.session.conversion
        with telemetry.file(self.dataset.kind, f"{name.folder}/{name.path}") as scope:
            manifest = None if force else self._still_valid()
            if manifest is None:
                with self.workspace.source_lock(name):
                    # Somebody else may have converted it while we waited.
                    manifest = None if force else self._still_valid()
                    if manifest is None:
                        try:
                            manifest = self._convert(started)
                        except TooManyRejected:
                            scope.rows(rejected=self.rejects.count)
                            raise
                        scope.rows(manifest.rows_written, manifest.rows_rejected)
                        bars = sum(_bars(manifest).values())
                        telemetry.rows("bar", bars, 0)
                        written = sum(output.size for output in manifest.outputs)
                        scope.bytes(manifest.source.size, written)
                        return self._report(manifest, "first")
            scope.outcome = "cached"
            seconds = time.perf_counter() - started
            telemetry.repeat(self.dataset.kind, manifest.first_seconds, seconds)
            return self._report(manifest, "cached")

    def _still_valid(self) -> Manifest | None:
        """The manifest if it holds; a source that was only touched is read, and its time noted."""
        manifest = self.workspace.manifest(self.source.name)
        state = self.workspace.freshness(
            manifest, self.source.location, self.dataset.digest, self.max_rejected
        )
        if manifest is None or state is Freshness.STALE:
            return None
        if state is Freshness.TOUCHED:
            found = manifests.stamp(self.source.location)
            if found.sha256 != manifest.source.sha256:
                return None
            manifest.source = found
            path = self.workspace.manifest_path(self.source.name)
            replace_text(path, manifest.model_dump_json(indent=1))
        return manifest

    def _convert(self, started: float) -> Manifest:
        """Convert the rows; hold the source's lock."""
        name, location = self.source.name, self.source.location
        self.workspace.clear(name.key)
        try:
            before = _stat(self.source)
            pipeline = Pipeline(
                location, self.dataset, name.day, self.workspace.scratch(name), self.session,
                self.max_rejected, self.on_rows, self.sorting,
            )  # fmt: skip
            with ThreadPoolExecutor(1, thread_name_prefix="conversion") as beside:
                stamp = beside.submit(manifests.stamp, location)
                conversion = pipeline.run(self.rejects)
                found = stamp.result()
            now = location.stat()
            states = {(s.st_size, s.st_mtime_ns) for s in (before, now)}
            if states != {(found.size, found.mtime_ns)}:
                raise Invalid(f"{name.path} changed while it was read", "file", "convert it again")
            self._write_rejects(conversion.rows, failed=False)
            first, last = expected_range(name.day)
            if any(
                staged.written.first_event_ns < first or staged.written.last_event_ns > last
                for staged in conversion.staged
                if staged.bar_type is None
            ):
                self.workspace.mark_far_reaching(name)
            draft = self._draft(found, conversion, time.perf_counter() - started)
            present = {staged.instrument_id for staged in conversion.staged}
            series = [series.instrument for series in self.dataset.series]
            specs = [spec for spec in series if spec.instrument_id in present]
            self.before_commit()
            return Commit(self.workspace, name, specs).run(draft, conversion.staged)
        finally:
            self.workspace.clear(name.key)

    def _draft(self, found: SourceStamp, conversion: Conversion, seconds: float) -> Manifest:
        """The manifest, before its outputs are placed."""
        return Manifest(
            day=self.source.name.day,
            path=self.source.name.path,
            kind=self.dataset.kind,
            source=found,
            mapping=self.dataset.digest,
            instruments=[],
            outputs=[],
            rows_read=conversion.rows,
            rows_written=sum(
                item.written.rows for item in conversion.staged if item.bar_type is None
            ),
            rows_rejected=self.rejects.count,
            reasons=dict(self.rejects.reasons.most_common()),
            warnings=conversion.warnings,
            first_seconds=seconds,
            converted_at=dt.datetime.now(dt.UTC),
        )

    def _write_rejects(self, rows: int, failed: bool) -> None:
        path = self.workspace.rejects_path(self.source.name)
        if not self.rejects.count:
            path.unlink(missing_ok=True)
            return
        report = RejectReport(
            path=self.source.name.path,
            rows_read=rows,
            rows_rejected=self.rejects.count,
            reasons=dict(self.rejects.reasons.most_common()),
            listed=self.rejects.rows,
            failed=failed,
        )
        replace_text(path, report.model_dump_json(indent=1))

    def _report(self, manifest: Manifest, outcome: Literal["first", "cached"]) -> FileReport:
        path = self.workspace.rejects_path(self.source.name)
        listed = self.rejects.rows
        if outcome == "cached" and manifest.rows_rejected and path.exists():
            listed = RejectReport.model_validate_json(path.read_bytes()).listed
        return FileReport(
            path=self.source.name.path,
            kind=self.dataset.kind,
            instrument_ids=[output.instrument_id for output in manifest.ticks],
            outcome=outcome,
            rows_read=manifest.rows_read,
            rows_written=manifest.rows_written,
            bars=_bars(manifest),
            rows_rejected=manifest.rows_rejected,
            reasons=manifest.reasons,
            rejected=listed[:_SHOWN_REJECTS],
            reject_report=str(path) if manifest.rows_rejected else None,
            warnings=manifest.warnings,
        )

    def _failure(self, error: Exception) -> FileReport:
        known = isinstance(error, DomainError)
        report = FileReport(
            path=self.source.name.path,
            kind=self.dataset.kind,
            instrument_ids=self.dataset.instrument_ids,
            outcome="failed",
            error=str(error) if known else f"{type(error).__name__}: {error}",
            field=error.field if known else None,
        )
        if isinstance(error, TooManyRejected):
            self._write_rejects(error.rows, failed=True)
            report.rows_read, report.rows_rejected = error.rows, self.rejects.count
            report.reasons = dict(self.rejects.reasons.most_common())
            report.rejected = self.rejects.rows[:_SHOWN_REJECTS]
            report.reject_report = str(self.workspace.rejects_path(self.source.name))
        if self.workspace.manifest(self.source.name) is not None:
            report.warnings.append("the catalog still holds what an earlier conversion wrote")
        failure = Failure(at=dt.datetime.now(dt.UTC), error=report.error or "", field=report.field)
        with suppress(OSError):  # such as a full disk, which may be what the error is about
            path = self.workspace.failure_path(self.source.name)
            replace_text(path, failure.model_dump_json(indent=1))
        return report


def _bars(manifest: Manifest) -> dict[str, int]:
    return {o.bar_type: o.rows for o in manifest.outputs if o.bar_type is not None}


def _stat(source: Source) -> os.stat_result:
    try:
        return source.location.stat()
    except OSError as error:
        raise Invalid(f"{source.name.path} cannot be read: {error.strerror}", "file") from error
