"""The backend's calls that read traces, over a real trace store."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from html import unescape
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from backend.app import create_app
from backend.errors import DomainError, Invalid, TooSlow, Unavailable
from backend.executors.local import Limits, LocalExecutor
from backend.settings import Settings
from backend.trace_reader import TraceReader
from nautilus_instrumentation import Settings as TelemetrySettings
from nautilus_instrumentation import instrument
from tests.integration.service_process import until
from tests.integration.trace_store import Story, TraceStore, trace_id_of
from tests.unit.service import trivial_jobs

Open = Callable[[str], TestClient]


@pytest.fixture(scope="module")
def open_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """Applications that read traces at a URL, over empty folders and trivial work."""
    folder = tmp_path_factory.mktemp("service")
    (folder / "raw" / "by_date").mkdir(parents=True)
    (folder / "raw" / "datasets.toml").touch()
    session = instrument(TelemetrySettings(spans_to="none"), nautilus=False)
    limits = Limits(memory_bytes=2**40, timeout_seconds=60, jobs_per_worker=1000)
    clients: list[TestClient] = []

    def start(url: str) -> TestClient:
        settings = Settings(
            raw_tick_dir=folder / "raw", datasets_file=folder / "raw" / "datasets.toml",
            catalog_dir=folder / "catalog", results_dir=folder / "results", tempo_url=url,
        )  # fmt: skip
        executor = LocalExecutor(1, trivial_jobs.make_jobs_handler, limits)
        # Without a console, whose page of traces would be in the way of the plain one.
        app = create_app(settings, session, executor, dist=folder / "none")
        clients.append(TestClient(app, base_url="http://test/api"))
        clients[-1].__enter__()
        return clients[-1]

    yield start
    for client in clients:
        client.__exit__(None, None, None)
    session.close()


@pytest.fixture(scope="module")
def client(open_app: Open, trace_store: TraceStore) -> TestClient:
    return open_app(trace_store.url)


@pytest.fixture(scope="module")
def told(trace_store: TraceStore) -> dict[str, str]:
    """Ids of traces that lie 10, 20 and 30 seconds back, by the value of their tag."""
    found = {}
    for ago, value in ((30, "old"), (20, "middle"), (10, "new")):
        story = Story(trace_store, f"service-{value}", ago)
        span = story.begin("work", 0, **{"a.tag": value, "count": ago})
        story.span("part", 1, 2, span)
        story.end(span, 5)
        found[value] = trace_id_of(span)
    return found


def ids(answer) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [trace["traceID"].rjust(32, "0") for trace in answer.json()["traces"]]


def problem(answer, status: int) -> dict:
    """The answer's problem document, which must say `status`."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.json()


def test_a_search_finds_what_matches(client: TestClient, told: dict[str, str]) -> None:
    """TraceQL goes to the store as it is, operators and quotes included."""
    query = '{ span.a.tag =~ "old|new" && span.count > 5 } | select(span.count)'
    assert set(ids(client.get("/traces/search", params={"q": query}))) == {
        told["old"], told["new"],
    }  # fmt: skip


def test_a_search_is_limited(client: TestClient, told: dict[str, str]) -> None:
    """`limit` and the window are the store's."""
    found = ids(client.get("/traces/search", params={"q": '{ name = "work" }', "limit": 1}))
    assert len(found) == 1
    assert ids(client.get("/traces/search", params={"start": 1000, "end": 2000})) == []


def test_the_page_of_traces_leads_to_what_alerts_ask(
    client: TestClient, told: dict[str, str]
) -> None:
    """Its link puts the query of the address to the store, over the time of the address; the page
    itself, which needs no token, shows no trace.
    """
    query, now = '{ span.a.tag = "middle" }', int(time.time())
    page = client.get(
        "http://test/traces", params={"q": query, "from": (now - 60) * 1000, "to": "now"}
    )
    assert page.status_code == 200, page.text
    assert told["middle"] not in page.text
    (link,) = re.findall(r'href="(/api/traces/search[^"]*)"', page.text)
    assert ids(client.get(f"http://test{unescape(link)}")) == [told["middle"]]


def test_a_trace_is_whole(client: TestClient, told: dict[str, str]) -> None:
    """All spans come, also for an id in capitals."""
    for trace_id in (told["new"], told["new"].upper()):
        document = client.get(f"/traces/{trace_id}").json()
        scopes = document["trace"]["resourceSpans"][0]["scopeSpans"]
        assert [span["name"] for span in scopes[0]["spans"]] == ["work", "part"]


def test_tags_and_their_values_are_listed(client: TestClient, told: dict[str, str]) -> None:
    """What a query editor offers."""
    scopes = {scope["name"]: scope["tags"] for scope in client.get("/traces/tags").json()["scopes"]}
    assert {"a.tag", "count"} <= set(scopes["span"])
    answer = client.get("/traces/tags/span.a.tag/values").json()
    assert {one["value"] for one in answer["tagValues"]} == {"old", "middle", "new"}
    narrowed = client.get("/traces/tags/span.a.tag/values", params={"q": "{ span.count = 20 }"})
    assert [one["value"] for one in narrowed.json()["tagValues"]] == ["middle"]


def test_a_bad_query_is_explained(client: TestClient) -> None:
    """400 with the store's words, which name the place."""
    found = problem(client.get("/traces/search", params={"q": "{ name = }"}), 400)
    assert (found["field"], "col 10" in found["detail"]) == ("q", True)


def test_an_unknown_trace_is_not_found(client: TestClient) -> None:
    """404, and the id."""
    found = problem(client.get("/traces/" + "0" * 31 + "1"), 404)
    assert (found["field"], "0" * 31 + "1" in found["detail"]) == ("trace_id", True)


@pytest.mark.parametrize(
    ("call", "field"),
    [
        ("/traces/not-hex", "trace_id"),
        ("/traces/" + "0" * 33, "trace_id"),
        ("/traces/search?limit=0", "limit"),
        ("/traces/search?limit=1000000", "limit"),
        ("/traces/search?start=soon", "start"),
        ("/traces/search?start=20&end=10", "end"),
        ("/traces/tags/span.a.tag/values?limit=0", "limit"),
    ],
)
def test_what_could_only_fail_does_not_reach_the_store(
    client: TestClient, call: str, field: str
) -> None:
    """422 names the parameter."""
    assert problem(client.get(call), 422)["field"] == field


def test_a_store_that_is_away_is_said(open_app: Open, tmp_path: Path) -> None:
    """503 with the address while it is away, readiness is degraded; both end when it is back."""
    store = TraceStore(tmp_path)
    try:
        client = open_app(store.url)
        ready = until(lambda: (found := client.get("/ready").json())["status"] == "ok" and found)
        assert ready["detail"] == ""
        store.close()
        found = problem(client.get("/traces/search"), 503)
        assert store.url in found["detail"]
        assert "TEMPO_URL" in found["hint"]
        ready = client.get("/ready")
        assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
        assert f"trace store: {store.url}" in ready.json()["detail"]
        store.start()
        until(lambda: client.get("/traces/search").status_code == 200)
        until(lambda: client.get("/ready").json()["status"] == "ok")
    finally:
        store.close()


# Bounds -------------------------------------------------------------------------------------------


@contextmanager
def server(answer: bytes, trickle: int = 0) -> Iterator[str]:
    """A server that sends `answer` to whoever connects, then some bytes more, one at a time."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        kept: list[socket.socket] = []

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                kept.append(connection)
                connection.recv(65536)
                connection.sendall(answer)
                for _ in range(trickle):
                    time.sleep(0.05)
                    with suppress(OSError):  # the client has left
                        connection.sendall(b" ")

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        for connection in kept:
            connection.close()


def asked(url: str, **bounds: float) -> DomainError:
    """What a search of that store ends with."""

    async def ask() -> None:
        reader = TraceReader(url, **bounds)  # type: ignore[arg-type]
        try:
            await reader.search(q="{ }")
        finally:
            await reader.close()

    with pytest.raises(DomainError) as raised:
        asyncio.run(ask())
    return raised.value


def test_an_answer_that_never_ends_is_given_up() -> None:
    """Time is bounded as a whole, also when the answer has begun."""
    with server(b"HTTP/1.1 200 OK\r\nContent-Length: 61\r\n\r\n[", trickle=60) as url:
        assert isinstance(asked(url, answer_seconds=0.3), TooSlow)


def test_an_answer_that_is_too_large_is_given_up(trace_store: TraceStore, told) -> None:
    """Nobody's memory depends on what the store sends."""
    assert isinstance(asked(trace_store.url, max_bytes=100), Invalid)


def test_what_is_no_tempo_is_said() -> None:
    """A page of something else is not passed on as traces."""
    page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"
    with server(page) as url:
        error = asked(url)
    assert isinstance(error, Unavailable)
    assert "does not answer in JSON: <html>" in error.message


def test_an_error_of_the_store_is_passed_on_with_its_reason() -> None:
    """What a Tempo says about itself helps to mend it."""
    answer = b"HTTP/1.1 500 Oops\r\nContent-Length: 11\r\n\r\nno backend!"
    with server(answer) as url:
        error = asked(url)
    assert isinstance(error, Unavailable)
    assert "answers 500: no backend!" in error.message
