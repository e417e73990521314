"""What a person would wait for, seen by the browser itself: loads, interactions, long tasks.

A load is one of a browser that has seen nothing yet. An interaction lasts from the key or the
button to the next frame, as the browser's Event Timing has it, in steps of 8 ms; of many the
longest counts, one of fifty left out (INP).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, Locator, Page

SIZE = {"width": 1280, "height": 900}
WAIT_MS = 60_000
QUIET_SECONDS = 1.0
"""Without a long task, after which a page is interactive (frontend/README.md)."""
LONG_SECONDS = 0.05
OBSERVE = """
globalThis.seen = { tasks: [], events: [] };
new PerformanceObserver((list) => seen.tasks.push(...list.getEntries().map(
  ({ startTime, duration }) => ({ startTime, duration }),
))).observe({ type: "longtask", buffered: true });
new PerformanceObserver((list) => seen.events.push(...list.getEntries().map(
  ({ interactionId, name, startTime, duration }) => ({ interactionId, name, startTime, duration }),
))).observe({ type: "event", durationThreshold: 16, buffered: true });
"""
PAINTED = """() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime"""
QUIET = """(ms) => {
  const paint = performance.getEntriesByName("first-contentful-paint")[0]?.startTime;
  if (paint === undefined) return false;
  const ends = seen.tasks.map((task) => task.startTime + task.duration);
  return performance.now() - Math.max(paint, ...ends) > ms;
}"""
TWO_FRAMES = """() => new Promise((done) =>
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 60))))"""
LOADED = """() => performance.getEntriesByType("navigation")[0].loadEventEnd"""


@dataclass(frozen=True)
class Load:
    """Seconds from the click on the address."""

    load: float
    painted: float
    interactive: float


@dataclass(frozen=True)
class Interactions:
    """Seconds of each, those under 16 ms left out, and of the longest task meanwhile."""

    durations: dict[str, float]
    number: int
    longest_task: float

    @property
    def inp(self) -> float:
        """The longest; of each fifty one is left out."""
        slowest = sorted(self.durations.values(), reverse=True)
        place = self.number // 50
        return slowest[place] if place < len(slowest) else 0.016


@contextlib.contextmanager
def opened(browser: Browser, url: str) -> Iterator[Page]:
    """A page of a browser that has seen nothing yet."""
    context = browser.new_context(base_url=url, viewport=SIZE)
    context.add_init_script(OBSERVE)
    context.set_default_timeout(WAIT_MS)
    try:
        yield context.new_page()
    finally:
        context.close()


def load(browser: Browser, url: str, address: str) -> Load:
    with opened(browser, url) as page:
        page.goto(address)
        settle(page)
        painted = page.evaluate(PAINTED) / 1000
        tasks = page.evaluate("() => seen.tasks")
        return Load(page.evaluate(LOADED) / 1000, painted, interactive(painted, tasks))


def settle(page: Page) -> None:
    """Wait for a second without a long task, and a little more."""
    page.wait_for_function(QUIET, arg=1000 * QUIET_SECONDS + 100)


def interactive(painted: float, tasks: list[dict[str, float]]) -> float:
    """Seconds to the end of the last long task before one quiet second, from the first paint on."""
    end = painted
    for task in sorted(tasks, key=lambda task: task["startTime"]):
        start = task["startTime"] / 1000
        if start - end >= QUIET_SECONDS:
            break
        end = max(end, start + task["duration"] / 1000)
    return end


class Recorder:
    """Does one thing after another to a page, and asks the browser how long each took."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._durations: dict[str, float] = {}
        self._number = 0
        self._longest = 0.0

    def click(self, what: str, target: Locator) -> None:
        target.scroll_into_view_if_needed()
        self._clear()
        target.click()
        self._keep(what)

    def press(self, what: str, key: str) -> None:
        self._clear()
        self._page.keyboard.press(key)
        self._keep(what)

    def drag(self, what: str, target: Locator, start: float, end: float) -> None:
        """From one share of the target's width to another."""
        target.scroll_into_view_if_needed()
        box = target.bounding_box()
        assert box
        y, mouse = box["y"] + box["height"] / 2, self._page.mouse
        mouse.move(box["x"] + start * box["width"], y)
        self._clear()
        mouse.down()
        mouse.move(box["x"] + end * box["width"], y, steps=8)
        mouse.up()
        self._keep(what)

    def result(self) -> Interactions:
        return Interactions(self._durations, self._number, self._longest)

    def _clear(self) -> None:
        self._page.evaluate(TWO_FRAMES)
        self._page.evaluate("() => { seen.events.length = seen.tasks.length = 0; }")

    def _keep(self, what: str) -> None:
        self._page.evaluate(TWO_FRAMES)
        found: dict[str, Any] = self._page.evaluate("() => seen")
        took = [one["duration"] for one in found["events"] if one["interactionId"]]
        tasks = [one["duration"] for one in found["tasks"]]
        self._number += 1
        self._durations[f"{self._number}. {what}"] = max(took, default=0.0) / 1000
        self._longest = max(self._longest, max(tasks, default=0.0) / 1000)
