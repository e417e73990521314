"""`make bench-compare A=… B=…`: the measures of two result files side by side."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.report.results import Results, load
from benchmarks.section import Measure

NOISE = 0.05
"""Relative difference that says nothing where a measure has no spread."""


def verdict(a: Measure, b: Measure) -> str:
    """What became of `a` in `b`: "better", "worse" or "within spread"."""
    if _alike(a, b):
        return "within spread"
    return "better" if (b.value < a.value) == (b.better == "lower") else "worse"


def _alike(a: Measure, b: Measure) -> bool:
    low_a, high_a = _range(a)
    low_b, high_b = _range(b)
    return low_a <= high_b and low_b <= high_a


def _range(measure: Measure) -> tuple[float, float]:
    if measure.spread is not None:
        return measure.spread
    margin = abs(measure.value) * NOISE / 2
    return measure.value - margin, measure.value + margin


def rows(a: Results, b: Results) -> Iterator[tuple[str, ...]]:
    """(benchmark, measure, A, B, B/A, verdict), in A's order; then what only B has."""
    for key in dict.fromkeys((*a.measures, *b.measures)):
        before, after = a.measures.get(key), b.measures.get(key)
        if before is None or after is None:
            one = "A" if after is None else "B"
            yield *key, str(before or "—"), str(after or "—"), "", f"only in {one}"
        elif before.unit != after.unit:
            yield *key, str(before), str(after), "", "another unit"
        else:
            ratio = f"{after.value / before.value:.3f}" if before.value else ""
            yield *key, str(before), str(after), ratio, verdict(before, after)


def differences(a: Results, b: Results) -> list[str]:
    """What differs in the environments."""
    names = dict.fromkeys((*a.environment, *b.environment))
    pairs = [(name, a.environment.get(name, "?"), b.environment.get(name, "?")) for name in names]
    return [f"{name}: {one} in A, {other} in B" for name, one, other in pairs if one != other]


def _table(name: str, found: Iterable[tuple[str, ...]]) -> Table:
    table = Table(title=f"{name}: B against A", title_justify="left")
    for column in ("measure", "A", "B", "B/A", ""):
        table.add_column(column, overflow="fold")
    colours = {"better": "green", "worse": "red", "within spread": "dim"}
    for _, *cells in found:
        table.add_row(*cells, style=colours.get(cells[-1], "yellow"))
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the comparison; 2 where a file cannot be read as results."""
    parser = argparse.ArgumentParser(prog="benchmarks.report.compare", description=__doc__)
    parser.add_argument("a", type=Path)
    parser.add_argument("b", type=Path)
    given = parser.parse_args(arguments)
    try:
        a, b = load(given.a), load(given.b)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"not a result file: {error}\n")
        return 2
    console = Console()
    for name, found in groupby(sorted(rows(a, b), key=itemgetter(0)), key=itemgetter(0)):
        console.print(_table(name, found))
    for line in differences(a, b):
        console.print(f"The machines or versions differ: {line}", style="yellow", highlight=False)
    for name, results in (("A", a), ("B", b)):
        for failed in results.failed:
            console.print(f"failed in {name}: {failed}", style="yellow")
    return 0


if __name__ == "__main__":
    sys.exit(main())
