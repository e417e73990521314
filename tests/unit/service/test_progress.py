"""The shared record of a worker's progress."""

from __future__ import annotations

import pytest

from backend.executors.base import Progress
from backend.executors.progress import ProgressReader, ProgressWriter, Record, State


@pytest.fixture
def path(tmp_path):
    return tmp_path / "record"


def test_reads_what_was_written(path):
    """All fields cross, unknown ones as None."""
    reader, writer = ProgressReader(path), ProgressWriter(path)
    record = Record(42, State.RUNNING, 7, Progress("run", 0.5, 10**12), "hello")
    writer.write(record)
    assert record == reader.read()
    writer.write(Record(42, State.RUNNING, 7, Progress()))
    assert Progress(None, None, None) == reader.read().progress


def test_reads_nothing_from_a_new_file(path):
    """A worker that has not started yet is unborn, not an error."""
    assert Record() == ProgressReader(path).read()


def test_a_half_written_record_leaves_the_one_before(path):
    """A worker killed in the middle of a write loses that write only."""
    reader, writer = ProgressReader(path), ProgressWriter(path)
    for stage in ("query", "build", "load", "run"):
        writer.write(Record(1, State.RUNNING, 1, Progress(stage)))
    raw = bytearray(path.read_bytes())
    newest = 0 if b"run" in raw[:512] else 512
    raw[newest + 5 : newest + 60] = b"x" * 55
    with path.open("r+b") as file:
        file.write(raw)
    assert reader.read().progress.stage == "load"


def test_long_texts_are_cut(path):
    """A long stage or message fits the record without spoiling other fields."""
    reader, writer = ProgressReader(path), ProgressWriter(path)
    writer.write(Record(1, State.UNFIT, 3, Progress("s" * 100, 1.0, 5), "mé" * 1000))
    record = reader.read()
    assert (record.task, record.progress.data_points) == (3, 5)
    assert record.progress.stage == "s" * 32
    assert record.message.startswith("mémé")


def test_unknown_data_points_keep_the_last_known(path):
    """A report of a new stage does not take the count back."""
    reader, writer = ProgressReader(path), ProgressWriter(path)
    writer.report("run", 0.5, data_points=100)
    writer.report("report")
    assert Progress("report", None, 100) == reader.read().progress
