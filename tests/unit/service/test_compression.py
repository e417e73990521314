"""Answers compressed as callers accept, and what must stay as it is."""

from __future__ import annotations

import asyncio
import gzip
import random
import threading
import zlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import brotli
import httpx
import pytest
import zstandard
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from backend import compression
from backend.compression import ARROW, SMALLEST, THREAD_BYTES, Compression, negotiate

TEXT = b'{"name": "value"},' * 200
DECODED: dict[str | None, Callable[[bytes], bytes]] = {
    "zstd": lambda raw: zstandard.ZstdDecompressor().decompressobj().decompress(raw),
    "br": brotli.decompress,
    "gzip": gzip.decompress,
    None: bytes,
}


def streamed_brotli() -> Callable[[bytes], bytes]:
    """brotli's decoder gives what it has in pieces."""
    decoder = brotli.Decompressor()

    def decode(content: bytes) -> bytes:
        found = [decoder.process(content)]
        while found[-1]:
            found.append(decoder.process(b""))
        return b"".join(found)

    return decode


STREAMED: dict[str, Callable[[], Callable[[bytes], bytes]]] = {
    "zstd": lambda: zstandard.ZstdDecompressor().decompressobj().decompress,
    "br": streamed_brotli,
    "gzip": lambda: zlib.decompressobj(16 + zlib.MAX_WBITS).decompress,
}


def ask(
    answer: Callable[[], Response], accepted: str | None = "zstd", method: str = "GET"
) -> httpx.Response:
    """What a caller gets, its body as it travelled under `extensions["raw"]`."""

    async def endpoint(request: Request) -> Response:
        return answer()

    app = Compression(Starlette(routes=[Route("/", endpoint, methods=["GET", "HEAD"])]))

    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            client.headers.pop("accept-encoding")
            headers = {} if accepted is None else {"accept-encoding": accepted}
            async with client.stream(method, "/", headers=headers) as response:
                response.extensions["raw"] = b"".join([part async for part in response.aiter_raw()])
                return response

    return asyncio.run(request())


def body(response: httpx.Response) -> bytes:
    raw: bytes = response.extensions["raw"]
    return DECODED[response.headers.get("content-encoding")](raw)


def json(content: bytes = TEXT, **headers: str) -> Callable[[], Response]:
    return lambda: Response(content, media_type="application/json", headers=headers)


@pytest.mark.parametrize(
    ("accepted", "encoding", "needed"),
    [
        ("", None, False),
        ("identity", None, False),
        ("gzip", "gzip", False),
        ("x-gzip", "gzip", False),
        ("GZip , BR", "br", False),
        ("gzip, deflate, br, zstd", "zstd", False),
        ("gzip;q=1.0, zstd;q=0.5", "gzip", False),
        ("br;q=0.2,gzip;q=0.2", "br", False),
        ("zstd;q=0, br;q=0.000, gzip", "gzip", False),
        ("*", "zstd", False),
        ("zstd;q=0, *", "br", False),
        ("*;q=0", None, False),
        ("gzip, *;q=0", "gzip", True),
        ("identity;q=0, br", "br", True),
        ("identity;q=0", None, False),
        ("identity;q=1, gzip;q=0.5", None, False),
        ("identity;q=0.5, gzip;q=0.5", "gzip", False),
        ("deflate, compress", None, False),
        ("gzip;q=high", None, False),
        ("gzip;q=-1", None, False),
        ("gzip;q=nan", None, False),
        ("gzip;q=7", None, False),
        ("gzip; q=0.5", "gzip", False),
        (",;q=1,,", None, False),
    ],
)
def test_the_caller_chooses(accepted: str, encoding: str | None, needed: bool) -> None:
    """The highest quality wins, ours is the choice among equals, zero and nonsense are refusals."""
    assert negotiate(accepted) == (encoding, needed)


@pytest.mark.parametrize("size", [len(TEXT), THREAD_BYTES * 3])
@pytest.mark.parametrize("encoding", ["zstd", "br", "gzip"])
def test_a_body_comes_back_whole(encoding: str, size: int) -> None:
    """Smaller on its way, with its length, small enough for the loop or not."""
    content = (TEXT * (1 + size // len(TEXT)))[:size]
    response = ask(json(content), encoding)
    assert response.headers["content-encoding"] == encoding
    assert int(response.headers["content-length"]) == len(response.extensions["raw"]) < size / 5
    assert response.headers["vary"] == "Accept-Encoding"
    assert body(response) == content


@pytest.mark.parametrize("encoding", ["zstd", "br", "gzip"])
def test_numbers_come_back_whole(encoding: str) -> None:
    """Arrow's streams, which have a level of their own."""
    content = bytes(range(256)) * 1000
    response = ask(lambda: Response(content, media_type=ARROW), encoding)
    assert response.headers["content-encoding"] == encoding
    assert body(response) == content


@pytest.mark.parametrize("accepted", [None, "", "identity", "*;q=0", "deflate"])
def test_who_takes_nothing_gets_plain_content(accepted: str | None) -> None:
    """With the word that others get something else."""
    response = ask(json(), accepted)
    assert "content-encoding" not in response.headers
    assert response.headers["vary"] == "Accept-Encoding"
    assert response.extensions["raw"] == TEXT


def event_stream() -> Response:
    async def events() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"data: " + TEXT + b"\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")


@pytest.mark.parametrize(
    "answer",
    [
        event_stream,
        json(b"x" * (SMALLEST - 1)),
        json(b""),
        lambda: Response(TEXT, media_type="image/png"),
        lambda: Response(TEXT),
        lambda: Response(TEXT, 206, media_type="application/json"),
        json(**{"content-encoding": "br"}),
        json(**{"cache-control": "no-transform"}),
    ],
    ids=["events", "tiny", "empty", "image", "no type", "a part", "encoded already", "forbidden"],
)
def test_what_is_left_alone(answer: Callable[[], Response]) -> None:
    """Content, encoding and tag are those of the application."""
    plain, offered = ask(answer, None), ask(answer, "zstd, br, gzip")
    assert offered.extensions["raw"] == plain.extensions["raw"]
    assert offered.headers == plain.headers


def test_what_grows_is_sent_plain() -> None:
    """Noise cannot be compressed."""
    noise = random.Random(7).randbytes(600)
    assert ask(json(noise), "gzip").extensions["raw"] == noise


def test_who_refuses_plain_content_gets_none() -> None:
    """Not even a tiny body, since a way was left."""
    response = ask(json(b"{}"), "gzip, identity;q=0")
    assert response.headers["content-encoding"] == "gzip"
    assert body(response) == b"{}"


def test_a_head_without_body_is_left_alone() -> None:
    """The length is that of the plain content; what it hangs on is said."""
    response = ask(json(), "zstd", method="HEAD")
    assert "content-encoding" not in response.headers
    assert response.headers["content-length"] == str(len(TEXT))
    assert response.headers["vary"] == "Accept-Encoding"


def test_not_modified_is_left_alone() -> None:
    """It has no body, and the tag that the caller knows."""
    tag = {"ETag": '"a"'}
    response = ask(lambda: Response(status_code=304, headers=tag, media_type="application/json"))
    assert (response.status_code, response.headers["etag"]) == (304, '"a"')
    assert "vary" not in response.headers
    assert response.extensions["raw"] == b""


@pytest.mark.parametrize(
    ("tag", "accepted", "sent"),
    [('"a"', "zstd", 'W/"a"'), ('W/"a"', "zstd", 'W/"a"'), ('"a"', None, '"a"')],
)
def test_other_bytes_have_no_strong_tag(tag: str, accepted: str | None, sent: str) -> None:
    """A strong tag stands for bytes; those of an encoding are others."""
    assert ask(json(ETag=tag), accepted).headers["etag"] == sent


@pytest.mark.parametrize("said", ["Origin", "Accept-Encoding"])
def test_vary_keeps_what_it_said(said: str) -> None:
    """Ours is added, once."""
    names = ask(json(Vary=said)).headers["vary"].split(", ")
    assert sorted(names) == sorted({said, "Accept-Encoding"})


@pytest.mark.parametrize("encoding", ["zstd", "br", "gzip"])
@pytest.mark.parametrize("sizes", [[3, 5, 7], [THREAD_BYTES] * 3, [0, 10, 0]])
def test_a_stream_arrives_part_by_part(encoding: str, sizes: list[int]) -> None:
    """What the application has written can be read before it writes more."""
    seen: list[bytes] = []
    decode = STREAMED[encoding]()
    written: list[bytes] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        head = [(b"content-type", b"application/json"), (b"accept-ranges", b"bytes")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        for size in sizes:
            part = (TEXT * (1 + size // len(TEXT)))[:size]
            written.append(part)
            await send({"type": "http.response.body", "body": part, "more_body": True})
            assert b"".join(seen) == b"".join(written)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            names = {name: value for name, value in message["headers"]}
            assert names[b"content-encoding"] == encoding.encode()
            assert not names.keys() & {b"content-length", b"accept-ranges"}
        elif message["body"]:
            seen.append(decode(message["body"]))

    scope = {"type": "http", "method": "GET",
             "headers": [(b"accept-encoding", encoding.encode())]}  # fmt: skip
    asyncio.run(Compression(app)(scope, None, send))  # type: ignore[arg-type]
    assert b"".join(seen) == b"".join(written)


@pytest.mark.parametrize(("size", "on_loop"), [(THREAD_BYTES - 1, True), (THREAD_BYTES, False)])
def test_large_bodies_are_compressed_by_threads(
    size: int, on_loop: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event loop goes on meanwhile; small ones are not worth the way."""
    threads: list[bool] = []

    class Watched:
        def __init__(self, level: int) -> None:
            pass

        def last(self, content: bytes) -> bytes:
            threads.append(threading.current_thread() is threading.main_thread())
            return b"short"

    monkeypatch.setitem(compression._ENCODERS, "zstd", Watched)
    ask(json(b"x" * size))
    assert threads == [on_loop]


def test_an_error_after_the_head_is_still_answered() -> None:
    """The head waits for the body, so that an answer of 500 can take its place."""

    async def failing(scope: Any, receive: Any, send: Any) -> None:
        head = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        raise ValueError("no")

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "headers": [(b"accept-encoding", b"gzip")]}
    with pytest.raises(ValueError, match="no"):
        asyncio.run(Compression(failing)(scope, None, send))  # type: ignore[arg-type]
    assert sent == []
