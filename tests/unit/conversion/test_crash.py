"""A process that dies anywhere leaves a catalog that can be queried, and can be finished."""

import datetime as dt
import subprocess
import sys
import textwrap

import pytest

NEXT = dt.date(2024, 1, 3)
REPLACE_STEPS, MOVE_STEPS = 12, 17
"""Calls that change files, in the conversions below."""
CRASHING = textwrap.dedent("""
    import datetime as dt, os, sys
    from pathlib import Path
    from backend.data_converter import Converter
    from backend.settings import Settings
    from nautilus_instrumentation import current_session

    root, crash_at, seen = Path(sys.argv[1]), int(sys.argv[2]), 0

    def dying(name):
        real = getattr(os, name)
        def step(*args, **kwargs):
            global seen
            seen += 1
            if seen == crash_at:
                os._exit(9)
            return real(*args, **kwargs)
        setattr(os, name, step)

    converter = Converter(
        Settings(raw_tick_dir=root / "raw", datasets_file=root / "datasets.toml",
                 catalog_dir=root / "catalog"),
        current_session(),
    )
    for name in ("replace", "unlink", "fsync", "rmdir"):
        dying(name)
    report = converter.convert_day(dt.date(2024, 1, 2))
    print(seen)
    sys.exit(1 if report.failed else 0)
""")


def convert_and_die(world, step: int) -> subprocess.CompletedProcess[str]:
    """Convert 2 January in a process that dies at a step."""
    command = [sys.executable, "-c", CRASHING, str(world.root), str(step)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def replaced(world):
    """A file that was converted, and has changed since."""
    world.quotes([0, 5, 5])
    world.convert()
    world.rewrite_later(world.quotes([1, 5, 9, 12]))


def moving(world):
    """A file whose last time is the first of the day after, which is converted already."""
    world.quotes([12, 20], day=NEXT)
    world.convert(NEXT)
    world.quotes([1, 5, 9, 12])


@pytest.mark.parametrize("step", range(1, REPLACE_STEPS + 1))
def test_a_crash_while_replacing_can_be_made_good(world, step):
    """Every tick file that a query sees is whole; the next run ends as if nothing had happened."""
    replaced(world)
    done = convert_and_die(world, step)
    assert done.returncode == 9, done.stderr
    inits = world.inits() if world.files() else []
    assert inits in ([], [0, 5, 6], [1, 5, 9, 12])
    if inits != [1, 5, 9, 12]:
        assert world.converter().missing("EUR/USD.SIM", "quote", 0, 2**62)
    assert world.convert().failed == []
    assert world.inits() == [1, 5, 9, 12]
    assert world.leftovers() == []


@pytest.mark.parametrize("step", range(1, MOVE_STEPS + 1))
def test_a_crash_while_moving_a_neighbour_can_be_made_good(world, step):
    """The neighbour's ticks are there after the next run of the file that died, or of any."""
    moving(world)
    done = convert_and_die(world, step)
    assert done.returncode == 9, done.stderr
    assert world.convert().failed == []
    assert world.inits() == [1, 5, 9, 12, 13, 20]
    states = {file.state for day in world.converter().days() for file in day.files}
    assert states == {"converted"}
    assert world.leftovers() == []


@pytest.mark.parametrize(("prepare", "steps"), [(replaced, REPLACE_STEPS), (moving, MOVE_STEPS)])
def test_the_steps_are_all_there_are(world, prepare, steps):
    """The crashes above cover every call that changes files."""
    prepare(world)
    done = convert_and_die(world, steps + 1)
    assert (done.returncode, done.stdout.strip()) == (0, str(steps)), done.stderr
