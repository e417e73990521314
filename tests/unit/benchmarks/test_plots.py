"""Plots and flame graphs: the same bytes, readable, and nothing of the machine in them."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks.report.flame import flame_graph
from benchmarks.report.plots import draw, write_plots
from benchmarks.report.stacks import fold, own_shares, part_shares
from benchmarks.section import Plot

BARS = Plot("Rows by way", "bar", "rows/s", {"a": (("ours", 2e6),), "b": (("ours", 1e6),)})
LINES = Plot(
    "Memory by size", "line", "B", {"a": ((1e6, 1e8), (5e6, 2e8))}, x_label="rows", log_x=True
)
START = "main (benchmarks/profiled.py:9)"


@pytest.mark.parametrize("plot", [BARS, LINES], ids=["bar", "line"])
def test_a_plot_is_the_same_every_time(plot: Plot, tmp_path: Path) -> None:
    """Else each run would change files that say the same."""
    for name in ("one.svg", "two.svg"):
        draw(plot, tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


@pytest.mark.parametrize(
    ("plot", "wanted"),
    [
        (BARS, {"Rows by way", "rows/s", "ours", "2,000,000 rows/s", "a", "b"}),
        (LINES, {"Memory by size", "bytes", "rows", "200 MB", "1M", "5M"}),
    ],
    ids=["bar", "line"],
)
def test_a_plot_names_its_axes_units_and_series(
    plot: Plot, wanted: set[str], tmp_path: Path
) -> None:
    """Its text is text, which readers can search."""
    draw(plot, tmp_path / "plot.svg")
    root = ElementTree.fromstring((tmp_path / "plot.svg").read_bytes())
    texts = {each.text for each in root.iter("{http://www.w3.org/2000/svg}text")}
    assert wanted - texts == set()


def test_pictures_of_no_plot_are_removed(
    make_section: Any, make_results: Any, tmp_path: Path
) -> None:
    """The folder holds what the page shows."""
    (tmp_path / "old.svg").write_text("<svg/>")
    (tmp_path / "profiles").mkdir()
    write_plots(make_results(make_section()), tmp_path)
    assert {each.name for each in tmp_path.iterdir()} == {"reading-rows-by-way.svg", "profiles"}


@pytest.mark.parametrize(
    ("frame", "shown"),
    [
        ("sort (/opt/py/lib/python3.11/site-packages/pandas/core/sorting.py:31)",
         "sort (pandas/core/sorting.py)"),
        ("run (backend/conversion/pipeline.py:138)", "run (backend/conversion/pipeline.py)"),
        ("0x7f1d12ec1d2c (nautilus_trader/backtest/engine.cpython-311-x86_64-linux-gnu.so)",
         "(nautilus_trader/backtest/engine)"),
        ("sort_<npy::tag<int>, 2> (numpy/_core/_umath.cpython-311-x86_64-linux-gnu.so)",
         "sort_ (numpy/_core/_umath)"),
        ("arrow::take (pyarrow/libarrow.so.2600)", "arrow::take (pyarrow/libarrow)"),
    ],
)  # fmt: skip
def test_a_frame_is_shown_without_line_and_machine(frame: str, shown: str) -> None:
    """Short names, which are the same on every machine."""
    assert fold(f"{START};{frame} 3") == Counter({(shown,): 3})


@pytest.mark.parametrize(
    "frame", ["memcpy (libc.so.6)", "PyDict_New (libpython3.11.so.1.0)", "list_sort (listobject.c)"]
)
def test_the_time_of_common_libraries_is_their_callers(frame: str) -> None:
    """Nobody can make memcpy faster, but call it less."""
    assert fold(f"{START};read (backend/x.py:1);{frame} 2") == Counter(
        {("read (backend/x.py)",): 2}
    )


def test_how_the_work_was_started_is_left_out() -> None:
    """The profile begins at the work."""
    raw = f"_run (<frozen runpy>:1);{START};work (backend/x.py:1) 2\n"
    assert fold(raw) == Counter({("work (backend/x.py)",): 2})


def test_neighbours_of_one_function_are_one_frame() -> None:
    """Recursion and what a library does within itself make no towers."""
    raw = f"{START};go (backend/x.py:1);go (backend/x.py:2);0x1 (a/b.abi3.so);0x2 (a/b.abi3.so) 2"
    assert fold(raw) == Counter({("go (backend/x.py)", "(a/b)"): 2})


@pytest.mark.parametrize(("waiting", "samples"), [(False, 1), (True, 3)])
def test_threads_that_wait_count_where_asked_for(waiting: bool, samples: int) -> None:
    """Waiting is no work, unless for threads that the profiler cannot see."""
    raw = (
        f"{START};_worker (concurrent/futures/thread.py:1);"
        "_queue_SimpleQueue_get_impl (_queuemodule.c);sem_clockwait (libc.so.6) 2\n"
        f"{START};work (backend/x.py:1) 1\n"
    )
    assert fold(raw, waiting=waiting).total() == samples


def test_shares_are_of_a_functions_own_samples() -> None:
    """What it calls counts for what is called."""
    stacks = Counter({("a (backend/x.py)", "b (pyarrow/y.py)"): 3, ("a (backend/x.py)",): 1})
    assert [(each.name, each.share) for each in own_shares(stacks)] == [
        ("b (pyarrow/y.py)", 0.75), ("a (backend/x.py)", 0.25),
    ]  # fmt: skip


def test_parts_are_packages() -> None:
    """And Python's own modules together."""
    stacks = Counter(
        {("a (backend/x.py)",): 5, ("b (pyarrow/lib)",): 3, ("c (threading.py)",): 2,
         ("d (<frozen abc>)",): 1,
         ("e (concurrent/futures/thread.py)",): 1}
    )  # fmt: skip
    assert [each.name for each in part_shares(stacks)] == ["backend", "Python's library", "pyarrow"]


def test_a_flame_graph_is_as_wide_as_its_samples() -> None:
    """A frame lies above its caller and within its width."""
    svg = flame_graph(Counter({("a", "b"): 3, ("a", "c"): 1}), "Work")
    root = ElementTree.fromstring(svg)
    space = "{http://www.w3.org/2000/svg}"
    found = {}
    for group in root.iter(f"{space}g"):
        title, rect = group.find(f"{space}title"), group.find(f"{space}rect")
        assert title is not None
        assert title.text is not None
        assert rect is not None
        found[title.text.partition(":")[0]] = {
            k: float(rect.attrib[k]) for k in ("x", "width", "y")
        }
    assert (found["b"]["x"], found["b"]["width"]) == (0.0, 899.5)
    assert (found["c"]["x"], found["c"]["width"]) == (900.0, 299.5)
    assert found["b"]["y"] == found["c"]["y"] < found["a"]["y"] < found["all"]["y"]


def test_a_flame_graph_stays_small() -> None:
    """Thousands of functions that nobody could see are left out."""
    stacks = Counter({(f"<f{n}>", f"<g{n}>"): 1 for n in range(20_000)}) + Counter({("h",): 20_000})
    svg = flame_graph(stacks, "Work <&>")
    assert len(svg) < 2_000
    assert len(re.findall("<g>", svg)) == 2
