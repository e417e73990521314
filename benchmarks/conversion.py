"""Our conversion against wrangler + write_data: rows per second, memory, and what a repeat costs.

    python -m benchmarks.conversion [--rows 1000000 5000000] [--pairs 3] [--json FILE]

Every measurement runs in a fresh process, after its imports; memory is what it grew by over that.
Both ways are measured in turn, and ratios are of neighbours; sizes above 2M rows get one pair.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import conversion_steps
from benchmarks.conversion_data import KINDS
from benchmarks.conversion_section import section
from benchmarks.measuring import ratios
from benchmarks.section import emit, with_json

ROWS = (1_000_000, 5_000_000)
PAIRS = 3
LARGE = 2_000_000
"""Rows above which a baseline takes half a minute."""


def measure(sizes: list[int], pairs: int) -> dict[str, Any]:
    """Figures by size and kind: both ways and their ratios; and, of the first size, of parts."""
    figures: dict[str, Any] = {"sizes": {}}
    for rows in sizes:
        with tempfile.TemporaryDirectory(prefix="conversion-") as folder:
            ordered, shuffled = Path(folder) / "ordered", Path(folder) / "shuffled"
            _in_process("generate", ordered, "", rows)
            _in_process("shuffle", shuffled, "", rows)
            figures["sizes"][rows] = {
                kind: {
                    **_pairs(ordered, kind, rows, pairs if rows <= LARGE else 1),
                    "unordered": _in_process("ours", shuffled, kind, rows),
                }
                for kind in KINDS
            }
            if rows == sizes[0]:
                figures["parts"] = _in_process("parts", ordered, "", rows)["parts"]
                figures["parallel"] = _parallel(ordered, rows, min(pairs, 2))
    return figures


def _pairs(root: Path, kind: str, rows: int, pairs: int) -> dict[str, Any]:
    plain, ours = [], []
    for _ in range(pairs):
        plain.append(_in_process("baseline", root, kind, rows))
        ours.append(_in_process("ours", root, kind, rows))
    growth = "memory_growth_bytes"
    best = min(ours, key=lambda found: found["seconds"])
    return {
        "baseline": min(plain, key=lambda found: found["seconds"]),
        "ours": {**best, growth: max(found[growth] for found in ours)},
        "speed": ratios(_all(plain, "seconds"), _all(ours, "seconds")),
        "cpu": ratios(_all(plain, "cpu_seconds"), _all(ours, "cpu_seconds")),
        "repeat": ratios(_all(ours, "repeat_seconds"), _all(ours, "seconds")),
        "kept_repeat": ratios(_all(ours, "kept_repeat_seconds"), _all(ours, "seconds")),
    }


def _parallel(root: Path, rows: int, rounds: int) -> dict[str, Any]:
    ways: dict[str, list[Any]] = {way: [] for way in conversion_steps.WAYS}
    for _ in range(rounds):
        for way, found in ways.items():
            found.append(_in_process("parallel", root, way, rows))
    alone = _all(ways[conversion_steps.WAYS[0]], "seconds")
    result = {}
    for way, found in ways.items():
        gain = ratios(alone, _all(found, "seconds"))
        result[way] = {**min(found, key=lambda each: each["seconds"]), "gain": gain}
    return result


def _all(found: list[dict[str, Any]], key: str) -> list[float]:
    return [each[key] for each in found]


def _in_process(step: str, root: Path, kind: str, rows: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.conversion", "--step", step, "--root", str(root)]
    command += ["--kind", kind, "--rows", str(rows)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def main() -> None:
    parser = with_json(argparse.ArgumentParser(description=__doc__.splitlines()[0]))
    parser.add_argument("--rows", type=int, nargs="+", default=list(ROWS))
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--step", help=argparse.SUPPRESS)
    parser.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--kind", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step is None:
        emit(section(measure(given.rows, given.pairs)), given.json)
    else:
        print(json.dumps(conversion_steps.take(given.step, given.root, given.kind, given.rows[0])))


if __name__ == "__main__":
    main()
