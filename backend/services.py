"""The parts of the service that routes use, made once for an application."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from backend.alertmanager_client import AlertmanagerClient
from backend.cache import RedisStore
from backend.catalog_manager import CatalogManager
from backend.data_converter import Converter
from backend.documents import Documents
from backend.executors.base import Executor
from backend.jobs import JobManager
from backend.metrics_reader import MetricsReader
from backend.notifications import Notifications
from backend.result_store import ResultStore
from backend.settings import Settings
from backend.sweeps.manager import SweepManager
from backend.trace_reader import TraceReader
from backend.watchdog import Watchdog
from nautilus_instrumentation import Session


@dataclass
class Services:
    """`jobs` and `sweeps` are there while the application runs, everything else from the start."""

    settings: Settings
    session: Session
    executor: Executor
    results: ResultStore
    converter: Converter
    catalog: CatalogManager
    traces: TraceReader
    metrics: MetricsReader
    alertmanager: AlertmanagerClient
    notifications: Notifications
    watchdog: Watchdog
    documents: Documents
    shared: RedisStore | None = None
    """Where caches of several processes meet; None without REDIS_URL."""
    jobs: JobManager = None  # type: ignore[assignment]  # see above
    sweeps: SweepManager = None  # type: ignore[assignment]  # see above


async def _services(request: Request) -> Services:
    # Not that it waits: FastAPI calls what is no coroutine in a thread, at 50 µs and more.
    services: Services = request.app.state.services
    return services


Parts = Annotated[Services, Depends(_services)]
"""Parameter of a route that wants the parts."""
