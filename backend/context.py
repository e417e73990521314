"""What the domain modules may use of the job they run in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from backend.settings import Settings
    from nautilus_instrumentation import Session


class ProgressSink(Protocol):
    """Takes a job's progress; cheap, never raises."""

    def __call__(
        self, stage: str, fraction: float | None = None, *, data_points: int | None = None
    ) -> None: ...


def ignore_progress(
    stage: str, fraction: float | None = None, *, data_points: int | None = None
) -> None:
    """A sink for callers that watch nothing."""


@dataclass(frozen=True)
class JobContext:
    """Identity, settings and reporting of one job, inside its worker."""

    job_id: str
    run_id: str | None
    trace_id: str
    slot: int
    settings: Settings
    session: Session
    progress: ProgressSink = field(default=ignore_progress)
    sweep_id: str | None = None
    """Of a run that is one of a sweep: others like it come before and after it."""
