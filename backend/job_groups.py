"""Jobs that go to a worker together, as one task."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence


class Groups:
    """Which jobs a task is of. A task with a job's own id is of that job alone."""

    def __init__(self) -> None:
        self._jobs: dict[str, list[str]] = {}
        self._task_of: dict[str, str] = {}
        self._unwanted: set[str] = set()

    def add(self, job_ids: Sequence[str]) -> str:
        """The id of a task for these jobs."""
        if len(job_ids) == 1:
            return job_ids[0]
        task_id = f"pass-{secrets.token_hex(8)}"
        self._jobs[task_id] = list(job_ids)
        self._task_of |= dict.fromkeys(job_ids, task_id)
        return task_id

    def jobs(self, task_id: str) -> list[str]:
        """The jobs of a task."""
        return self._jobs.get(task_id) or [task_id]

    def task_of(self, job_id: str) -> str:
        """The task that a job is in now."""
        return self._task_of.get(job_id, job_id)

    def size(self, task_ids: Iterable[str]) -> int:
        """Jobs of all these tasks."""
        return sum(len(self.jobs(task_id)) for task_id in task_ids)

    def unwant(self, job_id: str) -> None:
        """The job is not to be handed over again when its task has ended."""
        self._unwanted.add(job_id)

    def wants(self, job_id: str) -> bool:
        """False for a job that `unwant` was called for."""
        return job_id not in self._unwanted

    def part(self, task_id: str) -> list[str]:
        """The task has ended: its jobs are single again."""
        jobs = self._jobs.pop(task_id, [task_id])
        for job_id in jobs:
            self._task_of.pop(job_id, None)
        return jobs

    def forget(self, job_id: str) -> None:
        """The job has ended."""
        self._unwanted.discard(job_id)
