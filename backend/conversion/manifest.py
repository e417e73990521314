"""What a raw file became, and whether that still holds."""

from __future__ import annotations

import datetime as dt
import hashlib
from enum import Enum
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from backend.conversion.report import RejectedRow
from backend.models import SeriesKind, TickKind

CONVERTER_VERSION = "1"
"""Raise it when the same raw file would convert to other rows: all files convert again."""


Kept = TypeVar("Kept", bound=BaseModel)


def kept(model: type[Kept], path: Path) -> Kept | None:
    """What a file holds; None when there is none, or none of ours."""
    try:
        return model.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


class SourceStamp(BaseModel):
    """Identifies the content of a raw file."""

    size: int
    mtime_ns: int
    sha256: str


class Output(BaseModel):
    """One catalog file; times in nanoseconds since the epoch."""

    instrument_id: str
    bar_type: str | None = Field(default=None, description="for bars made of the ticks")
    path: str = Field(description="relative to the catalog")
    size: int
    rows: int
    first_event_ns: int
    last_event_ns: int
    first_init_ns: int
    last_init_ns: int

    @property
    def identifier(self) -> str:
        """What names the file's folder."""
        return self.bar_type or self.instrument_id


class Manifest(BaseModel):
    """Written last: where it is and holds, its outputs are in the catalog."""

    model_config = ConfigDict(extra="forbid")

    converter: str = CONVERTER_VERSION
    day: dt.date
    path: str = Field(description="raw file, relative to its day's folder")
    kind: TickKind
    source: SourceStamp
    mapping: str = Field(description="digest of the description that was used")
    instruments: list[str] = Field(description="instrument files, relative to the catalog")
    outputs: list[Output]
    bar_types: list[str] = Field(
        default_factory=list, description="that it has ticks of; another file may hold the bars"
    )
    rows_read: int
    rows_written: int
    rows_rejected: int
    reasons: dict[str, int] = Field(default_factory=dict)
    warnings: list[str] = Field(default_factory=list)
    first_seconds: float = Field(description="what the conversion took")
    converted_at: dt.datetime

    @classmethod
    def read(cls, path: Path) -> Manifest | None:
        """None when there is none, or none of ours."""
        return kept(cls, path)

    @property
    def ticks(self) -> list[Output]:
        """The outputs that hold ticks."""
        return [output for output in self.outputs if output.bar_type is None]

    def kind_of(self, output: Output) -> SeriesKind:
        return self.kind if output.bar_type is None else "bar"

    def covers(self, start_ns: int, end_ns: int) -> bool:
        """Whether the raw file held a tick of that window; bounds included."""
        return any(o.first_event_ns <= end_ns and o.last_init_ns >= start_ns for o in self.ticks)


class RejectReport(BaseModel):
    """The rows of a raw file that the catalog cannot hold."""

    path: str
    rows_read: int
    rows_rejected: int
    reasons: dict[str, int]
    listed: list[RejectedRow] = Field(description="the first of them")
    failed: bool = Field(description="whether the file as a whole was refused for it")


class Freshness(Enum):
    """Whether a manifest still tells the truth."""

    FRESH = "fresh"
    TOUCHED = "touched"
    """Only the source's time differs: its content decides."""
    STALE = "stale"


def freshness(
    manifest: Manifest, source: Path, mapping: str, max_rejected: float, catalog: Path
) -> Freshness:
    """Compare a manifest with what is there. Looks at no file's content."""
    if manifest.converter != CONVERTER_VERSION or manifest.mapping != mapping:
        return Freshness.STALE
    if manifest.rows_rejected > max_rejected * manifest.rows_read:
        return Freshness.STALE
    if not all((catalog / path).exists() for path in manifest.instruments):
        return Freshness.STALE
    for output in manifest.outputs:
        if _size(catalog / output.path) != output.size:
            return Freshness.STALE
    found = source.stat()
    if found.st_size != manifest.source.size:
        return Freshness.STALE
    same_time = found.st_mtime_ns == manifest.source.mtime_ns
    return Freshness.FRESH if same_time else Freshness.TOUCHED


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def stamp(source: Path) -> SourceStamp:
    """Read a raw file once for its digest."""
    found = source.stat()
    with open(source, "rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return SourceStamp(size=found.st_size, mtime_ns=found.st_mtime_ns, sha256=digest)
