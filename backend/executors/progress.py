"""A worker's progress, written into a small shared file that its parent reads.

Two copies of the record are written in turn, each with a number and a checksum; the reader takes
the newest that is whole. So there is no lock that a killed worker could keep and no message that it
could leave half sent: what it wrote before stays readable.
"""

from __future__ import annotations

import math
import mmap
import struct
import threading
import zlib
from dataclasses import dataclass, field, replace
from enum import IntEnum
from pathlib import Path

from backend.executors.base import Progress

_STAGE_BYTES = 32
_MESSAGE_BYTES = 400
# sequence, pid, state, task, fraction (NaN: unknown), data points (-1: unknown), stage, message
_BODY = struct.Struct(f"<QIBQdq{_STAGE_BYTES}s{_MESSAGE_BYTES}s")
_CHECKSUM = struct.Struct("<I")
_COPY_BYTES = 512
_FILE_BYTES = 2 * _COPY_BYTES


class State(IntEnum):
    """Life of a worker process, and of the task in it."""

    UNBORN = 0
    STARTING = 1
    IDLE = 2
    RUNNING = 3
    DONE = 4
    """The task's outcome is stored; the worker is tidying up."""
    UNFIT = 5
    """The worker could not start; `message` says why."""


@dataclass(frozen=True)
class Record:
    """One state of a worker, as its parent sees it."""

    pid: int = 0
    state: State = State.UNBORN
    task: int = 0
    progress: Progress = field(default_factory=Progress)
    message: str = ""


def _text(raw: bytes) -> str:
    return raw.rstrip(b"\0").decode("utf-8", "replace")


def _pack(sequence: int, record: Record) -> bytes:
    progress = record.progress
    body = _BODY.pack(
        sequence,
        record.pid,
        record.state,
        record.task,
        math.nan if progress.fraction is None else progress.fraction,
        -1 if progress.data_points is None else progress.data_points,
        (progress.stage or "").encode()[:_STAGE_BYTES],
        record.message.encode()[:_MESSAGE_BYTES],
    )
    return body + _CHECKSUM.pack(zlib.crc32(body))


def _unpack(raw: bytes) -> tuple[int, Record] | None:
    """The copy's sequence number and record, or None when it is torn or was never written."""
    body = raw[: _BODY.size]
    if _CHECKSUM.unpack_from(raw, _BODY.size)[0] != zlib.crc32(body):
        return None
    sequence, pid, state, task, fraction, data_points, stage, message = _BODY.unpack(body)
    if sequence == 0:
        return None
    progress = Progress(
        stage=_text(stage) or None,
        fraction=None if math.isnan(fraction) else fraction,
        data_points=None if data_points < 0 else data_points,
    )
    return sequence, Record(pid, State(state), task, progress, _text(message))


def _newest(shared: mmap.mmap) -> tuple[int, Record]:
    copies = (_unpack(shared[at : at + _COPY_BYTES]) for at in (0, _COPY_BYTES))
    return max((copy for copy in copies if copy), default=(0, Record()), key=lambda copy: copy[0])


class ProgressReader:
    """The parent's end; creates the file."""

    def __init__(self, path: Path) -> None:
        path.write_bytes(bytes(_FILE_BYTES))
        self.path = path
        with path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), _FILE_BYTES, access=mmap.ACCESS_READ)

    def read(self) -> Record:
        return _newest(self._shared)[1]

    def close(self) -> None:
        self._shared.close()
        self.path.unlink(missing_ok=True)


class ProgressWriter:
    """The worker's end. Its main thread and its 1 Hz sampler both write, hence the lock."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), _FILE_BYTES)
        self._lock = threading.Lock()
        self._sequence, self._record = _newest(self._shared)

    @property
    def record(self) -> Record:
        return self._record

    def write(self, record: Record) -> None:
        with self._lock:
            self._put(record)

    def report(
        self, stage: str, fraction: float | None = None, *, data_points: int | None = None
    ) -> None:
        """A `ProgressSink`. Unknown data points leave the last known ones."""
        with self._lock:
            known = self._record.progress.data_points if data_points is None else data_points
            progress = Progress(stage, fraction, known)
            self._put(replace(self._record, progress=progress))

    def _put(self, record: Record) -> None:
        self._sequence += 1
        self._record = record
        raw = _pack(self._sequence, record)
        at = self._sequence % 2 * _COPY_BYTES
        self._shared[at : at + len(raw)] = raw
