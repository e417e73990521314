"""Whether the service can do its work, and what is in its way."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from backend.executors.base import SlotStatus
from backend.settings import Settings
from backend.versions import versions


class Health(BaseModel):
    """The process is alive."""

    status: Literal["ok"] = "ok"
    versions: dict[str, str] = Field(default_factory=versions)


class Check(BaseModel):
    """One thing that the service depends on."""

    name: str
    ok: bool
    detail: str


class WorkerStatus(BaseModel):
    """What a worker process is doing."""

    slot: int
    state: Literal["starting", "idle", "busy", "failed"]
    pid: int | None
    detail: str = ""


class Readiness(BaseModel):
    """`ok`; `degraded`: jobs run, something is amiss; `unavailable`: no job can run."""

    status: Literal["ok", "degraded", "unavailable"]
    detail: str = Field(description="what is amiss; empty when nothing is")
    checks: list[Check]
    workers: list[WorkerStatus]


def readiness(
    settings: Settings, slots: list[SlotStatus], others: Sequence[Check] = ()
) -> Readiness:
    """Look at folders and workers; reads the file system, so not for the event loop.

    `others` are checks made elsewhere, of things that jobs can do without.
    """
    workers = [WorkerStatus(**vars(slot)) for slot in slots]
    checks = [
        _workers(slots),
        _readable("raw ticks", settings.raw_tick_dir, "RAW_TICK_DIR"),
        _readable("datasets file", settings.datasets_path, "DATASETS_FILE"),
        _writable("catalog", settings.catalog_dir, "CATALOG_DIR"),
        _writable("results", settings.results_dir, "RESULTS_DIR"),
        *others,
    ]
    if not any(slot.usable for slot in slots):
        status = "unavailable"
    elif all(check.ok for check in checks):
        status = "ok"
    else:
        status = "degraded"
    amiss = "; ".join(f"{check.name}: {check.detail}" for check in checks if not check.ok)
    return Readiness(status=status, detail=amiss, checks=checks, workers=workers)


def trace_store(url: str, trouble: str) -> Check:
    """The store that TEMPO_URL names, which is away when there is `trouble`."""
    detail = f"{url} cannot be read ({trouble}); see TEMPO_URL" if trouble else f"{url} is ready"
    return Check(name="trace store", ok=not trouble, detail=detail)


def shared_cache(address: str, trouble: str) -> Check:
    """The Redis that REDIS_URL names; caches work in memory alone when there is `trouble`."""
    detail = f"{address} takes no entries ({trouble}); see REDIS_URL" if trouble else (
        f"{address} takes entries"
    )  # fmt: skip
    return Check(name="redis", ok=not trouble, detail=detail)


def watchdog(missing: bool, detail: str) -> Check:
    """The dead-man switch of the alerting, where ALERTMANAGER_URL is set."""
    return Check(name="watchdog", ok=not missing, detail=detail)


def _workers(workers: list[SlotStatus]) -> Check:
    states = [worker.state for worker in workers]
    counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    reasons = sorted({f": {worker.detail}" for worker in workers if worker.detail})
    # Workers that start are no fault as long as others can take the jobs.
    ok = "failed" not in states and not reasons and any(worker.usable for worker in workers)
    return Check(name="workers", ok=ok, detail=counts + "".join(reasons))


def _readable(name: str, path: Path, variable: str) -> Check:
    ok = os.access(path, os.R_OK)
    detail = f"{path} can be read" if ok else f"{path} cannot be read; see {variable}"
    return Check(name=name, ok=ok, detail=detail)


def _writable(name: str, path: Path, variable: str) -> Check:
    """A folder that is not there yet is made at its first use, in the nearest one that is."""
    existing = next(folder for folder in (path, *path.parents) if folder.exists())
    ok = os.access(existing, os.W_OK)
    detail = f"{path} can be written" if ok else f"{path} cannot be written; see {variable}"
    return Check(name=name, ok=ok, detail=detail)
