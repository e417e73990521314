"""All pages of the console with something on them, and how to wait until they are drawn."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from stack.console import FRONTEND
from tests.e2e.embedded import ROOT, Embedded

WIDTHS = {390: 844, 1280: 900, 1920: 1080}
"""Width: height, in pixels, of a telephone, a laptop and a desk."""
SCHEMES = ("light", "dark")

ADDRESSES: dict[str, Callable[[Embedded], str]] = {
    "/": lambda stack: "/",
    "/backtests": lambda stack: "/backtests",
    "/runs/$runId": lambda stack: f"/runs/{stack.finished_run}",
    "/compare": lambda stack: f"/compare?a={stack.finished_run}&b={stack.other_run}",
    "/sweeps": lambda stack: stack.finished_sweep and "/sweeps",
    "/sweeps/$sweepId": lambda stack: f"/sweeps/{stack.finished_sweep}",
    "/data": lambda stack: f"/data?day={stack.bring_raw_day()}",
    "/data/ticks": lambda stack: "/data/ticks?instrument=EUR/USD.SIM&kind=quote",
    "/dashboards": lambda stack: "/dashboards",
    "/dashboards/$uid": lambda stack: "/dashboards/nautobs-overview?from=now-15m&to=now",
    "/traces": lambda stack: "/traces",
    "/alerts": lambda stack: "/alerts?alert=WorkerKilledForMemory",
    "/runbooks/$alert": lambda stack: "/runbooks/BacktestRunStuck",
    "/incident": lambda stack: "/incident?from=now-15m&to=now",
    "/traces/$traceId": lambda stack: f"/traces/{stack.finished_trace}",
}
"""Page, as `pages.json` has it: where it shows something."""

BOARDS = [path.stem for path in sorted((ROOT / "dashboards" / "generated").glob("*.json"))]
"""The uids of all boards."""

TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
"""In the first, sizes are noticed and charts drawn; by the second that has been painted."""


def all_pages() -> dict[str, str]:
    """Page: its name, of every page that the console has."""
    found: dict[str, str] = json.loads((FRONTEND / "pages.json").read_text())
    return found


def until_drawn(page: Page) -> None:
    """Wait until nothing in sight is loading any more, and charts have their first picture."""
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_function(
        """() => {
          const seen = (one) => {
            const { top, bottom, width } = one.getBoundingClientRect();
            return width > 0 && bottom > 0 && top < innerHeight;
          };
          if (location.pathname === "/data/ticks") {
            if (!performance.getEntriesByName("ticks-drawn").length) return false;
          }
          const waiting = [...document.querySelectorAll('[role="status"]')].filter(
            (one) => one.textContent.startsWith("Loading") && seen(one));
          return waiting.length === 0;
        }"""
    )
    page.evaluate(TWO_FRAMES)


def until_settled(page: Page) -> None:
    """Wait until the charts in sight have all that was asked for, exemplars included."""
    until_drawn(page)
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    page.evaluate(TWO_FRAMES)


def shoot(page: Page, folder: Path, name: str) -> None:
    """The page as it is in sight, in each scheme and width, into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        for width, height in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": height})
            until_drawn(page)
            page.screenshot(path=folder / f"{name}-{scheme}-{width}.png")
