"""`make bench`: every benchmark in turn, each in a process of its own; the report is made of them.

`--quick` runs them on small inputs: it shows that they work, not what anything costs, and neither
writes anything nor asks for targets. `--only NAME` runs one and writes nothing either.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from benchmarks import profiles
from benchmarks.report import publishing, running
from benchmarks.report.environment import ROOT, environment
from benchmarks.report.results import FOLDER, Results, exit_code, save
from benchmarks.report.summary import print_summary

BENCHMARKS: dict[str, tuple[str, ...]] = {
    "engine_overhead": ("--pairs", "4"),
    "contention": ("--requests", "30"),
    "conversion": ("--rows", "50000", "--pairs", "1"),
    "traces": ("--seconds", "2"),
    "request_span": ("--rounds", "2"),
    "caches": ("--rounds", "2", "--instruments", "5", "--results", "60"),
    "evaluation": ("--runs", "10", "--rounds", "1"),
    "catalog": ("--rows", "200000", "--repeats", "1"),
    "memory": ("--rows", "50000", "--runs", "8"),
    "runs": ("--rows", "50000", "--repeats", "1", "--jobs", "4"),
    "api": ("--results", "300", "--ticks", "200000", "--requests", "200"),
    "sweeps": ("--rows", "20000", "--sets", "4", "--naive-sets", "2", "--rounds", "1"),
    "trades": ("--rows", "500", "--pairs", "1"),
    "frontend": ("--results", "300", "--hours", "0.5", "--rounds", "1"),
}
"""Module: its arguments for a quick run."""


def main(
    arguments: Sequence[str] | None = None, *, benchmarks: Mapping[str, Sequence[str]] = BENCHMARKS,
    package: str = "benchmarks", root: Path = ROOT,
) -> int:  # fmt: skip
    """Run them; 1 when one failed or, in a full run, a target that gates was missed."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", choices=sorted(benchmarks))
    parser.add_argument("--no-profiles", action="store_true", help="leave out the flame graphs")
    given = parser.parse_args(arguments)
    started = datetime.now(UTC).isoformat(timespec="seconds")
    where = environment()
    outcomes = tuple(
        running.run(
            name, benchmarks[name] if given.quick else (), quick=given.quick, package=package
        )
        for name in ([given.only] if given.only else benchmarks)
    )
    results = Results(started, where, outcomes)
    if not (given.quick or given.only):
        if not given.no_profiles:
            results = replace(results, profiles=profiles.record(root / publishing.PROFILES))
        path = save(results, root / FOLDER)
        publishing.publish(results, root)
        Console().print(f"written: {path}, {publishing.PAGE} and its pictures", highlight=False)
    print_summary(Console(), results, judged=not given.quick)
    return exit_code(results, gated=not given.quick)


if __name__ == "__main__":
    sys.exit(main())
