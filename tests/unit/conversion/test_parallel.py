"""Files of one conversion are converted at the same time."""

import os
import subprocess
import sys
import textwrap
import threading
import time
from types import SimpleNamespace

import psutil
import pytest

from backend.conversion import parallel
from backend.conversion.commit import Commit
from backend.conversion.pipeline import Pipeline
from nautilus_instrumentation import attributes

WAIT = 30.0
"""Seconds after which a test that waits has failed."""
OTHERS = """
[[dataset]]
match = "other*.parquet"
kind = "quote"
instrument_id = "GBP/USD.SIM"
instrument = "currency_pair"
quote_currency = "USD"
price_precision = 5
size_precision = 0
columns = { ts_event = "ts", bid_price = "bid", ask_price = "ask" }
defaults = { bid_size = "1000000", ask_size = 1000000 }
time = { unit = "ns" }
"""


@pytest.fixture
def many(world):
    """Two threads, and descriptions of three instruments."""
    world.threads = 2
    world.describe(world.datasets.read_text() + OTHERS)
    return world


def mixed_day(world):
    """Good, torn, unordered, overlapping and unknown files."""
    world.quotes([0, 10, 10], "quotes-a.parquet")
    world.quotes([10, 20, 15], "quotes-b.parquet")
    world.quotes([12, 30], "quotes-c.parquet")
    world.quotes([7, 3], "other-a.parquet")
    world.quotes([0], "other-b.parquet").write_bytes(b"torn")
    world.trades(3)
    world.write("stray.parquet", {"x": [1]})


def test_the_reports_are_those_of_one_file_after_the_other(many, world, tmp_path):
    """Same order, same outcomes, same catalog, whatever fails in between."""
    found = []
    for threads in (1, 4):
        many.root, many.threads = tmp_path / str(threads), threads
        many.root.mkdir()
        many.datasets.rename(many.root / "datasets.toml")
        many.__post_init__()
        many.describe(many.datasets.read_text() + OTHERS)
        mixed_day(many)
        files = many.convert().model_dump(exclude={"files": {"__all__": {"seconds"}}})["files"]
        found.append((files, many.inits(), many.files()))
    assert found[0] == found[1]
    outcomes = [(file["path"], file["outcome"]) for file in found[0][0]]
    assert outcomes == [
        ("other-a.parquet", "first"), ("other-b.parquet", "failed"), ("quotes-a.parquet", "first"),
        ("quotes-b.parquet", "first"), ("quotes-c.parquet", "failed"), ("stray.parquet", "failed"),
        ("trades.parquet", "first"),
    ]  # fmt: skip


def test_files_run_at_once(many, monkeypatch):
    """Two files are read together: each waits here for the other."""
    both = threading.Barrier(2)
    run = Pipeline.run

    def meet(self, rejects):
        both.wait(WAIT)
        return run(self, rejects)

    monkeypatch.setattr(Pipeline, "run", meet)
    many.quotes([0])
    many.trades(1)
    assert many.convert().failed == []


def test_files_of_a_series_commit_in_their_order(many, monkeypatch):
    """Of two that overlap the later one fails, also when it is ready first."""
    later_ready = threading.Event()
    run = Pipeline.run

    def first_waits(self, rejects):
        if self.source.name == "quotes-a.parquet":
            assert later_ready.wait(WAIT)
        conversion = run(self, rejects)
        if self.source.name == "quotes-b.parquet":
            later_ready.set()
        return conversion

    monkeypatch.setattr(Pipeline, "run", first_waits)
    many.quotes([0, 20], "quotes-a.parquet")
    many.quotes([10, 30], "quotes-b.parquet")
    assert [report.outcome for report in many.convert().files] == ["first", "failed"]
    assert many.inits() == [0, 20]


def test_files_of_other_series_do_not_wait(many, monkeypatch):
    """A file that takes long holds up its own instrument's files only."""
    other_committed = threading.Event()
    run, place = Pipeline.run, Commit.run

    def wait_for_the_other(self, rejects):
        if self.source.name == "other.parquet":
            assert other_committed.wait(WAIT)
        return run(self, rejects)

    def placed(self, manifest, staged):
        done = place(self, manifest, staged)
        other_committed.set()
        return done

    monkeypatch.setattr(Pipeline, "run", wait_for_the_other)
    monkeypatch.setattr(Commit, "run", placed)
    many.quotes([0], "other.parquet")
    many.quotes([0])
    assert many.convert().failed == []


def test_one_file_is_sorted_at_a_time(many, monkeypatch):
    """Sorting takes most memory, so two files never do it together."""
    inside, seen, attempt = [], [], Pipeline._attempt

    def watched(self, rejects, sort):
        if not sort:
            return attempt(self, rejects, sort)
        inside.append(self)
        seen.append(len(inside))
        try:
            return attempt(self, rejects, sort)
        finally:
            inside.remove(self)

    monkeypatch.setattr(Pipeline, "_attempt", watched)
    for name in ("quotes.parquet", "other-a.parquet", "other-b.parquet"):
        many.quotes([*range(70_000, 0, -1), 70_001 + len(name)], name)
    many.threads = 3
    many.convert()
    assert seen == [1, 1, 1]


def test_progress_comes_from_the_callers_thread(many):
    """It rises over all files, up to 1, and no thread of ours calls the sink."""
    many.quotes([*range(140_000), 5])
    many.trades(70_000)
    seen = []
    many.convert(progress=lambda _, fraction, **__: seen.append((fraction, threading.get_ident())))
    fractions = [fraction for fraction, _ in seen]
    assert fractions == sorted(set(fractions))
    assert fractions[-1] == 1.0
    assert {threading.get_ident()} == {thread for _, thread in seen}


def test_spans_of_threads_belong_to_the_conversion(many, observed):
    """Each file's span is the conversion's child, and its batches are its own."""
    many.session = observed.session
    many.quotes([0])
    many.trades(1)
    many.convert()
    (day,) = observed.spans(attributes.CONVERSION)
    files = observed.spans(attributes.CONVERSION_FILE)
    batches = observed.spans(attributes.CONVERSION_BATCH)
    assert [day.context.span_id] * 2 == [file.parent.span_id for file in files]
    assert {file.context.span_id for file in files} == {b.parent.span_id for b in batches}
    assert {day.context.trace_id} == {span.context.trace_id for span in files + batches}


class Impatient(BaseException):
    """Somebody pressed Ctrl-C."""


def test_a_caller_who_leaves_leaves_nothing_behind(many):
    """What runs is broken off and waited for; the next conversion finds a clean place."""
    many.quotes([*range(200_000)])
    many.quotes([*range(200_000)], "other.parquet")

    def leave(*_, **__):
        raise Impatient

    with pytest.raises(Impatient):
        many.convert(progress=leave)
    names = [thread.name for thread in threading.enumerate()]
    assert [name for name in names if name.startswith("conversion")] == []
    assert many.leftovers() == []
    assert many.convert().failed == []
    assert len(many.inits()) == 400_000


def test_what_runs_is_broken_off_when_the_caller_leaves(many, monkeypatch):
    """A file that would go on for long ends at its next batch."""
    ended = []

    def endless(self, rejects):
        deadline = time.monotonic() + WAIT
        try:
            while time.monotonic() < deadline:
                self.on_rows(1)
        except parallel.Abandoned:
            ended.append(self.source.name)
            raise

    def leave(*_, **__):
        raise Impatient

    monkeypatch.setattr(Pipeline, "run", endless)
    many.quotes([0, 1])
    many.trades(2)
    with pytest.raises(Impatient):
        many.convert(progress=leave)
    assert ended
    assert many.files() == []


def test_a_file_that_begins_again_does_not_hide_what_others_do():
    """Rows that are read once more to be sorted count once; other files' rows count meanwhile."""
    seen = []
    meter = parallel.Meter(lambda _, fraction, **__: seen.append(fraction), [100, 100])
    for place, rows in ((0, 50), (0, 10), (1, 50)):
        meter.reach(place, rows)
        meter.tell()
    assert seen == [0.25, 0.5]


CRASHING = textwrap.dedent("""
    import datetime as dt, os, sys, threading
    from pathlib import Path
    from backend.conversion import commit
    from backend.data_converter import Converter
    from backend.settings import Settings
    from nautilus_instrumentation import current_session

    root, both, place = Path(sys.argv[1]), threading.Barrier(2), commit.Commit.run

    def die(self, manifest, staged):
        both.wait(30)  # the other file is about to be placed, too
        os._exit(9)

    commit.Commit.run = die
    settings = Settings(raw_tick_dir=root / "raw", datasets_file=root / "datasets.toml",
                        catalog_dir=root / "catalog")
    Converter(settings, current_session(), 2).convert_day(dt.date(2024, 1, 2))
""")


def test_a_process_that_dies_with_two_files_can_be_made_good(many):
    """Nothing half-written is seen, and the next conversion clears up after both."""
    many.quotes([0, 5, 5])
    many.trades(3)
    command = [sys.executable, "-c", CRASHING, str(many.root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 9, done.stderr
    assert many.files() == []
    assert len([name for name in many.leftovers() if name.endswith(".0.tmp")]) == 2
    assert many.convert().failed == []
    assert many.inits() == [0, 5, 6]
    assert many.leftovers() == []


@pytest.mark.parametrize(
    ("files", "cores", "bytes_left", "threads"),
    [
        (10, 4, 10**12, 4),
        (2, 4, 10**12, 2),
        (10, 4, 2 * parallel.FILE_BYTES, 2),
        (10, 4, -1, 1),
        (0, 4, 10**12, 1),
    ],
)
def test_cores_memory_and_files_bound_the_threads(
    monkeypatch, files, cores, bytes_left, threads
):  # fmt: skip
    """The least of the three, and always one."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    monkeypatch.setattr(psutil.Process, "memory_info", lambda _: SimpleNamespace(rss=10**9))
    assert parallel.threads_for(files, 10**9 + bytes_left) == threads
