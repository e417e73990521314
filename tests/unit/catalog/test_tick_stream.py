"""Ticks as an Arrow stream: part by part, from the files to the caller."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from backend import tick_table
from backend.catalog_manager import MAX_STREAMED, MAX_TICKS, CatalogManager
from backend.compression import ARROW, Compression
from backend.errors import Invalid, NotFound
from backend.routes import catalog
from backend.settings import Settings
from tests import api

GROUP_ROWS = 500
ALL = (0, 2**62)


@pytest.fixture
def small_groups(tick_catalog: Any, tmp_path: Path) -> CatalogManager:
    """The same catalog in row groups of 500 ticks."""
    for path in tick_catalog.path.rglob("*.parquet"):
        copy = tmp_path / path.relative_to(tick_catalog.path)
        copy.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pq.read_table(path), copy, row_group_size=GROUP_ROWS)
    return CatalogManager(Settings(catalog_dir=tmp_path))


@pytest.fixture
def app(small_groups: CatalogManager) -> FastAPI:
    application = api.application(api.services(catalog=small_groups))
    application.add_middleware(Compression)
    return application


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url="http://test/api") as client:
        yield client


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Numbers of the row groups that were read."""
    groups: list[int] = []

    class Watched(pq.ParquetFile):  # type: ignore[misc]  # it is untyped
        def read_row_groups(self, numbers: list[int], *rest: Any, **named: Any) -> pa.Table:
            groups.extend(numbers)
            return super().read_row_groups(numbers, *rest, **named)

    monkeypatch.setattr(pq, "ParquetFile", Watched)
    return groups


def asked(tick_catalog: Any, kind: str = "quote", **changes: Any) -> dict[str, Any]:
    window = {"start": "2020-01-01", "end": "2030-01-01", "format": "arrow"}
    return {"instrument_id": tick_catalog.fx, "kind": kind, **window, "limit": 10**6, **changes}


@pytest.mark.parametrize("encoding", ["identity", "zstd", "br", "gzip"])
@pytest.mark.parametrize("kind", ["quote", "trade"])
def test_the_stream_is_the_table(
    client: TestClient, small_groups: CatalogManager, tick_catalog: Any, kind: Any, encoding: str
) -> None:
    """All ticks of the window, in order, whatever the encoding."""
    response = client.get(
        "/catalog/ticks", params=asked(tick_catalog, kind), headers={"accept-encoding": encoding}
    )
    assert response.headers["content-type"] == ARROW
    assert response.headers.get("content-encoding", "identity") == encoding
    with pa.ipc.open_stream(response.content) as reader:
        found = reader.read_all()
    assert found.equals(small_groups.ticks(tick_catalog.fx, kind, *ALL, MAX_TICKS))
    assert found.num_rows == tick_catalog.rows


@pytest.mark.parametrize("limit", [1, GROUP_ROWS, GROUP_ROWS + 1, 3 * GROUP_ROWS - 1])
def test_a_stream_ends_at_its_limit(
    small_groups: CatalogManager,
    tick_catalog: Any,
    read: list[int],
    limit: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Exactly; what it holds are the first ticks, and no more was read."""
    monkeypatch.setattr(tick_table, "PART_ROWS", GROUP_ROWS)
    parts = list(small_groups.stream(tick_catalog.fx, "quote", *ALL, limit))
    assert read == list(range(-(-limit // GROUP_ROWS)))
    assert all(part.num_rows for part in parts)
    whole = small_groups.ticks(tick_catalog.fx, "quote", *ALL, MAX_TICKS)
    assert pa.concat_tables(parts).equals(whole.slice(0, limit))


def test_a_window_between_two_ticks_is_refused(
    small_groups: CatalogManager, tick_catalog: Any
) -> None:
    """Also where a row group spans it."""
    between = tick_catalog.start_ns + 1, tick_catalog.start_ns + 2
    with pytest.raises(Invalid, match="no quote ticks"):
        small_groups.stream(tick_catalog.fx, "quote", *between, 9)


def test_a_stream_begins_and_ends_inside_the_window(
    small_groups: CatalogManager, tick_catalog: Any
) -> None:
    """To the nanosecond, both ends included."""
    times = small_groups.ticks(tick_catalog.fx, "quote", *ALL, MAX_TICKS)["ts_init"].to_pylist()
    first, last = times[GROUP_ROWS - 1], times[2 * GROUP_ROWS]
    parts = small_groups.stream(tick_catalog.fx, "quote", first, last, MAX_STREAMED)
    found = pa.concat_tables(list(parts))["ts_init"].to_pylist()
    assert found == times[GROUP_ROWS - 1 : 2 * GROUP_ROWS + 1]


def test_the_first_part_is_small_and_the_others_are_not(
    small_groups: CatalogManager, tick_catalog: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One row group at first, then as many as make a part."""
    monkeypatch.setattr(tick_table, "PART_ROWS", 4 * GROUP_ROWS)
    parts = list(small_groups.stream(tick_catalog.fx, "quote", *ALL, MAX_STREAMED))
    sizes = [part.num_rows for part in parts]
    assert sizes[:3] == [GROUP_ROWS, 4 * GROUP_ROWS, 4 * GROUP_ROWS]
    assert max(sizes) == 4 * GROUP_ROWS


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"identifier": "NO/SUCH.SIM"}, NotFound, "instrument_id"),
        ({"start_ns": 1, "end_ns": 2}, Invalid, "start"),
        ({"limit": 0}, Invalid, "limit"),
        ({"limit": MAX_STREAMED + 1}, Invalid, "limit"),
    ],
)
def test_what_cannot_be_streamed_is_said_before(
    small_groups: CatalogManager, tick_catalog: Any, changes: Any, error: Any, field: str
) -> None:
    """Not in the midst of an answer of 200."""
    window = {"start_ns": ALL[0], "end_ns": ALL[1]}
    call = {"identifier": tick_catalog.fx, "kind": "quote", "limit": 9, **window, **changes}
    with pytest.raises(error) as refused:
        small_groups.stream(**call)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"end": "2020-01-02"}, 422, "start"),
        ({"instrument_id": "NO/SUCH.SIM"}, 404, "instrument_id"),
        ({"format": "json", "limit": MAX_TICKS + 1}, 422, "limit"),
    ],
)
def test_a_refused_stream_is_a_problem(
    client: TestClient, tick_catalog: Any, changes: Any, status: int, field: str
) -> None:
    """With the field; of JSON fewer ticks can be had."""
    response = client.get("/catalog/ticks", params=asked(tick_catalog, **changes))
    assert (response.status_code, response.json()["field"]) == (status, field)


def test_who_leaves_stops_the_reading(
    app: FastAPI,
    small_groups: CatalogManager,
    tick_catalog: Any,
    read: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither the rest is read nor the file kept open."""
    monkeypatch.setattr(tick_table, "PART_ROWS", GROUP_ROWS)
    query = "&".join(f"{name}={value}" for name, value in asked(tick_catalog).items())
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "method": "GET",
        "path": "/api/catalog/ticks", "raw_path": b"", "query_string": query.encode(),
        "headers": [(b"host", b"test")], "scheme": "http", "root_path": "", "http_version": "1.1",
    }  # fmt: skip
    arrived = asyncio.Event()
    asked_once: list[bool] = []

    async def receive() -> Any:
        if not asked_once:
            asked_once.append(True)
            return {"type": "http.request", "body": b"", "more_body": False}
        await arrived.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            arrived.set()
            await asyncio.sleep(0)  # who left is noticed between two parts

    asyncio.run(asyncio.wait_for(app(scope, receive, send), 30))
    assert 0 < len(read) < tick_catalog.rows // GROUP_ROWS
    names = [os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")]
    assert not [name for name in names if name.startswith(str(small_groups.path))]


@pytest.mark.parametrize(
    ("kind", "columns"),
    [("quote", ["ask_price", "ts_event"]), ("trade", ["price"]), ("trade", ["price", "price"])],
)
def test_chosen_columns_are_those_of_the_whole(
    client: TestClient, small_groups: CatalogManager, tick_catalog: Any, kind: Any, columns: Any
) -> None:
    """In order of their names, and no others."""
    response = client.get("/catalog/ticks", params=asked(tick_catalog, kind, columns=columns))
    with pa.ipc.open_stream(response.content) as reader:
        found = reader.read_all()
    whole = small_groups.ticks(tick_catalog.fx, kind, *ALL, MAX_TICKS)
    assert found.equals(whole.select(sorted(set(columns))))


@pytest.mark.parametrize(
    "changes", [{"columns": ["price"]}, {"columns": ["ts_event"], "format": "json", "limit": 9}]
)
def test_columns_that_cannot_be_had_are_refused(
    client: TestClient, tick_catalog: Any, changes: Any
) -> None:
    """Those of another kind, and any choice of JSON."""
    response = client.get("/catalog/ticks", params=asked(tick_catalog, **changes))
    assert (response.status_code, response.json()["field"]) == (422, "columns")


def test_a_stream_says_how_many_ticks_the_window_holds(
    client: TestClient, small_groups: CatalogManager, tick_catalog: Any
) -> None:
    """Whatever the limit; rows of a group that the window cuts are counted one by one."""
    times = small_groups.ticks(tick_catalog.fx, "quote", *ALL, MAX_TICKS)["ts_init"].to_pylist()
    for first, last in ((0, len(times) - 1), (7, 2 * GROUP_ROWS + 3), (GROUP_ROWS, GROUP_ROWS)):
        found = small_groups.count(tick_catalog.fx, "quote", times[first], times[last])
        assert found == last - first + 1
    response = client.get("/catalog/ticks", params=asked(tick_catalog, limit=1))
    assert response.headers["ticks-in-window"] == str(len(times))


CONSOLE_STREAM = Path(__file__).parents[3] / "frontend/src/ticks/testing/quotes.arrow"
"""What the console's tests read. To write it again: `_messages` of `console_ticks()`."""


def console_ticks() -> list[pa.Table]:
    """Five quotes in two parts; the lower halves of two times have their highest bit set."""
    times = [1_741_737_600_000_000_000, 1_741_737_600_000_000_001, 1_741_737_602_000_000_000,
             1_741_737_605_500_000_000, 1_741_824_000_000_000_000]  # fmt: skip
    table = pa.table({
        "ask_price": [1.5, 2.5, 3.5, 1e9, 0.25], "bid_price": [1.0, 2.0, -3.0, 4.0, 0.0],
        "ts_init": pa.array(times, pa.int64()),
    })  # fmt: skip
    return [table.slice(0, 2), table.slice(2)]


def test_the_console_is_tested_with_what_is_sent() -> None:
    """Message by message: its bytes are those of the service, whatever version writes them."""
    sent = b"".join(catalog._messages(iter(console_ticks())))
    with pa.ipc.open_stream(sent) as now, pa.ipc.open_stream(CONSOLE_STREAM.read_bytes()) as kept:
        assert list(now) == list(kept)
