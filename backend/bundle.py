"""How large the console is: `python -m backend.bundle` prints it and fails over budget.

Sizes are those of the files compressed with gzip, as they lie beside what was built.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "frontend" / "dist"
MANIFEST = Path(".vite") / "manifest.json"

KILOBYTE = 1_000
BUDGETS = {"initial": 150 * KILOBYTE, "total": 400 * KILOBYTE}
"""Bytes. `initial`: the scripts that the largest page needs before it is drawn, `total`: all."""
PAGES = re.compile(r"src/pages/.*Page\.tsx")
"""Parts built from these are loaded by address; other parts come when a page draws them."""


class NotBuilt(Exception):
    """There is no console, or it is not whole; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Compressed bytes."""

    initial: int
    total: int

    def over_budget(self) -> list[str]:
        """What is larger than it may be, each as a sentence."""
        return [
            f"{part} JavaScript has {getattr(self, part)} bytes compressed, {limit} are allowed"
            for part, limit in BUDGETS.items()
            if getattr(self, part) > limit
        ]


def measure(dist: Path = DIST) -> Sizes:
    """Sizes of what was built. Raises NotBuilt."""
    try:
        parts: dict[str, Any] = orjson.loads((dist / MANIFEST).read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise NotBuilt(f"there is no console in {dist}: make console builds it") from error
    entries = {name for name, part in parts.items() if part.get("isEntry")}
    pages = {
        name for name, part in parts.items()
        if part.get("isDynamicEntry") and PAGES.fullmatch(str(part.get("src", "")))
    }  # fmt: skip
    size = {name: _compressed(dist, part["file"]) for name, part in parts.items()}
    loads = [_needed(parts, {*entries, page}) for page in pages] or [_needed(parts, entries)]
    scripts = {parts[name]["file"]: size[name] for name in parts if _is_script(parts[name])}
    # Workers are no parts of their own: they stand among the files that a part refers to.
    workers = {file for part in parts.values() for file in part.get("assets", ())}
    scripts |= {file: _compressed(dist, file) for file in workers if file.endswith(".js")}
    return Sizes(
        initial=max(sum(size[name] for name in needed) for needed in loads),
        total=sum(scripts.values()),
    )


def _needed(parts: dict[str, Any], names: set[str]) -> set[str]:
    """The parts, and all that they import before they run; scripts only."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _imports(parts[name])
    return {name for name in found if _is_script(parts[name])}


def _imports(part: dict[str, Any]) -> Iterator[str]:
    yield from part.get("imports", ())


def _is_script(part: dict[str, Any]) -> bool:
    return str(part["file"]).endswith(".js")


def _compressed(dist: Path, file: str) -> int:
    try:
        return (dist / f"{file}.gz").stat().st_size
    except OSError as error:
        raise NotBuilt(f"{file}.gz is missing in {dist}: make console builds it") from error


def main() -> int:
    try:
        sizes = measure()
    except NotBuilt as error:
        sys.stderr.write(f"{error}\n")
        return 1
    problems = sizes.over_budget()
    for problem in problems:
        sys.stderr.write(f"The console is too large: {problem}.\n")
    if not problems:
        sys.stdout.write(
            f"The console: {sizes.initial / KILOBYTE:.1f} kB of JavaScript before the largest page "
            f"is drawn, {sizes.total / KILOBYTE:.1f} kB in all, compressed.\n"
        )
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
