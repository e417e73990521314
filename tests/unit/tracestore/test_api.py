"""The HTTP surface where the store itself is the matter: busy, late, compressed, counted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from google.rpc.status_pb2 import Status

from tracestore.api import parameters
from tracestore.api.parameters import BadParameter
from tracestore.app import create_app
from tracestore.settings import Settings
from tracestore.storage.readers import Readers
from tracestore.telemetry import Telemetry

PROTOBUF = {"Content-Type": "application/x-protobuf"}


@pytest.fixture
def ask(store: Any) -> Callable[..., httpx.Response]:
    """One request to the application around a store."""
    telemetry = Telemetry(store.writer.path)
    settings = Settings(max_body_bytes=1000, max_decompressed_bytes=2000)

    async def send(method: str, path: str, timeout: float, **given: Any) -> httpx.Response:
        readers = Readers(store.writer.path, timeout)
        app = create_app(store.writer, readers, telemetry, settings)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://store") as client:
            answer = await client.request(method, path, **given)
        readers.close()
        return answer

    def asker(method: str, path: str, timeout: float = 30, **given: Any) -> httpx.Response:
        return asyncio.run(send(method, path, timeout, **given))

    return asker


def test_a_busy_store_asks_senders_to_come_back(ask: Any, store: Any, request_of: Any) -> None:
    """503 with Retry-After, which OTLP's senders heed."""
    store.writer.close()
    body = request_of({}).SerializeToString()
    answer = ask("POST", "/v1/traces", content=body, headers=PROTOBUF)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert Status.FromString(answer.content).message


def test_spans_that_cannot_be_stored_are_kept_by_their_sender(
    ask: Any, request_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is answered with 503 as well: the sender is to try again."""

    def full(*_: Any) -> int:
        raise OSError("no space")

    monkeypatch.setattr("tracestore.storage.writer.insert", full)
    body = request_of({}).SerializeToString()
    assert ask("POST", "/v1/traces", content=body, headers=PROTOBUF).status_code == 503


def test_the_bare_address_says_what_is_there(ask: Any) -> None:
    """The demo prints it, and people open it."""
    answer = ask("GET", "/")
    assert answer.status_code == 200
    assert "/api/search" in answer.text
    assert ask("GET", "/nonsense").status_code == 404


def test_a_body_beyond_the_limit_is_refused(ask: Any) -> None:
    """413, in the sender's format."""
    answer = ask(
        "POST", "/v1/traces", content=b"x" * 1001, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 413
    assert "1000 bytes" in answer.json()["message"]


def test_a_query_that_takes_too_long_says_so(ask: Any, store: Any, request_of: Any) -> None:
    """504, in words."""
    for _ in range(4):
        store.write(request_of(*({"attributes": {"k": "v"}} for _ in range(3000))))
    query = "{ .a = 1 } >> { .b = 2 } || { span.k =~ `.*` } >> {} | avg(duration) > 1s"
    answer = ask("GET", "/api/search", timeout=0, params={"q": query})
    assert answer.status_code == 504
    assert "longer than" in answer.text


def test_large_answers_are_compressed_for_those_who_take_it(
    ask: Any, store: Any, request_of: Any
) -> None:
    """gzip from four kilobytes on."""
    trace_id = b"t" * 16
    store.write(request_of(*({"trace_id": trace_id} for _ in range(100))))
    path = f"/api/traces/{trace_id.hex()}"
    answer = ask("GET", path, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.json()["batches"][0]["scopeSpans"][0]["spans"]) == 100
    plain = ask("GET", path, headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers


def test_queries_are_timed_by_endpoint(ask: Any, store: Any) -> None:
    """Each query is counted once, under the name of its endpoint; all names show from the start."""
    for path in ("/api/search", "/api/traces/1", "/api/search/tags", "/api/search/tag/a/values"):
        ask("GET", path)
    text = ask("GET", "/metrics").text
    for endpoint in ("search", "trace", "tags", "values"):
        assert f'tracestore_query_duration_seconds_count{{endpoint="{endpoint}"}} 1.0' in text
    size = float(text.split("\ntracestore_size_bytes ")[1].split("\n")[0])
    assert size >= store.writer.path.stat().st_size


def test_metrics_come_as_openmetrics_when_asked_for(ask: Any) -> None:
    """Prometheus asks so."""
    answer = ask("GET", "/metrics", headers={"Accept": "application/openmetrics-text"})
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_metrics_queries_are_refused_in_words(ask: Any) -> None:
    """TraceQL metrics are not what this store is for."""
    answer = ask("GET", "/api/metrics/query_range?q={}|rate()")
    assert answer.status_code == 400
    assert "Prometheus" in answer.text


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"limit": "0"}, "limit"), ({"limit": "10001"}, "limit"), ({"spss": "-1"}, "spss"),
        ({"start": "nan"}, "start"), ({"end": "1e300"}, "end"), ({"tags": "novalue"}, "tags"),
        ({"tags": '"open'}, "tags"), ({"minDuration": "soon"}, "minDuration"),
    ],
)  # fmt: skip
def test_an_error_names_its_parameter(ask: Any, given: dict[str, str], name: str) -> None:
    """400, and which parameter to mend."""
    answer = ask("GET", "/api/search", params=given)
    assert answer.status_code == 400
    assert f"invalid {name}" in answer.text


def test_ids_may_come_without_leading_zeros() -> None:
    """Tempo itself writes them so now and then."""
    assert parameters.trace_id("1f") == bytes(15) + b"\x1f"
    with pytest.raises(BadParameter):
        parameters.trace_id("")


def test_older_searches_match_parts_of_values(ask: Any, store: Any, request_of: Any) -> None:
    """Tags match as Tempo documents: part of the value, in any case; numbers by their value."""
    attributes = {"url": "http://Host/A.b?x=1", "code": 500}
    store.write(request_of({"name": "GET", "status": 2, "attributes": attributes}))
    for tags, found in (
        ("url=host/a.b", 1), ("url=host/axb", 0), ("code=500", 1), ("code=50", 0), ("name=ge", 1),
        ('url="A.b?x"', 1), ("status.code=error", 1), ("status.code=ok", 0), ("nobody=x", 0),
        ("code=500 url=host", 1), ("code=501 url=host", 0),
    ):  # fmt: skip
        answer = ask("GET", "/api/search", params={"tags": tags})
        assert len(answer.json()["traces"]) == found, tags
