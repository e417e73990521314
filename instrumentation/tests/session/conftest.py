"""Helpers of the session's tests: an OTLP receiver, a tally, tracing with spans in memory."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from nautilus_instrumentation import metrics, span_sender
from nautilus_instrumentation.exposition.cells import MemoryStore
from nautilus_instrumentation.guard import Guard
from nautilus_instrumentation.providers import start_tracing
from nautilus_instrumentation.recorder import Recorder
from nautilus_instrumentation.settings import Settings
from nautilus_instrumentation.tracing import Tracing


def _wait_until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("the condition did not come true in time")
        time.sleep(0.005)


@pytest.fixture
def wait_until() -> Callable[..., None]:
    return _wait_until


class Receiver:
    """OTLP/HTTP endpoint on a free port; `status` is what it answers, `hang` makes it wait."""

    def __init__(self) -> None:
        self.status = 200
        self.hang = False
        self.requests = 0
        self.paths: set[str] = set()
        self.resource_spans: list[ResourceSpans] = []
        self.released = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests += 1
                receiver.paths.add(self.path)
                if receiver.hang:
                    receiver.released.wait(120)
                if receiver.status == 200:
                    if self.headers.get("Content-Encoding") == "gzip":
                        body = gzip.decompress(body)
                    request = ExportTraceServiceRequest.FromString(body)
                    receiver.resource_spans.extend(request.resource_spans)
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def spans(self) -> list[Span]:
        return [
            span
            for resource in list(self.resource_spans)
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver that OTEL_EXPORTER_OTLP_ENDPOINT points to."""
    made = Receiver()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", made.endpoint)
    yield made
    made.close()


class Traced:
    """Tracing with what its tests look at."""

    def __init__(self, settings: Settings, exporter: InMemorySpanExporter | None) -> None:
        self.errors: Counter[str] = Counter()
        guard = Guard(strict=False, on_error=lambda site: self.errors.update([site]))
        self._recorder = Recorder(MemoryStore(guard), guard)
        self.exporter = exporter
        self.tracing: Tracing
        self.tracing, self.close = start_tracing(settings, guard, self._recorder, exporter)

    def counted(self, outcome: str) -> int:
        """Value of telemetry_spans_total."""
        return int(self._recorder.counter(metrics.TELEMETRY_SPANS, outcome).values()[0])

    @property
    def spans(self) -> list[object]:
        assert self.exporter is not None
        return list(self.exporter.get_finished_spans())


@pytest.fixture
def quick_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other within milliseconds."""
    monkeypatch.setattr(span_sender, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(span_sender, "LONGEST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(span_sender, "DELAY_SECONDS", 0.001)


@pytest.fixture
def start() -> Iterator[Callable[..., Traced]]:
    """Starts tracing towards the OTLP endpoint; settings as keywords."""
    made: list[Traced] = []

    def begin(**settings: object) -> Traced:
        made.append(Traced(Settings.from_environment(**settings), None))
        return made[-1]

    yield begin
    for traced in made:
        traced.close()


@pytest.fixture
def traced() -> Iterator[Traced]:
    """Tracing whose spans end up in memory."""
    made = Traced(Settings(), InMemorySpanExporter())
    yield made
    made.close()


@pytest.fixture
def within() -> Callable[[float], object]:
    """`with within(seconds)`: fails when the block takes longer."""

    @contextmanager
    def limit(seconds: float) -> Iterator[None]:
        began = time.monotonic()
        yield
        assert time.monotonic() - began <= seconds

    return limit


@pytest.fixture
def run_script(tmp_path: Path) -> Callable[..., str]:
    """Runs Python source in a process of its own; returns what it printed."""

    def run(source: str, **env: str) -> str:
        script = tmp_path / "script.py"
        script.write_text(textwrap.dedent(source))
        done = subprocess.run(
            [sys.executable, str(script)],
            env={**os.environ, **env},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run
