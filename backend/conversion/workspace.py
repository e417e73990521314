"""What the converter keeps beside the catalog's data: manifests, locks, unfinished files.

<catalog>/conversion/manifests/day-2024-01-02/file.parquet.json          what a file became
<catalog>/conversion/manifests/day-2024-01-02/file.parquet.rejects.json  rows it rejected
<catalog>/conversion/manifests/day-2024-01-02/file.parquet.failure.json  why it failed last
<catalog>/conversion/borders/EURUSD.SIM-1-MINUTE-BID-EXTERNAL.json       bars at files' ends
<catalog>/conversion/instruments/  what we wrote · locks/ · tmp/
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from backend.conversion.files import replace_text
from backend.conversion.journal import Journal
from backend.conversion.layout import safe_id
from backend.conversion.manifest import Freshness, Manifest, RejectReport, freshness, kept
from backend.conversion.report import Failure
from backend.models import SeriesKind

_BESIDE = (".rejects.json", ".failure.json")


@dataclass(frozen=True)
class RawName:
    """Names a raw file: its day, and its path below the day's folder with forward slashes."""

    day: dt.date
    path: str

    @property
    def folder(self) -> str:
        return f"day-{self.day.isoformat()}"

    @property
    def key(self) -> str:
        """A file name that no other raw file has."""
        return hashlib.sha256(f"{self.folder}/{self.path}".encode()).hexdigest()[:24]


class Workspace:
    """Places below one catalog."""

    def __init__(self, catalog: Path) -> None:
        self.catalog = catalog
        self._root = catalog / "conversion"
        self._tmp = self._root / "tmp"
        self.instruments = self._root / "instruments"

    def manifest_path(self, name: RawName) -> Path:
        return self._root / "manifests" / name.folder / f"{name.path}.json"

    def rejects_path(self, name: RawName) -> Path:
        return self._root / "manifests" / name.folder / f"{name.path}.rejects.json"

    def failure_path(self, name: RawName) -> Path:
        return self._root / "manifests" / name.folder / f"{name.path}.failure.json"

    def failure(self, name: RawName) -> Failure | None:
        """Why the last conversion of a raw file failed; None when it did not."""
        return kept(Failure, self.failure_path(name))

    def rejects(self, name: RawName) -> RejectReport | None:
        """The reject report of a raw file; None without a readable one."""
        return kept(RejectReport, self.rejects_path(name))

    def borders_path(self, bar_type: str) -> Path:
        """Where the book of a bar type is."""
        return self._root / "borders" / f"{safe_id(bar_type)}.json"

    def manifest(self, name: RawName) -> Manifest | None:
        """The manifest of a raw file; None without a readable one."""
        return Manifest.read(self.manifest_path(name))

    def freshness(
        self, manifest: Manifest | None, source: Path, mapping: str, max_rejected: float
    ) -> Freshness:
        """Whether a manifest, if any, still tells the truth; by looking at names and sizes."""
        if manifest is None:
            return Freshness.STALE
        try:
            return freshness(manifest, source, mapping, max_rejected, self.catalog)
        except OSError:  # the source is gone or cannot be reached: converting it will say so
            return Freshness.STALE

    def manifests(self) -> Iterator[Manifest]:
        """All manifests. Reads every one: for rare questions only."""
        for path in sorted((self._root / "manifests").rglob("*.json")):
            manifest = None if path.name.endswith(_BESIDE) else Manifest.read(path)
            if manifest is not None:
                yield manifest

    def owner(self, output: str) -> Manifest | None:
        """The manifest that lists a catalog file, given relative to the catalog."""
        return next((m for m in self.manifests() if any(o.path == output for o in m.outputs)), None)

    def far_reaching(self) -> list[RawName]:
        """Raw files that once held ticks far from their folder's day; few, if any."""
        found = []
        for path in sorted((self._root / "far").glob("*.json")):
            with contextlib.suppress(OSError, ValueError, KeyError):
                kept = json.loads(path.read_text())
                found.append(RawName(dt.date.fromisoformat(kept["day"]), kept["path"]))
        return found

    def mark_far_reaching(self, name: RawName) -> None:
        """Remember a raw file whose ticks a search by days would miss."""
        text = json.dumps({"day": name.day.isoformat(), "path": name.path})
        replace_text(self._root / "far" / f"{name.key}.json", text)

    def scratch(self, name: RawName) -> Path:
        """Prefix of the files that the conversion of a raw file may leave; hold its lock."""
        self._tmp.mkdir(parents=True, exist_ok=True)
        return self._tmp / name.key

    def journal(self, name: RawName) -> Journal:
        return Journal(self._tmp / f"{name.key}.journal", self.catalog)

    def lock(self, label: str) -> FileLock:
        """A lock that the operating system frees when its holder dies."""
        folder = self._root / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        return FileLock(folder / f"{label}.lock")

    def source_lock(self, name: RawName) -> FileLock:
        return self.lock(f"source-{name.key}")

    def sweep(self) -> None:
        """Finish or remove what dead conversions left. Leaves those of live ones alone."""
        if not self._tmp.is_dir():
            return
        for key in sorted({path.name.split(".")[0] for path in self._tmp.iterdir()}):
            try:
                with self.lock(f"source-{key}").acquire(blocking=False):
                    self.clear(key)
            except Timeout:
                continue

    def clear(self, key: str) -> None:
        """Finish a commit that was cut off, then remove all scratch files; hold the lock."""
        journal = Journal(self._tmp / f"{key}.journal", self.catalog)
        journal.recover(self.lock)
        for path in self._tmp.glob(f"{key}.*"):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def series_lock(kind: SeriesKind, identifier: str) -> str:
    """Label of the lock on an instrument's ticks of one kind, or on a bar type's bars."""
    return f"{kind}-{safe_id(identifier)}"


def instrument_lock(instrument_id: str) -> str:
    return f"instrument-{safe_id(instrument_id)}"
