"""The embedded stack with much to show: a million ticks, thousands of results, hours of metrics."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.api_cases import write_results
from benchmarks.console_history import named_in, read, write_blocks
from stack.provision import PROMTOOL, Found, provision
from stack.services import Layout
from stack.settings import load_settings
from tests.e2e.embedded import ROOT, Embedded, embedded

BOARDS = ROOT / "dashboards" / "generated"
BUSY_BOARDS = ("nautobs-backtest", "nautobs-stack")
"""Of about twenty panels each, most of them charts."""
WORK_SECONDS = 30.0
"""Of light work and scrapes, so that every kind of series is there."""


@dataclass(frozen=True)
class Filled:
    """What the pages of the stack have to draw."""

    stack: Embedded
    results: int
    hours: float
    samples: int


@contextlib.contextmanager
def filled(folder: Path, results: int, hours: float) -> Iterator[Filled]:
    """Such a stack, idle. Raises StackError where it cannot be had."""
    with embedded(folder, scale="1", say=_say) as stack:
        time.sleep(WORK_SECONDS)
        _ = stack.finished_run
        stack.rest()
        layout = Layout(folder / "demo")
        samples = _fill_prometheus(stack, layout, hours)
        stack.world.kill("backend")  # it reads the folder of results when it starts
        write_results(layout.results, results)
        stack.world.start("backend")
        yield Filled(stack, results, hours, samples)


def _fill_prometheus(stack: Embedded, layout: Layout, hours: float) -> int:
    """Give it hours before its first minute, for all series of the busy boards."""
    prometheus = stack.world.prometheus
    text = "".join((BOARDS / f"{board}.json").read_text() for board in BUSY_BOARDS)
    names = named_in(text, prometheus.get("label/__name__/values"))
    series = read(prometheus.get("query", query=f'{{__name__=~"{"|".join(names)}"}}'))
    promtool = provision(PROMTOOL, load_settings(root=ROOT))
    if not isinstance(promtool, Found):
        raise RuntimeError(str(promtool))
    stack.world.kill("prometheus")
    began = time.time() - 60 - WORK_SECONDS
    data = layout.prometheus / "data"
    samples = write_blocks(promtool.path, series, began, hours, data)
    stack.world.start("prometheus")
    return samples


def panels(board: str) -> int:
    """How many panels it has, headings and texts left out."""
    found = json.loads((BOARDS / f"{board}.json").read_text())["panels"]
    return sum(panel["type"] not in ("row", "text") for panel in found)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
