"""Files of values in prometheus_client's mmap format, written by one process, read by the exporter.

Layout: int32 bytes used, 4 bytes padding, then entries of int32 key length, UTF-8 key padded with
spaces to 8 bytes, float64 value, float64 Unix time. Entries are only ever added.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Sequence
from pathlib import Path

FIRST_BYTES = 1 << 16
_HEADER_BYTES = 8
_VALUE_BYTES = 16
_LENGTH = struct.Struct("i")


def reserve(file: int, start: int, end: int) -> None:
    """Make bytes `start` to `end` of a file really exist.

    Raises OSError when there is no room. A hole would raise nothing here and kill the process with
    SIGBUS at the first write through the mapping.
    """
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, start, end - start)
    else:  # macOS
        written = 0
        while written < end - start:
            written += os.pwrite(file, bytes(end - start - written), start + written)


class MappedFile:
    """A new file of 8-byte words, mapped for writing, that doubles when it is full.

    Views of an outgrown mapping stay valid: all mappings of a file show the same memory.
    Raises OSError when the file exists or there is no room.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            self._map(0, FIRST_BYTES)
        except OSError:
            self.close()
            path.unlink(missing_ok=True)
            raise

    def _map(self, old: int, new: int) -> None:
        reserve(self._file, old, new)
        self.bytes = mmap.mmap(self._file, new)
        self.words = memoryview(self.bytes).cast("d")
        self.capacity = new

    def ensure(self, end: int) -> None:
        """Grow until byte `end` exists. Raises OSError when there is no room, changing nothing."""
        new = self.capacity
        while new < end:
            new *= 2
        if new > self.capacity:
            self._map(self.capacity, new)

    def close(self) -> None:
        """Close the file; views that are in use keep its memory mapped."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


class ValueFile(MappedFile):
    """The writing side: hands out places for values."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._used = _HEADER_BYTES
        self._publish()

    def allocate(self, keys: Sequence[str]) -> list[int]:
        """Add values of 0; returns the index in `words` of each. The time stamp follows the value.

        Raises OSError when there is no room, adding nothing.
        """
        entries: list[bytes] = []
        for key in keys:
            encoded = key.encode()
            padding = b" " * (8 - (len(encoded) + 4) % 8)
            entries.append(_LENGTH.pack(len(encoded)) + encoded + padding + bytes(_VALUE_BYTES))
        self.ensure(self._used + sum(map(len, entries)))
        places: list[int] = []
        for entry in entries:
            self.bytes[self._used : self._used + len(entry)] = entry
            self._used += len(entry)
            places.append((self._used - _VALUE_BYTES) >> 3)
        self._publish()
        return places

    def _publish(self) -> None:
        # Last, so that a reader never sees half an entry.
        self.bytes[:4] = _LENGTH.pack(self._used)


class BrokenFileError(ValueError):
    """A file that no process of ours can have written like this."""


class ValueFileReader:
    """The reading side. Keys are parsed once, since entries never move."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._parsed = _HEADER_BYTES

    def read(self) -> tuple[memoryview[float], list[tuple[str, int]]]:
        """All words of the file, and the keys that are new since the last call with their index.

        Raises BrokenFileError, or OSError when the file cannot be read.
        """
        data = self.path.read_bytes()
        words = memoryview(data[: len(data) & ~7]).cast("d")
        if len(data) < _HEADER_BYTES:
            if data:
                raise BrokenFileError(f"{self.path.name} has {len(data)} bytes")
            return words, []
        (used,) = _LENGTH.unpack_from(data)
        if used == 0:  # made, not yet used
            return words, []
        if not _HEADER_BYTES <= used <= len(data) or used % 8:
            raise BrokenFileError(f"{self.path.name} claims {used} of {len(data)} bytes")
        return words, self._new_keys(data, used)

    def _new_keys(self, data: bytes, used: int) -> list[tuple[str, int]]:
        keys: list[tuple[str, int]] = []
        position = self._parsed
        while position < used:
            (length,) = _LENGTH.unpack_from(data, position)
            value = position + 4 + length + (8 - (length + 4) % 8)
            if length <= 0 or value + _VALUE_BYTES > used:
                raise BrokenFileError(f"{self.path.name} has a broken entry at {position}")
            try:
                key = data[position + 4 : position + 4 + length].decode()
            except UnicodeDecodeError as error:
                raise BrokenFileError(f"{self.path.name} has a broken key") from error
            keys.append((key, value >> 3))
            position = value + _VALUE_BYTES
        self._parsed = position
        return keys
