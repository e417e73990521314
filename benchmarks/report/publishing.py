"""Where the report goes below the repository: docs/performance.md and its pictures."""

from __future__ import annotations

from pathlib import Path

from benchmarks.report.page import IMAGES, page
from benchmarks.report.plots import write_plots
from benchmarks.report.results import Results

DOCS = Path("docs")
PAGE = DOCS / "performance.md"
PROFILES = DOCS / IMAGES / "profiles"


def publish(results: Results | None, root: Path) -> None:
    """Write the page and its plots; flame graphs are written as they are recorded."""
    (root / DOCS).mkdir(exist_ok=True)
    (root / PAGE).write_text(page(results))
    if results is not None:
        write_plots(results, root / DOCS / IMAGES)


def stale(results: Results | None, root: Path) -> list[str]:
    """What is wrong with the page that stands there; nothing when it is current."""
    path = root / PAGE
    expected = page(results)
    if not path.is_file() or path.read_text() != expected:
        return [f"{PAGE} is not what the newest results give: run python -m benchmarks.report"]
    names = [line.partition(f"]({IMAGES}/")[2].partition(")")[0] for line in expected.splitlines()]
    missing = [name for name in names if name and not (root / DOCS / IMAGES / name).is_file()]
    return [
        f"{DOCS / IMAGES / name} is missing: run python -m benchmarks.report" for name in missing
    ]
