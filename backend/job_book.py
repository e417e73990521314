"""The jobs that the service remembers: all that go on, and those that ended last."""

from __future__ import annotations

from collections import OrderedDict

from backend.errors import NotFound
from backend.job_entry import Entry
from backend.models import Job, JobStatus, JobType
from backend.work import BacktestWork


class JobBook:
    """Lives on the event loop."""

    def __init__(self, history_limit: int) -> None:
        """`history_limit`: how many of those that have ended are kept."""
        self._history_limit = history_limit
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._finished: OrderedDict[str, None] = OrderedDict()
        self._active: dict[str, None] = {}

    def add(self, entry: Entry) -> None:
        """A job that goes on from now."""
        self._entries[entry.job.job_id] = entry
        self._active[entry.job.job_id] = None

    def ended(self, job_id: str) -> None:
        """It goes on no longer; the oldest that has ended may be forgotten for it."""
        del self._active[job_id]
        self._finished[job_id] = None
        while len(self._finished) > self._history_limit:
            oldest, _ = self._finished.popitem(last=False)
            del self._entries[oldest]

    def entry(self, job_id: str) -> Entry:
        """Raises NotFound for a job that never was or is no longer remembered."""
        try:
            return self._entries[job_id]
        except KeyError:
            raise NotFound(f"no job {job_id}", field="job_id") from None

    def newest(
        self,
        limit: int,
        status: JobStatus | None = None,
        job_type: JobType | None = None,
        run_id: str | None = None,
    ) -> list[Job]:
        """Newest first."""
        found: list[Job] = []
        for entry in reversed(self._entries.values()):
            job = entry.job
            if (
                status in (None, job.status)
                and job_type in (None, job.job_type)
                and run_id in (None, job.run_id)
            ):
                found.append(job)
                if len(found) == limit:
                    break
        return found

    def going_on(self) -> list[Job]:
        return [self._entries[job_id].job for job_id in self._active]

    def running_backtests(self) -> list[tuple[Job, BacktestWork]]:
        """Those that a worker has now."""
        active = (self._entries[job_id] for job_id in self._active)
        return [
            (entry.job, entry.work)
            for entry in active
            if entry.job.status == "running" and isinstance(entry.work, BacktestWork)
        ]
