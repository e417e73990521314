"""The external sort against Python's own stable sort."""

import itertools
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backend.conversion.sorting import Sorter
from backend.conversion.writer import strictly_increasing


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spills")


_number = itertools.count()


@example(times=[0, 0, 0, 0], batch=1, room=1, block=1)
@given(
    times=st.lists(st.integers(0, 12) | st.integers(0, 10**6), max_size=60),
    batch=st.integers(1, 9), room=st.integers(1, 25), block=st.integers(1, 7),
)  # fmt: skip
def test_rows_come_back_by_time_ties_in_their_order(
    folder: Path, times: list[int], batch: int, room: int, block: int
) -> None:
    """Whatever the sizes of batches, memory and blocks, the sort is stable and complete."""
    path = folder / f"{next(_number)}.spill"
    with Sorter(path, block_rows=block) as sorter:
        for start in range(0, len(times), batch):
            part = times[start : start + batch]
            places = list(range(start, start + len(part)))
            sorter.add(pa.record_batch({"place": places, "ts_event": pa.array(part, pa.uint64())}))
            if sorter.buffered_rows > room:
                sorter.spill()
        found = [row for out in sorter.batches() for row in out.column("place").to_pylist()]
    assert sorted(range(len(times)), key=times.__getitem__) == found
    assert not path.exists()


@given(st.lists(st.integers(0, 30), min_size=1, max_size=30), st.none() | st.integers(0, 40))
def test_bumps_are_the_smallest_that_make_times_differ(
    values: list[int], floor: int | None
) -> None:
    """Each time is moved on only as far as the one before it demands."""
    ordered = sorted(values)
    expected, last = [], -1 if floor is None else floor
    for value in ordered:
        last = max(value, last + 1)
        expected.append(last)
    assert expected == strictly_increasing(np.array(ordered, np.int64), floor).tolist()
