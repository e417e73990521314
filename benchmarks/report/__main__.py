"""`python -m benchmarks.report [--results FILE] [--check]`: the page again from a result file.

Without FILE it is the newest below benchmarks/results. With `--check` nothing is written, and the
exit code is 1 when the page is not what the results give.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import publishing
from benchmarks.report.environment import ROOT
from benchmarks.report.results import FOLDER, load, newest


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """1 when asked whether the page is current, and it is not."""
    parser = argparse.ArgumentParser(prog="benchmarks.report", description=__doc__)
    parser.add_argument("--results", type=Path, metavar="FILE")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    given = parser.parse_args(arguments)
    path = given.results or newest(root / FOLDER)
    results = load(path) if path else None
    if not given.check:
        publishing.publish(results, root)
        return 0
    wrong = publishing.stale(results, root)
    for line in wrong:
        sys.stderr.write(f"{line}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
