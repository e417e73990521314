"""OTLP batches of whole backtest traces, encoded once and stamped with new ids and times."""

from __future__ import annotations

import random
import re
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from nautilus_instrumentation import attributes as a
from nautilus_instrumentation import metrics

BATCH = 512

_SPANS_OF_A_RUN = (
    "POST /api/backtest/run", a.JOB_QUEUE, a.BACKTEST_RUN, a.CATALOG_INSTRUMENTS, a.CATALOG_QUERY,
    a.ENGINE_BUILD, a.ENGINE_LOAD, a.ENGINE_SORT, a.ENGINE_RUN, a.ENGINE_REPORT, a.RESULT_PERSIST,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Template:
    """An encoded batch, and where in it ids and times stand: each sending gets new ones."""

    body: np.ndarray
    trace_ids: np.ndarray
    span_ids: np.ndarray
    starts: np.ndarray
    durations: np.ndarray

    def stamped(self, number: int, now: int) -> bytes:
        """The batch with ids of its own and spans that ended before `now`, ns."""
        body = self.body.copy()
        stamp = np.frombuffer(struct.pack(">I", number), np.uint8)
        for offsets in (self.trace_ids, self.span_ids):
            body[offsets[:, None] + np.arange(4)] = stamp
        ends = now - np.arange(len(self.durations), dtype=np.int64) * 1000
        for shift, times in ((0, ends - self.durations), (9, ends)):
            raw = times.astype("<i8").view(np.uint8).reshape(-1, 8)
            body[(self.starts + shift)[:, None] + np.arange(8)] = raw
        return body.tobytes()


def _attributes(span: Span, values: dict[str, Any]) -> None:
    for key, value in values.items():
        item = span.attributes.add()
        item.key = key
        if isinstance(value, str):
            item.value.string_value = value
        elif isinstance(value, int):
            item.value.int_value = value
        else:
            item.value.double_value = value


def _run_attributes(source: random.Random, name: str) -> dict[str, Any]:
    """What our spans carry, about."""
    values: dict[str, Any] = {a.RUN_ID: f"{source.getrandbits(64):016x}"}
    if name == a.BACKTEST_RUN:
        values |= {
            a.STRATEGY: source.choice(("ema_cross", "market_maker", "idle")),
            a.INSTRUMENT_ID: source.choice(("EUR/USD.FXCM", "BTCUSDT.BINANCE")),
            a.WINDOW: source.choice(metrics.WINDOWS),
            a.PEAK_MEMORY: source.randrange(10**9),
            a.DATA_POINTS: source.randrange(10**7),
            a.ORDERS: source.randrange(1000),
            a.GC_SECONDS: source.random(),
        }
    elif name.startswith("POST"):
        values |= {"http.request.method": "POST", "http.response.status_code": 202}
        values |= {"http.route": "/api/backtest/run", "url.scheme": "http"}
    else:
        values |= {a.KIND: "quote", a.ROWS: source.randrange(10**7)}
    return values


def make_template(seed: int) -> Template:
    """A batch of whole backtest traces, the last one cut off at the batch's end."""
    source = random.Random(seed)
    marker = 0
    request = ExportTraceServiceRequest()
    resource_spans = request.resource_spans.add()
    for key, value in (("service.name", "backend"), ("service.version", "0.1.0")):
        item = resource_spans.resource.attributes.add()
        item.key, item.value.string_value = key, value
    scope_spans = resource_spans.scope_spans.add()
    scope_spans.scope.name = "nautilus_instrumentation"
    durations = []
    trace_id = root = b""
    for number in range(BATCH):
        place = number % len(_SPANS_OF_A_RUN)
        if place == 0:
            trace_id = b"\xa5\x5a\xa5\x5a" + source.randbytes(12)
        span_id = b"\x5a\xa5\x5a\xa5" + source.randbytes(4)
        name = _SPANS_OF_A_RUN[place]
        duration = int(source.lognormvariate(17, 2)) + 1
        durations.append(duration)
        span = scope_spans.spans.add(
            trace_id=trace_id, span_id=span_id, parent_span_id=root if place else b"", name=name,
            kind=Span.SPAN_KIND_SERVER if place == 0 else Span.SPAN_KIND_INTERNAL, flags=256,
            start_time_unix_nano=2**62 + marker, end_time_unix_nano=2**62 + marker + 1,
        )  # fmt: skip
        marker += 2
        root = span_id if place == 0 else root
        if source.random() < 0.01:
            span.status.code = Status.STATUS_CODE_ERROR
        _attributes(span, _run_attributes(source, name))
    body = request.SerializeToString()

    def offsets(pattern: bytes) -> np.ndarray:
        return np.array([match.start() for match in re.finditer(re.escape(pattern), body)])

    first = np.array([body.index(struct.pack("<Q", 2**62 + 2 * number)) for number in range(BATCH)])
    return Template(
        np.frombuffer(body, np.uint8), offsets(b"\xa5\x5a\xa5\x5a"), offsets(b"\x5a\xa5\x5a\xa5"),
        first, np.array(durations, dtype=np.int64),
    )  # fmt: skip
