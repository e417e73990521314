"""What conversions tell their callers; pydantic models, so that they travel as JSON."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel, Field

from backend.models import TickKind

FileState = Literal["converted", "stale", "new", "unmatched"]
"""`stale`: converted once, but source, description, converter or outputs have changed since."""


class RejectedRow(BaseModel):
    """One row that the catalog cannot hold."""

    row: int = Field(description="index of the row in the file, from 0")
    field: str = Field(description="our field, such as `bid_price`")
    column: str | None = Field(default=None, description="the file's column")
    reason: str
    value: str | None = Field(default=None, description="what stood there, shortened")


class FileReport(BaseModel):
    """What became of one raw file."""

    path: str = Field(description="relative to the day's folder")
    kind: TickKind | None = None
    instrument_ids: list[str] = Field(default_factory=list)
    outcome: Literal["first", "cached", "failed"]
    rows_read: int = 0
    rows_written: int = 0
    bars: dict[str, int] = Field(
        default_factory=dict, description="bars made of the ticks, by bar type"
    )
    rows_rejected: int = 0
    reasons: dict[str, int] = Field(
        default_factory=dict, description="rejected rows by `field: reason`; exact counts"
    )
    rejected: list[RejectedRow] = Field(
        default_factory=list, description="the first rejected rows; the reject report holds more"
    )
    reject_report: str | None = Field(default=None, description="the JSON report, if rows failed")
    warnings: list[str] = Field(default_factory=list)
    seconds: float = 0.0
    error: str | None = None
    field: str | None = Field(default=None, description="file column or table the error is about")


class ConversionReport(BaseModel):
    """What became of the files of one conversion."""

    day: dt.date | None = Field(default=None, description="None when a window was converted")
    files: list[FileReport] = Field(default_factory=list)
    seconds: float = 0.0

    @property
    def failed(self) -> list[FileReport]:
        """Reports of the files that could not be converted."""
        return [file for file in self.files if file.outcome == "failed"]


class Failure(BaseModel):
    """Why the last conversion of a raw file failed."""

    at: dt.datetime
    error: str
    field: str | None = Field(default=None, description="as in a file's report")


class RawFile(BaseModel):
    """A raw file and where its conversion stands."""

    day: dt.date
    path: str = Field(description="relative to the day's folder; names the file in requests")
    kind: TickKind | None = None
    instrument_ids: list[str] = Field(default_factory=list)
    bars: list[str] = Field(
        default_factory=list, description="bars made of its ticks, such as `1-MINUTE-MID`"
    )
    size: int = Field(description="bytes")
    rows: int | None = Field(default=None, description="None when the file cannot be read")
    state: FileState
    rows_rejected: int | None = Field(default=None, description="known once converted")
    error: str | None = Field(default=None, description="why the file cannot be read")
    failure: Failure | None = Field(
        default=None, description="of the last conversion; None once one succeeds"
    )
    reject_report: bool = Field(
        default=False, description="whether `GET datasets/rejects` lists rejected rows"
    )


class RawDay(BaseModel):
    """The raw files of one day's folder."""

    day: dt.date
    files: list[RawFile]
