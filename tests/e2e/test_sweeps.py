"""Sweeps from the form to their map, and two runs side by side."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.e2e.embedded import Embedded

FAST, SLOW = "5, 10", "20, 40"


def test_a_sweep_is_started_and_its_map_drawn(page: Page) -> None:
    """Two parameters with two values each; a cell of the map opens its run."""
    page.goto("/backtests?sweep=true")
    form = page.locator("form")
    form.get_by_label("Strategy", exact=True).select_option("ema_cross")
    form.get_by_role("button", name="5 min", exact=True).click()
    form.get_by_label(re.compile("^fast ema period")).fill(FAST)
    form.get_by_label(re.compile("^slow ema period")).fill(SLOW)
    form.get_by_role("button", name="Start the sweep").click()
    form.get_by_role("link", name=re.compile("sweep-")).click()
    expect(page).to_have_url(re.compile("/sweeps/sweep-"))
    expect(page.get_by_text("4 of 4 runs have ended")).to_be_visible()
    cells = page.get_by_role("grid", name=re.compile(" by ")).get_by_role("gridcell")
    expect(cells).to_have_count(4)
    cells.first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/runs/run-[0-9a-f]+"))


def test_two_runs_are_compared(page: Page, stack: Embedded) -> None:
    """From a run to what differs between it and another."""
    # The list offers the newest runs only, and the load makes new ones all the time.
    other = stack.run("ema_cross", "1h", fast_ema_period=5)
    page.goto(f"/runs/{stack.finished_run}")
    page.get_by_role("link", name="Compare").click()
    page.get_by_label("Run B").select_option(other)
    expect(page).to_have_url(re.compile(f"a={stack.finished_run}&b={other}"))
    expect(page.get_by_role("heading", name=re.compile("^Results"))).to_be_visible()
    changed = page.locator("section").filter(has=page.get_by_role("heading", name="Parameters"))
    expect(changed).to_contain_text("fast")
    page.get_by_role("button", name="Exchange A and B").click()
    expect(page).to_have_url(re.compile(f"a={other}&b={stack.finished_run}"))
