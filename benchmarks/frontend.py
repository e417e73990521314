"""How much of the console a browser fetches, gzipped: before it shows anything, and in all.

It reads a build (`frontend/dist`) that exists; it makes none.
"""

from __future__ import annotations

import argparse
import gzip
from html.parser import HTMLParser
from pathlib import Path

from benchmarks.section import Measure, Plot, Section, Table, Target, emit, with_json

DIST = Path(__file__).parents[1] / "frontend" / "dist"
TEXT = "Gzipped bytes of the console's build. Initial is the page and what it names to be loaded."
KINDS = (".js", ".css", ".html")
INITIAL, SCRIPTS, WHOLE = "initial scripts", "all scripts", "all scripts, styles and pages"
TARGETS = (
    Target("the console's first scripts", INITIAL, 150_000, "at most", "B", "issue"),
    Target("the whole console", WHOLE, 400_000, "at most", "B", "issue"),
    Target("the whole console", WHOLE, 500_000, "at most", "B", "mission"),
)


class _Named(HTMLParser):
    """Addresses that a page has loaded at once."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        loads = given.get("rel") in ("stylesheet", "modulepreload", "preload")
        address = given.get("src") if tag == "script" else given.get("href") if loads else None
        if address:
            self.found.append(address.lstrip("./"))


def sizes(dist: Path) -> dict[str, int]:
    """Path below `dist`: gzipped bytes, of what a browser runs or shows."""
    files = sorted(path for path in dist.rglob("*") if path.suffix in KINDS)
    return {
        path.relative_to(dist).as_posix(): len(gzip.compress(path.read_bytes(), mtime=0))
        for path in files
    }


def initial(dist: Path) -> list[str]:
    """What `index.html` has loaded before anything is shown."""
    parser = _Named()
    parser.feed((dist / "index.html").read_text())
    return parser.found


def section(dist: Path) -> Section:
    """The build's part of the report, or that there is none."""
    if not (dist / "index.html").is_file():
        reason = "there is no build of the console (frontend/dist)"
        return Section("frontend", "Console", TEXT, left_out=(reason,))
    found, first = sizes(dist), initial(dist)
    scripts = {name: size for name, size in found.items() if name.endswith(".js")}
    largest = sorted(found.items(), key=lambda item: -item[1])[:12]
    return Section(
        "frontend", "Console", TEXT,
        tables=(
            Table(
                "Largest files, gzipped", ("file", "bytes", "initial"),
                tuple((name, size, "yes" if name in first else "") for name, size in largest),
            ),
        ),
        measures=(
            Measure(INITIAL, sum(scripts.get(name, 0) for name in first), "B"),
            Measure(SCRIPTS, sum(scripts.values()), "B"),
            Measure(WHOLE, sum(found.values()), "B"),
        ),
        targets=TARGETS,
        plots=(
            Plot(
                "Gzipped bytes of the console", "bar", "B",
                {"gzipped": tuple((name, float(size)) for name, size in largest)},
            ),
        ),
    )  # fmt: skip


def main() -> None:
    given = with_json(argparse.ArgumentParser(description=__doc__)).parse_args()
    emit(section(DIST), given.json)


if __name__ == "__main__":
    main()
