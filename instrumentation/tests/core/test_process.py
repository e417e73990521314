"""Memory of this process."""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from nautilus_instrumentation.runtime.process import PeakMemory, rss_bytes

MEGABYTE = 2**20


def _fill(megabytes: int) -> mmap.mmap:
    """Memory that is resident now and gone when closed, whatever the allocator does."""
    block = mmap.mmap(-1, megabytes * MEGABYTE)
    for page in range(0, len(block), mmap.PAGESIZE):
        block[page] = 1
    return block


def test_it_agrees_with_psutil() -> None:
    """The cheap way reads the same figure."""
    assert rss_bytes() == pytest.approx(psutil.Process().memory_info().rss, rel=0.02)


def test_a_peak_is_kept_after_the_memory_is_gone() -> None:
    """The sample taken at the top counts, also below what the process once had."""
    _fill(150).close()
    peak = PeakMemory()
    before = rss_bytes()
    block = _fill(80)
    peak.sample()
    block.close()
    assert peak.peak_bytes() >= before + 70 * MEGABYTE
    assert rss_bytes() < before + 40 * MEGABYTE


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs Linux")
def test_a_peak_that_no_sample_saw_is_known_from_the_kernel() -> None:
    """When it is the highest of the process so far."""
    with open("/proc/self/status") as status:
        mark = next(line for line in status if line.startswith("VmHWM"))
    high = int(mark.split()[1]) // 1024
    peak = PeakMemory()
    _fill(high + 50).close()
    assert peak.peak_bytes() >= (high + 50) * MEGABYTE


FORK = """
from nautilus_instrumentation.runtime.process import rss_bytes
rss_bytes()
ballast = bytearray(120 << 20)
child = os.fork()
if child == 0:
    del ballast
    import psutil
    off = abs(rss_bytes() - psutil.Process().memory_info().rss)
    os._exit(0 if off < 30 << 20 else 1)
say(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_reads_its_own_memory(worker: Callable[..., Any]) -> None:
    """Not its parent's, whose file was open."""
    assert worker(FORK).heard() == "0"
