"""Sidecar of the value files: the newest exemplar of each cell that has one.

Records of 256 bytes: CRC-32 of the rest, kind of value file, length of the labels, index of the
cell in that file, value, Unix time, labels as JSON. The checksum tells a reader that it caught a
record while it was being written.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from nautilus_instrumentation.exposition.cells import Exemplar
from nautilus_instrumentation.exposition.value_file import MappedFile

RECORD_BYTES = 256
_CHECKSUM = struct.Struct("<I")
_FIELDS = struct.Struct("<HHIdd")
_LABELS_AT = _CHECKSUM.size + _FIELDS.size
_LABELS_BYTES = RECORD_BYTES - _LABELS_AT

Place = tuple[int, int]
"""Kind of value file (its number in `directory.PREFIXES`) and index of the value in it."""


class ExemplarFile(MappedFile):
    """The writing side."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._records: dict[Place, int] = {}

    def write(self, place: Place, exemplar: Exemplar) -> None:
        """Replace the exemplar of a cell.

        Raises ValueError when its labels do not fit, OSError when the file cannot grow.
        """
        labels = json.dumps(dict(exemplar.labels), separators=(",", ":")).encode()
        if len(labels) > _LABELS_BYTES:
            raise ValueError(f"labels of an exemplar take {len(labels)} bytes")
        number = self._records.get(place, len(self._records))
        start = number * RECORD_BYTES
        self.ensure(start + RECORD_BYTES)
        fields = _FIELDS.pack(place[0], len(labels), place[1], exemplar.value, exemplar.timestamp)
        record = _CHECKSUM.pack(zlib.crc32(fields + labels)) + fields + labels
        self.bytes[start : start + len(record)] = record
        self._records[place] = number


class ExemplarFileReader:
    """The reading side; gives the previous exemplar for a record that is being written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[int, tuple[int, Place, Exemplar]] = {}

    def read(self) -> Iterator[tuple[Place, Exemplar]]:
        """Exemplars by place; nothing when there is no file. Raises OSError."""
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return
        for number in range(len(data) // RECORD_BYTES):
            start = number * RECORD_BYTES
            (checksum,) = _CHECKSUM.unpack_from(data, start)
            known = self._known.get(number)
            if known is None or known[0] != checksum:
                parsed = _parse(data, start, checksum)
                if parsed is not None:
                    known = self._known[number] = (checksum, *parsed)
            if known is not None:
                yield known[1], known[2]


def _parse(data: bytes, start: int, checksum: int) -> tuple[Place, Exemplar] | None:
    kind, length, index, value, timestamp = _FIELDS.unpack_from(data, start + _CHECKSUM.size)
    end = start + _LABELS_AT + length
    if not 0 < length <= _LABELS_BYTES or zlib.crc32(data[start + 4 : end]) != checksum:
        return None
    labels = json.loads(data[start + _LABELS_AT : end])
    return (kind, index), Exemplar(labels, value, timestamp)
