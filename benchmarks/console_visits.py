"""What is done to the console's pages, and measured: loads, and the work of busy ones."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from playwright.sync_api import Browser, Locator, Page, expect

from benchmarks.console_probes import WAIT_MS, Interactions, Load, Recorder, load, opened, settle
from benchmarks.console_stack import BUSY_BOARDS, Filled

TABLE = "Results of backtests"
ARROWS, PAGES = 15, 6
ALL_IN_SIGHT = 5_000
"""Pixels of a window in which a board is drawn as a whole first."""


TICKS = "/data/ticks?instrument=EUR/USD.SIM&kind=quote"
DRAWN = """() => {
  const drawn = performance.getEntriesByName("ticks-drawn").at(-1);
  return drawn && { start: drawn.startTime, duration: drawn.duration, rows: drawn.detail.rows };
}"""


@dataclass(frozen=True)
class Drawn:
    """Seconds from the question for ticks to all of them on the canvas."""

    rows: int
    seconds: float
    longest_task: float
    """Of the page's main thread meanwhile; 0 where none was long."""


@dataclass(frozen=True)
class Visits:
    """By page or by what was done on it."""

    loads: dict[str, Load]
    """Medians."""
    interactions: dict[str, Interactions]
    drawn: list[Drawn]
    """Of each visit."""


def visit(browser: Browser, filled: Filled, rounds: int) -> Visits:
    """All of it. Raises AssertionError where a page does not show what it should."""
    expect.set_options(timeout=WAIT_MS)
    url = filled.stack.url
    span = f"from=now-{filled.hours:g}h&to=now&refresh=off"
    addresses = {
        "home": "/",
        "backtests": "/backtests",
        "data": "/data",
        "run": f"/runs/{filled.stack.finished_run}",
        **{board: f"/dashboards/{board}?{span}" for board in BUSY_BOARDS},
    }
    loads = {
        name: _median([load(browser, url, address) for _ in range(rounds)])
        for name, address in addresses.items()
    }
    work = {"table": _table(browser, filled)}
    for board in BUSY_BOARDS:
        work[board] = _board(browser, url, addresses[board])
    return Visits(loads, work, [_ticks(browser, url) for _ in range(rounds)])


def _ticks(browser: Browser, url: str) -> Drawn:
    """The most ticks that the page asks for by itself."""
    with opened(browser, url) as page:
        page.goto(TICKS)
        page.wait_for_function(DRAWN)
        settle(page)
        drawn, tasks = page.evaluate(DRAWN), page.evaluate("() => seen.tasks")
        end = drawn["start"] + drawn["duration"]
        longest = max(
            (task["duration"] for task in tasks
             if task["startTime"] < end and task["startTime"] + task["duration"] > drawn["start"]),
            default=0.0,
        )  # fmt: skip
        return Drawn(drawn["rows"], drawn["duration"] / 1000, longest / 1000)


def _median(loads: list[Load]) -> Load:
    return Load(
        *(statistics.median(getattr(one, part) for one in loads)
          for part in ("load", "painted", "interactive"))
    )  # fmt: skip


def _table(browser: Browser, filled: Filled) -> Interactions:
    """Keys and orders in the table of all results."""
    with opened(browser, filled.stack.url) as page:
        page.goto("/backtests")
        table = page.get_by_role("grid", name=TABLE)
        table.focus()
        _bring_all_rows(page, table, filled.results)
        settle(page)
        recorder = Recorder(page)
        recorder.press("to the first row", "Home")
        for _ in range(ARROWS):
            recorder.press("a row down", "ArrowDown")
        for _ in range(PAGES):
            recorder.press("a page down", "PageDown")
        recorder.press("to the last row", "End")
        recorder.press("to the first row", "Home")
        # Which columns there are depends on the width.
        orders = table.get_by_role("columnheader").get_by_role("button")
        for column in (0, 1):
            for _ in range(2):
                recorder.click(f"order by column {column + 1}", orders.nth(column))
                settle(page)
        _bring_all_rows(page, table, filled.results)
        recorder.click("open a row", table.locator("a[data-row]").nth(3))
        return recorder.result()


def _bring_all_rows(page: Page, table: Locator, number: int) -> None:
    """The table asks for more rows when its end comes into sight."""
    for _ in range(number):
        rows = int(table.get_attribute("aria-rowcount") or 0) - 1
        if rows >= number:
            return
        table.press("End")
        page.wait_for_timeout(50)
    raise AssertionError(f"{TABLE}: not {number} rows")


def _board(browser: Browser, url: str, address: str) -> Interactions:
    """What people do on a board, once all of its panels are drawn."""
    with opened(browser, url) as page:
        size = page.viewport_size
        assert size
        page.goto(address)
        page.set_viewport_size({"width": size["width"], "height": ALL_IN_SIGHT})
        settle(page)
        expect(page.get_by_role("status").filter(has_text="Loading")).to_have_count(0)
        page.set_viewport_size(size)
        settle(page)
        recorder, plot = Recorder(page), page.locator(".u-over")
        for _ in range(3):
            recorder.click("a chart", plot.nth(1))
        recorder.drag("choose a range", plot.nth(1), 0.3, 0.7)
        settle(page)
        recorder.click("zoom out", page.get_by_role("button", name="Zoom out"))
        settle(page)
        recorder.click("earlier", page.get_by_role("button", name="Earlier"))
        settle(page)
        recorder.click("refresh", page.get_by_role("button", name="Refresh"))
        settle(page)
        menu = page.get_by_role("group", name="Time and variables").locator("summary").first
        recorder.click("open a variable", menu)
        recorder.click("choose a value", page.get_by_role("checkbox").nth(1))
        settle(page)
        recorder.press("close the menu", "Escape")
        heading = page.locator("button[aria-expanded]").first
        recorder.click("close a row", heading)
        recorder.click("open a row", heading)
        settle(page)
        recorder.click("one panel alone", page.get_by_role("link", name="Show only").first)
        settle(page)
        recorder.press("all panels again", "Escape")
        settle(page)
        return recorder.result()
