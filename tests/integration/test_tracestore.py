"""The trace store as a process: started, fed, asked, killed and stopped."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

PROTOBUF = "application/x-protobuf"


class Process:
    """One run of `python -m tracestore`."""

    def __init__(self, directory: Path, *arguments: str) -> None:
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "tracestore", "--directory", str(directory), "--port", "0",
             "--otlp-port", "0", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.popen.stdout is not None
        self.line = self.popen.stdout.readline()
        ports = re.findall(r"port=(\d+)", self.line)
        self.query, self.otlp = (int(port) for port in ports) if ports else (0, 0)
        self.client = httpx.Client(timeout=60)

    def get(self, path: str, accept: str = "*/*", **parameters: Any) -> httpx.Response:
        return self.client.get(
            f"http://127.0.0.1:{self.query}{path}", params=parameters, headers={"Accept": accept}
        )

    def post(self, body: Any, kind: str = PROTOBUF, **headers: str) -> httpx.Response:
        return self.client.post(
            f"http://127.0.0.1:{self.otlp}/v1/traces",
            content=body,
            headers={"Content-Type": kind, **headers},
        )

    def matched(self, query: str) -> int:
        """How many spans a query matches."""
        body = self.get("/api/search", q=query, limit=10_000).json()
        return sum(trace["spanSet"]["matched"] for trace in body["traces"])

    def stop(self) -> int:
        """Ask it to stop; the exit code."""
        if self.popen.poll() is None:
            self.popen.terminate()
        code = self.popen.wait(timeout=60)
        self.client.close()
        return code


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Starts stores, in the same folder unless told otherwise."""
    started: list[Process] = []

    def starter(*arguments: str) -> Process:
        process = Process(tmp_path / "traces", *arguments)
        started.append(process)
        return process

    yield starter
    for process in started:
        process.stop()


def request_of(count: int, trace: int = 1, first: int = 1, **names: str) -> bytes:
    """A request with a chain of spans of one trace, each the parent of the next."""
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    for number in range(first, first + count):
        span = spans.add(
            trace_id=trace.to_bytes(16, "big"), span_id=number.to_bytes(8, "big"), name="span",
            parent_span_id=(number - 1).to_bytes(8, "big") if number > first else b"",
            start_time_unix_nano=time.time_ns(), end_time_unix_nano=time.time_ns() + 1000,
        )  # fmt: skip
        for key, value in names.items():
            span.attributes.add(key=key).value.string_value = value
    return request.SerializeToString()


def test_it_says_its_ports_and_stops_at_once_when_told(start: Any) -> None:
    """One line when it is ready; SIGTERM ends it with 0 though clients hold connections."""
    store = start()
    assert re.fullmatch(r"tracestore ready: port=\d+ otlp_port=\d+\n", store.line)
    assert store.get("/ready").text == "ready\n"
    idle = socket.create_connection(("127.0.0.1", store.query))
    stuck = socket.create_connection(("127.0.0.1", store.otlp))
    stuck.sendall(b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
                  b"Content-Type: application/x-protobuf\r\n\r\nhalf")  # fmt: skip
    store.popen.send_signal(signal.SIGTERM)
    # Half as long as it would keep a connection alive.
    assert store.popen.wait(timeout=30) == 0
    idle.close()
    stuck.close()


def test_both_ports_take_spans(start: Any) -> None:
    """OTLP has its own port, and is taken on the query port as well."""
    store = start()
    assert store.post(request_of(1, trace=1)).status_code == 200
    store.otlp = store.query
    assert store.post(request_of(1, trace=2)).status_code == 200
    assert store.matched("{}") == 2


def test_opentelemetrys_exporter_is_understood(start: Any) -> None:
    """Spans of the SDK arrive with what it recorded."""
    store = start()
    provider = TracerProvider()
    exporter = OTLPSpanExporter(endpoint=f"http://127.0.0.1:{store.otlp}/v1/traces")
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with (
        pytest.raises(ValueError, match="boom"),
        provider.get_tracer("t").start_as_current_span("work", attributes={"n": 1}) as span,
    ):
        raise ValueError("boom")
    provider.shutdown()
    trace_id = f"{span.get_span_context().trace_id:032x}"
    answer = store.get(f"/api/traces/{trace_id}", "application/protobuf")
    (stored,) = TracesData.FromString(answer.content).resource_spans[0].scope_spans[0].spans
    assert stored.events[0].name == "exception"
    assert store.matched("{ span.n = 1 && status = error }") == 1


def test_every_acknowledged_span_survives_sigkill(start: Any) -> None:
    """What the store said it has, it has after being killed in the middle of writing."""
    store = start()
    acknowledged: set[int] = set()
    lock = threading.Lock()

    def send(sender: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", store.otlp)
        for number in range(10_000):
            trace = sender * 100_000 + number + 1
            try:
                body = request_of(50, trace=trace)
                connection.request("POST", "/v1/traces", body, {"Content-Type": PROTOBUF})
                if connection.getresponse().read() == b"":
                    with lock:
                        acknowledged.add(trace)
            except (OSError, http.client.HTTPException):
                return

    senders = [threading.Thread(target=send, args=(number,)) for number in range(3)]
    for sender in senders:
        sender.start()
    deadline = time.monotonic() + 300
    while len(acknowledged) < 150 and time.monotonic() < deadline:
        time.sleep(0.01)
    store.popen.kill()
    for sender in senders:
        sender.join()
    store.popen.wait()
    assert len(acknowledged) >= 150
    again = start()
    for trace in acknowledged:
        answer = again.get(f"/api/traces/{trace:032x}", "application/protobuf")
        data = TracesData.FromString(answer.content)
        assert len(data.resource_spans[0].scope_spans[0].spans) == 50


def test_bodies_that_are_too_large_are_refused_unread(start: Any) -> None:
    """By their declared length, by what arrives, and by what they unpack to."""
    store = start()
    with socket.create_connection(("127.0.0.1", store.otlp)) as connection:
        connection.sendall(b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999"
                           b"\r\nContent-Type: application/x-protobuf\r\n\r\n")  # fmt: skip
        assert connection.recv(1000).startswith(b"HTTP/1.1 413")
    with socket.create_connection(("127.0.0.1", store.otlp)) as connection:
        connection.sendall(b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked"
                           b"\r\nContent-Type: application/x-protobuf\r\n\r\n")  # fmt: skip
        with contextlib.suppress(ConnectionError):
            # The answer comes before the end of the body, and closes the connection.
            for _ in range(2**10):
                connection.sendall(b"10000\r\n" + bytes(2**16) + b"\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 413")
    stream = zlib.compressobj(9, wbits=31)
    bomb = b"".join(stream.compress(bytes(2**24)) for _ in range(8)) + stream.flush()
    answer = store.post(bomb, **{"Content-Encoding": "gzip"})
    assert answer.status_code == 413
    assert "decompressed" in Status.FromString(answer.content).message
    assert store.get("/ready").status_code == 200


@pytest.mark.parametrize(
    ("body", "kind", "headers", "status"),
    [
        (b"garbage", PROTOBUF, {}, 400),
        (request_of(2)[:-3], PROTOBUF, {}, 400),
        (b"{", "application/json", {}, 400),
        (gzip.compress(request_of(2))[:-10], PROTOBUF, {"Content-Encoding": "gzip"}, 400),
        (b"x", "text/plain", {}, 415),
        (b"x", PROTOBUF, {"Content-Encoding": "br"}, 415),
    ],
    # Random span ids must not become names of tests.
    ids=["garbage", "cut off", "half a JSON", "half a gzip", "wrong type", "wrong encoding"],
)  # fmt: skip
def test_garbage_gets_a_clear_error_and_harms_nothing(
    start: Any, body: bytes, kind: str, headers: dict[str, str], status: int
) -> None:
    """An error in the sender's own format; what was stored before is still there."""
    store = start()
    store.post(request_of(3))
    answer = store.post(body, kind, **headers)
    assert answer.status_code == status
    if kind == "application/json":
        assert answer.json()["message"]
    else:
        assert Status.FromString(answer.content).message
    assert store.matched("{}") == 3


def test_a_sender_that_hangs_up_harms_nothing(start: Any) -> None:
    """A body that never comes to its end stores nothing."""
    store = start()
    body = request_of(5)
    with socket.create_connection(("127.0.0.1", store.otlp)) as connection:
        head = f"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: {PROTOBUF}\r\n"
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:-1])
    assert store.post(request_of(1, trace=2)).status_code == 200
    assert store.matched("{}") == 1


def test_part_of_a_request_may_be_stored(start: Any) -> None:
    """The answer says how many spans were refused, and why."""
    store = start()
    request = ExportTraceServiceRequest.FromString(request_of(3))
    request.resource_spans[0].scope_spans[0].spans[1].trace_id = b"short"
    answer = store.post(request.SerializeToString())
    partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert answer.status_code == 200
    assert partial.rejected_spans == 1
    assert "trace id" in partial.error_message
    assert store.matched("{}") == 2
    assert re.search(r'outcome="rejected"} 1\.0', store.get("/metrics").text)


def test_names_and_values_may_hold_sql(start: Any) -> None:
    """Whatever attributes are called, they are data."""
    store = start()
    key, value = '\'; DROP TABLE spans; -- $."1" ?', '" OR 1=1; --'
    store.post(request_of(2, **{key: value}))
    store.post(request_of(1, trace=2))
    quoted_key = key.replace('"', '\\"')
    quoted_value = value.replace('"', '\\"')
    assert store.matched(f'{{ span."{quoted_key}" = "{quoted_value}" }}') == 2
    assert store.matched(f'{{ span."{quoted_key}" =~ "\' OR 1=1 --" }}') == 0
    assert key in store.get("/api/search/tags").json()["tagNames"]
    tag = quote(f'span."{quoted_key}"', safe="")
    values = store.get(f"/api/v2/search/tag/{tag}/values").json()["tagValues"]
    assert values == [{"type": "string", "value": value}]


def test_a_trace_of_ten_thousand_spans_is_stored_found_and_read(start: Any) -> None:
    """Even one long chain, the worst case for questions about descendants."""
    store = start()
    store.post(request_of(10_000))
    body = store.get(f"/api/traces/{1:032x}").json()
    assert len(body["batches"][0]["scopeSpans"][0]["spans"]) == 10_000
    answer = store.get(f"/api/v2/traces/{1:032x}", "application/protobuf")
    assert answer.status_code == 200
    assert store.matched("{} | count() = 10000") == 10_000
    assert store.matched("{ nestedSetParent < 0 } >> { }") == 9_999


def test_what_is_asked_while_spans_arrive_is_answered(start: Any) -> None:
    """Queries and writing go on side by side, each trace complete or absent."""
    store = start()
    failures: list[str] = []

    def send() -> None:
        with httpx.Client(timeout=60) as client:
            for trace in range(1, 200):
                answer = client.post(
                    f"http://127.0.0.1:{store.otlp}/v1/traces",
                    content=request_of(20, trace=trace), headers={"Content-Type": PROTOBUF},
                )  # fmt: skip
                if answer.status_code != 200:
                    failures.append(answer.text)

    sender = threading.Thread(target=send)
    sender.start()
    while sender.is_alive():
        assert store.matched("{}") % 20 == 0
    sender.join()
    assert failures == []
    assert store.matched("{}") == 199 * 20


def test_a_second_store_is_told_that_the_folder_is_taken(start: Any) -> None:
    """Two writers would spoil each other's work."""
    start()
    second = start()
    assert second.line == ""
    assert second.popen.wait(timeout=60) == 2
    assert "another trace store is using" in second.popen.stderr.read()


def test_a_port_that_is_taken_is_named(start: Any) -> None:
    """The error says which port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        store = start("--port", port)
        assert store.popen.wait(timeout=60) == 2
        assert f"127.0.0.1:{port}" in store.popen.stderr.read()


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    """The error names the variable, and nothing is made."""
    result = subprocess.run(
        [sys.executable, "-m", "tracestore", "--directory", str(tmp_path / "traces")],
        env={**os.environ, "TRACE_RETENTION": "a while"},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert result.returncode == 2
    assert "TRACE_RETENTION" in result.stderr
    assert not (tmp_path / "traces").exists()
