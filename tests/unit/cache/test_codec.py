"""Values as bytes, and the names of their keys."""

from __future__ import annotations

import math
import pickle
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import BaseModel

from backend.cache import Codec
from backend.cache.codec import key_text


class Thing(BaseModel):
    name: str
    at: datetime
    sizes: dict[str, float] = {}


THING = Thing(name="é", at=datetime(2026, 1, 5, tzinfo=UTC), sizes={"a": 0.1 + 0.2})
GOOD = Codec(dict[str, Thing]).encode({"a": THING}, 1.5)


def test_a_value_returns_as_it_was() -> None:
    """With the seconds that its load took."""
    codec: Codec[dict[str, Thing]] = Codec(dict[str, Thing])
    assert codec.decode(codec.encode({"a": THING}, 1.5)) == ({"a": THING}, 1.5)


def test_numbers_without_json_return() -> None:
    """NaN and infinity are values too."""
    codec: Codec[list[float]] = Codec(list[float])
    values, _ = codec.decode(codec.encode([math.nan, math.inf], 0.0))
    assert math.isnan(values[0])
    assert values[1] == math.inf


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\xff\x00\x01",
        b"null",
        b"[]",
        b"{}",
        GOOD[:-1],
        GOOD + b"x",
        pickle.dumps({"a": 1}),
        GOOD.replace(b"1.5", b"-1"),
        GOOD.replace(b"1.5", b"1e300"),
        GOOD.replace(b"1.5", b"NaN"),
        GOOD.replace(b'"name"', b'"nom"'),
        GOOD.replace(b'"a":0.3', b'"a":"0.3"').replace(b"0004}", b'0004"}'),
        GOOD.replace(b"1.5", b'"1.5"'),
        GOOD.replace(b'"sizes"', b'"sizes":{},"more"').replace(b"{", b'{"extra":1,', 1),
    ],
)  # fmt: skip
def test_rubbish_is_refused(rubbish: bytes) -> None:
    """What is no JSON, or JSON of another shape, or of impossible seconds, is a ValueError."""
    with pytest.raises(ValueError):  # noqa: PT011 pydantic's own, whose text is its business
        Codec(dict[str, Thing]).decode(rubbish)


def test_another_shape_has_another_version() -> None:
    """A type that changes gets keys of its own, without anybody's thinking of it."""
    before = Codec(Thing).version
    assert Codec(Thing).version == before
    changed = type("Thing", (Thing,), {"__annotations__": {"size": int}})
    assert Codec(changed).version != before
    assert Codec(Thing, version=2).version != before


def test_keys_differ_where_their_parts_do() -> None:
    """Numbers are not their digits, and parts do not run together."""
    keys = [("a", 1), ("a", "1"), ("a1",), ("a", None), ("a", 1.5), (("a",), 1), (Path("a"), 2)]
    assert len({key_text(key) for key in keys}) == len(keys)


def test_a_key_that_other_processes_cannot_name_is_refused() -> None:
    """An object's hash means nothing elsewhere."""
    with pytest.raises(TypeError):
        key_text(("a", object()))
