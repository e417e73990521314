"""Old traces leave, by age and by size, while new ones arrive."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def eventually(holds: Callable[[], bool], seconds: float = 120.0) -> bool:
    """Whether something comes true within a deadline."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.02)
    return False


def test_traces_older_than_the_limit_are_deleted(open_store: Any, request_of: Any) -> None:
    """A trace goes as a whole once its last span ended too long ago."""
    store = open_store(seconds=3600)
    now = time.time_ns()
    hour = 3600 * 10**9
    trace_id = b"k" * 16
    store.write(request_of({"name": "old", "end": now - 2 * hour}))
    child = {"name": "kept child", "trace_id": trace_id, "end": now - 2 * hour}
    store.write(request_of(child, {"name": "kept", "trace_id": trace_id, "end": now}))
    assert eventually(lambda: len(store.search("{}")) == 1)
    assert sorted(store.names("{}")) == ["kept", "kept child"]
    assert store.rows("SELECT count(*) FROM traces") == [(1,)]


def test_the_oldest_traces_leave_when_the_store_is_full(open_store: Any, request_of: Any) -> None:
    """The file stays below its limit while writing goes on, and the latest spans are there."""
    limit = 4 * 2**20
    store = open_store(size=limit)
    start = time.time_ns() - 10**12
    for number in range(120):
        spans = [
            {
                "name": f"batch {number}", "end": start + number * 10**9 + place,
                "attributes": {"k": f"{number} {place} " + "x" * 150},
            }
            for place in range(200)
        ]  # fmt: skip
        store.write(request_of(*spans))
    assert eventually(lambda: store.writer.path.stat().st_size <= limit)
    assert store.counted == [24_000, 0]
    (count,) = store.rows("SELECT count(*) FROM spans")[0]
    assert 3000 < count < 24_000
    names = {name for (name,) in store.rows("SELECT value FROM names WHERE id IN "
                                            "(SELECT DISTINCT name FROM spans)")}  # fmt: skip
    assert "batch 119" in names
    assert "batch 0" not in names


def test_a_lowered_limit_gives_the_space_back(open_store: Any, request_of: Any) -> None:
    """A store that is started with less room shrinks its file."""
    large = open_store()
    for number in range(20):
        spans = [{"attributes": {"k": f"{number} {place} " + "x" * 400}} for place in range(500)]
        large.write(request_of(*spans))
    large.writer.close()
    limit = 2 * 2**20
    assert large.writer.path.stat().st_size > limit
    small = open_store(size=limit)
    assert eventually(lambda: small.writer.path.stat().st_size <= limit)
    assert small.rows("SELECT count(*) FROM spans")[0][0] > 500


def test_a_trace_larger_than_a_step_is_deleted_in_parts(open_store: Any, request_of: Any) -> None:
    """One huge trace does not hold up the writer, nor does it stay."""
    store = open_store(seconds=3600)
    spans = [{"trace_id": b"h" * 16, "end": 10**18} for _ in range(9000)]
    store.write(request_of(*spans))
    assert eventually(lambda: store.rows("SELECT count(*) FROM traces") == [(0,)])
    assert store.rows("SELECT count(*) FROM spans") == [(0,)]


def test_the_index_forgets_blocks_without_spans(open_store: Any, request_of: Any) -> None:
    """Blocks are forgotten with their last span, whatever came before and after it."""
    store = open_store(seconds=3600)
    now = time.time_ns()
    old = [{"end": 10**18, "attributes": {"k": "v"}} for _ in range(1100)]
    store.write(request_of({"end": now, "attributes": {"k": "first"}}))
    store.write(request_of(*old))
    store.write(request_of({"end": now, "attributes": {"k": "last"}}))
    assert eventually(lambda: store.rows("SELECT count(*) FROM spans") == [(2,)])
    assert eventually(lambda: store.rows("SELECT id FROM blocks") == [(0,), (2,)])
    assert len(store.search('{ span.k = "first" }')) == 1
    assert len(store.search('{ span.k = "last" }')) == 1
