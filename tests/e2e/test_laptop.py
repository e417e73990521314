"""What has to fit on the screen of a laptop."""

from __future__ import annotations

import re
from itertools import cycle

from playwright.sync_api import Page, Route, expect

CUT = """(cells) => cells.filter((one) => one.scrollWidth > one.clientWidth)
  .map((one) => one.textContent)"""
HEIGHTS = "(all) => all.map((one) => one.clientHeight)"
RUNS = (("idle", {}), ("market_maker", {"USD": -1217.68}))
"""Strategies with what they earn: short and long."""


def test_names_of_files_are_whole(page: Page) -> None:
    """A common name is not cut, at a common width."""
    page.set_viewport_size({"width": 1366, "height": 768})
    page.goto("/data")
    files = page.get_by_role("grid", name=re.compile("^Files of"))
    expect(files.get_by_role("link", name="sim_EURUSD_quotes.parquet")).to_be_visible()
    cells = files.get_by_role("gridcell").filter(has=page.get_by_role("link"))
    assert cells.evaluate_all(CUT) == []


def test_runs_are_as_high_as_each_other(page: Page) -> None:
    """However long their names and figures are, their lines are broken alike."""

    def answer(route: Route) -> None:
        found = route.fetch().json()
        for run, (strategy, pnl) in zip(found["items"], cycle(RUNS), strict=False):
            run["request"]["strategy"] = strategy
            run |= {"status": "ok", "error": None, "pnl": pnl, "duration_seconds": 0.218}
        route.fulfill(json=found)

    page.route("**/api/backtest/results?limit=12", answer)
    page.goto("/")
    runs = page.get_by_role("region", name="Last runs").get_by_role("listitem")
    expect(runs.filter(has_text="market_maker").first).to_be_visible()
    assert len(set(runs.evaluate_all(HEIGHTS))) == 1
