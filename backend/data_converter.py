"""Converts raw tick days into the catalog, and knows what is converted already."""

from __future__ import annotations

from datetime import date

from backend.context import ProgressSink, ignore_progress
from backend.conversion.report import ConversionReport, RawDay, RawFile
from backend.models import TickKind
from backend.settings import Settings
from nautilus_instrumentation import Session


class Converter:
    """Raw files described by the datasets file, converted into the catalog of `settings`."""

    def __init__(self, settings: Settings, session: Session) -> None:
        self._settings = settings
        self._session = session

    def days(self) -> list[RawDay]:
        """All raw days, with the state of each file."""
        raise NotImplementedError

    def convert_day(
        self,
        day: date,
        files: list[str] | None = None,
        force: bool = False,
        progress: ProgressSink = ignore_progress,
    ) -> ConversionReport:
        """Convert the files of one day; a file that fails does not stop the others."""
        raise NotImplementedError

    def missing(
        self, instrument_id: str, kind: TickKind, start_ns: int, end_ns: int
    ) -> list[RawFile]:
        """Raw files that may hold part of the window and are not, or no longer, converted."""
        raise NotImplementedError

    def ensure(
        self,
        instrument_id: str,
        kind: TickKind,
        start_ns: int,
        end_ns: int,
        progress: ProgressSink = ignore_progress,
    ) -> ConversionReport | None:
        """Convert what `missing` names; None when nothing was missing."""
        raise NotImplementedError
