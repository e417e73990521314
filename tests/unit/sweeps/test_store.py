"""Sweeps on disk, and which run is the best."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from backend.errors import NotFound
from backend.models import ErrorInfo
from backend.sweeps.models import Figures, Sweep, SweepRequest, SweepRun, best
from backend.sweeps.store import SweepStore

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
Sweeps = Callable[..., Sweep]


def figures(**fields: Any) -> Figures:
    return Figures(duration_seconds=1, data_points=2, orders=3, positions=4, **fields)


@pytest.fixture
def make_sweep() -> Sweeps:
    def make(number: int = 1, runs: int = 3) -> Sweep:
        request = SweepRequest(
            instrument_id="EUR/USD.SIM", kind="quote", start=START,
            end=START + timedelta(hours=1), strategy="idle", sets=[{}],
        )  # fmt: skip
        return Sweep(
            sweep_id=f"sweep-{number}", status="running", trace_id="t", request=request,
            created_at=START + timedelta(seconds=number), total=runs, counts={"queued": runs},
            best=None,
            runs=[
                SweepRun(run_id=f"run-{number}-{place}", job_id=f"job-{place}", trace_id="u",
                         params={"n": place})
                for place in range(runs)
            ],
        )  # fmt: skip

    return make


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SweepStore]:
    store = SweepStore(tmp_path / "sweeps.sqlite3")
    yield store
    store.close()


def test_a_sweep_is_read_as_it_was_kept(store: SweepStore, make_sweep: Sweeps) -> None:
    """With its runs in order and the carrier of its request."""
    sweep = make_sweep()
    store.add(sweep, {"traceparent": "x"})
    assert store.get("sweep-1") == sweep
    assert store.carrier("sweep-1") == {"traceparent": "x"}


def test_the_end_of_a_run_shows_at_once(store: SweepStore, make_sweep: Sweeps) -> None:
    """Figures, errors and counts are there while the others still run."""
    sweep = make_sweep()
    store.add(sweep, {})
    good, bad, _ = sweep.runs
    good = good.model_copy(update={"status": "ok", "figures": figures(pnl=5.0)})
    failure = ErrorInfo(type="ValueError", message="no")
    store.ended(good)
    store.ended(bad.model_copy(update={"status": "error", "error": failure}))
    found = store.get("sweep-1")
    assert found.counts == {"ok": 1, "error": 1, "queued": 1}
    assert found.best == good
    assert found.runs[1].error == failure


def test_sweeps_that_are_over_are_not_taken_up(store: SweepStore, make_sweep: Sweeps) -> None:
    """The oldest of the others comes first; the first end of a sweep counts."""
    for number in (2, 1, 3):
        store.add(make_sweep(number), {})
    store.finish("sweep-3", "cancelled")
    store.finish("sweep-3", "done")
    assert [sweep.sweep_id for sweep in store.running()] == ["sweep-1", "sweep-2"]
    assert store.get("sweep-3").status == "cancelled"
    assert store.get("sweep-3").finished_at is not None


def test_the_newest_sweeps_come_first(store: SweepStore, make_sweep: Sweeps) -> None:
    """As many as are asked for."""
    for number in (1, 3, 2):
        store.add(make_sweep(number), {})
    assert [sweep.sweep_id for sweep in store.newest(2)] == ["sweep-3", "sweep-2"]


def test_sweeps_outlive_the_service(tmp_path: Path, make_sweep: Sweeps) -> None:
    """Another store on the same file has them."""
    first = SweepStore(tmp_path / "sweeps.sqlite3")
    first.add(make_sweep(), {})
    first.close()
    second = SweepStore(tmp_path / "sweeps.sqlite3")
    assert second.get("sweep-1") == make_sweep()
    second.close()


def test_a_sweep_that_could_not_start_leaves_nothing(store: SweepStore, make_sweep: Sweeps) -> None:
    """Neither it nor its runs."""
    store.add(make_sweep(), {})
    store.remove("sweep-1")
    with pytest.raises(NotFound):
        store.get("sweep-1")
    store.add(make_sweep(), {})  # run ids are free again


def test_the_best_is_the_highest_or_the_lowest(make_sweep: Sweeps) -> None:
    """Less drawdown is better; runs that failed, or have no figure, are never the best."""
    values = [(0.3, "ok"), (0.1, "ok"), (0.0, "error"), (None, "ok")]
    runs = [
        make_sweep(runs=1).runs[0].model_copy(
            update={"run_id": f"run-{place}", "status": status,
                    "figures": figures(pnl=value, max_drawdown=value)}
        )
        for place, (value, status) in enumerate(values)
    ]  # fmt: skip
    found = best(runs, "pnl"), best(runs, "max_drawdown"), best(runs[2:], "pnl")
    assert [one.run_id if one else None for one in found] == ["run-0", "run-1", None]
