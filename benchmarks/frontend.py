"""What the console's pages cost: what a browser fetches, and how long people wait for it.

    python -m benchmarks.frontend [--results 10000] [--hours 6] [--rounds 5] [--json FILE]

It reads a build (`frontend/dist`) that exists; it makes none. The pages are opened in the Chromium
that is here, on the whole embedded stack.
"""

from __future__ import annotations

import argparse
import gzip
import tempfile
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

from benchmarks import console_report
from benchmarks.console_stack import filled
from benchmarks.console_visits import visit
from benchmarks.lighthouse_scores import NoLighthouse, install, scores
from benchmarks.section import Measure, Plot, Section, Table, Target, emit, with_json
from stack.processes import StackError
from tests.e2e.chromium import chromium, launched, needed, sandboxed

DIST = Path(__file__).parents[1] / "frontend" / "dist"
RESULTS, HOURS, ROUNDS = 10_000, 6.0, 5
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


def in_the_browser(section: Section, results: int, hours: float, rounds: int) -> Section:
    """The section with what the pages did in Chromium, or with why they did nothing."""
    program = chromium()
    if program is None:
        return _without(section, needed().partition("\n")[0])
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            filled(Path(folder), results, hours) as stack,
        ):
            with launched(program) as browser:
                visits = visit(browser, stack, rounds)
            section = console_report.added(section, stack, visits)
            try:
                command = install()
                found = {
                    page: scores(command, program, stack.stack.url + page, sandbox=sandboxed())
                    for page in console_report.SCORED
                }
            except NoLighthouse as error:
                return _without(section, str(error))
            return console_report.scored(section, found)
    except StackError as error:
        return _without(section, str(error).partition("\n")[0])


def _without(section: Section, reason: str) -> Section:
    return replace(section, left_out=(*section.left_out, reason))


def main() -> None:
    parser = with_json(argparse.ArgumentParser(description=__doc__))
    parser.add_argument("--results", type=int, default=RESULTS)
    parser.add_argument("--hours", type=float, default=HOURS, help="of metrics")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="loads of each page")
    given = parser.parse_args()
    found = section(DIST)
    if not found.left_out:
        found = in_the_browser(found, given.results, given.hours, given.rounds)
    emit(found, given.json)


if __name__ == "__main__":
    main()
