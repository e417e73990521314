"""What a benchmark hands to the report: tables, measures, targets, plots and recommendations.

    parser = with_json(argparse.ArgumentParser(description=__doc__))
    given = parser.parse_args()
    emit(Section("caches", "Caches", "What was compared, and how.", measures=(...)), given.json)

A measure is written once; targets and recommendations refer to it by its name.
"""

from __future__ import annotations

import argparse
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter
from rich.console import Console
from rich.table import Table as ConsoleTable

from benchmarks.figures import between, shown

Cell = str | int | float
Point = tuple[str | float, float]
_REFERENCE = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True)
class Table:
    """Cells are shown as they come, numbers with three digits."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Measure:
    """A figure that targets, recommendations and comparisons refer to by `name`.

    `unit`: s, B, x (a ratio), %, a rate as "rows/s", or "" for a count; base units, shown scaled.
    `spread` is the lowest and highest of the repetitions, or a confidence interval.
    """

    name: str
    value: float
    unit: str = ""
    spread: tuple[float, float] | None = None
    better: Literal["lower", "higher"] = "lower"

    def __str__(self) -> str:
        if self.spread is None or self.spread[0] == self.spread[1]:
            return shown(self.value, self.unit)
        return f"{shown(self.value, self.unit)} ({between(*self.spread, self.unit)})"


@dataclass(frozen=True)
class Target:
    """A limit of the value of the measure of that name; one that is not measured is not met.

    `why`: set by the mission, which gates, or by the issue that asked for the work; an aim is ours.
    """

    name: str
    measure: str
    limit: float
    bound: Literal["at most", "at least"]
    unit: str
    why: Literal["mission", "issue", "aim"]

    def met(self, measure: Measure | None) -> bool:
        if measure is None:
            return False
        if self.bound == "at most":
            return measure.value <= self.limit
        return measure.value >= self.limit

    def __str__(self) -> str:
        return f"{self.bound} {shown(self.limit, self.unit)}"


@dataclass(frozen=True)
class Plot:
    """`series`: label → points. Bars stand at the names of x, lines at its numbers.

    `unit` as in Measure; `x_label` says what x is, with its unit.
    """

    title: str
    kind: Literal["bar", "line"]
    unit: str
    series: dict[str, tuple[Point, ...]]
    x_label: str = ""
    log_x: bool = False
    log_y: bool = False


@dataclass(frozen=True)
class Recommendation:
    """Advice; `{name of a measure}` in `text` becomes the measured figure."""

    text: str


@dataclass(frozen=True)
class Section:
    """A benchmark's part of the report; `name` is that of its module.

    Raises ValueError for two measures of a name, and a recommendation without a measurement.
    """

    name: str
    title: str
    text: str
    tables: tuple[Table, ...] = ()
    measures: tuple[Measure, ...] = ()
    targets: tuple[Target, ...] = ()
    plots: tuple[Plot, ...] = ()
    recommendations: tuple[Recommendation, ...] = ()
    left_out: tuple[str, ...] = ()
    """What could not be measured here, and why."""

    def __post_init__(self) -> None:
        if len(self.by_name) != len(self.measures):
            raise ValueError(f"{self.name}: two measures have the same name")
        for each in self.recommendations:
            named = _REFERENCE.findall(each.text)
            if not named or set(named) - self.by_name.keys():
                raise ValueError(f"{self.name}: no measurement in {each.text!r}")

    @property
    def by_name(self) -> dict[str, Measure]:
        return {each.name: each for each in self.measures}

    @property
    def advice(self) -> list[str]:
        """The recommendations with their figures."""
        return [
            _REFERENCE.sub(lambda found: str(self.by_name[found[1]]), each.text)
            for each in self.recommendations
        ]

    def missed(self) -> list[Target]:
        return [each for each in self.targets if not each.met(self.by_name.get(each.measure))]


SECTION = TypeAdapter(Section)
"""To and from JSON."""

QUICK = "BENCH_QUICK"
"""Set in the environment of a quick run: small inputs miss targets, and say nothing by it."""


def with_json(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """The parser, with --json FILE."""
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the section here")
    return parser


def emit(section: Section, json: Path | None) -> None:
    """Print a section to the console; with a path, write it there as JSON."""
    console = Console()
    console.rule(section.title)
    console.print(" ".join(section.text.split()))
    for table in section.tables:
        console.print(console_table(table))
    for measure in section.measures:
        console.print(f"{measure.name}: {measure}", highlight=False)
    for reason in section.left_out:
        console.print(f"left out: {reason}", style="yellow")
    for target in () if os.environ.get(QUICK) else section.targets:
        verdict = "[red]MISSED[/]" if target in section.missed() else "[green]met[/]"
        measured = section.by_name.get(target.measure, "not measured")
        console.print(f"{verdict} {target.name}: {measured}, {target}")
    if json is not None:
        json.write_bytes(SECTION.dump_json(section, indent=1))


def console_table(table: Table) -> ConsoleTable:
    """As rich shows it: names to the left, figures to the right."""
    found = ConsoleTable(title=table.title, title_justify="left")
    for number, column in enumerate(table.columns):
        found.add_column(column, justify="right" if number else "left")
    for row in table.rows:
        found.add_row(*map(cell, row))
    return found


def cell(value: Cell) -> str:
    return value if isinstance(value, str) else shown(value, "")
