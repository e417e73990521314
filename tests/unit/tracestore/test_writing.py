"""What goes into the database, and what happens when it cannot."""

from __future__ import annotations

import math
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, TracesData

from tracestore.storage.insert import insert
from tracestore.storage.rows import Batch, RowBuilder
from tracestore.storage.schema import connect
from tracestore.storage.writer import Busy, InUse, Writer
from tracestore.traces import read_trace, to_protobuf


def span_of(store: Any, trace_id: bytes) -> Span:
    """The only span of a trace, as the API gives it back."""
    connection = sqlite3.connect(store.writer.path)
    trace = read_trace(connection, trace_id)
    assert trace is not None
    data = TracesData.FromString(to_protobuf(trace))
    connection.close()
    return data.resource_spans[0].scope_spans[0].spans[0]


def test_a_stored_span_comes_back_as_it_was_sent(store: Any, request_of: Any) -> None:
    """Columns, odd attributes, events, links and counts together are the whole span."""
    request = request_of({"attributes": {"s": "x", "i": -1, "d": 0.1, "b": False}, "status": 2})
    sent = request.resource_spans[0].scope_spans[0].spans[0]
    sent.status.message = "boom"
    sent.trace_state = "a=b"
    sent.flags = 257
    sent.dropped_attributes_count = 3
    sent.events.add(name="exception", time_unix_nano=7).attributes.add(
        key="exception.type", value=AnyValue(string_value="ValueError")
    )
    sent.links.add(trace_id=bytes(range(16)), span_id=bytes(range(8)), flags=1)
    for key, value in {
        "bytes": AnyValue(bytes_value=b"\0\xff"), "nan": AnyValue(double_value=math.inf),
        "nul": AnyValue(string_value="a\0b"), "none": AnyValue(),
    }.items():  # fmt: skip
        sent.attributes.add(key=key, value=value)
    array = sent.attributes.add(key="array").value.array_value
    array.values.add(string_value="x")
    array.values.add(int_value=2)
    sent.attributes.add(key="map").value.kvlist_value.values.append(
        KeyValue(key="k", value=AnyValue(bool_value=True))
    )
    store.write(request)
    received = span_of(store, sent.trace_id)
    for span in (sent, received):
        attributes = sorted(span.attributes, key=lambda item: item.key)
        del span.attributes[:]
        span.attributes.extend(attributes)
    assert received == sent


def test_resource_and_scope_come_back_with_their_schemas(store: Any, request_of: Any) -> None:
    """Resources and scopes are stored once and given back whole."""
    request = request_of({}, resource={"service.name": "api", "n": 3})
    sent = request.resource_spans[0]
    sent.schema_url = "https://example.org/1"
    sent.scope_spans[0].schema_url = "https://example.org/2"
    sent.scope_spans[0].scope.version = "1.2"
    store.write(request)
    connection = sqlite3.connect(store.writer.path)
    trace = read_trace(connection, sent.scope_spans[0].spans[0].trace_id)
    assert trace is not None
    received = TracesData.FromString(to_protobuf(trace)).resource_spans[0]
    connection.close()
    assert received.resource == sent.resource
    assert received.schema_url == sent.schema_url
    assert received.scope_spans[0].scope == sent.scope_spans[0].scope
    assert received.scope_spans[0].schema_url == sent.scope_spans[0].schema_url


def test_a_span_that_is_sent_again_is_stored_once(store: Any, request_of: Any) -> None:
    """A sender that did not hear the answer and tries again makes no second span."""
    request = request_of({"name": "a"}, {"name": "b"})
    first, second = store.write(request), store.write(request)
    assert (first.spans, second.spans) == (2, 2)
    assert store.rows("SELECT count(*) FROM spans") == [(2,)]
    assert store.counted == [2, 0]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"trace_id": b""}, "trace id"), ({"trace_id": bytes(16)}, "trace id"),
        ({"trace_id": b"x" * 15}, "trace id"), ({"span_id": b"x" * 7}, "span id"),
        ({"span_id": bytes(8)}, "span id"), ({"parent_id": b"x"}, "parent"),
        ({"start": 2**63}, "2262"),
    ],
)  # fmt: skip
def test_a_span_that_cannot_be_stored_is_counted_and_explained(
    store: Any, request_of: Any, wrong: dict[str, Any], reason: str
) -> None:
    """The other spans of its request are stored all the same."""
    answer = store.write(request_of({"name": "good"}, wrong))
    assert (answer.spans, answer.rejected) == (1, 1)
    assert reason in answer.reason
    assert store.counted == [1, 1]


def test_a_clock_that_stepped_back_makes_no_negative_duration(
    store: Any, request_of: Any, now: int
) -> None:
    """A span that ends before it starts is stored as having taken no time."""
    store.write(request_of({"start": now + 5, "end": now}))
    assert store.rows('SELECT "end", duration FROM spans') == [(now + 5, 0)]


def test_a_trace_keeps_its_earliest_root_and_widest_times(
    store: Any, request_of: Any, now: int
) -> None:
    """Spans of a trace may come in any order, over many requests."""
    trace_id = b"t" * 16
    child = {"trace_id": trace_id, "parent_id": b"p" * 8, "start": now + 50, "end": now + 90}
    late = {"trace_id": trace_id, "name": "late", "start": now + 20, "end": now + 30}
    early = {"trace_id": trace_id, "name": "early", "start": now + 10, "end": now + 15}
    for span in (child, late, early, {**late, "span_id": b"x" * 8, "name": "later"}):
        store.write(request_of(span))
    (trace,) = store.search("{}")
    assert trace["rootTraceName"] == "early"
    assert trace["startTimeUnixNano"] == str(now + 10)
    assert store.rows('SELECT start, "end" FROM traces') == [(now + 10, now + 90)]


def test_requests_that_share_a_commit_agree_on_a_trace(request_of: Any, now: int) -> None:
    """Within a group, too, the earliest root and the widest times count."""
    connection = connect(Path(":memory:"))
    rows = RowBuilder(connection)
    trace_id = b"t" * 16
    connection.execute("BEGIN")
    batch = Batch()
    for name, start in (("late", 20), ("early", 10), ("later", 30)):
        span = {"trace_id": trace_id, "name": name, "start": now + start, "end": now + start + 5}
        batch.extend(rows.build(request_of(span)))
    insert(connection, batch, 0)
    found = connection.execute(
        'SELECT start, "end", (SELECT value FROM names WHERE id = root_name) FROM traces'
    ).fetchall()
    connection.close()
    assert found == [(now + 10, now + 35, "early")]


def test_one_failing_request_does_not_take_its_group_along(
    store: Any, request_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests that share a commit fail alone."""
    original = RowBuilder.build

    def build(self: RowBuilder, message: Any) -> Any:
        batch = original(self, message)
        if message.resource_spans[0].scope_spans[0].spans[0].name == "poison":
            raise RuntimeError("poison")
        return batch

    monkeypatch.setattr(RowBuilder, "build", build)
    futures = [
        store.writer.submit(request_of({"name": name, "attributes": {"k": name}}), 1)
        for name in ("before", "poison", "after")
    ]
    assert futures[0].result(30).spans == futures[2].result(30).spans == 1
    with pytest.raises(RuntimeError, match="poison"):
        futures[1].result(30)
    assert sorted(store.names('{ span.k =~ ".*" }')) == ["after", "before"]
    assert store.rows("SELECT count(*) FROM spans") == [(2,)]


def test_attributes_are_found_after_a_restart_in_the_middle_of_a_block(
    open_store: Any, request_of: Any
) -> None:
    """A block that one process began is gone on with by the next."""
    first = open_store()
    first.write(request_of({"name": "old", "attributes": {"k": "old"}}))
    first.writer.close()
    second = open_store()
    second.write(request_of({"name": "new", "trace_id": b"n" * 16, "attributes": {"k": "new"}}))
    assert second.names('{ span.k = "old" }') == ["old"]
    assert second.names('{ span.k = "new" }') == ["new"]


def test_attributes_are_found_after_a_rollback(
    store: Any, request_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a failed commit had indexed or numbered is done anew."""
    monkeypatch.setattr("tracestore.storage.writer.insert", _no_space)
    with pytest.raises(sqlite3.OperationalError, match="full"):
        store.write(request_of({"attributes": {"k": "v"}}))
    monkeypatch.undo()
    store.write(request_of({"name": "kept", "attributes": {"k": "v"}}))
    assert store.names('{ span.k = "v" }') == ["kept"]


def _no_space(*_: Any) -> int:
    raise sqlite3.OperationalError("database or disk is full")


def test_two_writers_never_share_a_folder(store: Any) -> None:
    """The second one is told so at once."""
    with pytest.raises(InUse, match="another trace store"):
        Writer(store.directory, store.writer._retention._limits)


def test_more_than_may_wait_is_refused(open_store: Any, request_of: Any) -> None:
    """Bodies beyond the limit are not queued; a single one always is, however large."""
    store = open_store()
    store.writer._max_pending = 10
    with store.writer._pending_lock:
        store.writer._pending = 5
    with pytest.raises(Busy):
        store.writer.submit(request_of({}), 6)
    with store.writer._pending_lock:
        store.writer._pending = 0
    assert store.writer.submit(request_of({}), 100).result(30).spans == 1


def test_a_closed_store_takes_nothing(store: Any, request_of: Any) -> None:
    """What is queued when the store closes is written; what comes later is refused."""
    queued = store.writer.submit(request_of({}), 1)
    store.writer.close()
    assert queued.result(0).spans == 1
    with pytest.raises(Busy):
        store.writer.submit(request_of({}), 1)
