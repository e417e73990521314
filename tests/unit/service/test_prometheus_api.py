"""The calls that ask Prometheus: what they pass on, what they refuse, and how they fail."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from backend.metrics_reader import MetricsReader
from tests import api
from tests.http_server import HttpServer, Request

ANSWER = {"status": "success", "data": {"resultType": "vector", "result": []}}
RANGE = {"query": "up", "start": 0, "end": 3600, "step": 60}


class Prometheus(HttpServer):
    """Answers every call alike; keeps what it was asked."""

    def __init__(self) -> None:
        self.status, self.body = 200, json.dumps(ANSWER).encode()
        self.asked: list[tuple[str, dict[str, list[str]]]] = []
        super().__init__()

    def answer(self, request: Request) -> tuple[int, bytes]:
        self.asked.append((request.path, request.query))
        return self.status, self.body

    def refuses(self, status: int, error: str) -> None:
        self.status, self.body = status, json.dumps({"status": "error", "error": error}).encode()


@pytest.fixture
def prometheus() -> Iterator[Prometheus]:
    one = Prometheus()
    yield one
    one.close()


def client_of(url: str) -> TestClient:
    parts = api.services(metrics=MetricsReader(url))
    return api.client_of(parts, "http://test/api/prometheus")


@pytest.fixture
def client(prometheus: Prometheus) -> TestClient:
    return client_of(prometheus.url)


@pytest.mark.parametrize(
    ("call", "given", "path"),
    [
        ("query", {"query": "up", "time": 12.5}, "/api/v1/query"),
        ("query_range", RANGE, "/api/v1/query_range"),
        ("query_exemplars", {"query": "up", "start": 1, "end": 2}, "/api/v1/query_exemplars"),
    ],
)
def test_a_question_is_passed_on_and_so_is_the_answer(
    client: TestClient, prometheus: Prometheus, call: str, given: dict, path: str
) -> None:
    """Byte for byte: the console reads what Grafana would."""
    answer = client.get(call, params=given)
    assert (answer.status_code, answer.content) == (200, prometheus.body)
    ((asked, parameters),) = prometheus.asked
    assert asked == path
    assert {name: float(v) if name != "query" else v for name, (v,) in parameters.items()
            if name in given} == given  # fmt: skip


def test_prometheus_gives_up_before_the_service_does(
    client: TestClient, prometheus: Prometheus
) -> None:
    """So that a slow query is refused by its own name."""
    client.get("query", params={"query": "up"})
    assert prometheus.asked[0][1]["timeout"] == ["15s"]


@pytest.mark.parametrize(
    ("call", "given", "field"),
    [
        ("query", {}, "query"),
        ("query", {"query": ""}, "query"),
        ("query", {"query": "x" * 20_001}, "query"),
        ("query_range", {**RANGE, "end": -1}, "end"),
        ("query_range", {**RANGE, "start": 7200}, "end"),
        ("query_range", {**RANGE, "step": 0}, "step"),
        ("query_range", {**RANGE, "step": 0.3}, "step"),
        ("query_exemplars", {"query": "up", "start": 2, "end": 1}, "end"),
    ],
)
def test_what_prometheus_would_refuse_is_not_asked(
    client: TestClient, prometheus: Prometheus, call: str, given: dict, field: str
) -> None:
    """And the problem names the field."""
    answer = client.get(call, params=given)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert prometheus.asked == []


@pytest.mark.parametrize(("status", "shown"), [(400, 400), (422, 400), (503, 503), (500, 503)])
def test_the_words_of_prometheus_are_passed_on(
    client: TestClient, prometheus: Prometheus, status: int, shown: int
) -> None:
    """A parse error names the character; nobody could guess it."""
    prometheus.refuses(status, "parse error at char 3")
    answer = client.get("query", params={"query": "up{"})
    assert answer.status_code == shown
    assert "parse error at char 3" in answer.json()["detail"]


def test_what_is_no_prometheus_is_said(client: TestClient, prometheus: Prometheus) -> None:
    """With the variable that names it."""
    prometheus.status, prometheus.body = 400, b"[]"
    problem = client.get("query", params={"query": "up"}).json()
    assert problem["status"] == 503
    assert "PROMETHEUS_URL" in problem["hint"]


def test_a_prometheus_that_is_not_there_is_said() -> None:
    """The console then shows what it has as stale."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    answer = client_of(url).get("query", params={"query": "up"})
    assert answer.status_code == 503
    assert "PROMETHEUS_URL" in answer.json()["hint"]
