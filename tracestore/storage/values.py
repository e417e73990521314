"""Attribute values: OTLP's AnyValue, the JSON that conditions read, and back."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from math import inf, isfinite
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue

INDEXED_CHARACTERS = 256
"""Longer strings are not indexed; a condition on one reads the spans themselves."""

NUL = "\0"
NUL_STAND_IN = "\N{REPLACEMENT CHARACTER}"
"""SQLite ends a JSON string at NUL, so that conditions see this in its place, on both sides."""


def without_nul(text: str) -> str:
    return text.replace(NUL, NUL_STAND_IN)


def searchable(value: AnyValue) -> Any:
    """JSON for an attribute as conditions see it; None where JSON has nothing for it.

    Only for strings without NUL, booleans, integers and finite numbers does it say all: of other
    values the original is kept beside it.
    """
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return without_nul(value.string_value)
    if kind in ("bool_value", "int_value"):
        return getattr(value, kind)
    if kind == "double_value":
        return value.double_value if isfinite(value.double_value) else None
    if kind == "bytes_value":
        return b64encode(value.bytes_value).decode()
    if kind == "array_value":
        return [searchable(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return {without_nul(item.key): searchable(item.value) for item in value.kvlist_value.values}
    return None


def texts(value: Any) -> Iterator[str]:
    """The strings by which a searchable value can be found: itself, or its elements."""
    for item in value if isinstance(value, list) else (value,):
        if isinstance(item, str) and len(item) <= INDEXED_CHARACTERS:
            yield item


def to_any_value(value: Any) -> AnyValue:
    """The AnyValue of a plain attribute as stored."""
    if isinstance(value, str):
        return AnyValue(string_value=value)
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    return AnyValue(double_value=value)


def plain_json(value: Any) -> dict[str, Any]:
    """A plain attribute's value in protobuf's JSON."""
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"doubleValue": value}


def any_value_json(value: AnyValue) -> dict[str, Any]:
    """Any value in protobuf's JSON."""
    kind = value.WhichOneof("value")
    if kind is None:
        return {}
    if kind == "bytes_value":
        return {"bytesValue": b64encode(value.bytes_value).decode()}
    if kind == "array_value":
        return {"arrayValue": {"values": [any_value_json(v) for v in value.array_value.values]}}
    if kind == "kvlist_value":
        return {"kvlistValue": {"values": [key_value_json(v) for v in value.kvlist_value.values]}}
    if kind == "double_value" and not isfinite(value.double_value):
        # Protobuf's JSON spells them out: JSON itself has no such numbers.
        spelled = {inf: "Infinity", -inf: "-Infinity"}
        return {"doubleValue": spelled.get(value.double_value, "NaN")}
    return plain_json(getattr(value, kind))


def key_value_json(item: Any) -> dict[str, Any]:
    """A KeyValue in protobuf's JSON."""
    return {"key": item.key, "value": any_value_json(item.value)}
