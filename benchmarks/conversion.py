"""Our conversion against wrangler + write_data: rows per second, memory, and what a repeat costs.

    python -m benchmarks.conversion [--rows 1000000] [--pairs 3] [--json]

Every measurement runs in a fresh process, after its imports; memory is what it grew by over that.
Both ways are measured in turn, and ratios are of neighbours. Rows of the report beside that:
batch sizes, times and the mapping of columns apart, and files in parallel.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks import conversion_parts
from benchmarks.conversion_data import DAY, KINDS, generate, raw_file
from benchmarks.measuring import ratios, shown, timed

ROWS = 1_000_000
PAIRS = 3


def measure(rows: int = ROWS, pairs: int = PAIRS) -> dict[str, Any]:
    """Figures by kind: both ways, their ratios, memory in bytes, repeat ratio; and the parts'."""
    figures: dict[str, Any] = {"rows": rows, "pairs": pairs}
    with tempfile.TemporaryDirectory(prefix="conversion-") as folder:
        ordered, shuffled = Path(folder) / "ordered", Path(folder) / "shuffled"
        _in_process("generate", ordered, "", rows)
        _in_process("shuffle", shuffled, "", rows)
        for kind in KINDS:
            figures[kind] = _pairs(ordered, kind, rows, pairs)
            figures[kind]["unordered"] = _in_process("ours", shuffled, kind, rows)
        figures["parts"] = _in_process("parts", ordered, "", rows)["parts"]
        figures["parallel"] = {
            way: _in_process("parallel", ordered, way, rows) for way in conversion_parts.WAYS
        }
    return figures


def _pairs(root: Path, kind: str, rows: int, pairs: int) -> dict[str, Any]:
    plain, ours = [], []
    for _ in range(pairs):
        plain.append(_in_process("baseline", root, kind, rows))
        ours.append(_in_process("ours", root, kind, rows))
    growth = "memory_growth_bytes"
    return {
        "baseline": min(plain, key=lambda found: found["seconds"]),
        "ours": {
            **min(ours, key=lambda found: found["seconds"]),
            growth: max(found[growth] for found in ours),
        },
        **{
            name: ratios([found[key] for found in plain], [found[key] for found in ours])
            for name, key in (("speed_ratio", "seconds"), ("cpu_ratio", "cpu_seconds"))
        },
    }


def _in_process(step: str, root: Path, kind: str, rows: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.conversion", "--step", step, "--root", str(root)]
    command += ["--kind", kind, "--rows", str(rows)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def import_everything() -> None:
    """What an idle worker has loaded, so that imports count for neither side."""
    for name in (
        "pandas",
        "pyarrow.parquet",
        "nautilus_trader.persistence.catalog",
        "nautilus_trader.persistence.wranglers",
        "nautilus_trader.test_kit.providers",
        "backend.data_converter",
    ):
        import_module(name)


def baseline(root: Path, kind: str) -> dict[str, Any]:
    """One conversion through wrangler and write_data."""
    from benchmarks.baseline_conversion import convert

    catalog = root / f"baseline-{kind}"
    shutil.rmtree(catalog, ignore_errors=True)
    return timed(lambda: convert(raw_file(root, kind), catalog, kind))


def ours(root: Path, kind: str) -> dict[str, Any]:
    """One conversion through the converter, and a repeat of it."""
    catalog = root / f"ours-{kind}"
    shutil.rmtree(catalog, ignore_errors=True)

    def convert() -> int:
        return conversion_parts.convert(root, catalog, kind)

    first = timed(convert)
    again = [timed(convert)["seconds"] for _ in range(5)]
    return {**first, "repeat_ratio": sorted(again)[2] / first["seconds"]}


def _table(figures: dict[str, Any]) -> str:
    lines = [f"conversion of {figures['rows']:,} rows of {DAY}, {figures['pairs']} pairs", ""]
    lines.append(f"{'':7}{'':>10}{'rows/s':>12}{'s':>8}{'CPU s':>8}{'memory':>10}")
    for kind in KINDS:
        of_kind = figures[kind]
        for name in ("baseline", "ours", "unordered"):
            found = of_kind["ours"] if name == "ours" else of_kind[name]
            lines.append(
                f"{kind:7}{name:>10}{found['rows_per_second']:>12,.0f}{found['seconds']:>8.2f}"
                f"{found['cpu_seconds']:>8.2f}{found['memory_growth_bytes'] / 1e6:>7,.0f} MB"
            )
        lines.append(
            f"{'':7}{'ratio':>10}  seconds {shown(of_kind['speed_ratio'])}"
            f"  CPU {shown(of_kind['cpu_ratio'])}"
            f"  repeat/first {of_kind['ours']['repeat_ratio']:.5f}"
        )
    lines += ["", f"{'part':44}{'CPU ns/row':>12}{'plainly':>12}{'ratio':>22}"]
    for part in figures["parts"]:
        against = f"{part['plain_ns']:>12,.1f}{shown(part['ratio']):>22}" if "ratio" in part else ""
        lines.append(f"{part['name']:44}{part['ns']:>12,.1f}{against}")
    lines += ["", f"{conversion_parts.FILES} files, a catalog each"]
    lines += [
        f"{way:44}{found['rows_per_second']:>12,.0f} rows/s{found['cpu_seconds']:>8.2f} CPU s"
        for way, found in figures["parallel"].items()
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    parser.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--kind", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step is None:
        figures = measure(options.rows, options.pairs)
        print(json.dumps(figures) if options.json else _table(figures))
        return
    if options.step in ("generate", "shuffle"):
        result = generate(options.root, options.rows, shuffled=options.step == "shuffle")
    else:
        import_everything()
        result = {
            "baseline": lambda: baseline(options.root, options.kind),
            "ours": lambda: ours(options.root, options.kind),
            "parts": lambda: {"parts": conversion_parts.parts(options.root)},
            "parallel": lambda: conversion_parts.parallel(options.root, options.kind),
        }[options.step]()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
