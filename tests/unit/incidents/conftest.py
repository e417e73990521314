from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from backend.alert_models import Webhook
from backend.alertmanager_client import AlertmanagerClient
from backend.documents import Documents
from backend.job_book import JobBook
from backend.job_entry import Entry
from backend.metrics_reader import MetricsReader
from backend.models import BacktestRequest, BacktestResult, Job
from backend.notifications import Notifications
from backend.result_store import ResultStore
from backend.services import Services
from backend.trace_reader import TraceReader
from backend.work import BacktestWork
from tests import api
from tests.http_server import HttpServer, Request

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
HOUR = {"start": "2026-01-05T12:00:00Z", "end": "2026-01-05T13:00:00Z"}
REQUEST = BacktestRequest(
    instrument_id="EUR/USD.SIM", kind="quote", start=NOON, end=NOON + timedelta(hours=1),
    strategy="idle",
)  # fmt: skip
EMPTY_MATRIX = {"status": "success", "data": {"resultType": "matrix", "result": []}}
TRACE = {
    "traceID": "ab12", "rootServiceName": "nautilus", "rootTraceName": "POST /api/backtest/run",
    "startTimeUnixNano": str(int(NOON.timestamp()) * 10**9 + 60 * 10**9), "durationMs": 900,
    "spanSets": [{"spans": [{"attributes": [
        {"key": "nautilus.strategy", "value": {"stringValue": "faulty"}}]}]}],
}  # fmt: skip


class Upstream(HttpServer):
    """Prometheus, Alertmanager and the trace store in one: answers by path, keeps the questions."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {
            "/api/v1/query_range": EMPTY_MATRIX, "/api/v2/alerts": [],
            "/api/search": {"traces": [TRACE], "metrics": {}},
        }  # fmt: skip
        self.fired: Any = EMPTY_MATRIX
        self.asked: list[tuple[str, dict[str, list[str]]]] = []
        super().__init__()

    def answer(self, request: Request) -> tuple[int, bytes]:
        self.asked.append((request.path, request.query))
        answer = self.answers[request.path]
        if "ALERTS" in request.query.get("query", [""])[0]:
            answer = self.fired
        return 200, answer if isinstance(answer, bytes) else json.dumps(answer).encode()

    def queries(self, path: str, name: str = "query") -> list[str]:
        return [query[name][0] for asked, query in self.asked if asked == path]


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    one = Upstream()
    yield one
    one.close()


@pytest.fixture
def parts(tmp_path: Path, upstream: Upstream) -> Iterator[Services]:
    notifications = Notifications(tmp_path / "notifications.sqlite3")
    results = ResultStore(tmp_path / "results")
    yield api.services(
        jobs=JobBook(history_limit=10),
        notifications=notifications,
        results=results,
        documents=Documents(),
        alertmanager=AlertmanagerClient(upstream.url),
        metrics=MetricsReader(upstream.url),
        traces=TraceReader(upstream.url),
    )
    notifications.close()
    results.close()


@pytest.fixture
def client(parts: Services) -> Iterator[TestClient]:
    with api.client_of(parts, "http://console.example/api") as client:
        yield client


@pytest.fixture
def hour(client: TestClient) -> Callable[[], dict[str, Any]]:
    """Asks for the incident of an hour from noon."""

    def ask() -> dict[str, Any]:
        answer = client.post("/incidents", json=HOUR)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask


@pytest.fixture
def notify(parts: Services) -> Callable[..., None]:
    """Tell of an alert that fires from so many minutes after noon, and maybe of its end."""

    def tell(name: str, minute: int, until: int | None = None, **annotations: str) -> None:
        alert = {
            "status": "firing" if until is None else "resolved",
            "labels": {"alertname": name, "severity": "page", "job": "nautilus"},
            "annotations": annotations, "fingerprint": f"{hash(name) & 2**63 - 1:x}",
            "startsAt": (NOON + timedelta(minutes=minute)).isoformat(),
            "endsAt": (NOON + timedelta(minutes=until or 0)).isoformat(),
        }  # fmt: skip
        webhook = {
            "version": "4", "groupKey": "g", "status": alert["status"], "receiver": "page",
            "alerts": [alert],
        }  # fmt: skip
        parts.notifications.add(Webhook.model_validate(webhook))

    return tell


@pytest.fixture
def save_run(parts: Services) -> Callable[..., None]:
    """Keep a run that began so many minutes after noon and took so many seconds."""

    def save(n: int, minute: float, seconds: float = 1.0, **fields: Any) -> None:
        began = NOON + timedelta(minutes=minute)
        values = {
            "run_id": f"run-{n:05}", "job_id": f"job-{n}", "trace_id": f"{n:032x}", "status": "ok",
            "request": REQUEST, "created_at": began,
            "finished_at": began + timedelta(seconds=seconds), "duration_seconds": seconds,
            "window": "1h", "versions": {"python": "3"},
        }  # fmt: skip
        parts.results.save(BacktestResult.model_validate(values | fields))

    return save


@pytest.fixture
def begin_run(parts: Services) -> Callable[..., None]:
    """A run that a worker has had since so many minutes after noon."""

    def begin(n: int, minute: float, **fields: Any) -> None:
        values = {
            "job_id": f"job-{n}", "job_type": "backtest", "status": "running",
            "trace_id": f"{n:032x}", "run_id": f"run-{n:05}", "created_at": NOON,
            "started_at": NOON + timedelta(minutes=minute),
        }  # fmt: skip
        job = Job.model_validate(values | fields)
        spans: Any = None  # nothing asks for them
        book: Any = parts.jobs
        book.add(Entry(job, BacktestWork(REQUEST, f"run-{n:05}"), spans, 0.0))

    return begin
