"""Aggressor sides and trade ids."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from backend.conversion.digest import text_bytes
from backend.conversion.fixed import Mask
from backend.conversion.layout import NO_AGGRESSOR, TRADE_ID_LENGTH
from backend.errors import Invalid

MISSING = "missing"
UNKNOWN_SIDE = "side that the description does not know"
BAD_TRADE_ID = f"not 1 to {TRADE_ID_LENGTH} ASCII characters, one of them visible"

_UNKNOWN = 255
# NUL ends a trade id early inside the engine; the rest of ASCII is what it accepts.
_TRADE_ID = rf"^[\x01-\x7f]{{1,{TRADE_ID_LENGTH}}}$"
_VISIBLE = r"[\x21-\x7f]"

RawSide = bool | int | str
Faults = list[tuple[str, Mask]]


def side_key(value: object) -> tuple[str, object]:
    """Raw values by type and value, since Python holds True and 1 for the same key."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # pandas turns integers with gaps into floats
    return type(value).__name__, value


def sides(column: pa.Array, known: Mapping[tuple[str, object], int]) -> tuple[pa.Array, Faults]:
    """uint8 aggressor sides of a column of booleans, integers or strings."""
    if not pa.types.is_dictionary(column.type):
        column = pc.dictionary_encode(column)
    values = column.dictionary.to_pylist()
    table = np.array([known.get(side_key(v), _UNKNOWN) for v in values] + [NO_AGGRESSOR], np.uint8)
    missing = column.is_null().to_numpy(zero_copy_only=False)
    places = pc.fill_null(column.indices, len(values)).to_numpy(zero_copy_only=False)
    found = table[places]
    unknown = found == _UNKNOWN
    faults: Faults = [(MISSING, missing), (UNKNOWN_SIDE, unknown)]
    if unknown.any():
        found = np.where(unknown, np.uint8(NO_AGGRESSOR), found)
    return bytes_array(found), [(reason, mask) for reason, mask in faults if mask.any()]


def constant_side(rows: int) -> pa.Array:
    return bytes_array(np.full(rows, NO_AGGRESSOR, np.uint8))


def bytes_array(values: np.ndarray) -> pa.Array:
    """uint8[n] without going through pandas, whose import costs a second."""
    return pa.Array.from_buffers(pa.uint8(), len(values), [None, pa.py_buffer(values)])


def trade_ids(column: pa.Array) -> tuple[pa.Array, Faults]:
    """Trade ids of a column of strings or integers.

    Raises Invalid for other types.
    """
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    whole = pa.types.is_integer(column.type)
    if not (whole or _is_text(column.type)):
        raise Invalid(f"trade_id cannot be read from a column of type {column.type}")
    ids = column.cast(pa.string())
    faults: Faults = []
    if ids.null_count:
        faults.append((MISSING, ids.is_null().to_numpy(zero_copy_only=False)))
    if not whole:
        faults += _unusable_ids(ids)
    if faults:
        ids = ids.fill_null("")
    return ids, faults


def _unusable_ids(ids: pa.Array) -> Faults:
    if not ids.null_count and are_short(ids) and _are_visible(ids):
        return []
    good = pc.match_substring_regex(ids, _TRADE_ID)
    good = pc.and_(good, pc.match_substring_regex(ids, _VISIBLE)).fill_null(True)
    if pc.all(good).as_py():
        return []
    return [(BAD_TRADE_ID, ~good.to_numpy(zero_copy_only=False))]


def are_short(ids: pa.Array) -> bool:
    """Whether strings have as many bytes as a trade id may have characters."""
    if not len(ids):
        return True
    lengths = pc.min_max(pc.binary_length(ids)).as_py()
    return bool(lengths["min"] >= 1 and lengths["max"] <= TRADE_ID_LENGTH)


def _are_visible(ids: pa.Array) -> bool:
    """Whether all characters are ASCII that prints: looks at bytes, at many times regex' speed."""
    characters = text_bytes(ids)
    return bool(characters.min(initial=0x21) >= 0x21 and characters.max(initial=0) <= 0x7E)


def numbered_ids(rows: np.ndarray) -> pa.Array:
    """Trade ids for a file without any: the row's index in the file."""
    values = np.ascontiguousarray(rows, np.int64)
    column = pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(values)])
    return column.cast(pa.string())


def _is_text(kind: pa.DataType) -> bool:
    return (
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )
