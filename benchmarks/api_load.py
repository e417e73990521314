"""Callers of an HTTP service: so many at once, over kept connections, as cheap as they can be.

An HTTP library spends more on a request than the service that is measured.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import uvloop


@dataclass(frozen=True)
class Load:
    """What callers saw; seconds from the request to the last byte."""

    seconds: tuple[float, ...]
    elapsed: float
    size: int
    """Bytes of one answer's body, as it travelled."""

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.seconds) / self.elapsed

    def quantile(self, percent: int) -> float:
        return statistics.quantiles(self.seconds, n=100, method="inclusive")[percent - 1]


def load(url: str, callers: int, requests: int, **headers: str) -> Load:
    """`requests` answers, each caller asking again as soon as it has one; all must be good."""
    return uvloop.run(_load(url, callers, requests, headers))


async def _load(url: str, callers: int, requests: int, headers: dict[str, str]) -> Load:
    where = urlsplit(url)
    assert where.hostname
    address = f"{where.path}?{where.query}" if where.query else where.path
    fields = {"Host": where.netloc, **{name.replace("_", "-"): v for name, v in headers.items()}}
    lines = [f"GET {address} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    request = "\r\n".join([*lines, "", ""]).encode()
    seconds: list[float] = []
    left, size = requests, 0
    warm = asyncio.Barrier(callers + 1)

    async def call() -> None:
        nonlocal left, size
        reader, writer = await asyncio.open_connection(where.hostname, where.port, limit=2**20)
        writer.write(request)  # the first is not counted: it warms up
        await _answer(reader)
        await warm.wait()
        while left > 0:
            left -= 1
            began = time.perf_counter()
            writer.write(request)
            size = await _answer(reader)
            seconds.append(time.perf_counter() - began)
        writer.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(callers):
            group.create_task(call())
        await warm.wait()
        began = time.perf_counter()
    return Load(tuple(seconds), time.perf_counter() - began, size)


async def _answer(reader: asyncio.StreamReader) -> int:
    """Read one answer; bytes of its body."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = head[9:12]
    if status not in (b"200", b"304"):
        raise RuntimeError(f"the service answered {head[:200]!r}")
    if b"transfer-encoding: chunked" in head:
        return await _chunks(reader)
    if status == b"304":
        return 0
    length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
    await reader.readexactly(length)
    return length


async def _chunks(reader: asyncio.StreamReader) -> int:
    size = 0
    while length := int(await reader.readuntil(b"\r\n"), 16):
        await reader.readexactly(length + 2)
        size += length
    await reader.readexactly(2)
    return size
