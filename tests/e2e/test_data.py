"""Raw days, their conversion, and ticks of the catalog."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.e2e.embedded import Embedded
from tests.integration.service_process import ROWS


def test_a_day_is_converted(page: Page, stack: Embedded) -> None:
    """From the button to the rows that the catalog then holds; again only where that is asked."""
    day = stack.bring_raw_day()
    page.goto(f"/data?day={day}")
    files = page.get_by_role("grid", name=f"Files of {day}")
    expect(files).to_contain_text("quotes.parquet")
    begin = page.get_by_role("button", name="Convert the day")
    converted = page.get_by_text(f"Converted 1 of 1, {ROWS:,} rows.")
    begin.click()
    expect(converted).to_be_visible()
    expect(files.get_by_text("converted", exact=True)).to_be_visible()

    begin.click()
    expect(page.get_by_text("1 had been converted before")).to_be_visible()
    page.get_by_role("checkbox", name="also what is converted already").check()
    begin.click()
    expect(converted).to_be_visible()


def test_a_million_ticks_are_drawn(page: Page) -> None:
    """From the catalog's line to a chart of them; zooming in is kept by the address."""
    page.goto("/data")
    catalog = page.get_by_role("grid", name="What the catalog holds")
    row = catalog.get_by_role("row").filter(has_text="EUR/USD.SIM").filter(has_text="quotes")
    row.get_by_role("link").click()
    expect(page).to_have_url(re.compile("/data/ticks"))
    drawn = "() => performance.getEntriesByName('ticks-drawn').at(-1)?.detail"
    page.wait_for_function(drawn)
    found = page.evaluate(drawn)
    assert found["rows"] == 1_000_000
    assert 100 < found["points"] < 10_000
    page.get_by_role("button", name="Zoom in").click()
    expect(page).to_have_url(re.compile(r"from=\d{13}"))
