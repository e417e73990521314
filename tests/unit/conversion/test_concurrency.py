"""Several workers convert at the same time."""

import datetime as dt
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from backend.conversion.workspace import Workspace

DAY = dt.date(2024, 1, 2)


def test_one_of_two_workers_converts_and_the_other_finds_it_done(world):
    """A file is converted once, however many ask for it."""
    world.quotes(list(range(50_000)))
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(lambda _: world.one(), range(2)))
    assert sorted(report.outcome for report in reports) == ["cached", "first"]
    assert len(world.files()) == 1
    assert world.leftovers() == []


def test_neighbouring_days_may_be_converted_at_once(world):
    """Bumps at the border come out right whoever is first."""
    days = [DAY + dt.timedelta(days=n) for n in range(4)]
    for n, day in enumerate(days):
        world.quotes([n * 10, n * 10 + 10, n * 10 + 10], day=day)
    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(world.convert, days))
    assert [report.failed for report in reports] == [[], [], [], []]
    assert world.inits() == [0, 10, 11, 12, 20, 21, 22, 30, 31, 32, 40, 41]
    states = {file.state for day in world.converter().days() for file in day.files}
    assert states == {"converted"}


def test_clearing_up_after_the_dead_leaves_what_the_living_write(world, monkeypatch):
    """Another worker's sweep, at the worst moment, takes no half-written file of this one."""
    world.quotes([0, 10, 20])
    replace, swept = os.replace, []

    def sweep_before_replacing(source, target):
        if "tmp" in Path(target).parts[-2:]:
            swept.append(Path(target).name)
            Workspace(world.catalog).sweep()
        replace(source, target)

    monkeypatch.setattr("backend.conversion.files.os.replace", sweep_before_replacing)
    assert world.one().outcome == "first"
    assert swept
    assert world.leftovers() == []
