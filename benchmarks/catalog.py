"""Windows of ticks out of the catalog: what they cost, what they read, and what is kept."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import catalog_cases
from benchmarks.catalog_cases import FILES, LAYOUTS, SPANS
from benchmarks.figures import shown
from benchmarks.measuring import ratios
from benchmarks.section import (
    Measure,
    Plot,
    Recommendation,
    Section,
    Table,
    Target,
    emit,
    with_json,
)

ROWS = 5_000_000
REPEATS = 3
WHOLE_DAY_RATIO = 200


def measure(rows: int, repeats: int) -> dict[str, Any]:
    """Figures of each step, `repeats` times; steps that are compared come in turn."""
    with tempfile.TemporaryDirectory(prefix="catalog-") as folder:
        root = Path(folder)
        _in_process("prepare", root, str(rows))
        found: dict[str, Any] = {
            step: {layout: [] for layout in LAYOUTS} for step in ("windows", "many")
        }
        for _ in range(repeats):
            for step, of_layout in found.items():
                for layout in LAYOUTS:
                    of_layout[layout].append(_in_process(step, root, layout))
        found |= {
            step: [_in_process(step, root) for _ in range(repeats)] for step in ("cache", "index")
        }
    return found


def _in_process(step: str, root: Path, argument: str = "") -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.catalog", "--step", step, "--root", str(root)]
    done = subprocess.run(
        [*command, "--argument", argument], check=True, stdout=subprocess.PIPE, text=True
    )
    return json.loads(done.stdout.strip().splitlines()[-1])  # type: ignore[no-any-return]


def _of(name: str, values: list[float], unit: str = "s", better: Any = "lower") -> Measure:
    return Measure(name, statistics.median(values), unit, (min(values), max(values)), better)


def _ratio(name: str, plain: list[float], ours: list[float]) -> Measure:
    found = ratios(plain, ours)
    return Measure(name, found["median"], "x", (found["lowest"], found["highest"]), "higher")


def measures_of(found: dict[str, Any]) -> list[Measure]:
    """All figures by name."""

    def seconds(step: str, layout: str, window: str) -> list[float]:
        return [run[window]["seconds"] for run in found[step][layout]]

    windows = [
        _of(f"{window}, {layout}", seconds("windows", layout, window))
        for window in SPANS
        for layout in LAYOUTS
    ]
    many = [
        _of(f"{window} of {FILES} files, {layout}", seconds("many", layout, window))
        for window in ("5 min", "all")
        for layout in LAYOUTS
    ]
    memory = [
        _of(f"memory for all of {FILES} files, {layout}",
            [run["memory"] for run in found["many"][layout]], "B")
        for layout in LAYOUTS
    ]  # fmt: skip
    compared = [
        _ratio(name, seconds(step, "plain", window), seconds(step, "ours", window))
        for step, window, name in (
            *(("windows", window, f"{window}, plain / ours") for window in SPANS),
            *(
                ("many", window, f"{window} of {FILES} files, plain / ours")
                for window in ("5 min", "all")
            ),
        )
    ]
    whole = _ratio(
        "1 day / 5 min", *(seconds("windows", "ours", window) for window in ("1 day", "5 min"))
    )
    plain_whole = _ratio(
        "1 day, plain / 5 min, ours",
        seconds("windows", "plain", "1 day"), seconds("windows", "ours", "5 min"),
    )  # fmt: skip
    kept = [
        _of(f"1 h, {name}", [run[name] for run in found["cache"]]) for name in found["cache"][0]
    ]
    kept.append(
        _ratio(
            "1 h, first / again", *([run[x] for run in found["cache"]] for x in ("first", "again"))
        )
    )
    listed = [
        _of(f"files of a window, {name}", [run[name] for run in found["index"]])
        for name in ("plain", "cold", "warm")
    ]
    return [*windows, whole, plain_whole, *compared, *many, *memory, *kept, *listed]


def _pruning_table(found: dict[str, Any]) -> Table:
    rows = []
    for layout in LAYOUTS:
        for window, of in found["windows"][layout][-1].items():
            rows.append(
                (
                    f"{window}, {layout}", f"{of['rows']:,}", f"{of['groups']}/{of['all_groups']}",
                    shown(of["predicted"], "B"), shown(of["read"], "B"),
                    shown(of["read"] / max(1, of["predicted"]), "x"), shown(of["seconds"], "s"),
                )
            )  # fmt: skip
    return Table(
        "Row groups and bytes: predicted from footers, and really read by the process",
        ("window", "rows", "row groups", "predicted", "read", "read/predicted", "time"),
        tuple(rows),
    )


def _files_table(found: dict[str, Any]) -> Table:
    rows = []
    for layout in LAYOUTS:
        run = found["many"][layout][-1]
        rows += [
            (f"{window}, {layout}", f"{run[window]['rows']:,}", shown(run[window]["read"], "B"),
             shown(run[window]["seconds"], "s"))
            for window in ("5 min", "all")
        ]  # fmt: skip
    return Table(
        f"The same ticks in {FILES} files", ("window", "rows", "read", "time"), tuple(rows)
    )


def section(found: dict[str, Any], rows: int) -> Section:
    """The report's part."""
    import nautilus_trader

    measures = measures_of(found)
    by_name = {each.name: each for each in measures}
    plot = {
        layout: tuple(
            (name, by_name[f"{name}, {layout}"].value)
            for name in (*SPANS, f"5 min of {FILES} files", f"all of {FILES} files")
        )
        for layout in LAYOUTS
    }
    return Section(
        "catalog",
        "Windows of ticks out of the catalog",
        f"A generated day of {rows:,} quotes, NautilusTrader {nautilus_trader.__version__}. Plain "
        "is `catalog.query` on the layout that `write_data` writes: snappy, row groups of 5,000 "
        "rows. Ours is row groups of 65,536 with an index of their pages, only the files of the "
        "window, and ticks that leave Rust in chunks of 1,000 instead of 10,000. Each run is a "
        "fresh process, ours and plain in turn; times are the best within a process, then the "
        "median. Bytes read are `rchar`, which counts the page cache too; 1.231 reads half a "
        "megabyte of each file to find its footer. Of what five minutes take, some 2 ms are "
        "opening the file and planning the query, in Rust, whatever the window; most of the rest "
        "is making the ticks.",
        tables=(_pruning_table(found), _files_table(found)),
        measures=tuple(measures),
        targets=(
            Target("five minutes against the whole day as NautilusTrader reads it",
                   "1 day, plain / 5 min, ours", WHOLE_DAY_RATIO, "at least", "x", "issue"),
            Target("five minutes against our own, faster whole day", "1 day / 5 min",
                   WHOLE_DAY_RATIO, "at least", "x", "aim"),
        ),
        plots=(Plot("Time of a query", "bar", "s", plot, log_y=True),),
        recommendations=(
            Recommendation(
                f"Name the files of a window: of {FILES} files five minutes take "
                f"{{5 min of {FILES} files, ours}} instead of {{5 min of {FILES} files, plain}}."
            ),
            Recommendation(
                "Let workers keep decoded ticks: an hour again takes {1 h, again} instead of "
                "{1 h, first}, five minutes within it {1 h, within}."
            ),
        ),
    )  # fmt: skip


def main() -> None:
    parser = with_json(argparse.ArgumentParser(description=__doc__))
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--step", help=argparse.SUPPRESS)
    parser.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--argument", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step is None:
        emit(section(measure(given.rows, given.repeats), given.rows), given.json)
        return
    step = {
        "prepare": lambda: catalog_cases.prepare(given.root, int(given.argument)),
        "windows": lambda: catalog_cases.windows(given.root, given.argument),
        "many": lambda: catalog_cases.many(given.root, given.argument),
        "cache": lambda: catalog_cases.cache(given.root),
        "index": lambda: catalog_cases.index(given.root),
    }[given.step]
    print(json.dumps(step()))


if __name__ == "__main__":
    main()
