"""Figures of the host's processes."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nautilus_instrumentation import metrics
from nautilus_instrumentation.exposition.directory import Registration
from nautilus_instrumentation.exposition.processes import ProcessFigures
from nautilus_instrumentation.exposition.table import Table

PLACE = ("worker", "0")


@pytest.fixture
def me() -> Registration:
    return Registration.of_this_process("worker", 0, 2**31)


def _shown(figures: ProcessFigures, spec: metrics.MetricSpec) -> dict[tuple[str, ...], float]:
    table = Table(metrics.HOST)
    figures.show(table)
    return {labels: series.values[0] for labels, series in table.of(spec).series.items()}


def test_figures_are_read_by_role_and_slot(me: Registration) -> None:
    """Memory, threads, files, limit and CPU of this very process."""
    figures = ProcessFigures()
    figures.sample({"a": me})
    for spec, least in (
        (metrics.PROCESS_MEMORY, 1e6), (metrics.PROCESS_THREADS, 1), (metrics.PROCESS_FDS, 3),
        (metrics.PROCESS_MEMORY_LIMIT, 2**31), (metrics.PROCESS_CPU, 0.01),
    ):  # fmt: skip
        assert _shown(figures, spec)[PLACE] >= least


def test_cpu_seconds_are_carried_on_when_a_process_is_replaced(me: Registration) -> None:
    """The slot's next process adds to what the last one used; memory is the present one's."""
    figures = ProcessFigures()
    figures.sample({"a": me})
    first = _shown(figures, metrics.PROCESS_CPU)[PLACE]
    figures.sample({})
    assert _shown(figures, metrics.PROCESS_CPU) == {PLACE: first}
    assert _shown(figures, metrics.PROCESS_MEMORY) == {}
    figures.sample({"b": me})
    assert _shown(figures, metrics.PROCESS_CPU)[PLACE] >= 2 * first


def test_a_new_exporter_goes_on_where_the_last_one_was(me: Registration, tmp_path: Path) -> None:
    """Also for a process that ended while there was no exporter."""
    figures = ProcessFigures(tmp_path)
    figures.sample({"a": me})
    figures.sample({"b": me})
    before = _shown(figures, metrics.PROCESS_CPU)[PLACE]
    again = ProcessFigures(tmp_path)
    again.load()
    again.sample({"b": me})
    now = _shown(again, metrics.PROCESS_CPU)[PLACE]
    assert before <= now < before * 1.5
    last = ProcessFigures(tmp_path)
    last.load()
    last.sample({})
    assert _shown(last, metrics.PROCESS_CPU)[PLACE] == pytest.approx(now)


def test_a_pid_that_belongs_to_someone_else_is_not_read(me: Registration) -> None:
    """It came back, or it is another container's."""
    stranger = replace(me, create_time=me.create_time - 3600)
    gone = replace(me, pid=2**22 + 1)
    figures = ProcessFigures()
    figures.sample({"a": stranger, "b": gone})
    assert _shown(figures, metrics.PROCESS_MEMORY) == {}
    assert figures.knows("a")


def test_processes_that_share_a_slot_are_added_up(me: Registration) -> None:
    """A worker that is ending and its successor both use memory."""
    figures = ProcessFigures()
    figures.sample({"a": me})
    one = _shown(figures, metrics.PROCESS_MEMORY)[PLACE]
    figures.sample({"a": me, "b": me})
    assert _shown(figures, metrics.PROCESS_MEMORY)[PLACE] == pytest.approx(2 * one, rel=0.1)


BUSY = """
say("ready")
sys.stdin.readline()
sum(range(10**7))
say("worked")
sys.stdin.readline()
"""


def test_a_workers_cpu_time_is_seen_from_outside_and_stays(
    worker: Callable[..., Any],
    collect: Callable[..., Any],
    scrape: Callable[..., Any],
    wait_until: Callable[..., None],
) -> None:
    """It grows while the worker works, and does not go back when the worker is killed."""
    place = {"role": "worker", "slot": "2"}
    busy = worker(BUSY, slot=2)
    busy.heard()
    collector = collect()
    idle = scrape(collector).value(metrics.PROCESS_CPU.name, **place)
    busy.tell("go")
    busy.heard()
    collector.sample()
    worked = scrape(collector).value(metrics.PROCESS_CPU.name, **place)
    assert worked > idle
    busy.kill()
    collector.sample()
    seen = scrape(collector)
    assert seen.value(metrics.PROCESS_CPU.name, **place) == worked
    assert seen.value(metrics.PROCESS_MEMORY.name, **place) is None


def test_a_registration_comes_back_as_it_was(me: Registration) -> None:
    """And tells this process."""
    assert Registration.from_json(me.to_json()) == me
    assert me.pid == os.getpid()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"role": 1}', "null"])
def test_what_is_no_registration_is_refused(text: str) -> None:
    """With ValueError, whatever is wrong with it."""
    with pytest.raises(ValueError):  # noqa: PT011 - JSON's own message or ours
        Registration.from_json(text)
