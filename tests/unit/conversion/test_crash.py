"""A process that dies anywhere leaves a catalog that can be queried, and can be finished."""

import subprocess
import sys
import textwrap

import pytest

STEPS = 11
"""Calls of a replacement that change files."""
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


def replace_and_die(world, step: int) -> subprocess.CompletedProcess[str]:
    """Convert a file, change it, and convert it again in a process that dies at a step."""
    world.quotes([0, 5, 5])
    world.convert()
    world.rewrite_later(world.quotes([1, 5, 9, 12]))
    command = [sys.executable, "-c", CRASHING, str(world.root), str(step)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_a_crash_at_any_step_can_be_made_good(world, step):
    """Every tick file that a query sees is whole; the next run ends as if nothing had happened."""
    done = replace_and_die(world, step)
    assert done.returncode == 9, done.stderr
    inits = world.inits() if world.files() else []
    assert inits in ([], [0, 5, 6], [1, 5, 9, 12])
    if inits != [1, 5, 9, 12]:
        assert world.converter().missing("EUR/USD.SIM", "quote", 0, 2**62)
    assert world.convert().failed == []
    assert world.inits() == [1, 5, 9, 12]
    assert world.leftovers() == []


def test_the_steps_are_all_there_are(world):
    """The crashes above cover every step of a replacement."""
    done = replace_and_die(world, STEPS + 1)
    assert (0, str(STEPS)) == (done.returncode, done.stdout.strip()), done.stderr
