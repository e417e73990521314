"""Values as bytes that another process may read: JSON, checked against the type when it returns.

Never pickle: whoever can write into a shared server would run code in every reader.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, Field

V = TypeVar("V")

LONGEST_LOAD = 86_400.0
"""Seconds of loading that are believed; a larger figure would spoil the seconds saved."""


class _Envelope(BaseModel, Generic[V]):
    # NaN must come back as NaN; as null it would be taken for rubbish.
    model_config = ConfigDict(extra="forbid", ser_json_inf_nan="constants")

    load_seconds: Annotated[float, Field(ge=0, le=LONGEST_LOAD)]
    value: V


class Codec(Generic[V]):
    """Writes and reads values of `kind`, any type that pydantic can check.

    Raise `version` when the same type comes to mean something else; a type that changes its shape
    gets other keys by itself. Old values are then never read, and expire.
    """

    def __init__(self, kind: Any, version: int = 1) -> None:
        self._envelope: Any = _Envelope[kind]
        schema = orjson.dumps(self._envelope.model_json_schema(), option=orjson.OPT_SORT_KEYS)
        self.version = f"{version}.{hashlib.blake2b(schema, digest_size=4).hexdigest()}"

    def encode(self, value: V, load_seconds: float) -> bytes:
        """JSON with the value and the seconds that loading it took."""
        seconds = min(max(load_seconds, 0.0), LONGEST_LOAD)
        whole = self._envelope.model_construct(load_seconds=seconds, value=value)
        return bytes(whole.__pydantic_serializer__.to_json(whole))

    def decode(self, content: bytes) -> tuple[V, float]:
        """The value and its load seconds. Raises ValueError for what `encode` did not write."""
        whole = self._envelope.model_validate_json(content, strict=True)
        return whole.value, whole.load_seconds


def key_text(key: Hashable) -> str:
    """A short name, the same in every process; also keeps long keys from filling the memory.

    Raises TypeError for a key that has no JSON.
    """
    text = orjson.dumps(key, default=_plain, option=orjson.OPT_NON_STR_KEYS)
    return hashlib.blake2b(text, digest_size=20).hexdigest()


def _plain(part: object) -> str:
    if isinstance(part, Path):
        return str(part)
    raise TypeError(f"{type(part).__name__} cannot be part of a shared key")
