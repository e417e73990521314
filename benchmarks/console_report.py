"""The console's figures in the browser, as a part of its section."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import replace

from benchmarks.console_probes import LONG_SECONDS, Interactions
from benchmarks.console_stack import BUSY_BOARDS, Filled, panels
from benchmarks.console_visits import Visits
from benchmarks.figures import shown
from benchmarks.section import Measure, Section, Table, Target

SCORED = ("/", "/backtests", "/dashboards/nautobs-backtest")
"""Pages that Lighthouse looks at."""
LOAD, INTERACTIVE = "load of the slowest page", "time to interactive of the slowest page"
TABLE_INP, BOARD_INP = "INP on the table of results", "INP on a busy board"
DRAWN, DRAWN_TASK = "a million ticks drawn", "longest task while ticks are drawn"
TEXT = """
Pages are opened in headless Chromium from the production build, each in a browser that has seen
nothing yet, against the whole embedded stack with {results:,} results and {hours:g} hours of
metrics ({samples:,} samples). Time to interactive ends with the last task over {long} after the
first paint and before one quiet second. Interactions are real keys and buttons; each lasts to the
next frame as Event Timing has it, in steps of 8 ms. Charts are drawn without a graphics card.
Tasks under {long} count as none. Ticks are drawn when all that were asked for are on the canvas;
of several visits the median counts, and what they came to stands beside it.
"""
TARGETS = (
    Target("a page is loaded", LOAD, 1.0, "at most", "s", "issue"),
    Target("a page is loaded", LOAD, 2.0, "at most", "s", "mission"),
    Target("a page is interactive", INTERACTIVE, 1.5, "at most", "s", "issue"),
    Target("a page is interactive", INTERACTIVE, 3.0, "at most", "s", "mission"),
    Target("a table of 10,000 rows answers", TABLE_INP, 0.050, "at most", "s", "issue"),
    Target("a table of 10,000 rows answers", TABLE_INP, 0.100, "at most", "s", "mission"),
    Target("a board of 20 panels answers", BOARD_INP, 0.050, "at most", "s", "issue"),
    Target("a board of 20 panels answers", BOARD_INP, 0.100, "at most", "s", "mission"),
    Target("a million ticks are drawn", DRAWN, 1.0, "at most", "s", "issue"),
    Target("drawing them leaves the page alone", DRAWN_TASK, LONG_SECONDS, "at most", "s", "issue"),
)
SLOWEST = 5


def added(section: Section, filled: Filled, visits: Visits) -> Section:
    """The section with loads and interactions."""
    text = TEXT.format(
        results=filled.results, hours=filled.hours, samples=filled.samples,
        long=shown(LONG_SECONDS, "s"),
    )  # fmt: skip
    loads = visits.loads.values()
    boards = [visits.interactions[board] for board in BUSY_BOARDS]
    return replace(
        section,
        text=f"{section.text} {text}",
        tables=(*section.tables, _loads(visits), _interactions(visits)),
        measures=(
            *section.measures,
            Measure(LOAD, max(one.load for one in loads), "s"),
            Measure(INTERACTIVE, max(one.interactive for one in loads), "s"),
            Measure(TABLE_INP, visits.interactions["table"].inp, "s"),
            Measure(BOARD_INP, max(one.inp for one in boards), "s"),
            _median(DRAWN, [one.seconds for one in visits.drawn]),
            # What is shorter the browser does not tell.
            _median(DRAWN_TASK, [one.longest_task for one in visits.drawn]),
        ),
        targets=(*section.targets, *TARGETS),
    )


def _median(name: str, values: list[float]) -> Measure:
    return Measure(name, statistics.median(values), "s", (min(values), max(values)))


def scored(section: Section, scores: Mapping[str, Mapping[str, float]]) -> Section:
    """The section with Lighthouse's scores, out of 100."""
    categories = list(next(iter(scores.values())))
    rows = tuple(
        (page, *(round(100 * found[name]) for name in categories)) for page, found in scores.items()
    )
    lowest = tuple(
        Measure(
            f"Lighthouse, {name}, lowest",
            100 * min(found[name] for found in scores.values()), better="higher",
        )
        for name in categories
    )  # fmt: skip
    table = Table("Lighthouse, of 100", ("page", *categories), rows)
    return replace(
        section, tables=(*section.tables, table), measures=(*section.measures, *lowest)
    )  # fmt: skip


def _loads(visits: Visits) -> Table:
    rows = tuple(
        (name, *(shown(value, "s") for value in (one.painted, one.load, one.interactive)))
        for name, one in visits.loads.items()
    )
    return Table("Pages, medians", ("page", "first paint", "load", "interactive"), rows)


def _interactions(visits: Visits) -> Table:
    """The slowest of each; what is under 16 ms the browser does not tell."""
    rows = tuple(
        (_where(name), what, shown(took, "s") if took else "under 16 ms", "")
        for name, one in visits.interactions.items()
        for what, took in _slowest(one)
    )
    rows += tuple(
        (_where(name), f"all {one.number}: INP, longest task", shown(one.inp, "s"),
         shown(one.longest_task, "s") if one.longest_task else f"under {shown(LONG_SECONDS, 's')}")
        for name, one in visits.interactions.items()
    )  # fmt: skip
    return Table("Interactions, the slowest", ("where", "what", "to the next frame", "task"), rows)


def _slowest(one: Interactions) -> list[tuple[str, float]]:
    return sorted(one.durations.items(), key=lambda item: -item[1])[:SLOWEST]


def _where(name: str) -> str:
    return f"{name}, {panels(name)} panels" if name in BUSY_BOARDS else name
