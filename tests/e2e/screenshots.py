"""`make screenshots`: draws every page and every board of a stack at work into docs/screenshots.

The demo's own load drives the stack for some minutes first, so that boards have something to show.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

from stack.drill.bad_work import memory_filled
from stack.processes import StackError
from tests.e2e.chromium import chromium, launched, needed
from tests.e2e.embedded import ROOT, Embedded, embedded
from tests.e2e.pages import ADDRESSES, all_pages, until_drawn
from tests.integration.service_process import until

FOLDER = ROOT / "docs" / "screenshots"
BOARDS = ROOT / "dashboards" / "generated"
MINUTES = 10.0
WIDTH, HEIGHT, NARROW = 1280, 800, 390
TALLEST = 6_000
FAULT = "WorkerKilledForMemory"
"""What is wrong on the pictures; `ADDRESSES` opens it."""
ARRIVES_SECONDS = 600.0
COLOURS = 128
"""Enough for text and lines; a third of the bytes of all colours."""
CONTENT = """() => {
  const main = document.querySelector("#main");
  const above = main.getBoundingClientRect().top;
  return Math.ceil(above + main.scrollHeight);
}"""


@dataclass(frozen=True)
class Shot:
    """A picture: its name, the address, and how it is taken."""

    name: str
    address: str
    scheme: str = "light"
    width: int = WIDTH
    whole: bool = False
    """As tall as its content, not as the window."""


def shots(stack: Embedded, minutes: float) -> Iterator[Shot]:
    """Every page in light and dark and on a telephone; every board as a whole."""
    for page, name in all_pages().items():
        address = ADDRESSES[page](stack)
        yield Shot(name, address)
        yield Shot(f"{name}-dark", address, scheme="dark")
        yield Shot(f"{name}-narrow", address, width=NARROW)
    span = f"from=now-{int(minutes) + 1}m&to=now&refresh=off"
    for path in sorted(BOARDS.glob("*.json")):
        board = json.loads(path.read_text())["uid"]
        run = f"&var-run_id={stack.finished_run}" if board == "nautobs-run" else ""
        yield Shot(f"board-{board}", f"/dashboards/{board}?{span}{run}", whole=True)


def take(browser: Browser, url: str, shot: Shot, folder: Path) -> Path:
    """The picture as a file, compressed."""
    page = browser.new_page(
        base_url=url, color_scheme=shot.scheme,
        viewport={"width": shot.width, "height": HEIGHT}, reduced_motion="reduce",
    )  # fmt: skip
    try:
        page.goto(shot.address)
        until_drawn(page)
        if shot.whole:
            _as_tall_as_content(page, shot.width)
        path = folder / f"{shot.name}.png"
        page.screenshot(path=path)
    finally:
        page.close()
    compress(path)
    return path


def _as_tall_as_content(page: Page, width: int) -> None:
    """What comes into sight is drawn then, and may be taller than its place was."""
    for _ in range(2):
        height = min(TALLEST, max(HEIGHT, int(page.evaluate(CONTENT))))
        page.set_viewport_size({"width": width, "height": height})
        until_drawn(page)


def compress(path: Path) -> None:
    with Image.open(path) as image:
        few = image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


def _fires(stack: Embedded, alert: str) -> bool:
    return any(one["name"] == alert for one in stack.get("/alerts")["alerts"])


def draw(minutes: float, folder: Path, say: Callable[[str], None]) -> int:
    program = chromium()
    if program is None:
        say(needed())
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, launched(program) as browser:
        try:
            with embedded(Path(place), scale="1", rich=True, say=say) as stack:
                say(f"Work of all kinds, for {minutes:g} minutes …")
                time.sleep(60 * minutes)
                say(f"One worker is killed, for the page of alerts: until {FAULT} fires …")
                with memory_filled(stack.world):
                    until(lambda: _fires(stack, FAULT), ARRIVES_SECONDS)
                for shot in shots(stack, minutes):
                    path = take(browser, stack.url, shot, folder)
                    say(f"{path.relative_to(ROOT)} {path.stat().st_size // 1000} kB")
        except StackError as error:
            say(str(error))
            return 1
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=MINUTES, help="of work before the first")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    given = parser.parse_args()

    def say(text: str) -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    return draw(given.minutes, given.folder.resolve(), say)


if __name__ == "__main__":
    sys.exit(main())
