"""Request bodies: what is taken, what is refused, and with which words."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib
from typing import Any

import pytest

from tracestore.otlp.bodies import JSON, PROTOBUF, Refused, decompress, media_type, parse

TRACE_ID = "5b8efff798038103d269b633813fc60c"
SPAN_ID = "eee19b7ec3c1b174"


def document(**span: Any) -> bytes:
    spans = [{"traceId": TRACE_ID, "spanId": SPAN_ID, "name": "x", **span}]
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()


def span_of(body: bytes) -> Any:
    return parse(body, JSON).resource_spans[0].scope_spans[0].spans[0]


def test_ids_in_json_are_hexadecimal() -> None:
    """OTLP's JSON differs from protobuf's in this: ids are not base64."""
    link = {"traceId": TRACE_ID.upper(), "spanId": SPAN_ID}
    span = span_of(document(parentSpanId=SPAN_ID, links=[link]))
    assert span.trace_id.hex() == span.links[0].trace_id.hex() == TRACE_ID
    assert span.span_id.hex() == span.parent_span_id.hex() == span.links[0].span_id.hex() == SPAN_ID


def test_json_numbers_may_be_strings_and_enumerations_numbers() -> None:
    """64-bit integers come as strings or numbers; unknown fields are passed over."""
    value = {"key": "n", "value": {"intValue": "9007199254740993"}}
    span = span_of(
        document(
            startTimeUnixNano="1544712660000000000", endTimeUnixNano=1544712661000000000, kind=2,
            attributes=[value], status={"code": 2}, somethingNew={"a": 1},
        )
    )  # fmt: skip
    assert (span.start_time_unix_nano, span.end_time_unix_nano) == (
        1544712660000000000, 1544712661000000000,
    )  # fmt: skip
    assert (span.kind, span.status.code) == (2, 2)
    assert span.attributes[0].value.int_value == 9007199254740993


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b'"text"', b"null", document(traceId="xyz"), document(traceId=5),
        document(attributes={"a": 1}), b'{"resourceSpans": 1}',
        b'{"resourceSpans": [1]}', b"\xff\xfe", b"[" * 100_000,
        b'{"resourceSpans":[{"resource":' + b'{"a":' * 5000,
    ],
)  # fmt: skip
def test_json_that_is_no_request_is_refused(body: bytes) -> None:
    """400, whatever is wrong with it."""
    with pytest.raises(Refused) as refused:
        parse(body, JSON)
    assert refused.value.status == 400


@pytest.mark.parametrize("body", [b"garbage", b"\x0a\xff\xff\xff\xff\x0f", b"\x0a\x05abc"])
def test_protobuf_that_is_no_request_is_refused(body: bytes) -> None:
    """Garbage and truncated messages get 400."""
    with pytest.raises(Refused) as refused:
        parse(body, PROTOBUF)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("application/x-protobuf", PROTOBUF), ("application/protobuf", PROTOBUF),
        ("Application/JSON; charset=utf-8", JSON),
    ],
)  # fmt: skip
def test_media_types_are_read_as_http_has_them(given: str, expected: str) -> None:
    """Case and parameters make no difference."""
    assert media_type(given) == expected


@pytest.mark.parametrize("given", ["", "text/plain", "application/grpc"])
def test_other_media_types_are_refused(given: str) -> None:
    """415 says what to send instead."""
    with pytest.raises(Refused, match="application/json") as refused:
        media_type(given)
    assert refused.value.status == 415


def test_compressed_bodies_are_read() -> None:
    """gzip, also of several members, and deflate."""
    body = b"abc" * 1000
    assert decompress(gzip.compress(body), "gzip", 3000) == body
    assert decompress(gzip.compress(b"a") + gzip.compress(b"b"), "GZIP", 3) == b"ab"
    assert decompress(zlib.compress(body), "deflate", 3000) == body
    assert decompress(body, "identity", 1) == body


def test_a_compressed_body_is_bounded_before_it_is_unpacked() -> None:
    """A bomb of a gigabyte is refused after the limit's worth of bytes."""
    stream = zlib.compressobj(9, wbits=31)
    bomb = b"".join(stream.compress(bytes(2**24)) for _ in range(64)) + stream.flush()
    tracemalloc.start()
    try:
        with pytest.raises(Refused) as refused:
            decompress(bomb, "gzip", 2**20)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert refused.value.status == 413
    assert peak < 2**24


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (gzip.compress(b"abc" * 1000)[:-9], "gzip", 400), (b"nonsense", "gzip", 400),
        (gzip.compress(b"a") + b"rubbish", "gzip", 400), (b"abc", "br", 415),
    ],
)  # fmt: skip
def test_damaged_and_unknown_encodings_are_refused(body: bytes, encoding: str, status: int) -> None:
    """Cut short, not gzip at all, or an encoding that OTLP does not have."""
    with pytest.raises(Refused) as refused:
        decompress(body, encoding, 10_000)
    assert refused.value.status == status
