"""Value files and their sidecar of exemplars."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.mmap_dict import MmapedDict

from nautilus_instrumentation.exposition.cells import Exemplar, bound_text
from nautilus_instrumentation.exposition.exemplar_file import ExemplarFile, ExemplarFileReader
from nautilus_instrumentation.exposition.value_file import (
    FIRST_BYTES,
    BrokenFileError,
    ValueFile,
    ValueFileReader,
)


def _read(reader: ValueFileReader) -> dict[str, float]:
    words, new = reader.read()
    return {key: words[index] for key, index in new}


def test_prometheus_client_reads_our_files(tmp_path: Path) -> None:
    """The format is theirs, with keys of every length and alphabet."""
    path = tmp_path / "counter_1.db"
    file = ValueFile(path)
    keys = [f"key {'é' * length}" for length in range(20)]
    for number, place in enumerate(file.allocate(keys)):
        file.words[place] = number
    found = {key: value for key, value, _, _ in MmapedDict.read_all_values_from_file(str(path))}
    assert found == {key: float(number) for number, key in enumerate(keys)}


def test_a_file_grows_and_old_views_stay_valid(tmp_path: Path) -> None:
    """A child keeps the view it was bound with."""
    path = tmp_path / "counter_1.db"
    file = ValueFile(path)
    (first,) = file.allocate(["first"])
    view = file.words
    file.allocate([f"{number}" * 200 for number in range(1000)])
    assert path.stat().st_size > FIRST_BYTES
    view[first] = 7.0
    assert _read(ValueFileReader(path))["first"] == 7.0


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="written out on other systems")
def test_every_byte_of_a_file_has_its_place_on_the_disk(tmp_path: Path) -> None:
    """A hole that the full disk cannot fill would kill the process at the first write."""
    path = tmp_path / "counter_1.db"
    file = ValueFile(path)
    file.allocate([f"{number}" * 200 for number in range(1000)])
    status = path.stat()
    assert status.st_blocks * 512 >= status.st_size


def test_an_entry_that_leaves_the_file_is_refused(tmp_path: Path) -> None:
    """Its length was overwritten."""
    path = tmp_path / "counter_1.db"
    file = ValueFile(path)
    file.allocate(["a key"])
    file.bytes[8:12] = (1 << 20).to_bytes(4, "little")
    with pytest.raises(BrokenFileError, match="entry at 8"):
        ValueFileReader(path).read()


def test_a_reader_parses_each_key_once(tmp_path: Path) -> None:
    """Values are fresh at each read; keys come when they are new."""
    path = tmp_path / "counter_1.db"
    file = ValueFile(path)
    reader = ValueFileReader(path)
    assert reader.read()[1] == []
    (place,) = file.allocate(["a"])
    assert reader.read()[1] == [("a", place)]
    file.words[place] = 3.0
    file.allocate(["b"])
    words, new = reader.read()
    assert words[place] == 3.0
    assert [key for key, _ in new] == ["b"]


@given(garbage=st.binary(max_size=200), keep=st.integers(0, 80))
def test_garbage_is_refused_and_never_misread(
    tmp_path_factory: pytest.TempPathFactory, garbage: bytes, keep: int
) -> None:
    """Any bytes after any part of a file: they are refused, or only whole entries are read."""
    path = tmp_path_factory.mktemp("files") / "counter_1.db"
    ValueFile(path).allocate(["a key", "another key"])
    path.write_bytes(path.read_bytes()[:keep] + garbage)
    try:
        words, new = ValueFileReader(path).read()
    except BrokenFileError:
        return
    assert all(0 <= index + 1 < len(words) for _, index in new)


def test_exemplars_come_back_by_place(tmp_path: Path) -> None:
    """The newest of each cell, in more cells than the first block of the file holds."""
    path = tmp_path / "exemplars"
    file = ExemplarFile(path)
    expected = {}
    for index in range(600):
        for value in (1.0, 2.0):
            exemplar = Exemplar({"trace_id": f"{index:032x}"}, value, 1e9 + index)
            file.write((1, index), exemplar)
        expected[1, index] = exemplar
    assert dict(ExemplarFileReader(path).read()) == expected


def test_a_record_that_is_being_written_shows_its_predecessor(tmp_path: Path) -> None:
    """A torn record is told by its checksum."""
    path = tmp_path / "exemplars"
    file = ExemplarFile(path)
    old = Exemplar({"trace_id": "old"}, 1.0, 1.0)
    file.write((0, 3), old)
    reader = ExemplarFileReader(path)
    assert dict(reader.read()) == {(0, 3): old}
    file.bytes[30:34] = b"torn"
    assert dict(reader.read()) == {(0, 3): old}
    assert dict(ExemplarFileReader(path).read()) == {}


@pytest.mark.parametrize(
    ("bound", "text"),
    [(0.1, "0.1"), (1, "1.0"), (1e-6, "1e-06"), (1800, "1800.0"), (1e6, "1e+06"),
     (2.0**31, "2.147483648e+09"), (16e9, "1.6e+10"), (float("inf"), "+Inf")],
)  # fmt: skip
def test_bounds_are_written_as_prometheus_writes_them(bound: float, text: str) -> None:
    """Queries name a bucket by this text."""
    assert bound_text(bound) == text
