"""`make bench`: every benchmark in turn, each in a process of its own.

`--quick` runs them on small inputs: it shows that they work, not what anything costs.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from rich.console import Console

BENCHMARKS: dict[str, tuple[str, ...]] = {
    "engine_overhead": ("--pairs", "4"),
    "contention": ("--requests", "30"),
    "conversion": ("--rows", "50000", "--pairs", "1"),
    "traces": ("--seconds", "2"),
    "request_span": ("--rounds", "2"),
    "caches": ("--rounds", "2", "--instruments", "5", "--results", "60"),
}
"""Module: its arguments for a quick run."""


def main() -> int:
    """Run all; the number of benchmarks that failed."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    failed = []
    for name, small in BENCHMARKS.items():
        Console().rule(name)
        command = [sys.executable, "-m", f"benchmarks.{name}", *(small if quick else ())]
        if subprocess.run(command, check=False).returncode:
            failed.append(name)
    if failed:
        Console(stderr=True).print(f"failed: {', '.join(failed)}")
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
