"""What tests write as OTLP."""

from __future__ import annotations

from typing import Any


def add_attribute(attributes: Any, key: str, value: Any) -> None:
    """Append an attribute of the type that fits; a list is one of strings."""
    item = attributes.add()
    item.key = key
    if isinstance(value, bool):
        item.value.bool_value = value
    elif isinstance(value, int):
        item.value.int_value = value
    elif isinstance(value, float):
        item.value.double_value = value
    elif isinstance(value, bytes):
        item.value.bytes_value = value
    elif isinstance(value, list):
        item.value.array_value.SetInParent()
        for element in value:
            item.value.array_value.values.add(string_value=element)
    else:
        item.value.string_value = value
