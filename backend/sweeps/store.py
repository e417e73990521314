"""Sweeps on disk, so that a sweep outlives the service that runs it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from backend.errors import NotFound
from backend.models import ErrorInfo
from backend.sweeps.models import Figures, Sweep, SweepRequest, SweepRun, best

_SCHEMA_VERSION = 1
_BUSY_SECONDS = 10.0
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS sweeps (
    sweep_id TEXT PRIMARY KEY, created_at TEXT NOT NULL, finished_at TEXT,
    status TEXT NOT NULL DEFAULT 'running', trace_id TEXT NOT NULL, carrier TEXT NOT NULL,
    request TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS by_time ON sweeps (created_at, sweep_id);
CREATE TABLE IF NOT EXISTS runs (
    run_id TEXT PRIMARY KEY, sweep_id TEXT NOT NULL, place INTEGER NOT NULL,
    job_id TEXT NOT NULL, trace_id TEXT NOT NULL, params TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'queued', figures TEXT, error TEXT
);
CREATE INDEX IF NOT EXISTS by_sweep ON runs (sweep_id, place);
PRAGMA user_version = {_SCHEMA_VERSION};
"""


class SweepStore:
    """All sweeps of one service, in SQLite; several threads may use it at once.

    A run is `queued` here until it has ended.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._mutex = threading.Lock()
        self._db = sqlite3.connect(
            path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.executescript(_SCHEMA)

    def add(self, sweep: Sweep, carrier: dict[str, str]) -> None:
        """Keep a new sweep; `carrier` leads to the span of its request."""
        with self._mutex, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute(
                "INSERT INTO sweeps (sweep_id, created_at, trace_id, carrier, request)"
                " VALUES (?, ?, ?, ?, ?)",
                (
                    sweep.sweep_id, sweep.created_at.isoformat(), sweep.trace_id,
                    orjson.dumps(carrier).decode(), sweep.request.model_dump_json(),
                ),
            )  # fmt: skip
            self._db.executemany(
                "INSERT INTO runs (run_id, sweep_id, place, job_id, trace_id, params)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (
                        run.run_id, sweep.sweep_id, place, run.job_id, run.trace_id,
                        orjson.dumps(run.params).decode(),
                    )
                    for place, run in enumerate(sweep.runs)
                ],
            )  # fmt: skip

    def moved(self, runs: Iterable[SweepRun]) -> None:
        """The runs have other jobs from now on, as after a restart of the service."""
        rows = [(run.job_id, run.trace_id, run.run_id) for run in runs]
        with self._mutex, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("UPDATE runs SET job_id = ?, trace_id = ? WHERE run_id = ?", rows)

    def ended(self, run: SweepRun) -> None:
        """Keep how a run ended."""
        figures = run.figures.model_dump_json() if run.figures else None
        error = run.error.model_dump_json() if run.error else None
        with self._mutex:
            self._db.execute(
                "UPDATE runs SET status = ?, figures = ?, error = ? WHERE run_id = ?",
                (run.status, figures, error, run.run_id),
            )

    def finish(self, sweep_id: str, status: str) -> None:
        """The sweep is over; the first end counts."""
        with self._mutex:
            self._db.execute(
                "UPDATE sweeps SET status = ?, finished_at = ?"
                " WHERE sweep_id = ? AND status = 'running'",
                (status, datetime.now(UTC).isoformat(), sweep_id),
            )

    def remove(self, sweep_id: str) -> None:
        """Forget a sweep that could not be run."""
        with self._mutex, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("DELETE FROM runs WHERE sweep_id = ?", (sweep_id,))
            self._db.execute("DELETE FROM sweeps WHERE sweep_id = ?", (sweep_id,))

    def get(self, sweep_id: str) -> Sweep:
        """Raises NotFound."""
        found = self._sweeps("WHERE sweep_id = ?", (sweep_id,))
        if not found:
            raise NotFound(f"no sweep {sweep_id}", field="sweep_id")
        return found[0]

    def carrier(self, sweep_id: str) -> dict[str, str]:
        """What leads to the span of the sweep's request."""
        with self._mutex:
            (text,) = self._db.execute(
                "SELECT carrier FROM sweeps WHERE sweep_id = ?", (sweep_id,)
            ).fetchone()
        carrier: dict[str, str] = orjson.loads(text)
        return carrier

    def newest(self, limit: int) -> list[Sweep]:
        """Sweeps, the newest first."""
        return self._sweeps("ORDER BY created_at DESC, sweep_id DESC LIMIT ?", (limit,))

    def running(self) -> list[Sweep]:
        """Those that are not over, the oldest first."""
        return self._sweeps("WHERE status = 'running' ORDER BY created_at, sweep_id", ())

    def close(self) -> None:
        with self._mutex:
            self._db.close()

    # ----------------------------------------------------------------------------------------------

    def _sweeps(self, which: str, values: tuple[Any, ...]) -> list[Sweep]:
        with self._mutex:
            rows = self._db.execute(
                "SELECT sweep_id, status, trace_id, request, created_at, finished_at"
                f" FROM sweeps {which}",
                values,
            ).fetchall()
            runs = {
                row[0]: self._db.execute(
                    "SELECT run_id, job_id, trace_id, params, status, figures, error FROM runs"
                    " WHERE sweep_id = ? ORDER BY place",
                    (row[0],),
                ).fetchall()
                for row in rows
            }
        return [_sweep(row, [_run(run) for run in runs[row[0]]]) for row in rows]


def _sweep(row: tuple[Any, ...], runs: list[SweepRun]) -> Sweep:
    sweep_id, status, trace_id, request, created_at, finished_at = row
    asked = SweepRequest.model_validate_json(request)
    counts: dict[Any, int] = {}
    for run in runs:
        counts[run.status] = counts.get(run.status, 0) + 1
    return Sweep(
        sweep_id=sweep_id, status=status, trace_id=trace_id, request=asked,
        created_at=created_at, finished_at=finished_at, total=len(runs), counts=counts,
        best=best(runs, asked.objective), runs=runs,
    )  # fmt: skip


def _run(row: tuple[Any, ...]) -> SweepRun:
    run_id, job_id, trace_id, params, status, figures, error = row
    return SweepRun(
        run_id=run_id, job_id=job_id, trace_id=trace_id, params=orjson.loads(params),
        status=status, figures=Figures.model_validate_json(figures) if figures else None,
        error=ErrorInfo.model_validate_json(error) if error else None,
    )  # fmt: skip
