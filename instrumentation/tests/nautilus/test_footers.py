"""What a query reads, predicted from footers."""

from __future__ import annotations

import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nautilus_instrumentation.nautilus import footers
from nautilus_instrumentation.nautilus.footers import Footers, Pruning


@pytest.fixture
def path(tmp_path):
    """File with ten row groups of ten rows; `ts_init` runs from 0 to 99."""
    path = tmp_path / "a.parquet"
    table = pa.table({"price": [1.5] * 100, "ts_init": pa.array(range(100), pa.uint64())})
    pq.write_table(table, path, row_group_size=10)
    return str(path)


def test_row_groups_outside_the_window_are_pruned(path):
    """Only row groups whose times overlap the window are read; the bounds belong to it."""
    found = Footers().pruning([path], 19, 30)

    assert (found.groups_read, found.groups_pruned) == (3, 7)
    assert found.span_ns == (19, 30)


def test_an_open_window_reads_everything(path):
    """Without bounds all row groups and all of their bytes are read."""
    found = Footers().pruning([path])
    metadata = pq.read_metadata(path)
    compressed = sum(
        metadata.row_group(group).column(column).total_compressed_size
        for group in range(10)
        for column in range(2)
    )

    assert found == Pruning(10, 0, compressed, 0, (0, 99))


def test_a_file_without_the_time_column_is_read(tmp_path):
    """Where there are no statistics nothing can be pruned."""
    path = tmp_path / "b.parquet"
    pq.write_table(pa.table({"price": [1.0]}), path)
    found = Footers().pruning([str(path)], 1, 2)

    assert (found.groups_read, found.span_ns) == (1, None)


def test_a_footer_is_read_once(path, monkeypatch):
    """A file that did not change is not opened again."""
    reads = []
    read = footers._read_footer
    monkeypatch.setattr(footers, "_read_footer", lambda name: reads.append(name) or read(name))
    cache = Footers()
    cache.pruning([path])
    cache.pruning([path])
    assert len(reads) == 1

    os.utime(path, (1, 1))
    cache.pruning([path])
    assert len(reads) == 2


def test_the_cache_is_bounded(tmp_path, monkeypatch):
    """Old footers make room for new ones."""
    monkeypatch.setattr(footers, "_FOOTERS_KEPT", 2)
    cache = Footers()
    for name in "abc":
        path = tmp_path / name
        pq.write_table(pa.table({"ts_init": [1]}), path)
        cache.pruning([str(path)])

    assert len(cache._kept) == 2
